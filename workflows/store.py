"""Load and save many instances at once with set-based SQL. No decisions here.

Everything runs in the caller's transaction. Rows of the engine are locked in one
order everywhere: the instance first, then what hangs on it.
"""

import datetime as dt
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from workflows import audit
from workflows.core.canonical import dumps
from workflows.core.engine.plan import Plan
from workflows.core.engine.run import Run
from workflows.core.engine.state import InstanceRow, StepRow
from workflows.core.states import InstanceState, StepState
from workflows.ids import step_numbers

_PICK = """
    SELECT instance_id FROM (
        (SELECT instance_id, run_at FROM workflows_stimulus
          WHERE run_at <= clock_timestamp() ORDER BY run_at, id LIMIT %(window)s)
        UNION ALL
        (SELECT instance_id, run_at FROM workflows_step
          WHERE state = 'READY' AND NOT external AND run_at <= clock_timestamp()
          ORDER BY run_at LIMIT %(window)s)
    ) due GROUP BY instance_id ORDER BY min(run_at)
"""
_LOAD = """
    SELECT id, definition_id, process_id, state, business_key, variables, initiator,
           parent_instance_id, parent_step_id, depth, version, audit_seq, audit_head,
           end_node_id, ended_at, clock_timestamp()
    FROM workflows_instance
"""
_LOAD_WAITING = f"{_LOAD} WHERE id = ANY(%s) ORDER BY id FOR UPDATE"
_LOAD_FREE = (
    f"{_LOAD} WHERE id = ANY(%s) AND state = 'ACTIVE' LIMIT %s FOR UPDATE SKIP LOCKED"
)
_LOAD_STEPS = """
    SELECT instance_id, id, scope_id, node_id, kind, name, state, attempt, data, error,
           external, run_at, lease_token, lease_until, worker, started_at
    FROM workflows_step
    WHERE instance_id = ANY(%s)
      AND state IN ('READY', 'RUNNING', 'WAITING', 'INCIDENT')
    ORDER BY id
"""
_COPY_INSTANCES = """
    COPY workflows_instance
        (id, definition_id, process_id, state, business_key, variables, initiator,
         parent_instance_id, parent_step_id, depth, end_node_id, version, audit_seq,
         audit_head, started_at, occurred_at, ended_at)
    FROM STDIN
"""
_SAVE_INSTANCES = """
    UPDATE workflows_instance i
    SET state = v.state, variables = COALESCE(v.variables, i.variables),
        version = i.version + 1, audit_seq = v.audit_seq, audit_head = v.audit_head,
        end_node_id = v.end_node_id, ended_at = v.ended_at
    FROM unnest(%s::uuid[], %s::text[], %s::jsonb[], %s::int[], %s::bytea[],
                %s::text[], %s::timestamptz[])
      AS v(id, state, variables, audit_seq, audit_head, end_node_id, ended_at)
    WHERE i.id = v.id
"""
_COPY_STEPS = """
    COPY workflows_step
        (id, instance_id, scope_id, node_id, kind, name, state, attempt, data, error,
         external, run_at, lease_token, worker, audit_seq, started_at, ended_at)
    FROM STDIN
"""
_UPDATE_STEPS = """
    UPDATE workflows_step s
    SET state = v.state, attempt = v.attempt, data = v.data, error = v.error,
        external = v.external, run_at = v.run_at, audit_seq = v.audit_seq,
        ended_at = v.ended_at, lease_token = v.lease_token,
        lease_until = v.lease_until, worker = v.worker
    FROM unnest(%s::bigint[], %s::text[], %s::smallint[], %s::jsonb[], %s::text[],
                %s::bool[], %s::timestamptz[], %s::int[], %s::timestamptz[],
                %s::bigint[], %s::timestamptz[], %s::text[])
      AS v(id, state, attempt, data, error, external, run_at, audit_seq, ended_at,
           lease_token, lease_until, worker)
    WHERE s.id = v.id
"""


class MissingEntry(RuntimeError):
    """A step changed without an audit entry: a mistake in the engine's code."""


@dataclass(frozen=True, slots=True)
class Saved:
    """Where the audit trail of a batch now stands, for whoever writes after us."""

    step_seqs: dict[int, int]
    instance_seqs: dict[UUID, int]


def database_now() -> dt.datetime:
    """Return the database's clock, UTC; it runs on during a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    return _aware(now)


def pick_due(*, limit: int) -> list[UUID]:
    """Return instances that have something to hear or to do; nothing is locked."""
    with connection.cursor() as cursor:
        cursor.execute(_PICK, {"window": limit * 4})
        return [row[0] for row in cursor.fetchall()]


def load_runs(
    instance_ids: Sequence[UUID],
    *,
    plan_for: Callable[[int, str], Plan],
    occurred_at: dt.datetime | None = None,
) -> list[Run]:
    """Lock instances, whatever their state, and load them with their live steps.

    Rows that somebody works on are waited for, in the order of their ids, so that
    two batches cannot wait for each other.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOAD_WAITING, [sorted(instance_ids)])
        found = cursor.fetchall()
    return _runs(found, plan_for=plan_for, occurred_at=occurred_at)


def load_free_runs(
    instance_ids: Sequence[UUID],
    *,
    plan_for: Callable[[int, str], Plan],
    limit: int,
) -> list[Run]:
    """Lock and load up to `limit` active instances that nobody works on now."""
    with connection.cursor() as cursor:
        cursor.execute(_LOAD_FREE, [list(instance_ids), limit])
        found = cursor.fetchall()
    return _runs(found, plan_for=plan_for, occurred_at=None)


def _runs(
    found: Sequence[Sequence[Any]],
    *,
    plan_for: Callable[[int, str], Plan],
    occurred_at: dt.datetime | None,
) -> list[Run]:
    if not found:
        return []
    now = _aware(found[-1][-1])
    instances = [_instance(row) for row in found]
    with connection.cursor() as cursor:
        cursor.execute(_LOAD_STEPS, [[instance.id for instance in instances]])
        steps = _steps(cursor.fetchall())
    ids_left = step_numbers()
    return [
        Run(
            plan=plan_for(instance.definition_id, instance.process_id),
            instance=instance,
            steps=steps.get(instance.id, ()),
            now=now,
            ids=ids_left,
            occurred_at=occurred_at,
        )
        for instance in instances
    ]


def save_runs(runs: Sequence[Run]) -> Saved:
    """Write what changed: entries first, then instances, steps, timers and the rest.

    A crash before the commit leaves nothing of it; the stimuli then still stand and
    the next worker does it again.
    """
    rows: list[audit.Row] = []
    step_seqs: dict[int, int] = {}
    for run in runs:
        linked = audit.link(run.instance.head, run.changes.drafts, now=run.now)
        rows.extend(linked)
        for row in linked:
            if row.step_id is not None:
                step_seqs[row.step_id] = row.seq
    changed = [run for run in runs if run.changes.drafts]
    audit.record_rows(rows)
    _insert_instances([run.instance for run in changed if run.instance.new])
    _save_instances([run for run in changed if not run.instance.new])
    _save_steps(changed, step_seqs)
    _save_timers(changed)
    _save_tells(changed)
    _save_incidents(changed, step_seqs)
    _save_evaluations(changed)
    return Saved(
        step_seqs=step_seqs,
        instance_seqs={run.instance.id: run.instance.head.seq for run in changed},
    )


def parse_json(text: str) -> Any:
    """Read stored JSON; numbers with a fraction become Decimal, never float."""
    return json.loads(text, parse_float=Decimal)


def execute(sql: str, columns: Iterable[Sequence[object]]) -> None:
    """Run one statement whose parameters are whole columns."""
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(column) for column in columns])


def copy_in(statement: str, rows: Iterable[Sequence[object]]) -> None:
    """Insert many rows by COPY: binding them as parameters takes ten times as long."""
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.copy(statement) as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _aware(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC)


def _instance(row: Sequence[Any]) -> InstanceRow:
    return InstanceRow(
        id=row[0],
        definition_id=row[1],
        process_id=row[2],
        state=InstanceState(row[3]),
        business_key=row[4],
        variables=parse_json(row[5]),
        initiator=row[6],
        parent_instance_id=row[7],
        parent_step_id=row[8],
        depth=row[9],
        version=row[10],
        head=audit.Head(chain=row[0], seq=row[11], hash=bytes(row[12])),
        end_node_id=row[13],
        ended_at=row[14],
    )


def _steps(rows: Iterable[Sequence[Any]]) -> dict[UUID, list[StepRow]]:
    found: dict[UUID, list[StepRow]] = {}
    for row in rows:
        step = StepRow(
            id=row[1],
            scope_id=row[2],
            node_id=row[3],
            kind=row[4],
            name=row[5],
            state=StepState(row[6]),
            attempt=row[7],
            data=parse_json(row[8]),
            error=row[9],
            external=row[10],
            run_at=row[11],
            lease_token=row[12],
            lease_until=row[13],
            worker=row[14],
            started_at=row[15],
            ended_at=None,
        )
        found.setdefault(row[0], []).append(step)
    return found


def _insert_instances(instances: Sequence[InstanceRow]) -> None:
    if instances:
        copy_in(
            _COPY_INSTANCES,
            (
                (
                    row.id,
                    row.definition_id,
                    row.process_id,
                    row.state.value,
                    row.business_key,
                    dumps(row.variables),
                    row.initiator,
                    row.parent_instance_id,
                    row.parent_step_id,
                    row.depth,
                    row.end_node_id,
                    1,
                    row.head.seq,
                    row.head.hash,
                    row.started_at,
                    row.occurred_at,
                    row.ended_at,
                )
                for row in instances
            ),
        )


def _save_instances(runs: Sequence[Run]) -> None:
    if not runs:
        return
    rows = [
        (
            run.instance.id,
            run.instance.state.value,
            dumps(run.instance.variables) if run.instance.variables_changed else None,
            run.instance.head.seq,
            run.instance.head.hash,
            run.instance.end_node_id,
            run.instance.ended_at,
        )
        for run in runs
    ]
    execute(_SAVE_INSTANCES, zip(*rows, strict=True))


def _save_steps(runs: Sequence[Run], seqs: dict[int, int]) -> None:
    new: list[tuple[object, ...]] = []
    old: list[tuple[object, ...]] = []
    for run in runs:
        for step in run.touched:
            seq = seqs.get(step.id)
            if seq is None:
                raise MissingEntry(f"Step {step.id} changed without an audit entry.")
            data = dumps(step.data) if step.data else "{}"
            if step.new:
                new.append(_new_step(run, step, data, seq))
            else:
                old.append(_old_step(step, data, seq))
    if new:
        copy_in(_COPY_STEPS, new)
    if old:
        execute(_UPDATE_STEPS, zip(*old, strict=True))


def _new_step(run: Run, step: StepRow, data: str, seq: int) -> tuple[object, ...]:
    return (
        step.id,
        run.instance.id,
        step.scope_id,
        step.node_id,
        step.kind,
        step.name,
        step.state.value,
        step.attempt,
        data,
        step.error,
        step.external,
        step.run_at,
        step.lease_token,
        step.worker,
        seq,
        step.started_at,
        step.ended_at,
    )


def _old_step(step: StepRow, data: str, seq: int) -> tuple[object, ...]:
    return (
        step.id,
        step.state.value,
        step.attempt,
        data,
        step.error,
        step.external,
        step.run_at,
        seq,
        step.ended_at,
        step.lease_token,
        step.lease_until if step.state is StepState.RUNNING else None,
        step.worker,
    )


def _save_timers(runs: Sequence[Run]) -> None:
    off = [
        (step_id, run.instance.head.seq)
        for run in runs
        for step_id in run.changes.timers_off
    ]
    if off:
        execute(
            "UPDATE workflows_timer t SET state = 'CANCELED', audit_seq = v.audit_seq"
            " FROM unnest(%s::bigint[], %s::int[]) AS v(step_id, audit_seq)"
            " WHERE t.step_id = v.step_id AND t.state = 'ARMED'"
            " AND t.kind LIKE 'engine.%%'",
            zip(*off, strict=True),
        )
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
    ended = [run.instance.id for run in runs if run.instance.ended_at is not None]
    if ended:
        execute("DELETE FROM workflows_stimulus WHERE instance_id = ANY(%s)", [ended])


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
