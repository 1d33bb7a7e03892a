"""What instances still have to hear: rows that are inserted, taken and deleted.

Inserting never waits for an instance's lock; taking happens under it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from workflows import audit
from workflows.core.canonical import dumps
from workflows.store import execute, parse_json

SET_BACK_SECONDS = 5
"""First delay of a stimulus on which the engine failed; it doubles, to an hour."""

STARTED_AT = 11
"""Where `started_at` stands in the rows of `insert_instances`."""

_TAKE = """
    WITH taken AS (
        DELETE FROM workflows_stimulus
        WHERE instance_id = ANY(%s) AND run_at <= clock_timestamp()
        RETURNING id, instance_id, kind, step_id, data
    )
    SELECT instance_id, kind, step_id, data FROM taken ORDER BY id
"""
_SET_BACK = """
    UPDATE workflows_stimulus
    SET attempt = attempt + 1,
        run_at = clock_timestamp()
               + least(%s * power(2, attempt), 3600) * interval '1 second'
    WHERE instance_id = %s
"""
_SET_BACK_STEPS = """
    UPDATE workflows_step
    SET run_at = clock_timestamp() + %s * interval '12 seconds'
    WHERE instance_id = %s AND state = 'READY' AND NOT external
"""
_INSERT_INSTANCES = """
    INSERT INTO workflows_instance
        (id, definition_id, process_id, state, business_key, variables, initiator,
         parent_instance_id, parent_step_id, depth, end_node_id, version, audit_seq,
         audit_head, started_at, occurred_at)
    SELECT id, definition_id, process_id, 'ACTIVE', business_key, variables, initiator,
           parent_instance_id, parent_step_id, depth, '', 1, audit_seq, audit_head,
           started_at, occurred_at
    FROM unnest(%s::uuid[], %s::bigint[], %s::text[], %s::text[], %s::jsonb[],
                %s::text[], %s::uuid[], %s::bigint[], %s::smallint[], %s::int[],
                %s::bytea[], %s::timestamptz[], %s::timestamptz[])
      AS v(id, definition_id, process_id, business_key, variables, initiator,
           parent_instance_id, parent_step_id, depth, audit_seq, audit_head,
           started_at, occurred_at)
"""
_INSERT_STARTS = """
    INSERT INTO workflows_stimulus
        (instance_id, kind, step_id, data, attempt, run_at, created_at)
    SELECT id, 'START', NULL, %s::jsonb, 0, at, at
    FROM unnest(%s::uuid[], %s::timestamptz[]) AS v(id, at)
"""


class Heard(NamedTuple):
    """A stimulus taken from its row."""

    instance_id: UUID
    kind: str
    step_id: int | None
    data: Mapping[str, Any]


def take(instance_ids: Sequence[UUID]) -> list[Heard]:
    """Delete and return what these locked instances have to hear, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [list(instance_ids)])
        return [
            Heard(row[0], row[1], row[2], parse_json(row[3]))
            for row in cursor.fetchall()
        ]


def set_back(instance_id: UUID) -> None:
    """Push what an instance has to hear into the future, each time further."""
    with connection.cursor() as cursor:
        cursor.execute(_SET_BACK, [SET_BACK_SECONDS, instance_id])
        cursor.execute(_SET_BACK_STEPS, [SET_BACK_SECONDS, instance_id])


def insert_instances(
    rows: Sequence[tuple[object, ...]],
    *,
    entries: Sequence[audit.Row],
    stimulus: Mapping[str, object],
) -> None:
    """Insert instances with their first entries and the wish to start.

    `rows` hold the columns of the statement above, in its order. A crash after the
    commit leaves the START rows, which any worker picks up.
    """
    audit.record_rows(entries)
    execute(_INSERT_INSTANCES, zip(*rows, strict=True))
    ids = [row[0] for row in rows]
    moments = [row[STARTED_AT] for row in rows]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT_STARTS, [dumps(stimulus), ids, moments])
