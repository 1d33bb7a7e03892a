"""Tell of what people do with a task: its audit entry, and hints to open pages."""

import datetime as dt
from collections.abc import Collection
from typing import Final

from django.db import connection
from django.urls import reverse

from review import live
from review.core.notices.notices import Notice
from review.operations.notices import notifying
from review.operations.tasks.locking import LockedTask
from workflows import audit
from workflows.core.actors import Actor

_MANAGERS: Final = """
    SELECT q.owner_id FROM review_queue q
    WHERE q.id = %(queue)s AND q.owner_id IS NOT NULL
    UNION
    SELECT g.person_id FROM review_rolegrant g
    WHERE g.role = 'MANAGER' AND g.revoked_at IS NULL
      AND (g.queue_id = %(queue)s OR g.queue_id IS NULL)
"""


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


def tell_about(
    task: LockedTask,
    *,
    kind: Notice,
    title: str,
    text: str,
    key: str,
    persons: Collection[int] = (),
    managers: bool = False,
) -> None:
    """Tell persons of a task, with `managers` those of its queue and its owner too."""
    told = set(persons)
    if managers:
        with connection.cursor() as cursor:
            cursor.execute(_MANAGERS, {"queue": task.queue_id})
            told |= {row[0] for row in cursor.fetchall()}
    notifying.tell(
        persons=told,
        kind=kind,
        title=title,
        text=text,
        url=reverse("task-detail", args=[task.id]),
        instance_id=task.instance_id,
        key=key,
        queue_id=task.queue_id,
    )
