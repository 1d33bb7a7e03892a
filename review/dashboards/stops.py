"""Stops as pages show them: what stands, what it diverted, what could be stopped."""

import datetime as dt
from collections.abc import Collection
from typing import Any, Final

from review.core.stops import StopKind, Target
from review.dashboards.sql import read_row, read_rows

MOST_LISTED: Final = 200
MOST_LOOKED_AT: Final = 20_000
"""Decisions of the last day that are looked at to count what a stop would divert."""

_COLUMNS: Final = """
    s.id, s.kind, s.name, s.version, coalesce(q.key, '') AS queue, q.name AS queue_name,
    s.queue_id, s.grid_id, g.version AS grid_version, s.row, s.everything, s.reason,
    s.placed_at, s.ends_at, s.placed_by_id, pb.name AS placed_by, s.lift_asked_by_id,
    la.name AS lift_asked_by, s.lift_asked_at, s.lift_reason, lb.name AS lifted_by,
    s.lifted_at, s.lifted_at IS NULL AND s.ends_at > clock_timestamp() AS stands,
    (SELECT count(*) FROM review_diversion d WHERE d.stop_id = s.id) AS diverted
"""
_FROM: Final = """
    FROM review_stop s
    LEFT JOIN review_queue q ON q.id = s.queue_id
    LEFT JOIN review_policy g ON g.id = s.grid_id
    JOIN review_person pb ON pb.id = s.placed_by_id
    LEFT JOIN review_person la ON la.id = s.lift_asked_by_id
    LEFT JOIN review_person lb ON lb.id = s.lifted_by_id
"""
_LIST: Final = (
    f"SELECT {_COLUMNS} {_FROM} ORDER BY stands DESC, s.id DESC LIMIT %(limit)s"
)
_ONE: Final = f"SELECT {_COLUMNS} {_FROM} WHERE s.id = %(id)s"
_NOTICES: Final = """
    SELECT s.id, s.kind, s.name, s.version, q.key AS queue, s.queue_id, s.grid_id, s.row,
        s.everything, s.ends_at, p.name AS placed_by, s.reason
    FROM review_stop s LEFT JOIN review_queue q ON q.id = s.queue_id
    JOIN review_person p ON p.id = s.placed_by_id
    WHERE s.lifted_at IS NULL AND s.ends_at > clock_timestamp()
      AND (%(queue)s = '' OR s.kind = 'MODEL' OR q.key = %(queue)s)
      AND (%(definition)s = '' OR s.kind = 'MODEL' AND s.name = ANY(%(handlers)s)
           OR s.kind = 'DEFINITION' AND s.name = %(definition)s
              AND s.version IN ('', %(version)s))
      AND (%(queue)s <> '' OR %(definition)s <> '')
    ORDER BY s.id
"""
_DIVERTED: Final = """
    SELECT d.id, d.kind, d.instance_id, d.node_id, d.task_id, d.at, i.business_key,
        t.title, t.state AS task_state, t.outcome, st.state AS step_state,
        f.name AS process, f.version
    FROM review_diversion d
    JOIN workflows_instance i ON i.id = d.instance_id
    JOIN workflows_definition f ON f.id = i.definition_id
    LEFT JOIN review_task t ON t.id = d.task_id
    LEFT JOIN workflows_step st ON st.id = d.step_id
    WHERE d.stop_id = %(stop)s AND (%(before)s::bigint IS NULL OR d.id < %(before)s)
    ORDER BY d.id DESC LIMIT %(limit)s
"""
_BY_KIND: Final = """
    SELECT kind, count(*) AS count FROM review_diversion WHERE stop_id = %(stop)s
    GROUP BY kind ORDER BY kind
"""
# What the grids decided alone within a day: the newest, by the index of decided tasks.
_ALONE: Final = """
    SELECT q.key AS queue, q.name AS queue_name, t.definition_key AS definition,
        f.version, (c.why -> 'grid_policy' ->> 'id')::bigint AS grid,
        (c.why #>> '{explanation,tables,0,matched,0}')::int AS row,
        c.proposal ->> 'model_version' AS model_version, c.proposal ->> 'model' AS model,
        t.definition_id, count(*) AS count
    FROM (SELECT * FROM review_task
          WHERE state = 'DECIDED' AND decided_at >= %(since)s AND decided_by = 'AUTO'
          ORDER BY decided_at DESC, id DESC LIMIT %(limit)s) t
    JOIN review_taskcontent c ON c.task_id = t.id
    JOIN review_queue q ON q.id = t.queue_id
    JOIN workflows_definition f ON f.id = t.definition_id
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
"""
_ASKED: Final = """
    SELECT count(DISTINCT e.step_id) AS count FROM workflows_evaluation e
    JOIN workflows_step s ON s.id = e.step_id AND s.kind = 'businessRuleTask'
    WHERE e.definition_id = ANY(%(definitions)s) AND e.at >= %(since)s
"""
_GRIDS: Final = """
    SELECT q.key AS queue, q.name AS queue_name, q.id AS queue_id, p.id AS grid, p.version,
        p.body::text AS body
    FROM review_queue q
    LEFT JOIN review_policy p ON p.queue_id = q.id AND p.kind = 'GRID'
      AND p.state = 'IN_FORCE'
    ORDER BY q.name
"""
_DEFINITIONS: Final = """
    SELECT key, name, version, id FROM workflows_definition
    WHERE retired_at IS NULL ORDER BY key, version_order DESC
"""


def list_stops() -> list[Any]:
    """Return stops, those that stand first, the newest of each before."""
    return read_rows(_LIST, {"limit": MOST_LISTED})


def find_stop(stop_id: int) -> Any | None:
    """Return one stop as `list_stops` does, or None."""
    return read_row(_ONE, {"id": stop_id})


def list_covering(
    *,
    queue: str = "",
    definition: str = "",
    version: str = "",
    handlers: Collection[str] = (),
) -> list[Any]:
    """Return the standing stops that a page of a queue or of a definition tells of."""
    return read_rows(
        _NOTICES,
        {
            "queue": queue,
            "definition": definition,
            "version": version,
            "handlers": list(handlers),
        },
    )


def list_diverted(stop_id: int, *, before: int | None, limit: int) -> list[Any]:
    """Return what a stop diverted, the newest first."""
    return read_rows(_DIVERTED, {"stop": stop_id, "before": before, "limit": limit})


def count_diverted(stop_id: int) -> dict[str, int]:
    """Return how many decisions a stop diverted, by what became of them."""
    return {row.kind: row.count for row in read_rows(_BY_KIND, {"stop": stop_id})}


def list_alone(since: dt.datetime) -> list[Any]:
    """Return what was decided without people since a moment, counted by what decided."""
    return read_rows(_ALONE, {"since": since, "limit": MOST_LOOKED_AT})


def count_asked(definitions: Collection[int], since: dt.datetime) -> int:
    """Return how often decision tables of these definitions were asked by steps."""
    where = {"definitions": list(definitions), "since": since}
    return int(read_rows(_ASKED, where)[0].count)


def list_grids() -> list[Any]:
    """Return every queue with its grid in force, if it has one."""
    return read_rows(_GRIDS, {})


def list_definitions() -> list[Any]:
    """Return the definitions that are not retired, newest version first."""
    return read_rows(_DEFINITIONS, {})


def target_of(row: Any) -> Target:
    """Return what a stop's row is about."""
    return Target(
        kind=StopKind(row.kind),
        name=row.name,
        version=row.version,
        queue=row.queue or "",
        grid=row.grid_id,
        row=row.row,
        everything=row.everything,
    )
