"""What hangs on instances: timers, stimuli for others, incidents, evaluations."""

from collections.abc import Sequence

from workflows.core.canonical import dumps
from workflows.core.engine.run import Run
from workflows.store import messages
from workflows.store.sql import copy_in, execute

_DISARM = """
    UPDATE workflows_timer t SET state = 'CANCELED', audit_seq = v.audit_seq
    FROM unnest(%s::bigint[], %s::text[], %s::int[]) AS v(step_id, node_id, audit_seq)
    WHERE t.step_id = v.step_id AND (v.node_id = '' OR t.node_id = v.node_id)
      AND t.state = 'ARMED' AND t.kind LIKE 'engine.%%'
"""
_DISARM_TOP = """
    UPDATE workflows_timer t SET state = 'CANCELED', audit_seq = v.audit_seq
    FROM unnest(%s::uuid[], %s::text[], %s::int[])
      AS v(instance_id, node_id, audit_seq)
    WHERE t.instance_id = v.instance_id AND t.step_id IS NULL
      AND (v.node_id = '' OR t.node_id = v.node_id)
      AND t.state = 'ARMED' AND t.kind LIKE 'engine.%%'
"""


def save(runs: Sequence[Run], seqs: dict[int, int]) -> None:
    """Write what hangs on instances; `seqs` are the entries of steps, by step id."""
    _save_timers(runs)
    messages.save(runs)
    _save_tells(runs)
    _save_incidents(runs, seqs)
    _save_evaluations(runs)


def _save_timers(runs: Sequence[Run]) -> None:
    off = [
        (step_id, node_id, run.instance.head.seq)
        for run in runs
        for step_id, node_id in run.changes.timers_off
        if step_id is not None
    ]
    if off:
        execute(_DISARM, zip(*off, strict=True))
    top = [
        (run.instance.id, node_id, run.instance.head.seq)
        for run in runs
        for step_id, node_id in run.changes.timers_off
        if step_id is None
    ]
    if top:
        execute(_DISARM_TOP, zip(*top, strict=True))
    armed = [
        (
            run.instance.id,
            timer.step_id,
            timer.node_id,
            timer.kind,
            dumps(timer.data),
            timer.due_at,
            run.instance.head.seq,
        )
        for run in runs
        for timer in run.changes.timers
    ]
    if armed:
        execute(
            "INSERT INTO workflows_timer (instance_id, step_id, node_id, kind, ref,"
            " data, state, due_at, attempt, audit_seq)"
            " SELECT instance_id, step_id, node_id, kind, '', data, 'ARMED', due_at, 0,"
            " audit_seq FROM unnest(%s::uuid[], %s::bigint[], %s::text[], %s::text[],"
            " %s::jsonb[], %s::timestamptz[], %s::int[])"
            " AS v(instance_id, step_id, node_id, kind, data, due_at, audit_seq)",
            zip(*armed, strict=True),
        )


def _save_tells(runs: Sequence[Run]) -> None:
    tells = [
        (str(tell.instance_id), tell.kind, tell.step_id, dumps(tell.data), run.now)
        for run in runs
        for tell in run.changes.tells
    ]
    if tells:
        execute(
            "INSERT INTO workflows_stimulus"
            " (instance_id, kind, step_id, data, attempt, run_at, created_at)"
            " SELECT instance_id, kind, step_id, data, 0, at, at"
            " FROM unnest(%s::uuid[], %s::text[], %s::bigint[], %s::jsonb[],"
            " %s::timestamptz[]) AS v(instance_id, kind, step_id, data, at)",
            zip(*tells, strict=True),
        )


def _save_incidents(runs: Sequence[Run], seqs: dict[int, int]) -> None:
    off = [
        (step_id, run.now, seqs.get(step_id, run.instance.head.seq))
        for run in runs
        for step_id in run.changes.incidents_off
    ]
    if off:
        execute(
            "UPDATE workflows_incident i SET state = 'RESOLVED', resolved_at = v.at,"
            " resolved_by = 'system:engine', resolution = 'SUPERSEDED',"
            " audit_seq = v.audit_seq"
            " FROM unnest(%s::bigint[], %s::timestamptz[], %s::int[])"
            " AS v(step_id, at, audit_seq)"
            " WHERE i.step_id = v.step_id AND i.state = 'OPEN'",
            zip(*off, strict=True),
        )
    opened = [
        (
            run.instance.id,
            incident.step_id,
            incident.code,
            incident.message,
            incident.attempts,
            run.now,
            seqs[incident.step_id],
        )
        for run in runs
        for incident in run.changes.incidents
    ]
    if opened:
        execute(
            "INSERT INTO workflows_incident (instance_id, step_id, state, code, message,"
            " attempts, opened_at, resolution, reason, audit_seq)"
            " SELECT instance_id, step_id, 'OPEN', code, message, attempts, at, '', '',"
            " audit_seq FROM unnest(%s::uuid[], %s::bigint[], %s::text[], %s::text[],"
            " %s::smallint[], %s::timestamptz[], %s::int[])"
            " AS v(instance_id, step_id, code, message, attempts, at, audit_seq)",
            zip(*opened, strict=True),
        )


def _save_evaluations(runs: Sequence[Run]) -> None:
    rows = [
        (
            run.instance.definition_id,
            evaluation.decision,
            evaluation.table_id,
            list(evaluation.matched),
            run.now,
            run.instance.id,
            evaluation.step_id,
        )
        for run in runs
        for evaluation in run.changes.evaluations
    ]
    if rows:
        copy_in(
            "COPY workflows_evaluation (definition_id, decision, table_id, matched,"
            " at, instance_id, step_id) FROM STDIN",
            rows,
        )
