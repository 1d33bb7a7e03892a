"""The incidents desk: what waits for a person, and what was done about it."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from review.dashboards.engine import After
from review.dashboards.sql import read_row, read_rows

PAGE: Final = 50

_COLUMNS: Final = """
    c.id, c.state, c.code, c.message, c.attempts, c.opened_at, c.resolved_at,
    c.resolved_by, c.resolution, c.reason, c.step_id, c.instance_id,
    i.business_key, i.state AS instance_state, s.node_id, s.name AS step_name,
    s.kind AS step_kind, i.process_id, d.id AS definition_id,
    d.key AS definition_key, d.version AS definition_version
"""
_FROM: Final = """
    FROM workflows_incident c
    JOIN workflows_instance i ON i.id = c.instance_id
    JOIN workflows_definition d ON d.id = i.definition_id
    LEFT JOIN workflows_step s ON s.id = c.step_id
"""
_OPEN: Final = f"""
    SELECT {_COLUMNS} {_FROM}
    WHERE c.state = 'OPEN'
      AND (%(definition)s = '' OR d.key = %(definition)s)
      AND (%(code)s = '' OR c.code = %(code)s)
      AND (%(after_at)s::timestamptz IS NULL
           OR (c.opened_at, c.id) > (%(after_at)s, %(after_id)s::bigint))
    ORDER BY c.opened_at, c.id LIMIT %(limit)s
"""
_RESOLVED: Final = f"""
    SELECT {_COLUMNS} {_FROM}
    WHERE c.state = 'RESOLVED' ORDER BY c.id DESC LIMIT %(limit)s
"""
_ONE: Final = f"""
    SELECT {_COLUMNS}, i.variables::text AS variables {_FROM} WHERE c.id = %(id)s
"""
_OF_INSTANCE: Final = f"""
    SELECT {_COLUMNS} {_FROM} WHERE c.instance_id = %(id)s ORDER BY c.id
"""
_CODES: Final = """
    SELECT code, count(*) AS incidents FROM workflows_incident
    WHERE state = 'OPEN' GROUP BY code ORDER BY count(*) DESC, code LIMIT 50
"""


def list_open_incidents(
    *, filters: Mapping[str, str], after: After | None, limit: int = PAGE
) -> list[Any]:
    """Return open incidents, the oldest first, one more than `limit` if there are."""
    return read_rows(
        _OPEN,
        {
            "definition": filters.get("definition", ""),
            "code": filters.get("code", ""),
            "after_at": after.at if after else None,
            "after_id": after.id if after else None,
            "limit": limit + 1,
        },
    )


def list_resolved_incidents(*, limit: int = 20) -> list[Any]:
    """Return the incidents resolved last."""
    return read_rows(_RESOLVED, {"limit": limit})


def find_incident(incident_id: int) -> Any | None:
    """Return one incident with its instance's variables, or None."""
    return read_row(_ONE, {"id": incident_id})


def list_incidents_of(instance_id: UUID) -> list[Any]:
    """Return all incidents of one instance in their order."""
    return read_rows(_OF_INSTANCE, {"id": instance_id})


def list_open_codes() -> list[Any]:
    """Return the codes of open incidents with how many there are of each."""
    return read_rows(_CODES, {})
