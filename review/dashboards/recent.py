"""A person's latest decisions, and which of them can still be taken back."""

import dataclasses
import datetime as dt
from typing import Any, Final

from review.core.states import Decision, Stage, TaskState
from review.core.verdicts.undoing import Vote, find_undo_until
from review.dashboards.sql import read_row, read_rows

LIMIT: Final = 10

_RECENT: Final = """
    SELECT v.id, v.task_id, v.decision, v.reason_code,
        coalesce(v.occurred_at, v.submitted_at) AS said_at, t.title, t.business_key,
        t.state, t.stage, t.round AS current_round, t.seats, t.outcome, t.release_at,
        q.undo_seconds, v.round, v.submitted_at, v.answer_state = 'SETTLING' AS was_held,
        n.undone_at, clock_timestamp() AS now,
        NOT EXISTS (SELECT FROM review_verdict l
                    WHERE l.task_id = v.task_id AND l.id > v.id) AS is_last
    FROM review_verdict v
    JOIN review_task t ON t.id = v.task_id
    JOIN review_queue q ON q.id = t.queue_id
    LEFT JOIN review_verdictundo n ON n.verdict_id = v.id
    WHERE v.person_id = %(person_id)s
    ORDER BY v.submitted_at DESC LIMIT %(limit)s
"""
_ONE: Final = """
    SELECT v.id, v.task_id, v.decision, t.business_key, t.title
    FROM review_verdict v JOIN review_task t ON t.id = v.task_id
    WHERE v.id = %(verdict_id)s AND v.person_id = %(person_id)s
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Decided:
    """One verdict of the person; `undo_until` is set while it can be taken back."""

    id: int
    task_id: int
    decision: str
    reason_code: str
    case: str
    title: str
    at: dt.datetime
    now: dt.datetime
    outcome: str
    is_undone: bool
    undo_until: dt.datetime | None


def list_recent(person_id: int) -> list[Decided]:
    """Return a person's last ten decisions, the newest first."""
    rows = read_rows(_RECENT, {"person_id": person_id, "limit": LIMIT})
    return [
        Decided(
            id=row.id,
            task_id=row.task_id,
            decision=row.decision,
            reason_code=row.reason_code,
            case=row.business_key or f"#{row.task_id}",
            title=row.title,
            at=row.said_at,
            now=row.now,
            outcome=row.outcome or "",
            is_undone=row.undone_at is not None,
            undo_until=_undo_until(row),
        )
        for row in rows
    ]


def _undo_until(row: Any) -> dt.datetime | None:
    is_settling = row.state == TaskState.SETTLING.value and row.is_last
    vote = Vote(
        decision=Decision(row.decision),
        round=row.round,
        submitted_at=row.submitted_at,
        was_held=row.was_held,
        is_undone=row.undone_at is not None,
    )
    until = find_undo_until(
        vote,
        state=TaskState(row.state),
        stage=Stage(row.stage),
        current_round=row.current_round,
        seats=row.seats,
        undo_seconds=row.undo_seconds,
        holds_task_until=row.release_at if is_settling else None,
    )
    return until if until is not None and until > row.now else None


def find_task_of(verdict_id: int, *, person_id: int) -> int | None:
    """Return the task a person's own verdict is about, None for others' verdicts."""
    row = read_row(_ONE, {"verdict_id": verdict_id, "person_id": person_id})
    return None if row is None else int(row.task_id)
