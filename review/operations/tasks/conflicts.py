"""Ask for conflicts of interest again when somebody takes a task.

When a task opens, its reviewers of that moment are asked; whoever joined or changed
since is asked here, with the conditions that were pinned then.
"""

from typing import Final

from review.core.tasks.exclusions import Someone, find_conflicts
from review.core.tasks.rules import Exclusion
from review.operations.tasks.locking import LockedTask
from review.operations.tasks.telling import record
from workflows.core.actors import ENGINE
from workflows.driver import fetch, run
from workflows.operations.errors import Forbidden
from workflows.store import parse_json

_ASK: Final = """
    SELECT p.id, p.name, p.email, p.regions,
           (SELECT jsonb_object_agg(s.name, s.level)::text
            FROM review_skill s WHERE s.person_id = p.id),
           c.payload::text, p.simulated
    FROM review_person p, review_taskcontent c
    WHERE p.id = ANY(%s::bigint[]) AND c.task_id = %s
    ORDER BY p.id
"""
_EXCLUDE: Final = """
    UPDATE review_task SET excluded = (
        SELECT array_agg(DISTINCT x ORDER BY x) FROM unnest(excluded || %s::bigint) x
    ), audit_seq = %s WHERE id = %s
"""
_KEEP: Final = """
    UPDATE review_taskcontent
    SET routing = jsonb_set(
        routing || jsonb_build_object('excluded', coalesce(routing->'excluded', '{}')),
        ARRAY['excluded', %s::text], to_jsonb(%s::text))
    WHERE task_id = %s
"""


def find_conflict(task: LockedTask, *, persons: frozenset[int]) -> str:
    """Return why one of these, who count as one person, has a conflict; "" for none."""
    pinned = task.policy.get("exclude")
    if not pinned:
        return ""
    rows = fetch(_ASK, [sorted(persons), task.id])
    people = [
        Someone(row[0], row[1], row[2], tuple(row[3]), parse_json(row[4] or "{}"))
        for row in rows
        if not row[6]
    ]
    if not people:
        return ""
    found = find_conflicts(
        [Exclusion(one["by"], one["text"]) for one in pinned],
        people=people,
        payload=parse_json(rows[0][5]),
    )
    return next(iter(found.excluded.values()), "")


def check_conflict(task: LockedTask, *, persons: frozenset[int]) -> None:
    """Raise Forbidden for a conflict of interest in a task."""
    why = find_conflict(task, persons=persons)
    if why:
        raise Forbidden(
            f"{why}. Somebody else must judge this task; any other reviewer may.",
            code="conflict-of-interest",
        )


def exclude(task: LockedTask, *, person_id: int, why: str) -> None:
    """Keep a person from a locked task for good, with an entry that says why."""
    seq = record(task, "task.excluded", ENGINE, {"person": person_id, "because": why})
    run(_EXCLUDE, [person_id, seq, task.id])
    run(_KEEP, [str(person_id), why, task.id])
