"""Place, extend and lift stops of automatic decisions.

One person stops, at once: stopping is always safe. Letting a stop end before its time
takes who asks for it and another natural person. Each act is an entry of the
installation; what a stop diverts is an entry of each case.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Final

from django.db import connection, transaction
from django.db.models import Q
from django.urls import reverse

from review import live, permissions
from review.core.notices.notices import Notice
from review.core.states import PolicyKind, Role
from review.core.stops import StopKind, Target, find_fault, find_objection
from review.models import Person, Policy, Queue, RoleGrant, Stop
from review.operations.notices import notifying
from review.operations.people.people import actor_of
from review.operations.stops import stops
from review.permissions import Rights
from workflows import audit, dispatch
from workflows.core.actors import ENGINE, Actor
from workflows.models import Definition
from workflows.operations.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    check_reason,
)
from workflows.store import database_now

ENDS_AT_ONCE: Final = 100
"""How many stops one sweep notes the end of."""

# Held steps wait for their stop's end; whoever lifts it lets them look again at once.
_WAKE: Final = """
    UPDATE workflows_step s SET run_at = clock_timestamp()
    FROM review_diversion d
    WHERE d.stop_id = %s AND d.kind = 'HELD' AND s.id = d.step_id
      AND s.state = 'READY' AND s.run_at > clock_timestamp()
"""
# What saw a stop just before it was lifted may be held just after.
_WAKE_LATE: Final = """
    UPDATE workflows_step s SET run_at = clock_timestamp()
    FROM review_diversion d, review_stop p
    WHERE p.lifted_at > clock_timestamp() - interval '10 minutes'
      AND d.stop_id = p.id AND d.kind = 'HELD' AND d.at > p.lifted_at - interval '1 minute'
      AND s.id = d.step_id AND s.state = 'READY' AND s.run_at = p.ends_at
"""
_POSTPONE: Final = """
    UPDATE workflows_step s SET run_at = %s
    FROM review_diversion d
    WHERE d.stop_id = %s AND d.kind = 'HELD' AND s.id = d.step_id
      AND s.state = 'READY' AND s.run_at > clock_timestamp() AND s.run_at < %s
"""


@transaction.atomic
def place(
    *, person: Person, target: Target, lasting: dt.timedelta, reason: str
) -> Stop:
    """Stop automatic decisions at once, as one person; return the stop.

    Raises Invalid (no reason, no such end), NotFound (nothing of that name), Forbidden
    and Conflict where the very same is stopped already.
    """
    check_reason(reason)
    if fault := find_fault(lasting=lasting):
        raise Invalid(fault)
    if target.everything and target.kind is not StopKind.DEFINITION:
        raise Invalid("Only of a process every automatic step can be held.")
    queue, grid = check_target(target, rights=permissions.get_rights(person.id))
    for one in stops.list_standing():
        if one.target == target:
            raise Conflict(
                f"Stop {one.id} covers this already; extend it if it ends too soon.",
                code="stopped-already",
            )
    now = database_now()
    stop = Stop.objects.create(
        kind=target.kind.value,
        name=target.name,
        version=target.version,
        queue=queue,
        grid=grid,
        row=target.row,
        everything=target.everything,
        reason=reason.strip(),
        placed_by=person,
        placed_at=now,
        end_set_at=now,
        ends_at=now + lasting,
    )
    _tell(
        stop,
        person,
        Notice.STOP_PLACED,
        title=f"Stopped: automatic decisions of {target.describe()}",
        text=f"{person.name} stopped them until {_moment(stop.ends_at)}: {stop.reason}",
        key="placed",
    )
    _record("stop.placed", stop, person, {"reason": stop.reason}, now=now)
    return stop


@transaction.atomic
def extend(*, stop_id: int, person: Person, lasting: dt.timedelta, reason: str) -> None:
    """Let a standing stop end later: so long from now. One person may.

    Raises as place does; Invalid where that is no later than its end.
    """
    check_reason(reason)
    if fault := find_fault(lasting=lasting):
        raise Invalid(fault)
    stop, now = _lock(stop_id, person)
    ends_at = now + lasting
    if ends_at <= stop.ends_at:
        raise Invalid(
            f"It ends {_moment(stop.ends_at)} as it is. To end a stop sooner, ask to"
            " lift it: that takes a second person."
        )
    stop.end_set_at, stop.ends_at = now, ends_at
    stop.save(update_fields=["end_set_at", "ends_at"])
    with connection.cursor() as cursor:
        cursor.execute(_POSTPONE, [ends_at, stop.id, ends_at])
    _record("stop.extended", stop, person, {"reason": reason}, now=now)


@transaction.atomic
def ask_to_lift(*, stop_id: int, person: Person, reason: str) -> None:
    """Ask that a stop end before its time; it takes another natural person's word."""
    check_reason(reason)
    stop, now = _lock(stop_id, person)
    if stop.lift_asked_by_id is not None:
        raise Conflict("Somebody has asked to lift this stop already.")
    stop.lift_asked_by, stop.lift_asked_at = person, now
    stop.lift_reason = reason.strip()
    stop.save(update_fields=["lift_asked_by", "lift_asked_at", "lift_reason"])
    _tell(
        stop,
        person,
        Notice.STOP_LIFT,
        title=f"Lift stop {stop.id} of {target_of(stop).describe()}?",
        text=f"{person.name} asks to lift it: {stop.lift_reason}",
        key=f"lift:{now.isoformat()}",
    )
    _record("stop.lift_asked", stop, person, {"reason": stop.lift_reason}, now=now)


@transaction.atomic
def lift(*, stop_id: int, person: Person) -> None:
    """Agree that a stop end now, as another person than who asked for it.

    What waits for its end goes on at once. Raises NotFound, Forbidden, Conflict.
    """
    stop, now = _lock(stop_id, person)
    objection = find_objection(
        asked_by=stop.lift_asked_by_id,
        persons=permissions.get_rights(person.id).persons,
        is_over=False,
    )
    if objection:
        raise Forbidden(objection, code="same-person")
    asker = stop.lift_asked_by
    assert asker is not None
    # Who asked must still be allowed to: a role taken away ends at once.
    permissions.check_can_oversee(
        permissions.get_rights(asker.id), queue_id=stop.queue_id
    )
    stop.lifted_by, stop.lifted_at, stop.closed_at = person, now, now
    stop.save(update_fields=["lifted_by", "lifted_at", "closed_at"])
    with connection.cursor() as cursor:
        cursor.execute(_WAKE, [stop.id])
    dispatch.ring_after_commit("engine")
    dispatch.ring_after_commit("services")
    _tell(
        stop,
        person,
        Notice.STOP_PLACED,
        title=f"Lifted: stop {stop.id} of {target_of(stop).describe()}",
        text=f"{asker.name} asked and {person.name} agreed: {stop.lift_reason}",
        key="lifted",
    )
    detail: dict[str, object] = {
        "asked_by": f"person:{asker.id}",
        "reason": stop.lift_reason,
        "diverted": stop.diversions.count(),
    }
    _record("stop.lifted", stop, person, detail, now=now)


@transaction.atomic
def refuse_to_lift(*, stop_id: int, person: Person, reason: str) -> None:
    """Say no to lifting a stop, or take back that one asked; the stop stands."""
    check_reason(reason)
    stop, now = _lock(stop_id, person)
    asker = stop.lift_asked_by
    if asker is None:
        raise Conflict("Nobody has asked to lift this stop.")
    stop.lift_asked_by, stop.lift_asked_at, stop.lift_reason = None, None, ""
    stop.save(update_fields=["lift_asked_by", "lift_asked_at", "lift_reason"])
    if asker.id != person.id:
        notifying.tell(
            persons=[asker.id],
            kind=Notice.STOP_LIFT,
            title=f"Stop {stop.id} of {target_of(stop).describe()} stands",
            text=f"{person.name} does not lift it: {reason}",
            url=reverse("stop-detail", args=[stop.id]),
            queue_id=stop.queue_id,
        )
    detail: dict[str, object] = {"asked_by": f"person:{asker.id}", "reason": reason}
    _record("stop.lift_refused", stop, person, detail, now=now)


def note_ends() -> None:
    """Note in the log which stops ended by themselves; any number of sweepers may.

    Nothing waits for it: a stop ends by the database's clock. Steps that were held by a
    stop as it was lifted are let go here.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_WAKE_LATE)
    over = Stop.objects.filter(closed_at=None, ends_at__lte=database_now())
    for stop_id in list(over.values_list("id", flat=True)[:ENDS_AT_ONCE]):
        _note_end(stop_id)


@transaction.atomic
def _note_end(stop_id: int) -> None:
    stop = Stop.objects.select_for_update().get(pk=stop_id)
    now = database_now()
    if stop.closed_at is not None or stop.ends_at > now:
        return  # another sweeper was here, or somebody extended it
    stop.closed_at = now
    stop.save(update_fields=["closed_at"])
    diverted = stop.diversions.count()
    _tell(
        stop,
        None,
        Notice.STOP_PLACED,
        title=f"Over: stop {stop.id} of {target_of(stop).describe()}",
        text=(
            f"Its time has ended, and automatic decisions go on. It diverted {diverted}."
            " Stop them again if that is too early."
        ),
        key=f"over:{stop.ends_at.isoformat()}",
    )
    _record("stop.lapsed", stop, None, {"diverted": diverted}, now=now)


def target_of(stop: Stop) -> Target:
    """Return what a stop is about."""
    return Target(
        kind=StopKind(stop.kind),
        name=stop.name,
        version=stop.version,
        queue=stop.queue.key if stop.queue else "",
        grid=stop.grid_id,
        row=stop.row,
        everything=stop.everything,
    )


def check_target(
    target: Target, *, rights: Rights
) -> tuple[Queue | None, Policy | None]:
    """Return the queue and the grid that somebody may stop a target of.

    Raises NotFound and Invalid for what is not there, Forbidden.
    """
    queue, grid = _find(target)
    permissions.check_can_oversee(rights, queue_id=queue.id if queue else None)
    return queue, grid


def _find(target: Target) -> tuple[Queue | None, Policy | None]:
    """Return the queue and the grid that a target names. Raises NotFound, Invalid."""
    match target.kind:
        case StopKind.MODEL:
            if not target.name.strip():
                raise Invalid("Say which model shall be stopped.")
            return None, None
        case StopKind.DEFINITION:
            found = Definition.objects.filter(key=target.name)
            if target.version:
                found = found.filter(version=target.version)
            if not found.exists():
                raise NotFound(
                    f"No process {target.name} {target.version} is deployed."
                )
            return None, None
        case StopKind.CELL:
            queue = Queue.objects.filter(key=target.queue).first()
            if queue is None:
                raise NotFound(f"There is no queue {target.queue!r}.")
            if target.row is None:
                return queue, None
            grid = Policy.objects.filter(
                pk=target.grid or 0, queue=queue, kind=PolicyKind.GRID.value
            ).first()
            if grid is None or not 1 <= target.row <= len(grid.body["rows"]):
                raise NotFound(f"The grid of {queue.name} has no such row.")
            return queue, grid


def _lock(stop_id: int, person: Person) -> tuple[Stop, dt.datetime]:
    """Lock a standing stop for somebody who may act on it."""
    stop = Stop.objects.select_for_update().filter(pk=stop_id).first()
    if stop is None:
        raise NotFound(f"There is no stop {stop_id}.")
    rights = permissions.get_rights(person.id)
    permissions.check_can_oversee(rights, queue_id=stop.queue_id)
    now = database_now()
    if not stop.stands(now):
        raise Conflict("This stop is over already.", code="stop-over")
    return stop, now


def _tell(
    stop: Stop, person: Person | None, kind: Notice, *, title: str, text: str, key: str
) -> None:
    granted = RoleGrant.objects.filter(
        Q(role=Role.PROCESS_OWNER.value)
        | Q(role=Role.MANAGER.value, queue__isnull=True)
        | Q(role=Role.MANAGER.value, queue=stop.queue_id),
        revoked_at=None,
    )
    persons = set(granted.values_list("person_id", flat=True))
    persons.discard(person.id if person else None)
    notifying.tell(
        persons=persons,
        kind=kind,
        title=title,
        text=text,
        url=reverse("stop-detail", args=[stop.id]),
        queue_id=stop.queue_id,
        key=f"stop:{stop.id}:{key}",
    )


def _record(
    kind: str,
    stop: Stop,
    person: Person | None,
    detail: Mapping[str, object],
    *,
    now: dt.datetime,
) -> None:
    target = target_of(stop)
    facts: dict[str, object] = {
        "stop": stop.id,
        "kind": target.kind.value,
        "ends_at": stop.ends_at.isoformat(),
    }
    named = {
        "name": target.name,
        "version": target.version,
        "queue": target.queue,
        "grid": target.grid,
        "row": target.row,
        "everything": target.everything,
    }
    facts |= {name: value for name, value in named.items() if value}
    actor: Actor = actor_of(person) if person else ENGINE
    draft = audit.Draft(kind=kind, actor=actor, detail={**facts, **detail})
    audit.record_installation(drafts=[draft], now=now)
    topics = [live.queue_topic(target.queue)] if target.queue else []
    live.publish(live.STOPS, live.POLICIES, *topics)


def _moment(moment: dt.datetime) -> str:
    return f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"
