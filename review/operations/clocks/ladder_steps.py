"""One step of a task's ladder is done: its act, its entry and its record together.

What is due, and when, is clocks.py; what an act does to a task is rungs.py.
"""

import datetime as dt
from typing import Final

from django.db import connection

from review.core.clocks.ladders import BREACH, TEARS_AWAY, WARN, Step
from review.core.notices.notices import Notice
from review.operations.clocks import clock_rows, rungs
from review.operations.clocks.clock_rows import Kept
from review.operations.tasks.locking import LockedTask
from review.operations.tasks.telling import publish, record
from workflows import audit, failpoints
from workflows.core.actors import SWEEPER
from workflows.core.ladders import DECIDING
from workflows.driver import fetch

OF_TODAY: Final = DECIDING | {"notify", "reassign"}
"""Acts that a replayed past leaves out."""
_WARN: Final = "UPDATE review_task SET warned_at = %s, audit_seq = %s WHERE id = %s"
_BREACH: Final = """
    UPDATE review_task SET breached_at = due_at, audit_seq = %s
    WHERE id = %s AND breached_at IS NULL
"""


def do_step(
    task: LockedTask,
    kept: Kept,
    step: Step,
    *,
    reached_at: dt.datetime,
    started_at: dt.datetime,
    is_past: bool = False,
) -> None:
    """Do one step and keep its record; the two commit together."""
    before = _read_head(task)
    if step.act.word == WARN:
        did = _warn(task, step, kept, is_past=is_past)
    elif step.act.word == BREACH:
        did = _breach(task, step, kept, is_past=is_past)
    elif is_past and step.act.word in OF_TODAY:
        did = "Of a replayed past: not done."
    else:
        did = rungs.do(task, step)
    seq = _read_head(task)
    if seq == before:
        detail: dict[str, object] = {"rung": step.words, "did": did}
        seq = record(task, "sla.rung", SWEEPER, detail)
    if step.act.word in TEARS_AWAY:
        failpoints.reach("escalation")
    clock_rows.write_record(
        kept,
        step,
        started_at=started_at,
        due_at=task.due_at or reached_at,
        reached_at=min(reached_at, task.now),
        noticed_at=task.now,
        did=did,
        seq=seq,
    )


def _read_head(task: LockedTask) -> int:
    """Return where the instance's chain ends by now."""
    ((seq,),) = fetch(
        "SELECT audit_seq FROM workflows_instance WHERE id = %s", [task.instance_id]
    )
    return int(seq)


def _warn(task: LockedTask, step: Step, kept: Kept, *, is_past: bool) -> str:
    due_at = task.due_at or task.now
    seq = record(
        task, "sla.warned", SWEEPER, {"due_at": due_at.astimezone(dt.UTC).isoformat()}
    )
    with connection.cursor() as cursor:
        cursor.execute(_WARN, [task.now, seq, task.id])
    publish(task, task.queue_key)
    if is_past:
        return "Warned."
    told = _tell(task, step, kept, kind=Notice.SLA_WARNED, title="Due soon")
    return f"Warned; told {told}."


def _breach(task: LockedTask, step: Step, kept: Kept, *, is_past: bool) -> str:
    seq = audit.record(
        instance_id=task.instance_id, drafts=[breach_draft(task)], now=task.now
    )
    with connection.cursor() as cursor:
        cursor.execute(_BREACH, [seq, task.id])
    publish(task, task.queue_key)
    if is_past:
        return "Breached."
    told = _tell(task, step, kept, kind=Notice.SLA_BREACHED, title="Late")
    return f"Breached; told {told}."


def _tell(task: LockedTask, step: Step, kept: Kept, *, kind: Notice, title: str) -> int:
    key = f"clock:{task.id}:{kept.cycle}:{step.number}"
    return rungs.tell_of(task, kind=kind, title=title, key=key, who="")


def do_breach(task: LockedTask, kept: Kept) -> None:
    """Mark a locked task as breached, with its record."""
    do_step(
        task,
        kept,
        kept.find(BREACH),
        reached_at=task.due_at or task.now,
        started_at=kept.read(task.now).started_at,
    )


def breach_draft(task: LockedTask) -> audit.Draft:
    """Return the entry that tells of a breach, with how late it was noticed."""
    if task.due_at is None:
        raise ValueError(f"Task {task.id} has no clock that could be breached.")
    late = int((task.now - task.due_at).total_seconds())
    return audit.Draft(
        kind="sla.breached",
        actor=SWEEPER,
        detail={
            "task": task.id,
            "due_at": task.due_at.astimezone(dt.UTC).isoformat(),
            "noticed_seconds_later": max(0, late),
        },
        step_id=task.step_id,
    )
