"""Escalate, reassign and move tasks. Claiming them is in claims.py, judging in verdicts.py."""

from typing import Final

from django.db import connection, transaction

from review.core.leases import Lease
from review.core.routing import Place
from review.models import Person, Queue
from review.operations.claims import check_four_eyes, check_lease, free, take
from review.operations.lanes import find_lanes
from review.operations.locking import LockedTask, check_live, lock_task
from review.operations.people import actor_of
from review.operations.telling import publish, record
from review.permissions import check_can_manage, check_can_review, get_rights
from workflows.core.actors import Actor
from workflows.operations.errors import Invalid, NotFound

_MOVE: Final = """
    UPDATE review_task
    SET state = 'OPEN', claimed_by_id = NULL, claimed_at = NULL, lease_until = NULL,
        is_ahead = false, assigned_to_id = NULL, assigned_at = NULL,
        assigned_until = NULL, queue_id = %s, lane_id = %s, escalated_at = %s, escalations = escalations + 1, audit_seq = %s
    WHERE id = %s
"""


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
        seq = record(task, "task.reassigned", actor, {**detail, "to": None})
        free(task, seq=seq)
        publish(task, task.queue_key)
        return None
    check_can_review(get_rights(to_person.id), queue_id=task.queue_id)
    check_four_eyes(task, person_id=to_person.id)
    return take(
        task,
        to_person,
        by=actor,
        occurred_at=None,
        kind="task.reassigned",
        detail={**detail, "to": to_person.name, "to_person": to_person.id},
    )


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
    seq = record(
        task,
        "task.escalated",
        actor,
        {**detail, "from_queue": task.queue_key, "to_queue": to_queue},
    )
    place = Place(queue.id)
    lane = find_lanes([place])[place]
    with connection.cursor() as cursor:
        cursor.execute(_MOVE, [queue.id, lane, task.now, seq, task.id])
    publish(task, task.queue_key, to_queue)
