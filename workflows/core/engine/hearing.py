"""What each stimulus does to a run. What nodes do is in the modules of behaviours."""

from collections.abc import Callable
from typing import Any

from workflows.core.actors import ENGINE
from workflows.core.bpmn.graph import EventKind, Node, NodeKind, RetrySpec
from workflows.core.canonical import digest
from workflows.core.engine import compensation, interventions, stimuli
from workflows.core.engine.behaviours import RULES
from workflows.core.engine.clocks import arm_again, next_occurrence
from workflows.core.engine.failing import TIMEOUT, fail_path, give_up
from workflows.core.engine.listening import listen_at_top
from workflows.core.engine.plan import PlanNode
from workflows.core.engine.run import UNDOES, Run, StepGone
from workflows.core.engine.state import StepRow
from workflows.core.engine.throwing import throw_error, throw_escalation
from workflows.core.engine.triggering import CAME, CLOSED, Coming, trigger
from workflows.core.engine.variables import INDEX
from workflows.core.feel import FeelSyntaxError
from workflows.core.iso8601 import Iso8601Error
from workflows.core.retry import decide_retry
from workflows.core.states import InstanceState, StepState

_ONE_ATTEMPT = RetrySpec(max_attempts=1, base_seconds=1, cap_seconds=1)


def hear(run: Run, stimulus: stimuli.Stimulus | interventions.Intervention) -> None:
    """Let an instance hear something and move its tokens until they are parked.

    Raises StepGone where the stimulus is for a step that has ended.
    """
    _HEARING[type(stimulus)](run, stimulus)
    run.drain(RULES)


def _start(run: Run, stimulus: stimuli.Start) -> None:
    try:
        listen_at_top(run)
    except (Iso8601Error, FeelSyntaxError) as error:
        _fail_start(run, "BAD_TIMER", str(error))
        return
    named = run.plan.nodes.get(stimulus.node_id)
    if named is not None:
        _start_at(run, named)
        return
    start = run.plan.start(message=stimulus.message, signal=stimulus.signal)
    if start is not None:
        run.send(start.node.id, None)
        return
    plain = not stimulus.message and not stimulus.signal
    entries = (run.plan.entries() or _conditional_start(run)) if plain else ()
    for entry in entries:
        run.send(entry.node.id, None)
    if not entries:
        wanted = stimulus.message or stimulus.signal
        _fail_start(run, "NO_START", f"The process has no start event {wanted!r}.")


def _conditional_start(run: Run) -> tuple[PlanNode, ...]:
    """Return the first start event whose condition the first variables meet (10.5.2)."""
    for start in run.plan.process.starts():
        planned = run.plan.nodes[start.id]
        if start.event is not EventKind.CONDITIONAL or planned.condition is None:
            continue
        if run.variables.evaluate(planned.condition, {}) is True:
            return (planned,)
    return ()


def _start_at(run: Run, named: PlanNode) -> None:
    """Begin at a start event, or behind an event that began the instance."""
    node = named.node
    if node.kind not in (NodeKind.INTERMEDIATE_CATCH_EVENT, NodeKind.RECEIVE_TASK):
        run.send(node.id, None)
        return
    run.send(node.id, None, data={CAME: {"started": True}})
    for flow in node.flows_in:
        gateway = run.plan.nodes[run.plan.process.flows[flow].source]
        if gateway.node.parallel_events:
            # The events that have not come yet are waited for (10.6.6).
            for name, target in gateway.targets:
                if target.id != node.id:
                    run.send(target.id, None, name)


def _fail_start(run: Run, code: str, message: str) -> None:
    run.finish(
        InstanceState.FAILED, detail={"code": code, "message": message}, actor=ENGINE
    )


def _go(run: Run, stimulus: stimuli.Go) -> None:
    planned, step = run.step(stimulus.step_id)
    if step.state is not StepState.READY:
        return
    step.run_at = None
    RULES.enter(run, planned, step)


def _done(run: Run, stimulus: stimuli.Done) -> None:
    planned, step = run.step(stimulus.step_id)
    run.add(stimulus.drafts)
    detail: dict[str, object] = dict(stimulus.detail)
    if step.attempt > 1:
        detail["attempt"] = step.attempt
    if stimulus.output:
        detail["output"] = digest(stimulus.output)
    if step.state is StepState.INCIDENT:
        run.withdraw_incident(step)
    if UNDOES in step.data and compensation.GAVE in step.data:
        # What a compensating handler answers says nothing about the case.
        run.complete(planned, step, detail, actor=stimulus.actor)
        return
    if planned.handler is not None and planned.handler.compensation:
        inputs = run.variables.inputs(planned, step)
        step.data[compensation.GAVE] = {**inputs, **stimulus.output}
    result = planned.node.result
    if not result and planned.node.kind is NodeKind.USER_TASK:
        result = planned.node.id
    run.variables.keep_output(planned, stimulus.output, detail, result=result, at=step)
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
        give_up(run, step, code=stimulus.code, message=stimulus.message)
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
    code, message = stimulus.code, stimulus.message
    if throw_error(run, step, code=code, message=message, actor=stimulus.actor):
        return
    if not fail_path(run, step, code=code, message=message):
        run.incident(
            step,
            code=code,
            message=f"{message} (no error event catches {code})",
        )


def _escalated(run: Run, stimulus: stimuli.Escalated) -> None:
    _, step = run.step(stimulus.step_id)
    throw_escalation(run, step, code=stimulus.code, message=stimulus.message)


def _timer(run: Run, stimulus: stimuli.TimerFired) -> None:
    host = run.step(stimulus.step_id)[1] if stimulus.step_id is not None else None
    if stimulus.data.get("timeout") and host is not None:
        if host.state is StepState.INCIDENT:
            return
        seconds = run.plan.nodes[host.node_id].node.timeout_seconds
        give_up(run, host, code=TIMEOUT, message=f"Not done within {seconds:g} s.")
        return
    event = run.plan.nodes[stimulus.node_id].node
    detail = {"due_at": stimulus.due_at.isoformat()}
    trigger(run, host, event, Coming(detail=detail))
    if not event.interrupting:
        _repeat(run, event, stimulus)


def _repeat(run: Run, event: Node, stimulus: stimuli.TimerFired) -> None:
    text = stimulus.data.get("cycle")
    if text is None:
        return
    fired = int(stimulus.data.get("fired", 0)) + 1
    due_at = next_occurrence(due_at=stimulus.due_at, text=text, fired=fired)
    if due_at is not None:
        data: dict[str, object] = {"cycle": text, "fired": fired}
        arm_again(run, stimulus.step_id, node=event, due_at=due_at, data=data)


def _received(run: Run, stimulus: stimuli.Received) -> None:
    host = run.step(stimulus.step_id)[1] if stimulus.step_id is not None else None
    planned = run.plan.nodes.get(stimulus.node_id)
    if planned is None:
        # It was told while the instance moved to a version without this event.
        raise StepGone(f"The process has no event {stimulus.node_id!r} any more.")
    event = planned.node
    word = "signal" if event.event is EventKind.SIGNAL else "message"
    coming = Coming(
        output=stimulus.variables,
        detail={word: stimulus.name, **stimulus.detail},
        actor=stimulus.actor,
    )
    trigger(run, host, event, coming)


def _message(run: Run, stimulus: stimuli.Message) -> None:
    for host, event in _listening(run):
        if event.message == stimulus.name:
            coming = Coming(
                output=stimulus.variables,
                detail={"message": stimulus.name},
                actor=stimulus.actor,
            )
            trigger(run, host, event, coming)
            return
    raise StepGone(f"{run.instance.id} does not wait for message {stimulus.name!r}.")


def _listening(run: Run) -> list[tuple[StepRow | None, Node]]:
    """Return who waits for messages: steps first, event sub-processes of the top last."""
    found: list[tuple[StepRow | None, Node]] = []
    for step in run.live.values():
        if step.state is StepState.READY:
            continue
        planned = run.plan.nodes[step.node_id]
        if step.state is StepState.WAITING:
            if planned.loop is None or INDEX in step.data:
                found.append((step, planned.node))
            found.extend((step, event) for _, event in planned.targets)
        if INDEX not in step.data:
            found.extend((step, event) for event in planned.attached)
        if not step.data.get(CLOSED):
            found.extend((step, event) for event in planned.inside)
    if not run.instance.data.get(CLOSED):
        found.extend((None, event) for event in run.plan.inside)
    return [one for one in found if _waits_for_message(one[1])]


def _waits_for_message(node: Node) -> bool:
    return node.kind is NodeKind.RECEIVE_TASK or (
        node.event is EventKind.MESSAGE
        and node.kind
        in (
            NodeKind.INTERMEDIATE_CATCH_EVENT,
            NodeKind.BOUNDARY_EVENT,
            NodeKind.START_EVENT,
        )
    )


def _activate(run: Run, stimulus: stimuli.Activate) -> None:
    planned, step = run.step(stimulus.step_id)
    known = {entry.node.id for entry in run.plan.entries(planned.node.id)}
    if planned.node.ad_hoc is None or not known.issuperset(stimulus.nodes):
        raise StepGone(f"{planned.node.id} holds no such activities to begin.")
    detail = {"activities": list(stimulus.nodes), "reason": stimulus.reason}
    run.note(step, "step.activated", detail, actor=stimulus.actor)
    for name in stimulus.nodes:
        run.send(name, step.id)


def _cancel(run: Run, stimulus: stimuli.Cancel) -> None:
    if stimulus.compensate:
        compensation.undo_case(run, reason=stimulus.reason, actor=stimulus.actor)
        return
    why = {"because": stimulus.because} if stimulus.because else {}
    run.finish(
        InstanceState.CANCELED,
        detail=why or {"reason": stimulus.reason},
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
        run.variables.assign(stimulus.variables, step)
    run.note(step, "step.retried", detail, actor=stimulus.actor)
    step.state = StepState.READY
    step.attempt = 0
    step.error = ""
    RULES.enter(run, planned, step)


_HEARING: dict[type[Any], Callable[[Run, Any], None]] = {
    stimuli.Start: _start,
    stimuli.Go: _go,
    stimuli.Done: _done,
    stimuli.Failed: _failed,
    stimuli.Fault: _fault,
    stimuli.Escalated: _escalated,
    stimuli.TimerFired: _timer,
    stimuli.Received: _received,
    stimuli.Message: _message,
    stimuli.Activate: _activate,
    stimuli.Cancel: _cancel,
    stimuli.Retry: _retry,
    interventions.Skip: interventions.skip,
    interventions.Move: interventions.move,
    interventions.EditVariables: interventions.edit,
}
