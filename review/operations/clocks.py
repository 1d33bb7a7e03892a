"""SLA timers fire: a warning, then the breach and its escalation. Each is audited.

One timer per task goes from moment to moment: armed for the warning, then for the
breach, then, where somebody was at work at the breach, for the end of his lease. The
breach is the moment the goal passed (`due_at`), whenever it is noticed; the entry has
the true time. It is never written twice.
"""

import datetime as dt
from collections.abc import Collection
from typing import Final

from django.db import connection, transaction

from review import live
from review.core.states import TaskState
from review.models import Task
from review.operations import tasks
from review.operations.locking import LockedTask, lock_task, read_locked
from workflows import audit, failpoints
from workflows.core.actors import SWEEPER
from workflows.kinds import TimerRow
from workflows.operations import timers

KIND: Final = "review.sla"

_WARN: Final = "UPDATE review_task SET warned_at = %s, audit_seq = %s WHERE id = %s"
_BREACH: Final = """
    UPDATE review_task SET breached_at = due_at, audit_seq = %s
    WHERE id = %s AND breached_at IS NULL
"""


def timer_ref(task_id: int) -> str:
    """Return the ref of a task's SLA timer."""
    return f"task:{task_id}"


def fire(timer: TimerRow, *, now: dt.datetime) -> None:
    """Do what is due on a task's clock; nothing where the task has ended.

    The engine holds the instance's row and has marked the timer as fired.
    """
    task = read_locked(int(timer.ref.partition(":")[2]))
    if task.state in {TaskState.DECIDED, TaskState.CANCELED} or task.due_at is None:
        return
    if task.due_at > now:
        _warn(task)
        return
    if task.breached_at is None:
        breach(task)
    _escalate(task)


def breach(task: LockedTask) -> None:
    """Mark a locked task as breached, once and for good."""
    seq = audit.record(
        instance_id=task.instance_id, drafts=[breach_draft(task)], now=task.now
    )
    with connection.cursor() as cursor:
        cursor.execute(_BREACH, [seq, task.id])
    _publish(task)


def breach_draft(task: LockedTask) -> audit.Draft:
    """Return the entry that tells of a breach, with how late it was noticed."""
    if task.due_at is None:
        raise ValueError(f"Task {task.id} has no clock that could be breached.")
    return audit.Draft(
        kind="sla.breached",
        actor=SWEEPER,
        detail={
            "task": task.id,
            "due_at": task.due_at.astimezone(dt.UTC).isoformat(),
            "noticed_seconds_later": max(
                0, int((task.now - task.due_at).total_seconds())
            ),
        },
        step_id=task.step_id,
    )


@transaction.atomic
def resume_clocks(*, task_ids: Collection[int]) -> int:
    """Start the timers of open tasks that were opened by a replay; return how many.

    A replayed past runs no clock of today. Whoever goes on with such tasks as living
    work calls this: what is past due then breaches at the next sweep.
    """
    started = 0
    for task_id in sorted(task_ids):
        task = lock_task(task_id)
        if task.due_at is None or task.state not in {
            TaskState.OPEN,
            TaskState.CLAIMED,
        }:
            continue
        warn_at = Task.objects.values_list("warn_at", flat=True).get(id=task_id)
        draft = audit.Draft(
            kind="sla.resumed",
            actor=SWEEPER,
            detail={"task": task_id},
            step_id=task.step_id,
        )
        seq = audit.record(instance_id=task.instance_id, drafts=[draft], now=task.now)
        _arm(task, due_at=warn_at or task.due_at, seq=seq)
        started += 1
    return started


def _warn(task: LockedTask) -> None:
    if task.due_at is None:
        return
    draft = audit.Draft(
        kind="sla.warned",
        actor=SWEEPER,
        detail={
            "task": task.id,
            "due_at": task.due_at.astimezone(dt.UTC).isoformat(),
        },
        step_id=task.step_id,
    )
    seq = audit.record(instance_id=task.instance_id, drafts=[draft], now=task.now)
    with connection.cursor() as cursor:
        cursor.execute(_WARN, [task.now, seq, task.id])
    _arm(task, due_at=task.due_at, seq=seq)
    _publish(task)


def _escalate(task: LockedTask) -> None:
    """Move a breached task on; one that somebody works on stays until he lets go."""
    target = tasks.find_escalation(task)
    if not target or task.escalations:
        return
    if task.is_held and task.lease_until is not None:
        draft = audit.Draft(
            kind="sla.escalation_waits",
            actor=SWEEPER,
            detail={"task": task.id, "holder": task.holder, "to_queue": target},
            step_id=task.step_id,
        )
        seq = audit.record(instance_id=task.instance_id, drafts=[draft], now=task.now)
        _arm(task, due_at=task.lease_until, seq=seq)
        return
    tasks.move(task, to_queue=target, actor=SWEEPER, detail={"because": "breach"})
    failpoints.reach("escalation")


def _arm(task: LockedTask, *, due_at: dt.datetime, seq: int) -> None:
    timers.arm(
        instance_id=task.instance_id,
        step_id=task.step_id,
        kind=KIND,
        ref=timer_ref(task.id),
        due_at=due_at,
        audit_seq=seq,
    )


def _publish(task: LockedTask) -> None:
    live.publish(
        live.task_topic(task.id), live.queue_topic(task.queue_key), live.DASHBOARD
    )
