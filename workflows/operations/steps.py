"""End steps that wait for somebody outside the engine, inside his transaction."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from workflows import audit, store
from workflows.core.actors import Actor
from workflows.core.engine import stimuli
from workflows.core.engine.hearing import hear
from workflows.core.engine.run import Run, StepGone
from workflows.core.states import InstanceState, StepState
from workflows.models import Step
from workflows.operations import plans
from workflows.operations.advance import settle_and_save
from workflows.operations.errors import Conflict, NotFound

_LOCK = """
    SELECT definition_id, process_id, state, version, business_key, variables,
           initiator, clock_timestamp()
    FROM workflows_instance WHERE id = %s FOR UPDATE
"""
_LOCK_IF_FREE = _LOCK + " SKIP LOCKED"


@dataclass(frozen=True, slots=True)
class Locked:
    """An instance whose row this transaction holds, and the database's clock."""

    id: UUID
    definition_id: int
    process_id: str
    state: InstanceState
    version: int
    business_key: str
    variables: Mapping[str, Any]
    initiator: str
    now: dt.datetime


def lock_instance(instance_id: UUID, *, wait: bool = True) -> Locked | None:
    """Lock an instance's row for this transaction, first of all locks it takes.

    With `wait=False` None means that somebody else holds it: a caller that already
    holds a task must let that go rather than wait. Raises NotFound.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK if wait else _LOCK_IF_FREE, [instance_id])
        row = cursor.fetchone()
    if row is None:
        if not wait:
            return None
        raise NotFound(f"There is no instance {instance_id}.")
    return Locked(
        id=instance_id,
        definition_id=row[0],
        process_id=row[1],
        state=InstanceState(row[2]),
        version=row[3],
        business_key=row[4],
        variables=store.parse_json(row[5]),
        initiator=row[6],
        now=row[7].astimezone(dt.UTC),
    )


def complete(
    *,
    instance_id: UUID,
    step_id: int,
    output: Mapping[str, object],
    actor: Actor,
    drafts: Sequence[audit.Draft] = (),
    variables: Mapping[str, object] | None = None,
    occurred_at: dt.datetime | None = None,
) -> store.Saved:
    """Complete a waiting step and advance its instance in the same transaction.

    `drafts` go into the audit trail before the step's own entry; `variables` are
    merged into the instance's first (a reviewer's edits). The caller holds the
    instance's lock and has written nothing to its chain since. Raises Conflict when
    the step no longer waits or the instance is not active.
    """
    run = _load(instance_id, step_id=step_id, occurred_at=occurred_at)
    if variables:
        run.variables.assign(variables)
    hear(
        run,
        stimuli.Done(step_id=step_id, output=output, actor=actor, drafts=tuple(drafts)),
    )
    return settle_and_save([run])


def complete_many(
    *, ends: Sequence[tuple[UUID, int, Mapping[str, object]]], actor: Actor
) -> None:
    """Complete waiting steps of many instances set-based, in the caller's transaction.

    Steps that no longer wait are left alone.
    """
    runs = store.load_runs([end[0] for end in ends], plan_for=plans.plan_for)
    by_id = {run.instance.id: run for run in runs}
    for instance_id, step_id, output in ends:
        run = by_id.get(instance_id)
        if run is not None and step_id in run.live:
            hear(run, stimuli.Done(step_id=step_id, output=output, actor=actor))
    settle_and_save(runs)


def fail_with_error(
    *,
    instance_id: UUID,
    step_id: int,
    code: str,
    message: str,
    actor: Actor,
    drafts: Sequence[audit.Draft] = (),
) -> store.Saved:
    """End a waiting step in a BPMN error: an error event catches it, or an incident.

    Raises Conflict like `complete`.
    """
    run = _load(instance_id, step_id=step_id, occurred_at=None)
    hear(
        run,
        stimuli.Fault(
            step_id=step_id,
            code=code,
            message=message,
            actor=actor,
            drafts=tuple(drafts),
        ),
    )
    return settle_and_save([run])


def instance_of(step_id: int) -> UUID:
    """Return the instance of a step. Raises NotFound."""
    found = Step.objects.filter(pk=step_id).values_list("instance_id", flat=True)
    instance_id = found.first()
    if instance_id is None:
        raise NotFound(f"There is no step {step_id}.")
    return instance_id


def _load(instance_id: UUID, *, step_id: int, occurred_at: dt.datetime | None) -> Run:
    runs = store.load_runs(
        [instance_id],
        plan_for=plans.plan_for,
        occurred_at=occurred_at,
    )
    if not runs:
        raise NotFound(f"There is no instance {instance_id}.")
    (run,) = runs
    if run.instance.state is not InstanceState.ACTIVE:
        raise Conflict(f"The instance is {run.instance.state.value.lower()}.")
    try:
        _, step = run.step(step_id)
    except StepGone as error:
        raise Conflict("The step has ended in the meantime.") from error
    if step.state not in (StepState.WAITING, StepState.INCIDENT):
        raise Conflict(f"The step does not wait for an answer ({step.state.value}).")
    return run
