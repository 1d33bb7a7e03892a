"""Acts of people on running instances: done at once, or proposed to a second person.

Every screen and command goes through here, so that no way leads around dual control.
What an act does is the engine's (workflows.operations); settling proposals is in
approvals.py.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from review import live, permissions
from review.core.interventions import CONTROL_WORDS, Act, needs_second_person
from review.models import Person
from review.operations.people.people import actor_of
from review.operations.tasks import renewing
from review.permissions import Rights, get_rights
from workflows.core.actors import Actor
from workflows.operations import incidents, instances, interventions
from workflows.operations.errors import Forbidden, NotFound, check_reason
from workflows.operations.steps import lock_instance


@dataclass(frozen=True, slots=True)
class Wish:
    """One act on one instance, with its arguments as JSON.

    `seen` is the standing of the instance that the person looked at, None where
    nobody looked. Arguments by act: RETRY `incident`; MEND `incident`, `variables`;
    SETTLE `incident`, `output`; SKIP `step`, `variables`, `fire`; MOVE `step`, `to`;
    EDIT `set`, `remove`, `scope`; CANCEL `compensate`; the others none.
    """

    act: Act
    instance_id: UUID
    reason: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    seen: int | None = None


_RIGHTS: Final[Mapping[Act, Callable[[Rights], None]]] = {
    Act.SUSPEND: permissions.check_can_intervene,
    Act.RESUME: permissions.check_can_intervene,
    Act.CANCEL: permissions.check_can_cancel_instances,
    Act.RETRY: permissions.check_can_resolve_incidents,
    Act.MEND: permissions.check_can_resolve_incidents,
    Act.SETTLE: permissions.check_can_resolve_incidents,
    Act.SKIP: permissions.check_can_intervene,
    Act.MOVE: permissions.check_can_intervene,
    Act.EDIT: permissions.check_can_intervene,
}


def check_right(rights: Rights, act: Act) -> None:
    """Raise Forbidden unless the person's roles allow the act."""
    _RIGHTS[act](rights)


def list_allowed(rights: Rights) -> frozenset[Act]:
    """Return the acts that the person's roles allow."""
    return frozenset(act for act in Act if _is_allowed(rights, act))


def is_controlled(act: Act) -> bool:
    """Tell whether the act takes a second person here."""
    return needs_second_person(act, controlled=settings.DUAL_CONTROL)


@transaction.atomic
def do_now(*, person: Person, wish: Wish) -> None:
    """Do an act that takes nobody else. Raises Forbidden, NotFound, Conflict, Invalid.

    Stale when the instance has moved since it was seen.
    """
    check_reason(wish.reason)
    check_right(get_rights(person.id), wish.act)
    if is_controlled(wish.act):
        raise Forbidden(
            f"To {wish.act.value.lower()} takes a second person here; propose it.",
            code="dual-control",
        )
    _carry_out_seen(wish, actor_of(person))


@transaction.atomic
def do_as_system(*, actor: Actor, wish: Wish) -> None:
    """Do an act that no person answers for; what takes two persons is refused."""
    check_reason(wish.reason)
    if is_controlled(wish.act):
        raise Forbidden(
            f"COUNTERSIGN_DUAL_CONTROL puts {CONTROL_WORDS[wish.act]!r} under two"
            f" persons' control, and {actor.name.lower()} is none: propose it on the"
            " pages.",
            code="dual-control",
        )
    _carry_out_seen(wish, actor)


def carry_out(wish: Wish, actor: Actor) -> None:
    """Let the engine do the act, whoever asked; rights and control are checked before."""
    common: dict[str, Any] = {"actor": actor, "reason": wish.reason}
    at: dict[str, Any] = {"instance_id": wish.instance_id, **common}
    given = wish.arguments
    match wish.act:
        case Act.SUSPEND:
            instances.suspend(**at)
        case Act.RESUME:
            instances.resume(**at)
        case Act.CANCEL:
            instances.cancel(compensate=bool(given.get("compensate")), **at)
        case Act.RETRY:
            incidents.retry(incident_id=_incident(wish), **common)
        case Act.MEND:
            incidents.edit_input(
                incident_id=_incident(wish), variables=given["variables"], **common
            )
        case Act.SETTLE:
            incidents.resolve_by_hand(
                incident_id=_incident(wish), output=given["output"], **common
            )
        case Act.SKIP:
            interventions.skip(
                step_id=given["step"],
                variables=given.get("variables"),
                fire=given.get("fire", False),
                **at,
            )
        case Act.MOVE:
            interventions.move(step_id=given["step"], targets=given["to"], **at)
        case Act.EDIT:
            interventions.edit_variables(
                assign=given.get("set"),
                remove=given.get("remove", ()),
                scope_id=given.get("scope"),
                **at,
            )
            renewing.show_anew(
                assigned=given.get("set") or {}, removed=given.get("remove", ()), **at
            )
    live.publish_instances([wish.instance_id])
    live.publish(live.INCIDENTS, live.DASHBOARD)


def _carry_out_seen(wish: Wish, actor: Actor) -> None:
    lock_instance(wish.instance_id)
    if wish.seen is not None:
        interventions.check_standing(wish.instance_id, wish.seen)
    carry_out(wish, actor)


def _incident(wish: Wish) -> int:
    """Return the incident's id; one of another instance is as good as none."""
    incident_id = int(wish.arguments["incident"])
    if not incidents.is_of(incident_id, instance_id=wish.instance_id):
        raise NotFound(f"There is no incident {incident_id} of this instance.")
    return incident_id


def _is_allowed(rights: Rights, act: Act) -> bool:
    try:
        check_right(rights, act)
    except Forbidden:
        return False
    return True
