"""What was said at a task: comments, calls for help, questions and their answers."""

import dataclasses
import datetime as dt
from typing import Final

from review.core.evidence.erasing import WORDS
from review.dashboards.sql import read_rows

LIMIT: Final = 50

# Whoever has voted is unheard by those who still may: words could tell the vote.
_NOTES: Final = """
    WITH voters AS (
        SELECT v.person_id FROM review_verdict v
        LEFT JOIN review_verdictundo u ON u.verdict_id = v.id
        WHERE v.task_id = %(task)s AND u.verdict_id IS NULL
          AND v.decision IN ('APPROVE', 'REJECT', 'EDIT_AND_APPROVE')
          AND v.person_id <> %(viewer)s AND %(blind)s
    ), said AS (
        SELECT person_id, person_name AS name, kind,
            CASE WHEN text = '' AND committed <> '' THEN %(gone)s ELSE text END AS text,
            written_at AS at
        FROM review_note WHERE task_id = %(task)s
        UNION ALL
        SELECT r.asked_by_id, p.name, 'QUESTION',
            CASE WHEN r.question = '' AND r.question_committed <> '' THEN %(gone)s
                ELSE r.question END || CASE WHEN r.asked_of <> '' THEN E'\n(' || r.asked_of || ')'
                ELSE '' END, r.asked_at
        FROM review_informationrequest r JOIN review_person p ON p.id = r.asked_by_id
        WHERE r.task_id = %(task)s
        UNION ALL
        SELECT NULL, answered_by, 'ANSWER',
            CASE WHEN answer = '' AND answer_committed <> '' THEN %(gone)s
                ELSE answer END, answered_at
        FROM review_informationrequest
        WHERE task_id = %(task)s AND answered_at IS NOT NULL
    )
    SELECT name, kind, text, at FROM said
    WHERE person_id IS NULL OR person_id NOT IN (SELECT person_id FROM voters)
    ORDER BY at DESC LIMIT %(limit)s
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Said:
    """One thing said; `kind` is COMMENT, HELP, HAND_OVER, QUESTION or ANSWER."""

    name: str
    kind: str
    text: str
    at: dt.datetime


def list_notes(task_id: int, *, viewer_id: int, is_blind: bool) -> list[Said]:
    """Return the newest things said, without those of whom a blind viewer may not hear."""
    values = {
        "task": task_id,
        "viewer": viewer_id,
        "blind": is_blind,
        "limit": LIMIT,
        "gone": WORDS,
    }
    return [Said(*row) for row in read_rows(_NOTES, values)]
