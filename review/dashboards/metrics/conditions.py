"""A scope as a condition on tasks in SQL; the scope itself knows no table."""

from typing import Any, Final

from review.core.figures.facts import CLASS_CELLS
from review.dashboards.metrics.scopes import Scope
from review.dashboards.sql import read_rows

_QUEUES: Final = """
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


_CLASSES: Final = ", ".join(str(cell) for cell in CLASS_CELLS.values())
_CELLS: Final = """
    cell_id = ANY(ARRAY(
        SELECT c.id FROM review_rollupcell c
        WHERE c.id > 0 AND (%(cell_queue)s::text IS NULL OR c.queue_id IN (
                SELECT id FROM review_queue WHERE key = %(cell_queue)s))
          AND (%(cell_allowed)s::text[] IS NULL OR c.queue_id IN (
                SELECT id FROM review_queue WHERE key = ANY(%(cell_allowed)s::text[])))
          AND (%(cell_class)s::text IS NULL OR c.task_class = %(cell_class)s)
          AND (%(cell_definition)s::text IS NULL
               OR c.definition_key = %(cell_definition)s)
          AND (%(cell_step)s::text IS NULL OR c.node_id = %(cell_step)s)
          AND (%(cell_team)s::text IS NULL
               OR c.region || '/' || c.skill = %(cell_team)s)))
"""


def cell_condition(
    scope: Scope, *, by_class: bool = False
) -> tuple[str, dict[str, Any]]:
    """Return a condition on the column `cell_id` of rollups, and its parameters.

    The cell of everything stands for all, and those of whole classes where what is
    found is told apart by class. Each has its own; see models.RollupCell.
    """
    if scope.is_everything:
        # Each named: a range would read all measures and days of these cells.
        return f"cell_id IN ({_CLASSES})" if by_class else "cell_id = 0", {}
    if scope.is_one_class and scope.task_class in CLASS_CELLS:
        return f"cell_id = {CLASS_CELLS[scope.task_class]}", {}
    return _CELLS, {
        "cell_queue": scope.queue,
        "cell_allowed": None if scope.allowed is None else sorted(scope.allowed),
        "cell_class": scope.task_class,
        "cell_definition": scope.definition,
        "cell_step": scope.step,
        "cell_team": scope.team,
    }


def fact_condition(scope: Scope) -> tuple[str, dict[str, Any]]:
    """Return a condition on the columns of single tasks' facts, and its parameters."""
    if scope.is_everything:
        return "true", {}
    if scope.is_one_class:
        return "task_class = %(fact_class)s", {"fact_class": scope.task_class}
    return cell_condition(scope)
