"""What became of working copies, written with a few statements for a whole batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from workflows import audit
from workflows.core import wireformat as wire
from workflows.core.canonical import dumps
from workflows.core.commitments import Opening
from workflows.core.engine.run import Run
from workflows.core.engine.state import InstanceRow, StepRow
from workflows.core.states import StepState
from workflows.driver import FEW, Into, Row, columns, fetch, pipeline
from workflows.driver import run as run_statement
from workflows.store import disclosures, hanging, messages, payloads, searching

_INSTANCES = Into(
    "workflows_instance",
    {
        "id": "uuid",
        "definition_id": "int8",
        "process_id": "text",
        "state": "text",
        "business_key": "text",
        "variables": "jsonb",
        "initiator": "text",
        "parent_instance_id": "uuid",
        "parent_step_id": "int8",
        "depth": "int2",
        "end_node_id": "text",
        "version": "int4",
        "audit_seq": "int4",
        "audit_head": "bytea",
        "started_at": "timestamptz",
        "occurred_at": "timestamptz",
        "ended_at": "timestamptz",
        "data": "jsonb",
    },
)
_STEPS = Into(
    "workflows_step",
    {
        "id": "int8",
        "instance_id": "uuid",
        "scope_id": "int8",
        "node_id": "text",
        "kind": "text",
        "name": "text",
        "state": "text",
        "attempt": "int2",
        "data": "jsonb",
        "error": "text",
        "external": "bool",
        "run_at": "timestamptz",
        "lease_token": "int8",
        "worker": "text",
        "audit_seq": "int4",
        "started_at": "timestamptz",
        "ended_at": "timestamptz",
    },
)
# What an ended instance never heard goes in the same statement; the caller puts the
# messages among it back.
_SAVE_INSTANCES = """
    WITH v AS MATERIALIZED (
        SELECT * FROM unnest(%b::uuid[], %b::text[], %b::jsonb[], %b::int4[],
                             %b::bytea[], %b::text[], %b::timestamptz[], %b::jsonb[])
        AS v(id, state, variables, audit_seq, audit_head, end_node_id, ended_at, data)
    ), saved AS (
        UPDATE workflows_instance i
        SET state = v.state, variables = COALESCE(v.variables, i.variables),
            version = i.version + 1, audit_seq = v.audit_seq,
            audit_head = v.audit_head, end_node_id = v.end_node_id,
            ended_at = v.ended_at, data = COALESCE(v.data, i.data)
        FROM v WHERE i.id = v.id
    )
    DELETE FROM workflows_stimulus
    WHERE instance_id = ANY(ARRAY(SELECT id FROM v WHERE ended_at IS NOT NULL))
    RETURNING CASE WHEN kind = 'RECEIVED' THEN (data ->> 'message')::bigint END
"""
_INSTANCE_TYPES = (
    "uuid", "text", "jsonb", "int4", "bytea", "text", "timestamptz", "jsonb",
)  # fmt: skip
_UPDATE_STEPS = """
    UPDATE workflows_step s
    SET state = v.state, attempt = v.attempt, data = v.data, error = v.error,
        external = v.external, run_at = v.run_at, audit_seq = v.audit_seq,
        ended_at = v.ended_at, lease_token = v.lease_token,
        lease_until = v.lease_until, worker = v.worker
    FROM unnest(%b::int8[], %b::text[], %b::int2[], %b::jsonb[], %b::text[],
                %b::bool[], %b::timestamptz[], %b::int4[], %b::timestamptz[],
                %b::int8[], %b::timestamptz[], %b::text[])
      AS v(id, state, attempt, data, error, external, run_at, audit_seq, ended_at,
           lease_token, lease_until, worker)
    WHERE s.id = v.id
"""
_STEP_TYPES = (
    "int8", "text", "int2", "jsonb", "text", "bool", "timestamptz", "int4",
    "timestamptz", "int8", "timestamptz", "text",
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
    openings: list[tuple[UUID, Opening]] = []
    step_seqs: dict[int, int] = {}
    for run in runs:
        drafts = run.changes.drafts
        if run.instance.secret:
            drafts = disclosures.hushed(run)
        linked, opened = audit.link_case(run.instance.head, drafts, now=run.now)
        rows.extend(linked)
        openings.extend(opened)
        for row in linked:
            if row.step_id is not None:
                step_seqs[row.step_id] = row.seq
    changed = [run for run in runs if run.changes.drafts]
    payloads.save(changed)
    disclosures.save(changed)
    new, old = _pack_steps(changed, step_seqs)
    # All of it is sent before the first answer is waited for, unless it is much.
    with pipeline(when=max(len(rows), len(new)) <= FEW):
        audit.record_rows(rows)
        audit.disclose(openings)
        _INSTANCES.add([_new_instance(r.instance) for r in changed if r.instance.new])
        _STEPS.add(new)
        if old:
            run_statement(_UPDATE_STEPS, columns(_STEP_TYPES, old))
        unheard = _save_instances([run for run in changed if not run.instance.new])
    if unheard:
        messages.put_back(unheard)
    hanging.save(changed, step_seqs)
    searching.save(changed)
    return Saved(
        step_seqs=step_seqs,
        instance_seqs={run.instance.id: run.instance.head.seq for run in changed},
    )


def _new_instance(row: InstanceRow) -> Row:
    parent = row.parent_instance_id
    return (
        wire.uuid(row.id),
        wire.int8(8, row.definition_id),
        wire.word(row.process_id),
        wire.word(row.state),
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
    )


def _save_instances(runs: Sequence[Run]) -> list[int]:
    """Update instances; return the messages that those which ended never heard."""
    if not runs:
        return []
    rows = [
        (
            wire.uuid(row.id),
            wire.word(row.state),
            wire.json(dumps(row.variables)) if row.variables_changed else wire.NULL,
            wire.int4(4, row.head.seq),
            wire.binary(row.head.hash),
            wire.word(row.end_node_id),
            wire.moment_or_null(row.ended_at),
            _data(row.data) if row.data_changed else wire.NULL,
        )
        for row in (run.instance for run in runs)
    ]
    unheard = fetch(_SAVE_INSTANCES, columns(_INSTANCE_TYPES, rows))
    return [message for (message,) in unheard if message is not None]


def _pack_steps(
    runs: Sequence[Run], seqs: dict[int, int]
) -> tuple[list[Row], list[Row]]:
    """Return the rows of new steps, and those of steps that changed."""
    new: list[Row] = []
    old: list[Row] = []
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
    return new, old


def _new_step(instance_id: bytes, step: StepRow, seq: int) -> Row:
    return (
        wire.int8(8, step.id),
        instance_id,
        wire.int8_or_null(step.scope_id),
        wire.word(step.node_id),
        wire.word(step.kind),
        wire.word(step.name),
        wire.word(step.state),
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
    )


def _old_step(step: StepRow, seq: int) -> Row:
    running = step.state is StepState.RUNNING
    return (
        wire.int8(8, step.id),
        wire.word(step.state),
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
