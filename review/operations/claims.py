"""Claim tasks, hold them and give them back. Moving them is in tasks.py.

A claim is a lease with a fencing token: it raises `lease_token`, and only who shows
that token before the lease lapses may go on. A lapsed lease is free to the next.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Final

from django.db import connection, transaction

from review.core.leases import Lease, find_lease_problem, is_free
from review.core.quorum import Objection
from review.core.states import Role
from review.models import Lane, Person
from review.operations import refusals
from review.operations.locking import LockedTask, check_live, lock_task, read_locked
from review.operations.people import actor_of
from review.operations.telling import publish, record
from review.permissions import Rights, check_can_review, get_rights
from workflows.core.actors import Actor

ATTEMPTS: Final = 5
"""How often claim-next looks again when others took all it saw meanwhile."""

# Two sources for each lane: what is open, and what a lapsed lease freed. Each has its
# partial index; their heads tell where the next task of all lanes is. The clock is the
# statement's: against clock_timestamp(), which moves while it runs, no index can be read.
_HEADS: Final = """
    SELECT h.source, l.id
    FROM unnest(%(lanes)s::bigint[]) AS l(id)
    CROSS JOIN LATERAL (
        (SELECT 'OPEN' AS source, t.serve_at, t.id
         FROM review_task t
         WHERE t.lane_id = l.id AND t.state = 'OPEN' AND t.assigned_to_id IS NULL
           AND NOT (%(person)s = ANY(t.excluded))
         ORDER BY t.serve_at, t.id LIMIT 1)
        UNION ALL
        (SELECT 'CLAIMED', t.serve_at, t.id
         FROM review_task t
         WHERE t.lane_id = l.id AND t.state = 'CLAIMED'
           AND t.lease_until <= statement_timestamp()
           AND NOT (%(person)s = ANY(t.excluded))
         ORDER BY t.serve_at, t.id LIMIT 1)
    ) h
    ORDER BY h.serve_at, h.id
"""
# Both rows are locked or the candidate is skipped: nobody ever waits for an instance
# while holding a task, so claims cannot deadlock with verdicts.
_TAKE: Final = """
    SELECT t.id
    FROM workflows_instance i
    JOIN review_task t ON t.instance_id = i.id
    WHERE t.lane_id = %(lane)s AND t.state = '{source}'
      AND {free}
      AND NOT (%(person)s = ANY(t.excluded))
    ORDER BY t.serve_at, t.id
    LIMIT 1 FOR UPDATE OF i, t SKIP LOCKED
"""
_TAKE_FROM: Final = {
    "OPEN": _TAKE.format(source="OPEN", free="t.assigned_to_id IS NULL"),
    "CLAIMED": _TAKE.format(
        source="CLAIMED", free="t.lease_until <= statement_timestamp()"
    ),
}
_CLAIM: Final = """
    UPDATE review_task
    SET state = 'CLAIMED', claimed_by_id = %s, claimed_at = %s, lease_token = %s,
        lease_until = %s, first_claimed_at = coalesce(first_claimed_at, %s),
        assigned_to_id = NULL, assigned_at = NULL, assigned_until = NULL,
        parked_at = NULL, parking = NULL, parked_for_id = NULL, release_at = NULL,
        is_ahead = false, audit_seq = %s
    WHERE id = %s
"""
_FREE: Final = """
    UPDATE review_task
    SET state = 'OPEN', claimed_by_id = NULL, claimed_at = NULL, lease_until = NULL,
        parked_at = NULL, parking = NULL, parked_for_id = NULL,
        is_ahead = false, audit_seq = %s
    WHERE id = %s
"""
_EXTEND: Final = """
    UPDATE review_task t
    SET lease_until = clock_timestamp() + make_interval(secs => q.lease_seconds)
    FROM review_queue q
    WHERE q.id = t.queue_id AND t.id = %s AND t.state = 'CLAIMED'
      AND t.claimed_by_id = %s AND t.lease_token = %s
      AND t.lease_until > clock_timestamp()
    RETURNING t.lease_until
"""


@transaction.atomic
def claim(
    *, task_id: int, person: Person, occurred_at: dt.datetime | None = None
) -> Lease:
    """Take one task; what the person holds already is returned as it stands.

    Raises NotFound, Forbidden (no reviewer, four eyes) and Conflict (held, ended).
    """
    task = lock_task(task_id)
    rights = get_rights(person.id)
    check_live(task)
    check_can_review(rights, queue_id=task.queue_id)
    check_four_eyes(task, person_id=person.id)
    if task.claimed_by == person.id and task.is_held and task.lease_until:
        return Lease(task.id, task.lease_token, task.lease_until)
    if not is_free(state=task.state, lease_until=task.lease_until, now=task.now):
        raise refusals.held(holder=task.holder, until=task.lease_until or task.now)
    return take(task, person, by=actor_of(person), occurred_at=occurred_at)


@transaction.atomic
def claim_next(*, queue_keys: Collection[str], person: Person) -> Lease | None:
    """Take the next task this person may judge: by class, then first come.

    Queues that the person does not review are passed over; None when nothing is left
    there. Never waits for a lock: what somebody works on at this moment is not next.
    Raises Forbidden for a disabled person.
    """
    rights = get_rights(person.id)
    lanes = _list_served(rights, queue_keys)
    for _ in range(ATTEMPTS):
        heads = _find_heads(lanes, person_id=person.id)
        for source, lane_id in heads:
            task_id = _take(source, lane_id, person_id=person.id)
            if task_id is not None:
                task = read_locked(task_id)
                return take(task, person, by=actor_of(person), occurred_at=None)
        if not heads:
            return None
    return None


@transaction.atomic
def release(*, task_id: int, person: Person, token: int, reason: str = "") -> None:
    """Give a task back. Raises Stale when the lease is not the person's any more."""
    task = lock_task(task_id)
    check_live(task)
    check_lease(task, person_id=person.id, token=token)
    seq = record(task, "task.released", actor_of(person), {"reason": reason})
    free(task, seq=seq)
    publish(task, task.queue_key)


@transaction.atomic
def extend(*, task_id: int, person: Person, token: int) -> Lease:
    """Hold a task for another full lease from now. Raises Stale.

    Holding on longer is no decision, so this takes no lock but the task's row and
    leaves no entry; claiming, giving up and deciding do.
    """
    with connection.cursor() as cursor:
        cursor.execute(_EXTEND, [task_id, person.id, token])
        row = cursor.fetchone()
    if row is None:
        task = lock_task(task_id)
        check_live(task)
        check_lease(task, person_id=person.id, token=token)
        # Only a lease that held when we looked again, but not at the update, gets here.
        raise refusals.held(holder=task.holder, until=task.lease_until or task.now)
    return Lease(task_id, token, row[0])


def check_lease(task: LockedTask, *, person_id: int, token: int) -> None:
    """Raise Stale unless this person's token holds the task now."""
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
) -> Lease:
    """Give a locked task to a person under the next token; all checks are made."""
    token = task.lease_token + 1
    until = task.now + dt.timedelta(seconds=task.lease_seconds)
    entry: dict[str, object] = {"token": token, **(detail or {})}
    if task.holder and kind == "task.claimed":
        entry["lapsed_from"] = task.holder
    seq = record(task, kind, by, entry, occurred_at=occurred_at)
    first = occurred_at or task.now
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [person.id, task.now, token, until, first, seq, task.id])
    publish(task, task.queue_key)
    return Lease(task.id, token, until)


def free(task: LockedTask, *, seq: int) -> None:
    """Put a locked task back into its queue; `seq` is the entry that says so."""
    with connection.cursor() as cursor:
        cursor.execute(_FREE, [seq, task.id])


def check_four_eyes(task: LockedTask, *, person_id: int) -> None:
    """Raise Forbidden for a person who may not judge this task as it stands."""
    if person_id in task.excluded:
        own = task.initiator == f"person:{person_id}"
        raise refusals.objected(
            Objection.INITIATOR if own else Objection.ALREADY_JUDGED
        )


def _list_served(rights: Rights, keys: Collection[str]) -> list[int]:
    """Return the lanes of these queues that the person may take tasks from."""
    lanes = Lane.objects.filter(queue__key__in=list(keys)).order_by("id")
    return [
        lane_id
        for lane_id, queue_id in lanes.values_list("id", "queue_id")
        if rights.holds(Role.REVIEWER, queue_id=queue_id)
    ]


def _find_heads(lanes: Sequence[int], *, person_id: int) -> list[tuple[str, int]]:
    if not lanes:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_HEADS, {"lanes": list(lanes), "person": person_id})
        return [(row[0], row[1]) for row in cursor.fetchall()]


def _take(source: str, lane_id: int, *, person_id: int) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_FROM[source], {"lane": lane_id, "person": person_id})
        row = cursor.fetchone()
    return None if row is None else int(row[0])
