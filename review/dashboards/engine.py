"""Instances and definitions as the oversight pages list them."""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from review.dashboards.instance_search import Where, ask
from review.dashboards.sql import read_json, read_row, read_rows

PAGE: Final = 50
CAP: Final = 1000

_WHERE_IT_IS: Final = """
        EXISTS (SELECT 1 FROM workflows_incident c
                WHERE c.instance_id = i.id AND c.state = 'OPEN') AS has_incident,
        ARRAY(SELECT s.name FROM workflows_step s
              WHERE s.instance_id = i.id
                AND s.state IN ('READY', 'RUNNING', 'WAITING', 'INCIDENT')
              ORDER BY s.id LIMIT 3) AS at_steps
"""
_INSTANCES: Final = f"""
    SELECT i.id, i.business_key, i.state, i.started_at, i.ended_at, i.end_node_id,
        i.initiator, d.key AS definition_key, d.version AS definition_version,
        d.name AS definition_name, {_WHERE_IT_IS}
    FROM workflows_instance i JOIN workflows_definition d ON d.id = i.definition_id
    WHERE {{conditions}}
    ORDER BY i.started_at DESC, i.id DESC
    LIMIT %(limit)s
"""  # noqa: S608  (constants)
_BEFORE: Final = " AND (i.started_at, i.id) < (%(before_at)s, %(before_id)s::uuid)"
_STANDING: Final = f"""
    SELECT i.id, i.state, i.started_at, i.ended_at, i.end_node_id, {_WHERE_IT_IS}
    FROM workflows_instance i WHERE i.id = ANY(%(ids)s::uuid[])
"""  # noqa: S608  (a constant)
_NEW: Final = """
    SELECT count(*) AS arrived FROM (
        SELECT 1 FROM workflows_instance i
        WHERE i.started_at > %(seen)s AND {conditions} LIMIT %(cap)s) arrived
"""
_INSTANCE: Final = """
    SELECT i.id, i.business_key, i.state, i.started_at, i.ended_at, i.occurred_at,
        i.end_node_id, i.initiator, i.process_id, i.variables::text AS variables,
        EXISTS (SELECT FROM workflows_contentkey k WHERE k.instance_id = i.id
                AND k.erased_at IS NOT NULL) AS is_erased,
        i.audit_seq, i.parent_instance_id, d.id AS definition_id,
        d.key AS definition_key, d.version AS definition_version,
        d.name AS definition_name, d.digest AS definition_digest
    FROM workflows_instance i JOIN workflows_definition d ON d.id = i.definition_id
    WHERE i.id = %(id)s
"""
_STEPS: Final = """
    SELECT s.id, s.scope_id, s.node_id, s.kind, s.name, s.state, s.attempt, s.error,
        s.run_at, s.started_at, s.ended_at, s.data, t.id AS task_id
    FROM workflows_step s LEFT JOIN review_task t ON t.step_id = s.id
    WHERE s.instance_id = %(id)s
    ORDER BY s.id
    LIMIT %(limit)s
"""
_CHILDREN: Final = """
    SELECT id, business_key, process_id, state FROM workflows_instance
    WHERE parent_instance_id = %(id)s ORDER BY started_at, id LIMIT 50
"""
_DEFINITIONS: Final = """
    SELECT d.id, d.key, d.version, d.name, d.description, d.owner, d.digest,
        d.deployed_at, d.deployed_by, d.retiring_at, d.retired_at, d.process_id,
        coalesce(i.active, 0) AS active, coalesce(i.ended, 0) AS ended,
        EXISTS (SELECT FROM workflows_versionchoice c
            JOIN workflows_definition t ON t.id = c.definition_id
            WHERE c.key = d.key AND d.version_order > t.version_order) AS is_passed_over
    FROM workflows_definition d
    LEFT JOIN LATERAL (
        SELECT count(*) FILTER (WHERE state IN ('ACTIVE', 'SUSPENDED')) AS active,
            count(*) FILTER (WHERE state NOT IN ('ACTIVE', 'SUSPENDED')) AS ended
        FROM workflows_instance WHERE definition_id = d.id) i ON true
    WHERE %(key)s = '' OR d.key = %(key)s
    ORDER BY d.name, d.key, d.version_order DESC
"""
_FILES: Final = """
    SELECT path, digest, length(content) AS size FROM workflows_definitionfile
    WHERE definition_id = %(id)s ORDER BY path
"""
_DEFINITION: Final = """
    SELECT id, key, version, name, description, owner, digest, process_id,
        processes::text AS processes, contracts::text AS contracts,
        findings::text AS findings, deployed_at, deployed_by, retiring_at, retired_at
    FROM workflows_definition WHERE id = %(id)s
"""
_NODE_COUNTS: Final = """
    SELECT s.node_id, min(s.name) AS name, count(*) AS live,
        count(*) FILTER (WHERE s.state = 'INCIDENT') AS incidents
    FROM workflows_step s JOIN workflows_instance i ON i.id = s.instance_id
    WHERE i.definition_id = %(id)s AND i.state IN ('ACTIVE', 'SUSPENDED')
      AND s.state IN ('READY', 'RUNNING', 'WAITING', 'INCIDENT')
      AND NOT jsonb_exists(s.data, 'loop')
    GROUP BY s.node_id ORDER BY min(s.id)
"""


@dataclasses.dataclass(frozen=True, slots=True)
class After:
    """Where a page of a newest-first list ended."""

    at: dt.datetime
    id: str


def list_instances(
    *,
    filters: Mapping[str, Any],
    wheres: Sequence[Where] = (),
    after: After | None,
    limit: int = PAGE,
) -> list[Any]:
    """Return instances that no other instance called, the newest first.

    `filters` and `wheres` are those of instance_search.ask. One row more than `limit`
    tells the caller that there is a next page.
    """
    asked = ask(filters, wheres)
    values = {**asked.values, "limit": limit + 1}
    conditions = asked.conditions
    if after is not None:
        conditions += _BEFORE
        values |= {"before_at": after.at, "before_id": after.id}
    return read_rows(_INSTANCES.format(conditions=conditions), values)


def list_instances_standing(ids: Sequence[str]) -> list[Any]:
    """Return how the instances of an open list stand now."""
    return read_rows(_STANDING, {"ids": list(ids)}) if ids else []


def count_instances_since(
    seen: dt.datetime, *, filters: Mapping[str, Any], wheres: Sequence[Where] = ()
) -> int:
    """Count the instances of a list that started after a moment, at most CAP."""
    asked = ask(filters, wheres)
    row = read_row(
        _NEW.format(conditions=asked.conditions),
        {**asked.values, "seen": seen, "cap": CAP},
    )
    return 0 if row is None else int(row.arrived)


def find_instance(instance_id: UUID) -> Any | None:
    """Return one instance with its definition's name and version, or None."""
    return read_row(_INSTANCE, {"id": instance_id})


def list_steps(instance_id: UUID, *, limit: int = 500) -> list[Any]:
    """Return an instance's steps in the order they began, with their tasks' ids."""
    return read_rows(_STEPS, {"id": instance_id, "limit": limit})


def list_children(instance_id: UUID) -> list[Any]:
    """Return the instances that this one called."""
    return read_rows(_CHILDREN, {"id": instance_id})


def list_definitions(*, key: str = "") -> list[Any]:
    """Return deployed versions, newest version first, with their instance counts."""
    return read_rows(_DEFINITIONS, {"key": key})


def find_definition(definition_id: int) -> Any | None:
    """Return one deployed version, or None."""
    return read_row(_DEFINITION, {"id": definition_id})


def list_files(definition_id: int) -> list[Any]:
    """Return the files of a package: path, digest, size in bytes."""
    return read_rows(_FILES, {"id": definition_id})


def list_node_counts(definition_id: int) -> list[Any]:
    """Return how many steps are live at each node of one version."""
    return read_rows(_NODE_COUNTS, {"id": definition_id})


def list_findings(text: str) -> list[Any]:
    """Return the linter's findings that were stored with a deployment."""
    return list(read_json(text) or [])
