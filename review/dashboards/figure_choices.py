"""What figures can be narrowed to: processes, teams, and steps that had work lately."""

from collections.abc import Collection
from typing import Any, Final

from review.dashboards.sql import read_rows

RECENT: Final = 2000
"""Steps are those of so many newest tasks: enough for all that is in use."""

_DEFINITIONS: Final = """
    SELECT DISTINCT ON (key) key, name FROM workflows_definition
    ORDER BY key, id DESC LIMIT 500
"""
_NAMES: Final = """
    SELECT
        (SELECT name FROM review_queue WHERE key = %(queue)s) AS queue,
        (SELECT name FROM workflows_definition WHERE key = %(definition)s
         ORDER BY id DESC LIMIT 1) AS definition
"""
_TEAMS: Final = """
    SELECT DISTINCT l.region, l.skill FROM review_lane l
    JOIN review_queue q ON q.id = l.queue_id
    WHERE (%(allowed)s::text[] IS NULL OR q.key = ANY(%(allowed)s::text[]))
      AND (l.region <> '' OR l.skill <> '')
    ORDER BY l.region, l.skill LIMIT 200
"""
_STEPS: Final = """
    SELECT DISTINCT recent.node_id, recent.definition_key
    FROM (SELECT node_id, definition_key FROM review_task
          ORDER BY id DESC LIMIT %(recent)s) recent
    WHERE %(definition)s = '' OR recent.definition_key = %(definition)s
    ORDER BY 1, 2 LIMIT 200
"""


def list_definitions() -> list[tuple[str, str]]:
    """Return the keys of all processes with the names of their newest versions."""
    return [(row.key, row.name or row.key) for row in read_rows(_DEFINITIONS, {})]


def find_names(*, queue: str, definition: str) -> tuple[str, str]:
    """Return what a queue and a process are called; what has no name, by its key.

    "" asks for nothing; where both are empty no statement is run.
    """
    if not queue and not definition:
        return "", ""
    (row,) = read_rows(_NAMES, {"queue": queue, "definition": definition})
    return row.queue or queue, row.definition or definition


def list_teams(allowed: Collection[str] | None) -> list[tuple[str, str]]:
    """Return the teams of these queues, None for all, as a scope names them."""
    rows = read_rows(_TEAMS, {"allowed": None if allowed is None else sorted(allowed)})
    return [
        (
            f"{row.region}/{row.skill}",
            ", ".join(word for word in (row.region, row.skill) if word),
        )
        for row in rows
    ]


def list_steps(definition: str) -> list[Any]:
    """Return nodes that had tasks lately, of one process or ("") of all."""
    return read_rows(_STEPS, {"definition": definition, "recent": RECENT})
