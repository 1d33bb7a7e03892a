"""The incidents desk: what waits for a person, and what was done about it."""

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from review.dashboards.sql import read_row, read_rows

PAGE: Final = 50

_COLUMNS: Final = """
    c.id, c.state, c.code, c.message, c.attempts, c.opened_at, c.resolved_at,
    coalesce(b.name, c.resolved_by) AS resolved_by, c.resolution, c.reason, c.step_id, c.instance_id,
    i.business_key, i.state AS instance_state, s.node_id, s.name AS step_name,
    s.kind AS step_kind, i.process_id, d.id AS definition_id,
    d.key AS definition_key, d.version AS definition_version
"""
_FROM: Final = """
    FROM workflows_incident c
    JOIN workflows_instance i ON i.id = c.instance_id
    JOIN workflows_definition d ON d.id = i.definition_id
    LEFT JOIN workflows_step s ON s.id = c.step_id
    LEFT JOIN review_person b ON 'person:' || b.id = c.resolved_by
"""
_LISTED: Final = f"""
    SELECT {_COLUMNS} {_FROM} WHERE c.id = ANY(%(ids)s) ORDER BY c.id
"""
# The newest ones of all states are few enough to look through; no index by moment is
# kept for a table that a healthy installation hardly fills.
_FAULTS: Final = """
    SELECT c.id, c.state = 'OPEN' AS is_open, c.code, left(c.message, 400) AS message,
           c.opened_at, c.instance_id, s.node_id, s.name AS step_name, i.process_id,
           i.definition_id, d.key AS definition_key
    FROM (
        (SELECT * FROM workflows_incident WHERE state = 'OPEN'
         ORDER BY opened_at, id LIMIT %(most)s)
        UNION ALL
        (SELECT * FROM (
            SELECT * FROM workflows_incident ORDER BY id DESC LIMIT %(most)s) x
         WHERE state <> 'OPEN' AND opened_at >= %(since)s)
    ) c
    JOIN workflows_instance i ON i.id = c.instance_id
    JOIN workflows_definition d ON d.id = i.definition_id
    LEFT JOIN workflows_step s ON s.id = c.step_id
"""
_HANDLERS: Final = """
    SELECT d.id AS definition_id, u.place, c.value->>'name' AS handler
    FROM workflows_definition d
    CROSS JOIN LATERAL jsonb_each(d.contracts) c
    CROSS JOIN LATERAL jsonb_array_elements_text(c.value->'used_by') u(place)
    WHERE d.id = ANY(%(ids)s)
"""
# What incidents are held against: cases begun. Their moment has an index.
_WORK: Final = """
    SELECT date_trunc('hour', started_at, 'UTC') AS hour, count(*) AS cases
    FROM workflows_instance WHERE started_at >= %(since)s GROUP BY 1
"""
_DEAD: Final = """
    SELECT count(*) AS dead FROM review_delivery
    WHERE state = 'DEAD' AND finished_at >= %(since)s
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


def list_faults(*, since: dt.datetime, most: int) -> list[Any]:
    """Return the oldest open incidents, and of the resolved those opened since."""
    return read_rows(_FAULTS, {"since": since, "most": most})


def list_handlers(definition_ids: Collection[int]) -> dict[tuple[int, str], str]:
    """Return the handlers of these definitions' steps, by "process/node"."""
    rows = read_rows(_HANDLERS, {"ids": sorted(definition_ids)})
    return {(row.definition_id, row.place): row.handler for row in rows}


def list_incidents(ids: Sequence[int]) -> list[Any]:
    """Return these incidents in the order of their ids."""
    return read_rows(_LISTED, {"ids": list(ids)})


def count_work(since: dt.datetime) -> dict[dt.datetime, int]:
    """Return the cases begun since, by the hour (UTC)."""
    return {row.hour: row.cases for row in read_rows(_WORK, {"since": since})}


def count_dead_letters(since: dt.datetime) -> int:
    """Return the mails and posts given up since."""
    return int(read_rows(_DEAD, {"since": since})[0].dead)


def list_resolved_incidents(*, limit: int = 20) -> list[Any]:
    """Return the incidents resolved last."""
    return read_rows(_RESOLVED, {"limit": limit})


def find_incident(incident_id: int) -> Any | None:
    """Return one incident with its instance's variables, or None."""
    return read_row(_ONE, {"id": incident_id})


def list_incidents_of(instance_id: UUID) -> list[Any]:
    """Return all incidents of one instance in their order."""
    return read_rows(_OF_INSTANCE, {"id": instance_id})
