"""What became of working copies, written with a few statements for a whole batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from workflows import audit
from workflows.core.canonical import dumps
from workflows.core.engine.run import Run
from workflows.core.engine.state import InstanceRow, StepRow
from workflows.core.states import StepState
from workflows.store import hanging
from workflows.store.sql import copy_in, execute

_COPY_INSTANCES = """
    COPY workflows_instance
        (id, definition_id, process_id, state, business_key, variables, initiator,
         parent_instance_id, parent_step_id, depth, end_node_id, version, audit_seq,
         audit_head, started_at, occurred_at, ended_at, data)
    FROM STDIN
"""
_SAVE_INSTANCES = """
    UPDATE workflows_instance i
    SET state = v.state, variables = COALESCE(v.variables, i.variables),
        version = i.version + 1, audit_seq = v.audit_seq, audit_head = v.audit_head,
        end_node_id = v.end_node_id, ended_at = v.ended_at,
        data = COALESCE(v.data, i.data)
    FROM unnest(%s::uuid[], %s::text[], %s::jsonb[], %s::int[], %s::bytea[],
                %s::text[], %s::timestamptz[], %s::jsonb[])
      AS v(id, state, variables, audit_seq, audit_head, end_node_id, ended_at, data)
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
                    dumps(row.data),
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
            dumps(run.instance.data) if run.instance.data_changed else None,
        )
        for run in runs
    ]
    execute(_SAVE_INSTANCES, zip(*rows, strict=True))


def _save_steps(runs: Sequence[Run], seqs: dict[int, int]) -> None:
    new: list[tuple[object, ...]] = []
    old: list[tuple[object, ...]] = []
    for run in runs:
        for step in run.touched:
            if step.noted and step.id not in seqs:
                raise MissingEntry(f"Step {step.id} changed without an audit entry.")
            # What a scope keeps for the steps inside it changes with their entries.
            seq = seqs.get(step.id, run.instance.head.seq)
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
