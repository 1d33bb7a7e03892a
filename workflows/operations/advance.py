"""Advance instances: settle what they ask for, save what they became.

One call is one transaction. Recovery after a crash is the same call again.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from workflows import dispatch, inbox, store
from workflows.core.engine import stimuli
from workflows.core.engine.hearing import hear
from workflows.core.engine.personal import paths_at
from workflows.core.engine.run import Run, StepGone
from workflows.core.engine.state import Call, Human
from workflows.core.engine.stimuli import StimulusKind
from workflows.core.states import InstanceState, StepState
from workflows.handlers import (
    BusinessError,
    HandlerContext,
    HandlerKind,
    Permanent,
    registry,
)
from workflows.holding import tell_diverted
from workflows.kinds import HumanOpened, HumanRequest, human_kind, tell_watch
from workflows.operations import (
    children,
    correlation,
    faults,
    plans,
    signals,
    timing,
)
from workflows.operations.receipts import received

BATCH = 50
ATTEMPTS = 5
"""How often the engine fails on an instance before a person has to look."""


@dataclass(frozen=True, slots=True)
class Advanced:
    """What one call did: instances moved, steps ended, and whether more may be due."""

    instances: int
    steps: int
    more: bool


@dataclass(slots=True)
class Batch:
    """Instances that advance together, and what others must write for them."""

    runs: Sequence[Run]
    opened: list[HumanOpened] = field(default_factory=list)
    started: list[Run] = field(default_factory=list)


def advance_batch(*, worker: str, limit: int = BATCH) -> Advanced:
    """Let up to `limit` due instances hear what waits for them, in one transaction.

    An instance on which the engine's own code fails must not stop the others: the
    batch is then done again one by one, and the failing one is set back.
    """
    due = store.pick_due(limit=limit)
    if not due:
        return Advanced(instances=0, steps=0, more=False)
    try:
        return _advance(due, limit=limit)
    except Exception:
        dispatch.log.exception("batch_failed", worker=worker, instances=len(due))
        if connection.in_atomic_block:
            raise
        return _one_by_one(due[:limit], worker=worker)


def settle_and_save(runs: Sequence[Run]) -> store.Saved:
    """Do all that the runs ask for, save them and ring for what is left."""
    if not runs:
        return store.Saved(step_seqs={}, instance_seqs={})
    batch = Batch(runs=runs)
    settle(batch)
    return save(batch)


def settle(batch: Batch) -> None:
    """Run calls, open human steps and start children until nothing is asked for."""
    asked = list(batch.runs)
    while asked:
        humans: list[tuple[Run, Human]] = []
        for run in asked:
            while calls := run.take_calls():
                for call in calls:
                    # The answer before it may have ended this one's scope.
                    if call.step.id in run.live:
                        hear(run, _call(run, call))
            for child in run.take_children():
                started = children.prepare(run, child)
                if started is not None:
                    batch.started.append(started)
            humans.extend((run, human) for human in run.take_humans())
        asked = _open_humans(batch, humans) if humans else []


def save(batch: Batch) -> store.Saved:
    """Write the batch; parts that own tasks write theirs after the entries stand."""
    signals.start_listeners(batch.runs)
    saved = timing.save_runs([*batch.runs, *batch.started])
    if batch.started:
        inbox.wish_start(batch.started, data={})
    now = batch.runs[0].now
    if batch.opened:
        # Those that were decided at once too: their owner keeps a record of them.
        live = {step_id for run in batch.runs for step_id in run.live}
        human_kind().write_opened(
            # None for a step that was opened and canceled in this one transaction.
            opened=[
                one
                for one in batch.opened
                if one.output is not None or one.step_id in live
            ],
            audit_seqs=saved.step_seqs,
            now=now,
        )
    off = [step for run in batch.runs for step in run.changes.humans_off]
    if off:
        human_kind().cancel_many(step_ids=off, audit_seqs=saved.step_seqs, now=now)
    tell_diverted(batch.runs, audit_seqs=saved.step_seqs)
    _ring(batch)
    tell_watch(list(saved.instance_seqs))
    return saved


def hear_row(
    run: Run, *, kind: str, step_id: int | None, data: Mapping[str, object]
) -> None:
    """Let a run hear a stored stimulus; one for a step that has ended is dropped.

    A message that nobody is left to hear goes back to those that wait for others.
    """
    if kind == StimulusKind.RECEIVED:
        _hear_message(run, step_id, data)
        return
    try:
        hear(run, _stimulus(kind, step_id, data))
    except StepGone:
        # A child's end may cross with the cancellation of the step that called it.
        return


def _hear_message(run: Run, step_id: int | None, data: Mapping[str, object]) -> None:
    drafts = run.changes.drafts
    before = len(drafts)
    drafts.append(received(data))
    try:
        if run.instance.state is not InstanceState.ACTIVE:
            raise StepGone(f"{run.instance.id} has ended by what it heard before.")
        hear(run, _stimulus(StimulusKind.RECEIVED, step_id, data))
    except StepGone:
        del drafts[before:]
        correlation.return_message(data)


def _advance(due: Sequence[UUID], *, limit: int) -> Advanced:
    with transaction.atomic():
        runs = store.load_free_runs(due, plan_for=plans.plan_for, limit=limit)
        if not runs:
            inbox.park(due)
            return Advanced(instances=0, steps=0, more=False)
        by_id = {run.instance.id: run for run in runs}
        for row in inbox.take(list(by_id)):
            hear_row(
                by_id[row.instance_id],
                kind=row.kind,
                step_id=row.step_id,
                data=row.data,
            )
        for run in runs:
            _go_on(run)
        settle_and_save(runs)
    ended = sum(1 for r in runs for s in r.touched if s.ended_at is not None)
    return Advanced(instances=len(runs), steps=ended, more=len(due) >= limit)


def _go_on(run: Run) -> None:
    """Do the READY steps whose moment has come."""
    due = [
        step.id
        for step in run.live.values()
        if step.state is StepState.READY
        and not step.new
        and not step.external
        and step.run_at is not None
        and step.run_at <= run.now
    ]
    for step_id in due:
        if step_id in run.live and run.instance.state is InstanceState.ACTIVE:
            hear(run, stimuli.Go(step_id=step_id))


def _one_by_one(due: Sequence[UUID], *, worker: str) -> Advanced:
    steps = 0
    for instance_id in due:
        try:
            steps += _advance([instance_id], limit=1).steps
        except Exception as error:  # noqa: BLE001  it must not stop the others
            dispatch.log.exception(
                "advance_failed", instance=str(instance_id), worker=worker
            )
            if inbox.set_back(instance_id) >= ATTEMPTS:
                faults.open_fault(instance_id, error)
    return Advanced(instances=len(due), steps=steps, more=True)


def _call(run: Run, call: Call) -> stimuli.Stimulus:
    """Run a pure or transactional handler and turn its end into a stimulus."""
    step = call.step
    handler = registry.get(call.handler, call.version)
    context = HandlerContext(
        idempotency_key=str(step.id),
        instance_id=run.instance.id,
        step_id=step.id,
        attempt=step.attempt,
        business_key=run.instance.business_key,
        now=run.now,
    )
    try:
        if handler.kind is HandlerKind.TRANSACTIONAL:
            # A savepoint: what a failing handler wrote goes, the batch stays.
            with transaction.atomic():
                output = handler.run(call.inputs, context)
        else:
            output = handler.run(call.inputs, context)
    except Exception as error:  # noqa: BLE001  whatever a handler raises is an answer
        return failure(step.id, error)
    return stimuli.Done(step_id=step.id, output=output)


def failure(step_id: int, error: Exception) -> stimuli.Stimulus:
    """Say what a handler's exception means for its step."""
    if isinstance(error, BusinessError):
        return stimuli.Fault(step_id=step_id, code=error.code, message=error.message)
    return stimuli.Failed(
        step_id=step_id,
        code=type(error).__name__,
        message=str(error) or type(error).__name__,
        jitter=random.random(),  # noqa: S311  spreads retries, guards nothing
        permanent=isinstance(error, Permanent),
    )


def _open_humans(batch: Batch, humans: Sequence[tuple[Run, Human]]) -> list[Run]:
    """Ask the human kind; return the runs that go on at once."""
    requests = [_request(run, human) for run, human in humans]
    opened = human_kind().open_many(requests=requests, now=humans[0][0].now)
    batch.opened.extend(opened)
    going_on = []
    for (run, human), answer in zip(humans, opened, strict=True):
        run.changes.evaluations.extend(answer.evaluations)
        if human.step.id not in run.live:
            # What was decided at once before it has ended its scope.
            continue
        if answer.output is None:
            run.waits(human.step, answer.drafts)
        else:
            hear(
                run,
                stimuli.Done(
                    step_id=human.step.id, output=answer.output, drafts=answer.drafts
                ),
            )
            going_on.append(run)
    return going_on


def _request(run: Run, human: Human) -> HumanRequest:
    package = plans.package_for(run.instance.definition_id)
    return HumanRequest(
        instance_id=run.instance.id,
        step_id=human.step.id,
        node=human.node,
        process_id=run.instance.process_id,
        definition_id=run.instance.definition_id,
        definition_key=package.key,
        definition_version=package.version,
        variables=human.variables,
        initiator=run.instance.initiator,
        business_key=run.instance.business_key,
        occurred_at=run.occurred_at,
        personal=paths_at(human.node, run.plan.personal),
        secret=run.instance.secret,
    )


def _stimulus(
    kind: str, step_id: int | None, data: Mapping[str, Any]
) -> stimuli.Stimulus:
    match StimulusKind(kind):
        case StimulusKind.START:
            return stimuli.Start(
                message=str(data.get("message", "")),
                node_id=str(data.get("node_id", "")),
            )
        case StimulusKind.CHILD_ENDED:
            return children.ended(step_id, data)
        case StimulusKind.CHILD_FAILED:
            return children.failed(step_id, data)
        case StimulusKind.CHILD_ESCALATED:
            return stimuli.Escalated(
                step_id=step_id or 0,
                code=str(data["code"]),
                message=str(data["message"]),
            )
        case StimulusKind.RECEIVED:
            return stimuli.Received(
                step_id=step_id,
                node_id=str(data["node_id"]),
                name=str(data["name"]),
                variables=data["variables"],
            )
        case StimulusKind.CANCEL:
            return children.canceled(data)


def _ring(batch: Batch) -> None:
    """Ring after the commit for whom the batch left something to do."""
    steps = [step for run in batch.runs for step in run.touched]
    if any(s.external and s.state is StepState.READY for s in steps):
        dispatch.ring_after_commit("services")
    if batch.started or any(run.changes.tells for run in batch.runs):
        dispatch.ring_after_commit("engine")
    correlation.match_after_commit(correlation.topics_of(batch.runs))
