"""What became of working copies, written with a few statements for a whole batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from psycopg.postgres import types

from workflows import audit
from workflows.core import wireformat as wire
from workflows.core.canonical import dumps
from workflows.core.engine.run import Run
from workflows.core.engine.state import InstanceRow, StepRow
from workflows.core.states import StepState
from workflows.store import hanging
from workflows.store.sql import columns, copy_packed, prepared

_COPY_INSTANCES = """
    COPY workflows_instance
        (id, definition_id, process_id, state, business_key, variables, initiator,
         parent_instance_id, parent_step_id, depth, end_node_id, version, audit_seq,
         audit_head, started_at, occurred_at, ended_at, data)
    FROM STDIN (FORMAT binary)
"""
_SAVE_INSTANCES = """
    UPDATE workflows_instance i
    SET state = v.state, variables = COALESCE(v.variables, i.variables),
        version = i.version + 1, audit_seq = v.audit_seq, audit_head = v.audit_head,
        end_node_id = v.end_node_id, ended_at = v.ended_at,
        data = COALESCE(v.data, i.data)
    FROM unnest(%b::uuid[], %b::text[], %b::jsonb[], %b::int[], %b::bytea[],
                %b::text[], %b::timestamptz[], %b::jsonb[])
      AS v(id, state, variables, audit_seq, audit_head, end_node_id, ended_at, data)
    WHERE i.id = v.id
"""
_COPY_STEPS = """
    COPY workflows_step
        (id, instance_id, scope_id, node_id, kind, name, state, attempt, data, error,
         external, run_at, lease_token, worker, audit_seq, started_at, ended_at)
    FROM STDIN (FORMAT binary)
"""
_UPDATE_STEPS = """
    UPDATE workflows_step s
    SET state = v.state, attempt = v.attempt, data = v.data, error = v.error,
        external = v.external, run_at = v.run_at, audit_seq = v.audit_seq,
        ended_at = v.ended_at, lease_token = v.lease_token,
        lease_until = v.lease_until, worker = v.worker
    FROM unnest(%b::bigint[], %b::text[], %b::smallint[], %b::jsonb[], %b::text[],
                %b::bool[], %b::timestamptz[], %b::int[], %b::timestamptz[],
                %b::bigint[], %b::timestamptz[], %b::text[])
      AS v(id, state, attempt, data, error, external, run_at, audit_seq, ended_at,
           lease_token, lease_until, worker)
    WHERE s.id = v.id
"""
_UUID, _TEXT, _JSONB, _INT4, _INT8, _INT2, _BYTEA, _BOOL, _MOMENT = (
    types[name].oid
    for name in (
        "uuid", "text", "jsonb", "int4", "int8", "int2", "bytea", "bool",
        "timestamptz",
    )
)  # fmt: skip
_INSTANCE_TYPES = (_UUID, _TEXT, _JSONB, _INT4, _BYTEA, _TEXT, _MOMENT, _JSONB)
_STEP_TYPES = (
    _INT8, _TEXT, _INT2, _JSONB, _TEXT, _BOOL, _MOMENT, _INT4, _MOMENT, _INT8, _MOMENT,
    _TEXT,
)  # fmt: skip


class MissingEntry(RuntimeError):
    """A step changed without an audit entry: a mistake in the engine's code."""


@dataclass(frozen=True, slots=True)
class Saved:
    """Where the audit trail of a batch now stands, for whoever writes after us."""

    step_seqs: dict[int, int]
    instance_seqs: dict[UUID, int]


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
    hanging.save(changed, step_seqs)
    return Saved(
        step_seqs=step_seqs,
        instance_seqs={run.instance.id: run.instance.head.seq for run in changed},
    )


def _insert_instances(instances: Sequence[InstanceRow]) -> None:
    if instances:
        rows = [_new_instance(row) for row in instances]
        copy_packed(_COPY_INSTANCES, rows, columns=18)


def _new_instance(row: InstanceRow) -> bytes:
    parent = row.parent_instance_id
    return b"".join((
        wire.uuid(row.id),
        wire.int8(8, row.definition_id),
        wire.word(row.process_id),
        wire.word(row.state.value),
        wire.text(row.business_key),
        wire.json(dumps(row.variables)),
        wire.word(row.initiator),
        wire.NULL if parent is None else wire.uuid(parent),
        wire.int8_or_null(row.parent_step_id),
        wire.int2(2, row.depth),
        wire.word(row.end_node_id),
        wire.int4(4, 1),
        wire.int4(4, row.head.seq),
        wire.binary(row.head.hash),
        wire.moment_or_null(row.started_at),
        wire.moment_or_null(row.occurred_at),
        wire.moment_or_null(row.ended_at),
        _data(row.data),
    ))


def _save_instances(runs: Sequence[Run]) -> None:
    if not runs:
        return
    rows = [
        (
            wire.uuid(row.id),
            wire.word(row.state.value),
            wire.json(dumps(row.variables)) if row.variables_changed else wire.NULL,
            wire.int4(4, row.head.seq),
            wire.binary(row.head.hash),
            wire.word(row.end_node_id),
            wire.moment_or_null(row.ended_at),
            _data(row.data) if row.data_changed else wire.NULL,
        )
        for row in (run.instance for run in runs)
    ]
    prepared(_SAVE_INSTANCES, columns(_INSTANCE_TYPES, rows))


def _save_steps(runs: Sequence[Run], seqs: dict[int, int]) -> None:
    new: list[bytes] = []
    old: list[tuple[bytes, ...]] = []
    for run in runs:
        instance_id, head_seq = wire.uuid(run.instance.id), run.instance.head.seq
        for step in run.touched:
            if step.noted and step.id not in seqs:
                raise MissingEntry(f"Step {step.id} changed without an audit entry.")
            # What a scope keeps for the steps inside it changes with their entries.
            seq = seqs.get(step.id, head_seq)
            if step.new:
                new.append(_new_step(instance_id, step, seq))
            else:
                old.append(_old_step(step, seq))
    if new:
        copy_packed(_COPY_STEPS, new, columns=17)
    if old:
        prepared(_UPDATE_STEPS, columns(_STEP_TYPES, old))


def _new_step(instance_id: bytes, step: StepRow, seq: int) -> bytes:
    return b"".join((
        wire.int8(8, step.id),
        instance_id,
        wire.int8_or_null(step.scope_id),
        wire.word(step.node_id),
        wire.word(step.kind),
        wire.word(step.name),
        wire.word(step.state.value),
        wire.int2(2, step.attempt),
        _data(step.data),
        wire.text(step.error) if step.error else wire.EMPTY,
        wire.TRUE if step.external else wire.FALSE,
        wire.moment_or_null(step.run_at),
        wire.int8(8, step.lease_token),
        wire.word(step.worker),
        wire.int4(4, seq),
        wire.moment(step.started_at),
        wire.moment_or_null(step.ended_at),
    ))


def _old_step(step: StepRow, seq: int) -> tuple[bytes, ...]:
    running = step.state is StepState.RUNNING
    return (
        wire.int8(8, step.id),
        wire.word(step.state.value),
        wire.int2(2, step.attempt),
        _data(step.data),
        wire.text(step.error) if step.error else wire.EMPTY,
        wire.TRUE if step.external else wire.FALSE,
        wire.moment_or_null(step.run_at),
        wire.int4(4, seq),
        wire.moment_or_null(step.ended_at),
        wire.int8(8, step.lease_token),
        wire.moment_or_null(step.lease_until if running else None),
        wire.word(step.worker),
    )


def _data(data: Mapping[str, object]) -> bytes:
    """Return a jsonb field; most steps keep nothing, or the flow they came by."""
    if not data:
        return wire.JSON_EMPTY
    if len(data) == 1:
        flow = data.get("flow")
        if type(flow) is str:
            return _flow_data(flow)
    return wire.json(dumps(data))


@lru_cache(maxsize=4096)
def _flow_data(flow: str) -> bytes:
    return wire.json(dumps({"flow": flow}))
