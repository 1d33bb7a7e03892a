"""Several persons hold one task side by side, each under a lease of his own.

Note [Seats]
Only tasks with more than one of `seats` come here. The task stays OPEN while a seat is
free. When none is, it is CLAIMED in the name of whose lease ends first, so that what
finds lapsed leases finds it then; `seated` keeps it from being served twice to the same
person. A seat that lapsed is free: whoever comes next takes it away, and its person
takes it again. A task that settles or waits keeps the seats of the others as they are,
so that they go on where they were. All tokens come from the task's `lease_token`, so no two holds share
one. When the votes decide, or the judges disagree, all seats are over: an adjudicator
holds the task alone. The caller holds the instance's row and the task's.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from django.db import connection, transaction

from review.core.states import Stage
from review.core.tasks.leases import Lease
from review.core.verdicts.quorum import Tally, count_free_seats, tally
from review.models import Person
from review.operations.tasks.locking import Hold, LockedTask, lock_task
from review.operations.tasks.telling import publish, record
from review.operations.verdicts import refusals
from workflows.core.actors import SWEEPER, Actor
from workflows.driver import run
from workflows.operations.errors import Conflict, Refused

Statement = tuple[str, Sequence[object]]

_LEAVE: Final = """
    DELETE FROM review_seat
    WHERE task_id = %s AND (person_id = %s OR lease_until <= %s)
"""
_LEAVE_ALL: Final = "DELETE FROM review_seat WHERE task_id = %s"
_SIT: Final = """
    INSERT INTO review_seat
        (task_id, instance_id, person_id, token, claimed_at, lease_until, audit_seq)
    SELECT t.id, t.instance_id, %s, t.lease_token + 1, %s, %s, %s
    FROM review_task t WHERE t.id = %s RETURNING token
"""
_SHOW: Final = """
    UPDATE review_task
    SET state = %s, claimed_by_id = %s, claimed_at = %s, lease_until = %s,
        seats = %s, seated = %s, is_ahead = false
    WHERE id = %s
"""
# Like taking a task alone: what pushed, parked or held it is over.
_TAKEN: Final = """
    UPDATE review_task
    SET lease_token = lease_token + 1, audit_seq = %s,
        state = CASE WHEN state IN ('WAITING', 'SETTLING') THEN 'OPEN' ELSE state END,
        first_claimed_at = coalesce(first_claimed_at, %s),
        assigned_to_id = NULL, assigned_at = NULL, assigned_until = NULL,
        parked_at = NULL, parking = NULL, parked_for_id = NULL, release_at = NULL
    WHERE id = %s
"""
_OVER: Final = "UPDATE review_task SET seats = %s, seated = '{}' WHERE id = %s"
# What waits or settles keeps its seats: they go on, or are over, with the task.
_LAPSED_OF: Final = """
    SELECT s.task_id FROM review_seat s JOIN review_task t ON t.id = s.task_id
    WHERE s.person_id = %s AND s.lease_until <= statement_timestamp()
      AND t.state IN ('OPEN', 'CLAIMED')
    ORDER BY s.task_id LIMIT 5
"""
_RISE: Final = "DELETE FROM review_seat WHERE task_id = %s AND person_id = %s"
_RISEN: Final = """
    UPDATE review_task SET seated = array_remove(seated, %s::bigint) WHERE id = %s
"""
_WAKE: Final = "UPDATE review_seat SET lease_until = %s WHERE task_id = %s"
_EXTEND: Final = """
    UPDATE review_seat s
    SET lease_until = clock_timestamp() + make_interval(secs => q.lease_seconds)
    FROM review_task t JOIN review_queue q ON q.id = t.queue_id
    WHERE t.id = s.task_id AND s.task_id = %s AND s.person_id = %s AND s.token = %s
      AND s.lease_until > clock_timestamp()
    RETURNING s.lease_until
"""
_EXTENDED: Final = """
    UPDATE review_task SET lease_until =
        (SELECT min(lease_until) FROM review_seat WHERE task_id = review_task.id)
    WHERE id = %s AND state = 'CLAIMED' AND seats > 1
"""


def take_seat(
    task: LockedTask,
    person: Person,
    *,
    by: Actor,
    seconds: int,
    occurred_at: dt.datetime | None,
    kind: str,
    detail: dict[str, object] | None = None,
) -> Lease:
    """Give a person one of the task's seats; all other checks are made.

    Raises Conflict when all seats are taken.
    """
    others = [one for one in list_live(task) if one.person_id != person.id]
    if _count_free(task, others) < 1:
        raise _full(task, others)
    until = task.now + dt.timedelta(seconds=seconds)
    seq = record(
        task,
        kind,
        by,
        # A person's own view of the task shows his seat's token, not the last one.
        {"token": task.last_token + 1, "seat": len(others) + 1, **(detail or {})},
        occurred_at=occurred_at,
    )
    with connection.cursor() as cursor:
        cursor.execute(_LEAVE, [task.id, person.id, task.now])
        cursor.execute(_SIT, [person.id, task.now, until, seq, task.id])
        token = int(cursor.fetchone()[0])
        cursor.execute(_TAKEN, [seq, occurred_at or task.now, task.id])
    mine = Hold(person.id, person.name, token, task.now, until)
    held = [*others, mine]
    run(*_show(task, held, free=_count_free(task, held), seats=task.seats))
    publish(task, task.queue_key)
    return Lease(task.id, token, until)


def leave(task: LockedTask, *, person_id: int | None, seq: int) -> None:
    """Free one person's seat, or all (None); `seq` is the entry that says so."""
    held = [
        one
        for one in list_live(task)
        if person_id is not None and one.person_id != person_id
    ]
    if person_id is None:
        run(_LEAVE_ALL, [task.id])
    else:
        run(_LEAVE, [task.id, person_id, task.now])
    run("UPDATE review_task SET audit_seq = %s WHERE id = %s", [seq, task.id])
    run(*_show(task, held, free=_count_free(task, held), seats=task.seats))


def extend(*, task_id: int, person: Person, token: int) -> Lease | None:
    """Hold a seat for another full lease from now; None when it does not hold now."""
    with connection.cursor() as cursor:
        cursor.execute(_EXTEND, [task_id, person.id, token])
        row = cursor.fetchone()
        if row is None:
            return None
        cursor.execute(_EXTENDED, [task_id])
    return Lease(task_id, token, row[0])


def rise(task: LockedTask, *, person_id: int) -> list[Statement]:
    """Return what takes one person's seat while the task stands still for the others.

    Goes after the statement that wrote the task. They keep theirs: it goes on for them
    when the task does (wake), or it is over.
    """
    if task.seats == 1:
        return []
    return [(_RISE, [task.id, person_id]), (_RISEN, [person_id, task.id])]


def wake(task: LockedTask) -> LockedTask:
    """Give everybody who sat when the task was parked his seat for a full lease.

    Their tokens stay, so what they have open goes on. Returns the task as it then is.
    """
    if task.seats == 1:
        return task
    until = task.now + dt.timedelta(seconds=task.lease_seconds)
    run(_WAKE, [until, task.id])
    return replace(task, holds=[replace(one, lease_until=until) for one in task.holds])


def show(task: LockedTask, *, seq: int) -> None:
    """Write who holds a task that goes on; `seq` is the entry that says why."""
    held = list_live(task)
    run("UPDATE review_task SET audit_seq = %s WHERE id = %s", [seq, task.id])
    run(*_show(task, held, free=_count_free(task, held), seats=task.seats))


def has_seat_for(task: LockedTask, person_id: int) -> bool:
    """Tell whether a person could sit down now beside the others."""
    others = [one for one in list_live(task) if one.person_id != person_id]
    return _count_free(task, others) > 0


def after_vote(task: LockedTask, standing: Tally, *, person_id: int) -> list[Statement]:
    """Return what a person's vote makes of the seats; nothing where there is one.

    Goes after the statement that wrote the task: it sets the state again where other
    persons hold all seats that are left.
    """
    plan = task.plan
    if not plan.parallel:
        return []
    if standing.outcome or standing.stage is Stage.ADJUDICATION:
        seats = plan.seats if standing.outcome else 1
        return [(_LEAVE_ALL, [task.id]), (_OVER, [seats, task.id])]
    held = [one for one in list_live(task) if one.person_id != person_id]
    free = count_free_seats(plan, standing=standing, held=len(held))
    return [
        (_LEAVE, [task.id, person_id, task.now]),
        _show(task, held, free=free, seats=plan.seats),
    ]


@transaction.atomic
def free_lapsed_of(person_id: int) -> bool:
    """Free the seats of a person whose leases lapsed; tell whether there was one.

    Otherwise a task whose last reviewer is he himself would never be his next.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LAPSED_OF, [person_id])
        found = [row[0] for row in cursor.fetchall()]
    for task_id in found:
        task = lock_task(task_id)
        if any(one.person_id == person_id for one in list_live(task)):
            continue  # he took it again meanwhile
        seq = record(task, "task.seat_lapsed", SWEEPER, {"person": person_id})
        leave(task, person_id=person_id, seq=seq)
    return bool(found)


def list_live(task: LockedTask) -> list[Hold]:
    """Return the seats whose leases hold now, that which ends first first."""
    return [one for one in task.holds if one.lease_until > task.now]


def _count_free(task: LockedTask, held: Sequence[Hold]) -> int:
    standing = tally(
        plan=task.plan,
        judgements=task.judgements,
        current_round=task.round,
        initiator=task.initiator,
        reject_ends=bool(task.policy.get("reject_ends")),
    )
    return count_free_seats(task.plan, standing=standing, held=len(held))


def _show(
    task: LockedTask, held: Sequence[Hold], *, free: int, seats: int
) -> Statement:
    """Return the statement that writes into the task's row who holds it."""
    first = min(held, key=lambda one: one.lease_until, default=None)
    seated = sorted(one.person_id for one in held)
    if free > 0 or first is None:
        return _SHOW, ["OPEN", None, None, None, seats, seated, task.id]
    return _SHOW, [
        "CLAIMED",
        first.person_id,
        first.claimed_at,
        first.lease_until,
        seats,
        seated,
        task.id,
    ]


def _full(task: LockedTask, held: Sequence[Hold]) -> Refused:
    if not held:
        return Conflict(
            "As many persons as this task takes have judged it; look again.",
            code="seats-taken",
        )
    names = ", ".join(one.name for one in held[:5])
    until = min(one.lease_until for one in held)
    return refusals.seats_taken(names=names, until=until)
