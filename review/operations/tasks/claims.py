"""Claim tasks, hold them and give them back. Moving them is in tasks.py.

A claim is a lease with a fencing token: it raises `lease_token`, and only who shows
that token before the lease lapses may go on. A lapsed lease is free to the next.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Final

from django.db import connection, transaction

from review.core.tasks.leases import Lease, find_lease_problem, is_free
from review.models import Person
from review.operations.people.people import actor_of
from review.operations.tasks import conflicts, seats, serving
from review.operations.tasks.locking import (
    LockedTask,
    check_live,
    lock_task,
    lock_task_for,
    read_locked,
)
from review.operations.tasks.telling import publish, record
from review.operations.verdicts import quorums, refusals
from review.permissions import check_can_review, get_rights
from workflows.core.actors import Actor
from workflows.driver import fetch, run

MOST_PASSED_OVER: Final = 20
"""How many tasks of a lane are passed over because they are beyond a stand-in's limit."""
ATTEMPTS: Final = 5
"""How often claim-next looks again when others took all it saw meanwhile."""
AHEAD_SECONDS: Final = 120
"""How long a task taken ahead is kept for who has not begun it."""

# Both rows are locked or the candidate is skipped: nobody ever waits for an instance
# while holding a task, so claims cannot deadlock with verdicts.
_TAKE: Final = """
    SELECT t.id
    FROM workflows_instance i
    JOIN review_task t ON t.instance_id = i.id
    WHERE {source}
      AND NOT (t.excluded && %(persons)s::bigint[])
      AND NOT (t.seated && %(persons)s::bigint[])
      AND NOT (t.id = ANY(%(skipped)s::bigint[]))
    ORDER BY t.serve_at, t.id
    LIMIT 1 FOR UPDATE OF i, t SKIP LOCKED
"""
_TAKE_FROM: Final = {
    "ASSIGNED": _TAKE.format(
        source="t.assigned_to_id = %(person)s AND t.state = 'OPEN'"
        " AND t.queue_id = ANY(%(queues)s)"
    ),
    "OPEN": _TAKE.format(
        source="t.lane_id = %(lane)s AND t.state = 'OPEN' AND t.assigned_to_id IS NULL"
    ),
    "CLAIMED": _TAKE.format(
        source="t.lane_id = %(lane)s AND t.state = 'CLAIMED'"
        " AND t.lease_until <= statement_timestamp()"
    ),
}
_CLAIM: Final = """
    UPDATE review_task
    SET state = 'CLAIMED', claimed_by_id = %s, claimed_at = %s, lease_token = %s,
        lease_until = %s, first_claimed_at = coalesce(first_claimed_at, %s),
        assigned_to_id = NULL, assigned_at = NULL, assigned_until = NULL,
        parked_at = NULL, parking = NULL, parked_for_id = NULL, release_at = NULL,
        is_ahead = %s, lapses = lapses + %s, audit_seq = %s
    WHERE id = %s
"""
_BEGIN: Final = """
    UPDATE review_task
    SET is_ahead = false, claimed_at = %s, lease_until = %s,
        first_claimed_at = coalesce(first_claimed_at, %s), audit_seq = %s
    WHERE id = %s
"""
_LOCK_AHEAD: Final = """
    SELECT t.id
    FROM workflows_instance i
    JOIN review_task t ON t.instance_id = i.id
    WHERE t.id = %s AND t.claimed_by_id = %s AND t.lease_token = %s
      AND t.state = 'CLAIMED' AND t.is_ahead AND t.lease_until > statement_timestamp()
    FOR UPDATE OF i, t SKIP LOCKED
"""
_FREE: Final = """
    UPDATE review_task
    SET state = 'OPEN', claimed_by_id = NULL, claimed_at = NULL, lease_until = NULL,
        assigned_to_id = NULL, assigned_at = NULL, assigned_until = NULL,
        parked_at = NULL, parking = NULL, parked_for_id = NULL,
        is_ahead = false, audit_seq = %s
    WHERE id = %s
"""
_EXTEND: Final = """
    UPDATE review_task t
    SET lease_until = clock_timestamp() + make_interval(
        secs => CASE WHEN t.is_ahead THEN least(q.lease_seconds, %s)
                     ELSE q.lease_seconds END)
    FROM review_queue q
    WHERE q.id = t.queue_id AND t.id = %s AND t.state = 'CLAIMED' AND t.seats = 1
      AND t.claimed_by_id = %s AND t.lease_token = %s
      AND t.lease_until > clock_timestamp()
    RETURNING t.lease_until
"""


@transaction.atomic
def claim(
    *, task_id: int, person: Person, occurred_at: dt.datetime | None = None
) -> Lease:
    """Take one task; what the person holds already is returned as it stands.

    Raises NotFound, Forbidden (no reviewer, four eyes, conflict of interest, a lane
    the person cannot serve) and Conflict (held, given to somebody else, ended, more
    than the person may hold). What is replayed (`occurred_at`) happened anyway: limits
    and lanes do not apply to it.
    """
    serving.lock_person(person.id)
    task, rights, (facts, given) = lock_task_for(
        task_id, person.id, [serving.read_facts(person.id), serving.read_given(task_id)]
    )
    check_live(task)
    check_can_review(rights, queue_id=task.queue_id)
    quorums.check_may_judge(task, rights)
    is_own = task.claimed_by == person.id and task.is_held
    is_ahead = is_own and bool(given[0][3])
    if is_own and not is_ahead and task.lease_until:
        return Lease(task.id, task.lease_token, task.lease_until)
    if task.parking is not None:
        raise refusals.parked(parking=task.parking.value)
    if not is_own and not is_free(
        state=task.state, lease_until=task.lease_until, now=task.now
    ):
        raise refusals.held(holder=task.holder, until=task.lease_until or task.now)
    if occurred_at is None:
        serving.check_may_hold(task, serving.read_holder(rights, facts), given[0])
    conflicts.check_conflict(task, persons=rights.persons)
    if is_ahead:
        return begin_held(task, person)
    return take(task, person, by=actor_of(person), occurred_at=occurred_at)


@transaction.atomic
def claim_next(*, queue_keys: Collection[str], person: Person) -> Lease | None:
    """Take the next task this person may judge: what was given to him, else by rank.

    What he took ahead is begun unless another comes first by now. Queues that the
    person does not review and lanes he cannot serve are passed over; None when nothing
    is left there. Never waits for a lock of a case: what somebody works on at this
    moment is not next. Raises Forbidden for a disabled person, and Conflict where work
    waits and the person holds as much as he may.
    """
    offer = serving.find_offer(person_id=person.id, queue_keys=queue_keys, lock=True)
    queues = {lane.place.queue_id for lane in offer.lanes}
    ahead = next((one for one in offer.holder.ahead if one.queue_id in queues), None)
    for _ in range(ATTEMPTS):
        heads = serving.find_heads(offer.holder, offer.lanes)
        if ahead and not _comes_first(heads, ahead):
            lease = _begin_ahead(ahead, person)
            if lease is not None:
                return lease
            ahead = None
        for head in heads:
            task = take_head(head, offer, lanes=offer.lanes)
            if task is None:
                continue
            if ahead:
                release_held(ahead, person)
            detail: dict[str, object] = (
                {"assigned": True} if head.source == "ASSIGNED" else {}
            )
            return take(
                task, person, by=actor_of(person), occurred_at=None, detail=detail
            )
        if not heads and not seats.free_lapsed_of(person.id):
            break
    if offer.full and serving.find_heads(offer.holder, offer.full):
        raise offer.refuse_full()
    return None


@transaction.atomic
def release(*, task_id: int, person: Person, token: int, reason: str = "") -> None:
    """Give a task back. Raises Stale when the lease is not the person's any more."""
    task = lock_task(task_id)
    check_live(task)
    check_lease(task, person_id=person.id, token=token)
    seq = record(task, "task.released", actor_of(person), {"reason": reason})
    free(task, seq=seq, person_id=person.id)
    publish(task, task.queue_key)


@transaction.atomic
def extend(*, task_id: int, person: Person, token: int) -> Lease:
    """Hold a task for another full lease from now. Raises Stale.

    Holding on longer is no decision, so this takes no lock but the task's row and
    leaves no entry; claiming, giving up and deciding do.
    """
    with connection.cursor() as cursor:
        cursor.execute(_EXTEND, [AHEAD_SECONDS, task_id, person.id, token])
        row = cursor.fetchone()
    if row is None:
        seat = seats.extend(task_id=task_id, person=person, token=token)
        if seat is not None:
            return seat
        task = lock_task(task_id)
        check_live(task)
        check_lease(task, person_id=person.id, token=token)
        # Only a lease that held when we looked again, but not at the update, gets here.
        raise refusals.held(holder=task.holder, until=task.lease_until or task.now)
    return Lease(task_id, token, row[0])


def check_lease(task: LockedTask, *, person_id: int, token: int) -> None:
    """Raise Stale unless this person's token holds the task, or a seat of it, now."""
    if task.parking and any(one.person_id == person_id for one in task.holds):
        raise refusals.parked_beside(parking=task.parking.value)
    task = task.held_by(person_id)
    problem = find_lease_problem(
        state=task.state,
        claimed_by=task.claimed_by,
        lease_token=task.lease_token,
        lease_until=task.lease_until,
        person_id=person_id,
        token=token,
        now=task.now,
    )
    if problem:
        raise refusals.no_lease(problem, holder=task.holder, until=task.lease_until)


def take(
    task: LockedTask,
    person: Person,
    *,
    by: Actor,
    occurred_at: dt.datetime | None,
    kind: str = "task.claimed",
    detail: dict[str, object] | None = None,
    ahead: bool = False,
) -> Lease:
    """Give a locked task to a person under the next token; all checks are made.

    Taken `ahead` it is held for a short time and not yet begun.
    """
    seconds = min(AHEAD_SECONDS, task.lease_seconds) if ahead else task.lease_seconds
    if task.seats > 1:
        return seats.take_seat(
            task,
            person,
            by=by,
            seconds=seconds,
            occurred_at=occurred_at,
            kind=kind,
            detail=detail,
        )
    token = task.lease_token + 1
    until = task.now + dt.timedelta(seconds=seconds)
    entry: dict[str, object] = {"token": token, **(detail or {})}
    lapsed = bool(task.holder) and kind in {"task.claimed", "task.claimed_ahead"}
    if lapsed:
        entry["lapsed_from"] = task.holder
    seq = record(task, kind, by, entry, occurred_at=occurred_at)
    first = None if ahead else occurred_at or task.now
    values = [person.id, task.now, token, until, first, ahead, int(lapsed), seq]
    run(_CLAIM, [*values, task.id])
    publish(task, task.queue_key)
    return Lease(task.id, token, until)


def begin_held(task: LockedTask, person: Person) -> Lease:
    """Make a locked task that the person took ahead his own from now; same token."""
    until = task.now + dt.timedelta(seconds=task.lease_seconds)
    token = task.lease_token
    seq = record(task, "task.begun", actor_of(person), {"token": token})
    run(_BEGIN, [task.now, until, task.now, seq, task.id])
    publish(task, task.queue_key)
    return Lease(task.id, token, until)


def release_held(ahead: serving.Ahead, person: Person) -> bool:
    """Give back what a person took ahead; False when it is not his any more.

    Never waits: if somebody works on the case, the short lease lapses by itself.
    """
    if not fetch(_LOCK_AHEAD, [ahead.task_id, person.id, ahead.token]):
        return False
    task = read_locked(ahead.task_id)
    seq = record(task, "task.released", actor_of(person), {"reason": "", "ahead": True})
    free(task, seq=seq)
    publish(task, task.queue_key)
    return True


def take_head(
    head: serving.Head, offer: serving.Offer, *, lanes: Sequence[serving.ServedLane]
) -> LockedTask | None:
    """Lock the first task of a source that nobody else locks; None if none is left.

    A task in which the person turns out to have a conflict of interest is closed to
    him with an entry, and the next one is looked at.
    """
    holder = offer.holder
    skipped = list(holder.skipped)
    values = {
        "lane": head.lane_id,
        "queues": sorted({lane.place.queue_id for lane in lanes}),
        "person": holder.rights.person_id,
        "persons": sorted(holder.rights.persons),
        "skipped": skipped,
    }
    while found := fetch(_TAKE_FROM[head.source], values):
        task = read_locked(found[0][0])
        why = conflicts.find_conflict(task, persons=holder.rights.persons)
        if why:
            conflicts.exclude(task, person_id=holder.rights.person_id, why=why)
        elif quorums.can_judge(task, holder.rights):
            return task
        elif len(skipped) - len(holder.skipped) >= MOST_PASSED_OVER:
            return None
        else:
            # Beyond what was lent to the person: not his, though the lane is.
            skipped.append(task.id)
    return None


def free(task: LockedTask, *, seq: int, person_id: int | None = None) -> None:
    """Put a locked task back into its queue; `seq` is the entry that says so.

    Of a task that several hold, only the seat of `person_id`; of None, all of them.
    """
    if task.seats > 1:
        seats.leave(task, person_id=person_id, seq=seq)
        return
    with connection.cursor() as cursor:
        cursor.execute(_FREE, [seq, task.id])


def check_four_eyes(task: LockedTask, *, person_id: int) -> None:
    """Raise Forbidden for a person who may not judge this task as it stands."""
    quorums.check_may_judge(task, get_rights(person_id))


def _comes_first(heads: Sequence[serving.Head], ahead: serving.Ahead) -> bool:
    """Tell whether another task is to be served before the one taken ahead."""
    if not heads:
        return False
    first = heads[0]
    if first.source == "ASSIGNED":
        return True
    return (first.serve_at, first.task_id) < (ahead.serve_at, ahead.task_id)


def _begin_ahead(ahead: serving.Ahead, person: Person) -> Lease | None:
    if not fetch(_LOCK_AHEAD, [ahead.task_id, person.id, ahead.token]):
        return None
    return begin_held(read_locked(ahead.task_id), person)
