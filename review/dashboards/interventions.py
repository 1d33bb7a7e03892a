"""Proposed acts, and what an instance's page needs to act on its steps."""

from typing import Any, Final
from uuid import UUID

from review.dashboards.sql import read_row, read_rows
from workflows.operations.interventions import STANDING_KINDS

_ASIDE: Final = {"aside": STANDING_KINDS}
_COLUMNS: Final = """
    v.id, v.act, v.arguments::text AS arguments, v.reason, v.state, v.proposed_at,
    v.expires_at, v.settled_at, v.settled_reason, v.instance_id, v.proposed_by_id,
    p.name AS proposed_by, q.name AS settled_by, i.business_key,
    i.state AS instance_state, i.definition_id, i.process_id, d.name AS definition_name,
    d.version AS definition_version, s.node_id, s.name AS step_name,
    v.expires_at <= clock_timestamp() AS is_expired,
    v.standing <> coalesce((
        SELECT e.seq FROM workflows_auditentry e
        WHERE e.chain = v.instance_id
          AND e.kind !~ %(aside)s
        ORDER BY e.seq DESC LIMIT 1), 0) AS has_moved_on
"""
_FROM: Final = """
    FROM review_intervention v
    JOIN review_person p ON p.id = v.proposed_by_id
    LEFT JOIN review_person q ON q.id = v.settled_by_id
    JOIN workflows_instance i ON i.id = v.instance_id
    JOIN workflows_definition d ON d.id = i.definition_id
    LEFT JOIN workflows_incident c ON c.id = (v.arguments->>'incident')::bigint
    LEFT JOIN workflows_step s
        ON s.id = coalesce((v.arguments->>'step')::bigint, c.step_id)
"""
_OPEN: Final = f"""
    SELECT {_COLUMNS} {_FROM} WHERE v.state = 'PROPOSED'
    ORDER BY v.proposed_at, v.id LIMIT %(limit)s
"""
_SETTLED: Final = f"""
    SELECT {_COLUMNS} {_FROM} WHERE v.state <> 'PROPOSED'
    ORDER BY v.id DESC LIMIT %(limit)s
"""
_ONE: Final = f"SELECT {_COLUMNS} {_FROM} WHERE v.id = %(id)s"
_OF_INSTANCE: Final = f"""
    SELECT {_COLUMNS} {_FROM}
    WHERE v.instance_id = %(id)s AND v.state = 'PROPOSED' ORDER BY v.id
"""
_SCOPES: Final = """
    SELECT id, node_id, name, data->>'index' AS index,
        (data->'vars')::text AS variables
    FROM workflows_step
    WHERE instance_id = %(id)s AND data ? 'vars'
      AND state IN ('READY', 'RUNNING', 'WAITING', 'INCIDENT')
    ORDER BY id LIMIT 200
"""


def list_open_proposals(*, limit: int = 200) -> list[Any]:
    """Return proposed acts that nobody has settled, the oldest first."""
    return read_rows(_OPEN, {"limit": limit, **_ASIDE})


def list_settled_proposals(*, limit: int = 20) -> list[Any]:
    """Return the proposed acts settled last."""
    return read_rows(_SETTLED, {"limit": limit, **_ASIDE})


def find_proposal(intervention_id: int) -> Any | None:
    """Return one proposed act, or None."""
    return read_row(_ONE, {"id": intervention_id, **_ASIDE})


def list_proposals_of(instance_id: UUID) -> list[Any]:
    """Return the acts proposed for one instance that nobody has settled."""
    return read_rows(_OF_INSTANCE, {"id": instance_id, **_ASIDE})


def list_scopes(instance_id: UUID) -> list[Any]:
    """Return the live scopes of an instance that hold variables of their own."""
    return read_rows(_SCOPES, {"id": instance_id})
