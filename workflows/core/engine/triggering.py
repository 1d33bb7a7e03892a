"""What happens when an event that a step listens to comes. Listening: listening.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from workflows.core.actors import ENGINE, Actor
from workflows.core.bpmn.graph import EventKind, Node, NodeKind
from workflows.core.canonical import digest
from workflows.core.engine.listening import listen, stop_listening
from workflows.core.engine.plan import PlanNode
from workflows.core.engine.run import Run, StepGone
from workflows.core.engine.state import StepRow
from workflows.core.states import StepState

CAME = "came"
CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Coming:
    """What an event brings: variables, words for the entry, and who caused it."""

    output: Mapping[str, object] = field(default_factory=dict)
    detail: Mapping[str, object] = field(default_factory=dict)
    actor: Actor = ENGINE


def trigger(run: Run, host: StepRow | None, event: Node, coming: Coming) -> None:
    """Let an event come to the step that listens for it; `host` None is the top.

    Raises StepGone where nothing listens any more.
    """
    if host is None:
        open_event_scope(run, host, event, coming)
    elif host.node_id == event.id:
        _end_wait(run, host, coming)
    elif event.attached_to:
        _leave_by_boundary(run, host, event, coming)
    elif host.kind == NodeKind.EVENT_BASED_GATEWAY:
        _leave_gateway(run, host, event, coming)
    else:
        open_event_scope(run, host, event, coming)


def open_event_scope(
    run: Run, host: StepRow | None, event: Node, coming: Coming
) -> None:
    """Begin an event sub-process at its start event (clause 10.3.5, 13.5.4).

    An interrupting one ends everything else in its scope and closes the scope's other
    event sub-processes.
    """
    kept = run.kept(host)
    if kept.get(CLOSED):
        raise StepGone(f"The scope of {event.id} was interrupted before.")
    detail = _keep(run, event, coming, at=host)
    scope_id = host.id if host is not None else None
    if event.interrupting:
        run.clear_scope(scope_id, f"event {event.id}", actor=coming.actor)
        kept[CLOSED] = True
        run.keep(host)
        held = run.plan.events_in(host.node_id if host is not None else "")
        stop_listening(run, host, held)
    run.send(event.scope, scope_id, data={"event": event.id, "detail": detail})


def wait_or_go_on(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Wait for the event of a catch event or receive task, unless it came before."""
    came = step.data.get(CAME)
    if came is not None:
        run.complete(planned, step, came)
        return
    step.state = StepState.WAITING
    run.waits(step)
    listen(run, planned, step)


def _end_wait(run: Run, step: StepRow, coming: Coming) -> None:
    planned = run.plan.nodes[step.node_id]
    if step.state is StepState.INCIDENT:
        # It waited too long, and what it waited for has come after all.
        run.withdraw_incident(step)
    elif step.state is not StepState.WAITING:
        raise StepGone(f"Step {step.id} does not wait ({step.state.value}).")
    detail = _keep(run, planned.node, coming, at=step)
    run.complete(planned, step, detail, actor=coming.actor)


def _leave_by_boundary(run: Run, host: StepRow, event: Node, coming: Coming) -> None:
    detail = _keep(run, event, coming, at=run.scope_of(host))
    run.send(event.id, host.scope_id, data={CAME: detail})
    if event.interrupting:
        run.cancel(host, f"{event.event.value} {event.id}", actor=coming.actor)


def _leave_gateway(run: Run, gateway: StepRow, event: Node, coming: Coming) -> None:
    planned = run.plan.nodes[gateway.node_id]
    detail = _keep(run, event, coming, at=gateway)
    flow = next(name for name, target in planned.targets if target.id == event.id)
    run.close(gateway, StepState.COMPLETED)
    run.note(gateway, "step.completed", {"flows": [flow]}, actor=coming.actor)
    run.send(event.id, gateway.scope_id, flow, {CAME: detail})
    run.release(gateway)


def _keep(
    run: Run, event: Node, coming: Coming, *, at: StepRow | None
) -> dict[str, object]:
    """Keep what an event brings as variables; return the words for its entry."""
    detail = dict(coming.detail)
    if coming.output:
        detail["output"] = digest(coming.output)
        planned = run.plan.nodes[event.id]
        run.variables.keep_output(
            planned, coming.output, detail, result=event.result, at=at
        )
    return detail


def check_conditions(run: Run) -> bool:
    """Trigger conditional events whose condition has become true (clause 10.5.6).

    Returns whether any did. An event is triggered when its condition goes from false
    to true, also right when it begins to listen.
    """
    for host, event in _conditional(run):
        kept = run.kept(host)
        known = dict(kept.get("cond", {}))
        condition = run.plan.nodes[event.id].condition
        if condition is None:
            continue
        holds = run.variables.evaluate(condition, {}, host) is True
        if holds == known.get(event.id, False):
            continue
        known[event.id] = holds
        kept["cond"] = known
        run.keep(host)
        if holds:
            heard = Coming(detail={"condition": condition.text[:200]})
            trigger(run, host, event, heard)
            # What was listed may have ended with it: look again from the start.
            run.variables.changes += 1
            return True
    return False


def _conditional(run: Run) -> list[tuple[StepRow | None, Node]]:
    found: list[tuple[StepRow | None, Node]] = []
    if not run.instance.data.get(CLOSED):
        found.extend((None, event) for event in run.plan.inside)
    for step in run.live.values():
        if step.state is StepState.READY:
            continue
        planned = run.plan.nodes[step.node_id]
        events = [event for _, event in planned.targets]
        iteration = "index" in step.data
        if planned.node.kind is NodeKind.INTERMEDIATE_CATCH_EVENT:
            events.append(planned.node)
        if not iteration:
            events.extend(planned.attached)
        if (iteration or planned.loop is None) and not step.data.get(CLOSED):
            events.extend(planned.inside)
        found.extend((step, event) for event in events)
    return [one for one in found if one[1].event is EventKind.CONDITIONAL]
