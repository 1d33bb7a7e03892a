"""Tell of what people do with a task: its audit entry, and hints to open pages."""

import datetime as dt

from review import live
from review.operations.locking import LockedTask
from workflows import audit
from workflows.core.actors import Actor


def record(
    task: LockedTask,
    kind: str,
    actor: Actor,
    detail: dict[str, object],
    *,
    occurred_at: dt.datetime | None = None,
) -> int:
    """Write one entry about a locked task; return its place in the chain."""
    draft = audit.Draft(
        kind=kind,
        actor=actor,
        detail={"task": task.id, **detail},
        step_id=task.step_id,
        occurred_at=occurred_at,
    )
    return audit.record(instance_id=task.instance_id, drafts=[draft], now=task.now)


def publish(task: LockedTask, *queues: str) -> None:
    """Hint at a task's change to its own page, its case's, these queues' and desks'."""
    live.publish(
        live.task_topic(task.id),
        live.instance_topic(task.instance_id),
        live.DASHBOARD,
        *(live.queue_topic(key) for key in queues),
    )
