"""A scope as a condition on tasks in SQL; the scope itself knows no table."""

from typing import Any

from review.dashboards.metrics.scopes import Scope
from review.dashboards.sql import read_rows

_QUEUES = """
    SELECT id FROM review_queue
    WHERE (%(queue)s::text IS NULL OR key = %(queue)s)
      AND (%(allowed)s::text[] IS NULL OR key = ANY(%(allowed)s::text[]))
"""


def find_queue_ids(scope: Scope) -> list[int] | None:
    """Return the ids of a scope's queues, None for all: one question, or none."""
    if scope.queue is None and scope.allowed is None:
        return None
    allowed = None if scope.allowed is None else sorted(scope.allowed)
    rows = read_rows(_QUEUES, {"queue": scope.queue, "allowed": allowed})
    return sorted(row.id for row in rows)


def task_condition(scope: Scope) -> tuple[str, dict[str, Any]]:
    """Return a condition on `review_task t`, and its parameters."""
    parts: list[str] = []
    queue_ids = find_queue_ids(scope)
    if queue_ids is not None:
        parts.append("t.queue_id = ANY(%(queue_ids)s::bigint[])")
    if scope.task_class:
        parts.append("t.priority_class = %(task_class)s")
    if scope.definition:
        parts.append("t.definition_key = %(definition)s")
    if scope.step:
        parts.append("t.node_id = %(step)s")
    if scope.team:
        parts.append(
            "t.lane_id IN (SELECT id FROM review_lane"
            " WHERE region || '/' || skill = %(team)s)"
        )
    return " AND ".join(parts) or "true", {
        "queue_ids": queue_ids,
        "task_class": scope.task_class,
        "definition": scope.definition,
        "step": scope.step,
        "team": scope.team,
    }
