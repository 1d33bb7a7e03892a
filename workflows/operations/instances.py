"""Start, cancel, suspend and resume instances. Moving tokens is in advance.py."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from workflows import audit, dispatch, holding, inbox, store
from workflows.core.actors import Actor
from workflows.core.engine import stimuli
from workflows.core.engine.hearing import hear
from workflows.core.engine.run import Run, StepGone
from workflows.core.states import FINAL_INSTANCE_STATES, InstanceState
from workflows.kinds import instance_clocks, tell_watch
from workflows.models import Definition
from workflows.operations import definitions, plans, timing
from workflows.operations.advance import settle_and_save
from workflows.operations.beginnings import begin
from workflows.operations.errors import Conflict, Invalid, NotFound, check_reason


@dataclass(frozen=True, slots=True)
class Start:
    """One instance to start. `occurred_at` is the business time of a replayed fact."""

    variables: Mapping[str, object]
    initiator: Actor
    business_key: str = ""
    occurred_at: dt.datetime | None = None


def start(
    *,
    definition_key: str,
    initiator: Actor,
    variables: Mapping[str, object],
    version: str | None = None,
    business_key: str = "",
    message: str = "",
    occurred_at: dt.datetime | None = None,
) -> UUID:
    """Start one instance of a deployed definition; a worker takes it from there.

    Without `version` the newest one that is not retired. `message` begins at the
    start event of that message. Raises NotFound, Invalid.
    """
    found = definitions.find_definition(key=definition_key, version=version or "")
    if found is None:
        wanted = f"{definition_key} {version}" if version else definition_key
        raise NotFound(f"No definition {wanted!r} is deployed.")
    holding.check_start(found.key)
    wish = Start(
        variables=variables,
        initiator=initiator,
        business_key=business_key,
        occurred_at=occurred_at,
    )
    (instance_id,) = start_many(definition_id=found.id, starts=[wish], message=message)
    return instance_id


@transaction.atomic
def start_many(
    *,
    definition_id: int,
    starts: Sequence[Start],
    message: str = "",
    node_id: str = "",
) -> list[UUID]:
    """Start instances of one definition in one transaction; return their ids."""
    runs = _begin(definition_id, starts, message=message, node_id=node_id)
    if runs:
        timing.save_runs(runs)
        data = {"message": message, "node_id": node_id} if message or node_id else {}
        inbox.wish_start(runs, data=data)
        dispatch.ring_after_commit("engine")
    return [run.instance.id for run in runs]


@transaction.atomic
def start_and_advance(
    *, definition_id: int, starts: Sequence[Start], message: str = ""
) -> list[UUID]:
    """Start instances and let them go as far as they can, in one transaction.

    For callers that have time for the automated steps; `start_many` leaves them to
    the workers.
    """
    runs = _begin(definition_id, starts, message=message)
    for run in runs:
        hear(run, stimuli.Start(message=message))
    settle_and_save(runs)
    return [run.instance.id for run in runs]


@transaction.atomic
def cancel(
    *, instance_id: UUID, actor: Actor, reason: str, compensate: bool = False
) -> None:
    """End an instance; its open steps, tasks, timers and children end at once.

    With `compensate` what was done is taken back first, in reverse order, as far as
    the process or its handlers say how; the instance is canceled when that is done.
    Raises NotFound, Conflict when it has ended already, Invalid without a reason.
    """
    check_reason(reason)
    run = _load(instance_id)
    if run.instance.state in FINAL_INSTANCE_STATES:
        raise Conflict(f"The instance has ended already ({run.instance.state.value}).")
    if compensate and run.instance.state is not InstanceState.ACTIVE:
        raise Conflict("The instance is suspended; resume it before compensating.")
    hear(run, stimuli.Cancel(reason=reason, actor=actor, compensate=compensate))
    settle_and_save([run])


@transaction.atomic
def activate(
    *,
    instance_id: UUID,
    step_id: int,
    node_ids: Sequence[str],
    actor: Actor,
    reason: str,
) -> None:
    """Begin activities of a waiting ad-hoc sub-process.

    Raises NotFound, Invalid without a reason, Conflict where the step has ended or
    holds no such activities.
    """
    check_reason(reason)
    run = _load(instance_id)
    if run.instance.state is not InstanceState.ACTIVE:
        raise Conflict(f"The instance is {run.instance.state.value.lower()}.")
    wish = stimuli.Activate(
        step_id=step_id, nodes=tuple(node_ids), actor=actor, reason=reason
    )
    try:
        hear(run, wish)
    except StepGone as error:
        raise Conflict(str(error)) from error
    settle_and_save([run])


@transaction.atomic
def deliver(
    *,
    instance_id: UUID,
    message: str,
    variables: Mapping[str, object],
    actor: Actor,
) -> None:
    """Hand a message to the instance's waiting catch event. Raises Conflict."""
    run = _load(instance_id)
    try:
        hear(run, stimuli.Message(name=message, variables=variables, actor=actor))
    except StepGone as error:
        raise Conflict(str(error)) from error
    settle_and_save([run])


@transaction.atomic
def suspend(*, instance_id: UUID, actor: Actor, reason: str) -> None:
    """Hold an instance: nothing of it moves until it is resumed."""
    _move(
        instance_id,
        source=InstanceState.ACTIVE,
        target=InstanceState.SUSPENDED,
        actor=actor,
        reason=reason,
    )
    inbox.park([instance_id])


@transaction.atomic
def resume(*, instance_id: UUID, actor: Actor, reason: str) -> None:
    """Let a suspended instance go on."""
    _move(
        instance_id,
        source=InstanceState.SUSPENDED,
        target=InstanceState.ACTIVE,
        actor=actor,
        reason=reason,
    )
    inbox.unpark(instance_id)
    dispatch.ring_after_commit("engine")


def _move(
    instance_id: UUID,
    *,
    source: InstanceState,
    target: InstanceState,
    actor: Actor,
    reason: str,
) -> None:
    check_reason(reason)
    run = _load(instance_id)
    if run.instance.state is not source:
        raise Conflict(
            f"The instance is {run.instance.state.value}, not {source.value}."
        )
    run.instance.state = target
    kind = "suspended" if target is InstanceState.SUSPENDED else "resumed"
    run.add([
        audit.Draft(kind=f"instance.{kind}", actor=actor, detail={"reason": reason})
    ])
    store.save_runs([run])
    clocks = instance_clocks()
    if clocks is not None:
        turn = clocks.hold if target is InstanceState.SUSPENDED else clocks.let_go
        turn(instance_id=instance_id, actor=actor)
    tell_watch([instance_id])


def _load(instance_id: UUID) -> Run:
    runs = store.load_runs([instance_id], plan_for=plans.plan_for)
    if not runs:
        raise NotFound(f"There is no instance {instance_id}.")
    return runs[0]


def _check_start(definition: Definition, *, message: str, node_id: str) -> None:
    plan = plans.plan_for(definition.id, definition.process_id)
    if node_id:
        return
    if plan.start(message=message) is None:
        what = f"for message {message!r}" if message else "without a message"
        raise Invalid(f"Process {definition.process_id!r} has no start event {what}.")


def _begin(
    definition_id: int, starts: Sequence[Start], *, message: str, node_id: str = ""
) -> list[Run]:
    definition = Definition.objects.only("process_id").get(pk=definition_id)
    _check_start(definition, message=message, node_id=node_id)
    now = store.database_now()
    return [
        begin(
            definition_id=definition.id,
            process_id=definition.process_id,
            variables=wish.variables,
            actor=wish.initiator,
            initiator=wish.initiator.ref,
            now=now,
            business_key=wish.business_key,
            occurred_at=wish.occurred_at,
        )
        for wish in starts
    ]
