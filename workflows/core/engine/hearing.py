"""What each stimulus does to a run. What nodes do is in behaviours."""

from collections.abc import Callable
from typing import Any

from workflows.core.actors import ENGINE
from workflows.core.bpmn.graph import EventKind, NodeKind, RetrySpec
from workflows.core.canonical import digest
from workflows.core.engine import stimuli
from workflows.core.engine.behaviours import BEHAVIOURS
from workflows.core.engine.clocks import arm_again, next_occurrence
from workflows.core.engine.plan import PlanNode
from workflows.core.engine.run import Run, StepGone
from workflows.core.engine.state import StepRow
from workflows.core.retry import decide_retry
from workflows.core.states import InstanceState, StepState

_ONE_ATTEMPT = RetrySpec(max_attempts=1, base_seconds=1, cap_seconds=1)


def hear(run: Run, stimulus: stimuli.Stimulus) -> None:
    """Let an instance hear something and move its tokens until they are parked.

    Raises StepGone where the stimulus is for a step that has ended.
    """
    _HEARING[type(stimulus)](run, stimulus)
    run.drain(BEHAVIOURS)


def _start(run: Run, stimulus: stimuli.Start) -> None:
    start = run.plan.nodes.get(stimulus.node_id) or run.plan.start(
        message=stimulus.message
    )
    if start is None:
        run.finish(
            InstanceState.FAILED,
            detail={
                "code": "NO_START",
                "message": f"The process has no start event {stimulus.message!r}.",
            },
            actor=ENGINE,
        )
        return
    run.send(start.node.id, None)


def _go(run: Run, stimulus: stimuli.Go) -> None:
    planned, step = run.step(stimulus.step_id)
    if step.state is not StepState.READY:
        return
    step.run_at = None
    BEHAVIOURS[planned.node.kind](run, planned, step)


def _done(run: Run, stimulus: stimuli.Done) -> None:
    planned, step = run.step(stimulus.step_id)
    run.add(stimulus.drafts)
    detail: dict[str, object] = dict(stimulus.detail)
    if step.attempt > 1:
        detail["attempt"] = step.attempt
    if stimulus.output:
        detail["output"] = digest(stimulus.output)
    if step.state is StepState.INCIDENT:
        run.changes.incidents_off.append(step.id)
    result = planned.node.result
    if not result and planned.node.kind is NodeKind.USER_TASK:
        result = planned.node.id
    run.variables.keep_output(planned, stimulus.output, detail, result=result)
    run.complete(planned, step, detail, actor=stimulus.actor)


def _failed(run: Run, stimulus: stimuli.Failed) -> None:
    planned, step = run.step(stimulus.step_id)
    spec = planned.retry or _ONE_ATTEMPT
    decision = (
        None
        if stimulus.permanent
        else decide_retry(
            spec=spec, attempt=step.attempt, jitter=stimulus.jitter, now=run.now
        )
    )
    if decision is None:
        run.incident(step, code=stimulus.code, message=stimulus.message)
        return
    step.state = StepState.READY
    step.run_at = decision.run_at
    step.error = stimulus.message[:2000]
    run.note(
        step,
        "step.failed",
        {
            "code": stimulus.code,
            "message": step.error,
            "attempt": step.attempt,
            "retry_at": decision.run_at.isoformat(),
        },
    )


def _fault(run: Run, stimulus: stimuli.Fault) -> None:
    _, step = run.step(stimulus.step_id)
    run.add(stimulus.drafts)
    caught = run.throw(
        step, code=stimulus.code, message=stimulus.message, actor=stimulus.actor
    )
    if not caught:
        run.incident(
            step,
            code=stimulus.code,
            message=f"{stimulus.message} (no error event catches {stimulus.code})",
        )


def _timer(run: Run, stimulus: stimuli.TimerFired) -> None:
    planned, step = run.step(stimulus.step_id or 0)
    if planned.node.id == stimulus.node_id:
        run.complete(planned, step, {"due_at": stimulus.due_at.isoformat()})
        return
    event = run.plan.nodes[stimulus.node_id].node
    scope_id = step.scope_id
    if event.interrupting:
        run.send(event.id, scope_id)
        run.cancel(step, f"timer {event.id}")
        return
    run.send(event.id, scope_id)
    _repeat(run, step, event_id=event.id, stimulus=stimulus)


def _repeat(
    run: Run, step: StepRow, *, event_id: str, stimulus: stimuli.TimerFired
) -> None:
    text = stimulus.data.get("cycle")
    if text is None:
        return
    fired = int(stimulus.data.get("fired", 0)) + 1
    due_at = next_occurrence(due_at=stimulus.due_at, text=text, fired=fired)
    if due_at is not None:
        node = run.plan.nodes[event_id].node
        data: dict[str, object] = {"cycle": text, "fired": fired}
        arm_again(run, step, node=node, due_at=due_at, data=data)


def _message(run: Run, stimulus: stimuli.Message) -> None:
    for step in run.live.values():
        planned = run.plan.nodes[step.node_id]
        node = planned.node
        waits = (
            node.kind is NodeKind.INTERMEDIATE_CATCH_EVENT
            and node.event is EventKind.MESSAGE
            and node.message == stimulus.name
            and step.state is StepState.WAITING
        )
        if waits:
            _receive(run, planned, step, stimulus)
            return
    raise StepGone(f"{run.instance.id} does not wait for message {stimulus.name!r}.")


def _receive(
    run: Run, planned: PlanNode, step: StepRow, stimulus: stimuli.Message
) -> None:
    detail: dict[str, object] = {"message": stimulus.name}
    if stimulus.variables:
        detail["output"] = digest(stimulus.variables)
    run.variables.keep_output(
        planned, stimulus.variables, detail, result=planned.node.result
    )
    run.complete(planned, step, detail, actor=stimulus.actor)


def _cancel(run: Run, stimulus: stimuli.Cancel) -> None:
    run.finish(
        InstanceState.CANCELED,
        detail={"reason": stimulus.reason},
        actor=stimulus.actor,
    )


def _retry(run: Run, stimulus: stimuli.Retry) -> None:
    planned, step = run.step(stimulus.step_id)
    if step.state is not StepState.INCIDENT:
        raise StepGone(f"Step {step.id} is not in an incident any more.")
    detail: dict[str, object] = {"reason": stimulus.reason}
    if stimulus.variables:
        detail["variables"] = sorted(stimulus.variables)
        detail["digest"] = digest(stimulus.variables)
        run.variables.assign(stimulus.variables)
    run.note(step, "step.retried", detail, actor=stimulus.actor)
    step.state = StepState.READY
    step.attempt = 0
    step.error = ""
    BEHAVIOURS[planned.node.kind](run, planned, step)


_HEARING: dict[type[Any], Callable[[Run, Any], None]] = {
    stimuli.Start: _start,
    stimuli.Go: _go,
    stimuli.Done: _done,
    stimuli.Failed: _failed,
    stimuli.Fault: _fault,
    stimuli.TimerFired: _timer,
    stimuli.Message: _message,
    stimuli.Cancel: _cancel,
    stimuli.Retry: _retry,
}
