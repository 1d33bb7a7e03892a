"""What instances listen to, and what they can take back, in another version."""

from uuid import UUID

import pytest

import tests.factories.handlers  # noqa: F401  registers the handlers
from review.models import Task
from tests.factories.processes import TESTER, chain, flow, process
from tests.factories.tasks import Desk, judge, make_desk
from tests.integration.definitions.moving import (
    armed,
    deploy,
    drain,
    migrate,
    sentences,
    stands,
    start,
)
from tests.integration.definitions.test_migration import timer_event, user
from workflows.models import Instance, Stimulus, Subscription
from workflows.operations import correlation, messages
from workflows.operations.messages import Publication

pytestmark = pytest.mark.django_db

EXTRA = '<message id="m" name="paid"/><message id="n" name="settled"/><signal id="sig" name="stop"/>'


@pytest.fixture
def desk() -> Desk:
    return make_desk()


def message_event(name: str, message: str, host: str = "", key: str = "name") -> str:
    tag = "boundaryEvent" if host else "intermediateCatchEvent"
    attached = f' attachedToRef="{host}" cancelActivity="false"' if host else ""
    return (
        f'<{tag} id="{name}"{attached} cs:correlation="{key}">'
        f'<messageEventDefinition messageRef="{message}"/></{tag}>'
    )


def waiting(name: str, message: str, key: str = "name") -> str:
    event = message_event(name, message, key=key)
    return process(
        f'<startEvent id="s"/>{event}<endEvent id="e"/>' + chain("s", name, "e")
    )


def publish(name: str, key: str) -> None:
    """Publish a message and pair it with who waits for it."""
    messages.publish(Publication(name=name, key=key), actor=TESTER)
    correlation.match([(name, key)])


def heard() -> list[tuple[str, str, str]]:
    found = Subscription.objects.filter(instance_id__isnull=False).order_by("id")
    return list(found.values_list("node_id", "name", "key"))


def state(instance_id: UUID) -> str:
    return Instance.objects.get(pk=instance_id).state


def test_subscription_is_kept_under_a_new_name() -> None:
    (instance_id,) = start(deploy(waiting("w", "m"), version="1.0.0", extra=EXTRA))
    (row,) = Subscription.objects.filter(instance_id=instance_id)
    deploy(waiting("pay", "m"), version="1.1.0", extra=EXTRA)
    assert migrate({"w": "pay"}).migrated == 1
    row.refresh_from_db()
    assert (row.node_id, row.name, row.key) == ("pay", "paid", "Ada")
    publish("paid", "Ada")
    drain()
    assert state(instance_id) == "COMPLETED"


def test_another_message_is_listened_to_anew() -> None:
    (instance_id,) = start(deploy(waiting("w", "m"), version="1.0.0", extra=EXTRA))
    deploy(waiting("w", "n", key="name + name"), version="1.1.0", extra=EXTRA)
    assert migrate().migrated == 1
    assert heard() == [("w", "settled", "AdaAda")]
    publish("paid", "Ada")
    drain()
    assert state(instance_id) == "ACTIVE"
    publish("settled", "AdaAda")
    drain()
    assert state(instance_id) == "COMPLETED"


def test_catch_event_may_become_a_receive_task() -> None:
    (instance_id,) = start(deploy(waiting("w", "m"), version="1.0.0", extra=EXTRA))
    task = '<receiveTask id="w" messageRef="m" cs:correlation="name"/>'
    body = f'<startEvent id="s"/>{task}<endEvent id="e"/>' + chain("s", "w", "e")
    deploy(process(body), version="1.1.0", extra=EXTRA)
    assert migrate().migrated == 1
    publish("paid", "Ada")
    drain()
    assert state(instance_id) == "COMPLETED"


def test_event_of_another_kind_is_no_counterpart() -> None:
    start(deploy(waiting("w", "m"), version="1.0.0", extra=EXTRA))
    body = f'<startEvent id="s"/>{timer_event("w", "P1D")}<endEvent id="e"/>'
    deploy(process(body + chain("s", "w", "e")), version="1.1.0", extra=EXTRA)
    assert "w is about a message, w about a timer" in sentences(migrate())[0]


def test_message_that_is_still_to_be_heard_follows_its_event() -> None:
    (instance_id,) = start(deploy(waiting("w", "m"), version="1.0.0", extra=EXTRA))
    deploy(waiting("pay", "m"), version="1.1.0", extra=EXTRA)
    publish("paid", "Ada")
    assert Stimulus.objects.get(instance_id=instance_id).data["node_id"] == "w"
    assert migrate({"w": "pay"}).migrated == 1
    drain()
    assert state(instance_id) == "COMPLETED"


def choice(*events: str, ids: tuple[str, ...]) -> str:
    return process(
        '<startEvent id="s"/><eventBasedGateway id="g"/>'
        + "".join(events)
        + "".join(f'<endEvent id="{name}-end"/>' for name in ids)
        + flow("s", "g")
        + "".join(flow("g", name) + flow(name, f"{name}-end") for name in ids)
    )


def test_event_based_gateway_listens_to_its_new_events() -> None:
    old = choice(
        message_event("paid", "m"), timer_event("late", "P1D"), ids=("paid", "late")
    )
    (instance_id,) = start(deploy(old, version="1.0.0", extra=EXTRA))
    due_at = armed(instance_id)["late"].due_at
    new = choice(
        message_event("settled", "n"),
        timer_event("expired", "P9D"),
        ids=("settled", "expired"),
    )
    deploy(new, version="1.1.0", extra=EXTRA)
    assert migrate({"late": "expired"}).migrated == 1
    assert {n: t.due_at for n, t in armed(instance_id).items()} == {"expired": due_at}
    assert heard() == [("settled", "settled", "Ada")]
    publish("settled", "Ada")
    drain()
    assert Instance.objects.get(pk=instance_id).end_node_id == "settled-end"
    assert armed(instance_id) == {}


def on_event(start_event: str, *, name: str = "on") -> str:
    return (
        f'<subProcess id="{name}" triggeredByEvent="true">{start_event}'
        f'<endEvent id="{name}-end"/>'
        + flow(f"{name}-start", f"{name}-end")
        + "</subProcess>"
    )


def signal_start(name: str = "on") -> str:
    return f'<startEvent id="{name}-start"><signalEventDefinition signalRef="sig"/></startEvent>'


def one_task(*more: str) -> str:
    return process(
        f'<startEvent id="s"/>{user("check")}<endEvent id="e"/>'
        + chain("s", "check", "e")
        + "".join(more)
    )


def test_event_sub_process_of_the_new_version_is_opened(desk: Desk) -> None:
    start(deploy(one_task(), version="1.0.0", extra=EXTRA))
    deploy(one_task(on_event(signal_start())), version="1.1.0", extra=EXTRA)
    assert migrate().migrated == 1
    assert heard() == [("on-start", "stop", "")]


def test_event_sub_process_that_is_gone_is_closed(desk: Desk) -> None:
    (instance_id,) = start(
        deploy(one_task(on_event(signal_start())), version="1.0.0", extra=EXTRA)
    )
    deploy(one_task(), version="1.1.0", extra=EXTRA)
    assert migrate().migrated == 1
    assert heard() == []
    judge(Task.objects.get(instance_id=instance_id), desk.alice)
    assert state(instance_id) == "COMPLETED"


def test_condition_that_holds_already_is_seen_by_the_new_version(desk: Desk) -> None:
    (instance_id,) = start(deploy(one_task(), version="1.0.0", extra=EXTRA))
    conditional = (
        '<boundaryEvent id="c" attachedToRef="check"><conditionalEventDefinition>'
        '<condition>name = "Ada"</condition></conditionalEventDefinition>'
        '</boundaryEvent><endEvent id="x"/>' + flow("c", "x")
    )
    deploy(one_task(conditional), version="1.1.0", extra=EXTRA)
    assert migrate().migrated == 1
    assert Instance.objects.get(pk=instance_id).end_node_id == "x"
    assert Task.objects.get(instance_id=instance_id).state == "CANCELED"


def undoable(name: str, undo: str = "undo") -> str:
    """Book, then check, then take the booking back."""
    event = (
        f'<boundaryEvent id="{name}-b" attachedToRef="{name}"><compensateEventDefinition/>'
        f'</boundaryEvent><scriptTask id="{undo}" isForCompensation="true" cs:result="undone"><script>'
        f'"{undo}"</script></scriptTask>'
        f'<association id="{name}-a" sourceRef="{name}-b" targetRef="{undo}"/>'
    )
    return process(
        f'<startEvent id="s"/><manualTask id="{name}"/>{event if undo else ""}{user("check")}'
        '<intermediateThrowEvent id="back"><compensateEventDefinition/>'
        '</intermediateThrowEvent><endEvent id="e"/>'
        + chain("s", name, "check", "back", "e")
    )


def test_what_was_done_is_taken_back_by_the_new_version(desk: Desk) -> None:
    (instance_id,) = start(deploy(undoable("book"), version="1.0.0"))
    deploy(undoable("reserve", "release"), version="1.1.0")
    assert migrate({"book": "reserve"}).migrated == 1
    judge(Task.objects.get(instance_id=instance_id), desk.alice)
    instance = Instance.objects.get(pk=instance_id)
    assert (instance.state, instance.variables["undone"]) == ("COMPLETED", "release")


def test_what_was_done_needs_a_counterpart_that_can_be_taken_back(desk: Desk) -> None:
    (instance_id,) = start(deploy(undoable("book"), version="1.0.0"))
    deploy(undoable("other"), version="1.1.0")
    assert "book has been done and can be taken back, but" in sentences(migrate())[0]
    assert stands(instance_id) == ["check"]


def test_work_to_be_tried_again_is_done_by_the_new_version() -> None:
    def version(handler: str) -> str:
        body = (
            f'<startEvent id="s"/><serviceTask id="t" cs:handler="{handler}"/>'
            '<endEvent id="e"/>'
        )
        return process(body + chain("s", "t", "e"))

    (instance_id,) = start(deploy(version("test.outside"), version="1.0.0"), amount=2)
    assert stands(instance_id) == ["t"]
    deploy(version("test.double"), version="1.1.0")
    assert migrate().migrated == 1
    drain()
    instance = Instance.objects.get(pk=instance_id)
    assert (instance.state, instance.variables["doubled"]) == ("COMPLETED", 4)
