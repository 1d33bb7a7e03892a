"""One act on many instances, each in a transaction of its own.

What is refused for one instance stops none of the others; the answer says for each
what became of it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from review.core.interventions import Act
from review.dashboards import chosen
from review.models import Person
from review.operations.instances import acts, approvals
from review.operations.instances.acts import Wish
from workflows.core.actors import Actor
from workflows.operations.errors import Invalid, Refused, check_reason

MOST_AT_ONCE: Final = 200
"""Instances in one request of a page; the command has no such end."""

BULK_ACTS: Final = (
    Act.RETRY,
    Act.SUSPEND,
    Act.RESUME,
    Act.CANCEL,
    Act.SKIP,
    Act.MOVE,
)


class Fate(StrEnum):
    """What became of one instance."""

    DONE = "DONE"
    PROPOSED = "PROPOSED"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True)
class Order:
    """The act: SKIP and MOVE are at the live steps of `node`, MOVE to `targets`;
    RETRY is of open incidents, of one code and at one node where these are given.
    """

    act: Act
    reason: str
    node: str = ""
    code: str = ""
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one instance, and a sentence."""

    instance_id: UUID
    label: str
    fate: Fate
    sentence: str


def check_order(order: Order) -> None:
    """Refuse an order that cannot be carried out on any instance. Raises Invalid."""
    check_reason(order.reason)
    if order.act not in BULK_ACTS:
        raise Invalid(f"To {order.act.value.lower()} is for one instance at a time.")
    if order.act in {Act.SKIP, Act.MOVE} and not order.node:
        raise Invalid("Say at which node the steps are that this is for.")
    if order.act is Act.MOVE and not order.targets:
        raise Invalid("Say to which node the tokens are moved.")


def run_order(
    order: Order, *, ids: Sequence[UUID], doer: Person | Actor
) -> Iterator[Result]:
    """Carry an order out on instances one by one, yielding what became of each.

    A person does, or proposes where the act takes two; the system only does. Raises
    Invalid before the first for an order that fits no instance.
    """
    check_order(order)
    labels = chosen.read_labels(ids)
    for instance_id in ids:
        label = labels.get(instance_id) or str(instance_id)[:13]
        yield _run_one(order, instance_id, label=label, doer=doer)


def _run_one(
    order: Order, instance_id: UUID, *, label: str, doer: Person | Actor
) -> Result:
    proposed = done = 0
    do = _doer(doer)
    try:
        for wish in _wishes(order, instance_id):
            if do(wish) is None:
                done += 1
            else:
                proposed += 1
    except Refused as refusal:
        before = f" ({done} done before)" if done else ""
        sentence = f"{refusal.message}{before}"
        return Result(instance_id, label, Fate.REFUSED, sentence)
    if proposed:
        return Result(
            instance_id, label, Fate.PROPOSED, "Proposed; a second person must approve."
        )
    return Result(instance_id, label, Fate.DONE, _say(order, done))


def _doer(doer: Person | Actor) -> Callable[[Wish], int | None]:
    if isinstance(doer, Person):
        person = doer
        return lambda wish: approvals.do_or_propose(person=person, wish=wish)
    actor = doer
    return lambda wish: acts.do_as_system(actor=actor, wish=wish)


def _wishes(order: Order, instance_id: UUID) -> list[Wish]:
    """Return the acts on one instance: one for each step or incident it is about."""
    match order.act:
        case Act.RETRY:
            found = chosen.list_incident_ids(
                instance_id, code=order.code, node=order.node
            )
            given = [{"incident": incident_id} for incident_id in found]
            nothing = "There is no such incident open any more."
        case Act.SKIP | Act.MOVE:
            steps = chosen.list_step_ids(instance_id, node=order.node)
            to = {"to": list(order.targets)} if order.act is Act.MOVE else {}
            given = [{"step": step_id, **to} for step_id in steps]  # type: ignore[dict-item]
            nothing = f"No step of {order.node!r} is live any more."
        case _:
            given, nothing = [{}], ""
    if not given:
        raise Invalid(nothing)
    return [
        Wish(
            act=order.act,
            instance_id=instance_id,
            reason=order.reason,
            arguments=arguments,
        )
        for arguments in given
    ]


def _say(order: Order, done: int) -> str:
    words = {
        Act.RETRY: ("incident retried", "incidents retried"),
        Act.SKIP: ("step skipped", "steps skipped"),
        Act.MOVE: ("token moved", "tokens moved"),
    }.get(order.act)
    if words is None:
        return {
            Act.SUSPEND: "Suspended.",
            Act.RESUME: "Resumed.",
            Act.CANCEL: "Canceled.",
        }[order.act]
    return f"{done} {words[0] if done == 1 else words[1]}."
