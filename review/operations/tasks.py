"""Claim, release, extend, escalate and reassign tasks. Judging them is in verdicts.py.

A claim is a lease with a fencing token: it raises `lease_token`, and only who shows
that token before the lease lapses may go on. A lapsed lease is free to the next.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Final

from django.db import connection, transaction

from review import live
from review.core.leases import Lease, find_lease_problem, is_free
from review.core.quorum import Objection
from review.core.states import Role
from review.models import Person, Queue
from review.operations import refusals
from review.operations.locking import LockedTask, check_live, lock_task, read_locked
from review.operations.people import actor_of
from review.permissions import (
    Rights,
    check_can_manage,
    check_can_review,
    get_rights,
)
from workflows import audit
from workflows.core.actors import Actor
from workflows.operations.errors import Invalid, NotFound

ATTEMPTS: Final = 5
"""How often claim-next looks again when others took all it saw meanwhile."""

# Two sources for each queue: what is open, and what a lapsed lease freed. Each has its
# partial index; their heads tell where the next task of all queues is. The clock is the
# statement's: against clock_timestamp(), which moves while it runs, no index can be read.
_HEADS: Final = """
    SELECT h.source, q.id, h.priority_class, h.opened_at
    FROM unnest(%(queues)s::bigint[]) AS q(id)
    CROSS JOIN LATERAL (
        (SELECT 'OPEN' AS source, t.priority_class, t.opened_at, t.id
         FROM review_task t
         WHERE t.queue_id = q.id AND t.state = 'OPEN'
           AND NOT (%(person)s = ANY(t.excluded))
         ORDER BY t.priority_class, t.opened_at, t.id LIMIT 1)
        UNION ALL
        (SELECT 'CLAIMED', t.priority_class, t.opened_at, t.id
         FROM review_task t
         WHERE t.queue_id = q.id AND t.state = 'CLAIMED'
           AND t.lease_until <= statement_timestamp()
           AND NOT (%(person)s = ANY(t.excluded))
         ORDER BY t.priority_class, t.opened_at, t.id LIMIT 1)
    ) h
    ORDER BY h.priority_class, h.opened_at, h.id
"""
# Both rows are locked or the candidate is skipped: nobody ever waits for an instance
# while holding a task, so claims cannot deadlock with verdicts.
_TAKE: Final = """
    SELECT t.id
    FROM workflows_instance i
    JOIN review_task t ON t.instance_id = i.id
    WHERE t.queue_id = %(queue)s AND t.state = '{source}'
      {lapsed}
      AND NOT (%(person)s = ANY(t.excluded))
    ORDER BY t.priority_class, t.opened_at, t.id
    LIMIT 1 FOR UPDATE OF i, t SKIP LOCKED
"""
_TAKE_FROM: Final = {
    "OPEN": _TAKE.format(source="OPEN", lapsed=""),
    "CLAIMED": _TAKE.format(
        source="CLAIMED", lapsed="AND t.lease_until <= statement_timestamp()"
    ),
}
_CLAIM: Final = """
    UPDATE review_task
    SET state = 'CLAIMED', claimed_by_id = %s, claimed_at = %s, lease_token = %s,
        lease_until = %s, first_claimed_at = coalesce(first_claimed_at, %s),
        audit_seq = %s
    WHERE id = %s
"""
_FREE: Final = """
    UPDATE review_task
    SET state = 'OPEN', claimed_by_id = NULL, claimed_at = NULL, lease_until = NULL,
        audit_seq = %s
    WHERE id = %s
"""
_MOVE: Final = """
    UPDATE review_task
    SET state = 'OPEN', claimed_by_id = NULL, claimed_at = NULL, lease_until = NULL,
        queue_id = %s, escalated_at = %s, escalations = escalations + 1, audit_seq = %s
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
    _check_four_eyes(task, person_id=person.id)
    if task.claimed_by == person.id and task.is_held and task.lease_until:
        return Lease(task.id, task.lease_token, task.lease_until)
    if not is_free(state=task.state, lease_until=task.lease_until, now=task.now):
        raise refusals.held(holder=task.holder, until=task.lease_until or task.now)
    return _claim(task, person, by=actor_of(person), occurred_at=occurred_at)


@transaction.atomic
def claim_next(*, queue_keys: Collection[str], person: Person) -> Lease | None:
    """Take the next task this person may judge: by class, then first come.

    Queues that the person does not review are passed over; None when nothing is left
    there. Never waits for a lock: what somebody works on at this moment is not next.
    Raises Forbidden for a disabled person.
    """
    rights = get_rights(person.id)
    queues = _list_reviewed(rights, queue_keys)
    for _ in range(ATTEMPTS):
        heads = _find_heads(queues, person_id=person.id)
        for source, queue_id in heads:
            task_id = _take(source, queue_id, person_id=person.id)
            if task_id is not None:
                task = read_locked(task_id)
                return _claim(task, person, by=actor_of(person), occurred_at=None)
        if not heads:
            return None
    return None


@transaction.atomic
def release(*, task_id: int, person: Person, token: int, reason: str = "") -> None:
    """Give a task back. Raises Stale when the lease is not the person's any more."""
    task = lock_task(task_id)
    check_live(task)
    check_lease(task, person_id=person.id, token=token)
    seq = _record(task, "task.released", actor_of(person), {"reason": reason})
    _execute(_FREE, [seq, task.id])
    _publish(task, task.queue_key)


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


@transaction.atomic
def escalate(
    *, task_id: int, person: Person, token: int, reason: str, to_queue: str = ""
) -> str:
    """Hand a held task to another queue; return that queue's key.

    Without `to_queue` it goes where the step or the queue escalates to. Raises Stale,
    Invalid (no reason, nowhere to go, the same queue) and NotFound.
    """
    if not reason.strip():
        raise Invalid("Say why this task needs somebody else; the reason is kept.")
    task = lock_task(task_id)
    check_live(task)
    check_lease(task, person_id=person.id, token=token)
    target = to_queue or find_escalation(task)
    if not target:
        raise Invalid(f"The queue {task.queue_key} escalates to no other; name one.")
    move(
        task,
        to_queue=target,
        actor=actor_of(person),
        detail={"reason": reason, "because": "person"},
    )
    return target


@transaction.atomic
def reassign(
    *, task_id: int, manager: Person, to_person: Person | None, reason: str
) -> Lease | None:
    """Give a task to a named reviewer, or free it (None), whoever holds it now.

    Raises Forbidden when the manager does not manage the queue or the reviewer may
    not judge this task, and Invalid without a reason.
    """
    if not reason.strip():
        raise Invalid("Say why this task changes hands; the reason is kept.")
    task = lock_task(task_id)
    check_live(task)
    check_can_manage(get_rights(manager.id), queue_id=task.queue_id)
    actor = actor_of(manager)
    detail: dict[str, object] = {"reason": reason, "from": task.holder or None}
    if to_person is None:
        seq = _record(task, "task.reassigned", actor, {**detail, "to": None})
        _execute(_FREE, [seq, task.id])
        _publish(task, task.queue_key)
        return None
    check_can_review(get_rights(to_person.id), queue_id=task.queue_id)
    _check_four_eyes(task, person_id=to_person.id)
    return _claim(
        task,
        to_person,
        by=actor,
        occurred_at=None,
        kind="task.reassigned",
        detail={**detail, "to": to_person.name, "to_person": to_person.id},
    )


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


def find_escalation(task: LockedTask) -> str:
    """Return the key of the queue a task escalates to now, "" for none."""
    pinned = str(task.policy.get("escalate_to") or "")
    if pinned and pinned != task.queue_key:
        return pinned
    queue = Queue.objects.select_related("escalate_to").get(id=task.queue_id)
    return queue.escalate_to.key if queue.escalate_to else ""


def move(
    task: LockedTask,
    *,
    to_queue: str,
    actor: Actor,
    detail: dict[str, object],
) -> None:
    """Put a locked task into another queue, free to its reviewers.

    Raises NotFound for an unknown queue, Invalid for the one it is in.
    """
    queue = Queue.objects.filter(key=to_queue).only("id", "key").first()
    if queue is None:
        raise NotFound(f"There is no queue {to_queue!r}.")
    if queue.id == task.queue_id:
        raise Invalid(f"The task is in the queue {to_queue} already.")
    seq = _record(
        task,
        "task.escalated",
        actor,
        {**detail, "from_queue": task.queue_key, "to_queue": to_queue},
    )
    _execute(_MOVE, [queue.id, task.now, seq, task.id])
    _publish(task, task.queue_key, to_queue)


def _claim(
    task: LockedTask,
    person: Person,
    *,
    by: Actor,
    occurred_at: dt.datetime | None,
    kind: str = "task.claimed",
    detail: dict[str, object] | None = None,
) -> Lease:
    token = task.lease_token + 1
    until = task.now + dt.timedelta(seconds=task.lease_seconds)
    entry: dict[str, object] = {"token": token, **(detail or {})}
    if task.holder and kind == "task.claimed":
        entry["lapsed_from"] = task.holder
    seq = _record(task, kind, by, entry, occurred_at=occurred_at)
    _execute(
        _CLAIM,
        [person.id, task.now, token, until, occurred_at or task.now, seq, task.id],
    )
    _publish(task, task.queue_key)
    return Lease(task.id, token, until)


def _check_four_eyes(task: LockedTask, *, person_id: int) -> None:
    if person_id in task.excluded:
        own = task.initiator == f"person:{person_id}"
        raise refusals.objected(
            Objection.INITIATOR if own else Objection.ALREADY_JUDGED
        )


def _list_reviewed(rights: Rights, keys: Collection[str]) -> list[int]:
    ids = Queue.objects.filter(key__in=list(keys)).values_list("id", flat=True)
    return [one for one in ids if rights.holds(Role.REVIEWER, queue_id=one)]


def _find_heads(queues: Sequence[int], *, person_id: int) -> list[tuple[str, int]]:
    if not queues:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_HEADS, {"queues": list(queues), "person": person_id})
        return [(row[0], row[1]) for row in cursor.fetchall()]


def _take(source: str, queue_id: int, *, person_id: int) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_FROM[source], {"queue": queue_id, "person": person_id})
        row = cursor.fetchone()
    return None if row is None else int(row[0])


def _record(
    task: LockedTask,
    kind: str,
    actor: Actor,
    detail: dict[str, object],
    *,
    occurred_at: dt.datetime | None = None,
) -> int:
    draft = audit.Draft(
        kind=kind,
        actor=actor,
        detail={"task": task.id, **detail},
        step_id=task.step_id,
        occurred_at=occurred_at,
    )
    return audit.record(instance_id=task.instance_id, drafts=[draft], now=task.now)


def _publish(task: LockedTask, *queues: str) -> None:
    live.publish(
        live.task_topic(task.id),
        live.instance_topic(task.instance_id),
        live.DASHBOARD,
        *(live.queue_topic(key) for key in queues),
    )


def _execute(sql: str, parameters: Sequence[int | dt.datetime]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
