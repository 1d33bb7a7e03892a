"""Rows that name nodes, read and rewritten when instances move to another version.

The caller holds the instances' rows.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from workflows.core.engine.clocks import ENGINE_KINDS
from workflows.core.engine.migrating import Listening, Moved, RowKind
from workflows.store.sql import execute

_PICK = """
    SELECT id FROM workflows_instance
    WHERE definition_id = %(definition)s AND state IN ('ACTIVE', 'SUSPENDED')
      AND (%(after)s::uuid IS NULL OR id > %(after)s)
      AND (%(only)s::uuid[] IS NULL OR id = ANY(%(only)s))
    ORDER BY id LIMIT %(limit)s
"""
# Locked before stimuli are read: who pairs a subscription with a message now either
# has written its stimulus already, or finds the subscription as we leave it.
_SUBSCRIPTIONS = """
    SELECT instance_id, id, step_id, node_id, '' FROM workflows_subscription
    WHERE instance_id = ANY(%s) ORDER BY id FOR UPDATE
"""
_TIMERS = """
    SELECT instance_id, id, step_id, node_id, kind FROM workflows_timer
    WHERE instance_id = ANY(%s) AND state = 'ARMED' AND kind = ANY(%s)
    ORDER BY id FOR UPDATE
"""
_STIMULI = """
    SELECT instance_id, id, step_id, data->>'node_id', '' FROM workflows_stimulus
    WHERE instance_id = ANY(%s) AND data->>'node_id' <> '' ORDER BY id FOR UPDATE
"""
_MOVE_INSTANCES = """
    UPDATE workflows_instance i
    SET definition_id = v.definition_id, process_id = v.process_id
    FROM unnest(%s::uuid[], %s::bigint[], %s::text[])
      AS v(id, definition_id, process_id)
    WHERE i.id = v.id
"""
_MOVE_STEPS = """
    UPDATE workflows_step s SET node_id = v.node_id, kind = v.kind, name = v.name
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[])
      AS v(id, node_id, kind, name)
    WHERE s.id = v.id
"""
_MOVE_TIMERS = """
    UPDATE workflows_timer t SET node_id = v.node_id, audit_seq = v.audit_seq
    FROM unnest(%s::bigint[], %s::text[], %s::int[]) AS v(id, node_id, audit_seq)
    WHERE t.id = v.id
"""
_END_TIMERS = """
    UPDATE workflows_timer t SET state = 'CANCELED', audit_seq = v.audit_seq
    FROM unnest(%s::bigint[], %s::int[]) AS v(id, audit_seq)
    WHERE t.id = v.id AND t.state = 'ARMED'
"""
_MOVE_SUBSCRIPTIONS = """
    UPDATE workflows_subscription s SET node_id = v.node_id
    FROM unnest(%s::bigint[], %s::text[]) AS v(id, node_id) WHERE s.id = v.id
"""
_END_SUBSCRIPTIONS = "DELETE FROM workflows_subscription WHERE id = ANY(%s)"
_MOVE_STIMULI = """
    UPDATE workflows_stimulus s
    SET data = jsonb_set(s.data, '{node_id}', to_jsonb(v.node_id))
    FROM unnest(%s::bigint[], %s::text[]) AS v(id, node_id) WHERE s.id = v.id
"""


def pick_running(
    definition_id: int,
    *,
    after: UUID | None,
    limit: int,
    only: Sequence[UUID] | None = None,
) -> list[UUID]:
    """Return live instances of a definition in the order of their ids; none is locked."""
    with connection.cursor() as cursor:
        cursor.execute(
            _PICK,
            {
                "definition": definition_id,
                "after": after,
                "only": list(only) if only is not None else None,
                "limit": limit,
            },
        )
        return [row[0] for row in cursor.fetchall()]


def lock_listening(instance_ids: Sequence[UUID]) -> dict[UUID, list[Listening]]:
    """Lock and return what instances listen to and have still to hear, by instance."""
    ids = list(instance_ids)
    asked: tuple[tuple[RowKind, str, list[Any]], ...] = (
        (RowKind.SUBSCRIPTION, _SUBSCRIPTIONS, [ids]),
        (RowKind.TIMER, _TIMERS, [ids, list(ENGINE_KINDS)]),
        (RowKind.STIMULUS, _STIMULI, [ids]),
    )
    found: dict[UUID, list[Listening]] = {}
    with connection.cursor() as cursor:
        for kind, sql, parameters in asked:
            cursor.execute(sql, parameters)
            for instance_id, *row in cursor.fetchall():
                found.setdefault(instance_id, []).append(Listening(kind, *row))
    return found


def save_listening(moves: Sequence[Moved]) -> None:
    """Write what instances listen to now; before `save_runs`, which arms what is new.

    Timers carry the instance's next entry, which tells of the migration.
    """
    kept = [
        (row, node_id, move.run.instance.head.seq + 1)
        for move in moves
        for row, node_id in move.kept
        if row.node_id != node_id
    ]
    ended = [
        (row, move.run.instance.head.seq + 1) for move in moves for row in move.ended
    ]
    _each(
        _MOVE_TIMERS,
        [(row.id, to, seq) for row, to, seq in kept if row.row is RowKind.TIMER],
    )
    _each(
        _END_TIMERS, [(row.id, seq) for row, seq in ended if row.row is RowKind.TIMER]
    )
    for kind, sql in (
        (RowKind.SUBSCRIPTION, _MOVE_SUBSCRIPTIONS),
        (RowKind.STIMULUS, _MOVE_STIMULI),
    ):
        _each(sql, [(row.id, to) for row, to, _ in kept if row.row is kind])
    _each(
        _END_SUBSCRIPTIONS,
        [(row.id,) for row, _ in ended if row.row is RowKind.SUBSCRIPTION],
    )


def save_places(moves: Sequence[Moved]) -> None:
    """Write where instances and steps stand now; after `save_runs`, whose entries count.

    A crash before the commit leaves every row as it was.
    """
    instances = [move.run.instance for move in moves]
    _each(
        _MOVE_INSTANCES,
        [(row.id, row.definition_id, row.process_id) for row in instances],
    )
    _each(
        _MOVE_STEPS,
        [
            (step.id, step.node_id, step.kind, step.name)
            for move in moves
            for step in move.steps
        ],
    )


def _each(sql: str, rows: Sequence[tuple[object, ...]]) -> None:
    if rows:
        execute(sql, zip(*rows, strict=True))
