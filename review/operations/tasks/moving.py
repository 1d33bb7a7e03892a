"""Move a locked task into another queue: by a person's word, or by its clock's."""

from typing import Final

from django.db import connection

from review.models import Queue
from review.operations.tasks import rerouting, seats
from review.operations.tasks.lanes import find_lanes
from review.operations.tasks.locking import LockedTask
from review.operations.tasks.task_rows import find_queues
from review.operations.tasks.telling import publish, record
from workflows.core.actors import Actor
from workflows.operations.errors import Invalid, NotFound

_MOVE: Final = """
    UPDATE review_task
    SET state = 'OPEN', claimed_by_id = NULL, claimed_at = NULL, lease_until = NULL,
        is_ahead = false, assigned_to_id = NULL, assigned_at = NULL,
        assigned_until = NULL, parked_at = NULL, parking = NULL, parked_for_id = NULL,
        queue_id = %s, lane_id = %s, excluded = %s, escalated_at = %s, escalations = escalations + 1,
        audit_seq = %s
    WHERE id = %s
"""


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
    """Put a locked task into another queue, routed as a fresh one of that queue.

    It is free to whoever serves its lane there; a queue that pushes gives it out at the
    next sweep, not to who sent it. Raises NotFound for an unknown queue, Invalid for
    the one it is in.
    """
    queue = find_queues([to_queue])[to_queue]
    if queue.id is None:
        raise NotFound(f"There is no queue {to_queue!r}.")
    if queue.id == task.queue_id:
        raise Invalid(f"The task is in the queue {to_queue} already.")
    way = rerouting.reroute(task, queue=queue, actor=actor, detail=detail)
    seq = record(
        task,
        "task.escalated",
        actor,
        {
            **detail,
            "from_queue": task.queue_key,
            "to_queue": to_queue,
            **({"routing": dict(way.told)} if way.told else {}),
        },
    )
    lane = find_lanes([way.place])[way.place]
    with connection.cursor() as cursor:
        cursor.execute(_MOVE, [queue.id, lane, way.excluded, task.now, seq, task.id])
    rerouting.keep(task, way)
    if task.seats > 1:
        seats.leave(task, person_id=None, seq=seq)
    publish(task, task.queue_key, to_queue)
