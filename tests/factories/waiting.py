"""Rows that wait for messages, without an instance behind them, and what they got."""

from collections.abc import Mapping
from uuid import UUID, uuid4

from tests.factories.processes import TESTER
from workflows.models import Stimulus, Subscription
from workflows.operations import messages
from workflows.operations.messages import Publication, Published
from workflows.store import database_now


def subscribe(
    name: str = "paid", key: str = "", *, once: bool = True, kind: str = "MESSAGE"
) -> UUID:
    """Let a new instance wait; return its id."""
    instance_id = uuid4()
    Subscription.objects.create(
        kind=kind,
        name=name,
        key=key,
        instance_id=instance_id,
        step_id=1,
        node_id="catch",
        once=once,
        opened_at=database_now(),
    )
    return instance_id


def publish(name: str = "paid", key: str = "", **more: object) -> Published:
    """Publish a message; `more` as in Publication."""
    return messages.publish(Publication(name=name, key=key, **more), actor=TESTER)  # type: ignore[arg-type]


def heard_by(instance_id: UUID) -> list[Mapping[str, object]]:
    """Return what was told to an instance that it has not heard yet, oldest first."""
    found = Stimulus.objects.filter(instance_id=instance_id, kind="RECEIVED")
    return list(found.order_by("id").values_list("data", flat=True))
