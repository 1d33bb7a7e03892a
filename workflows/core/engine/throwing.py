"""What steps throw: errors, escalations, messages, signals, links.

Who catches is the nearest enclosing activity with a matching boundary event, or the
nearest enclosing scope with a matching event sub-process (BPMN 2.0, 10.5.1, 10.5.7).
"""

from collections.abc import Iterator

from workflows.core.actors import ENGINE, Actor
from workflows.core.bpmn.graph import EventKind, Node
from workflows.core.engine.listening import correlation_key
from workflows.core.engine.plan import PlanNode
from workflows.core.engine.run import Run
from workflows.core.engine.state import MessageThrow, SignalThrow, StepRow
from workflows.core.engine.stimuli import StimulusKind
from workflows.core.engine.telling import tell_parent
from workflows.core.engine.triggering import CLOSED, Coming, open_event_scope
from workflows.core.engine.variables import INDEX
from workflows.core.iso8601 import Iso8601Error, parse_duration

RESERVED = "cs."
"""Codes of the engine's own failures; only events that name them catch them."""

DEFAULT_TTL_SECONDS = 3600.0


def throw_error(
    run: Run,
    step: StepRow,
    *,
    code: str,
    message: str,
    actor: Actor = ENGINE,
    outside: bool = False,
) -> bool:
    """Raise a BPMN error from a step; return whether something caught it.

    An event without a code catches every error but the reserved ones. `outside`
    passes over the step's own boundary events.
    """
    for host, event in _catchers(run, step, EventKind.ERROR):
        own = outside and host is step
        if own or not _matches(event.error_code, code):
            continue
        error = {event.result or "error": {"code": code, "message": message}}
        detail = {"code": code}
        if event.attached_to and host is not None:
            run.send(event.id, host.scope_id, data={"came": detail})
            scope = run.scope_of(host)
            run.cancel(host, f"error {code}", actor=actor)
            run.variables.assign(error, scope)
        else:
            run.variables.assign(error, host)
            open_event_scope(run, host, event, Coming(detail=detail, actor=actor))
        return True
    return False


def catches_error(run: Run, step: StepRow, code: str) -> bool:
    """Tell whether an error of this code that a step throws would be caught."""
    return any(
        _matches(event.error_code, code)
        for _, event in _catchers(run, step, EventKind.ERROR)
    )


def throw_escalation(run: Run, step: StepRow, *, code: str, message: str) -> bool:
    """Raise an escalation from a step; return whether the step still lives.

    Where nobody catches it, the instance that called this one hears of it; at the very
    top it is only noted.
    """
    run.note(step, "step.escalated", {"code": code})
    for host, event in _catchers(run, step, EventKind.ESCALATION):
        if event.escalation_code not in ("", code):
            continue
        brought = {event.result or "escalation": {"code": code, "message": message}}
        if event.attached_to and host is not None:
            run.variables.assign(brought, run.scope_of(host))
            run.send(event.id, host.scope_id, data={"came": {"code": code}})
            if event.interrupting:
                run.cancel(host, f"escalation {code}")
        else:
            run.variables.assign(brought, host)
            open_event_scope(run, host, event, Coming(detail={"code": code}))
        return step.id in run.live
    tell_parent(
        run.changes,
        run.instance,
        StimulusKind.CHILD_ESCALATED,
        {"code": code, "message": message},
    )
    return True


def throw_message(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Send a message to whoever waits for its name and key.

    It carries the step's inputs: what its mappings say, or nothing.
    """
    node = planned.node
    seconds = DEFAULT_TTL_SECONDS
    if node.time_to_live:
        try:
            seconds = parse_duration(node.time_to_live).exact.total_seconds()
        except Iso8601Error:
            # Deployment has refused such a text; a migrated step must not stop here.
            seconds = DEFAULT_TTL_SECONDS
    run.changes.messages.append(
        MessageThrow(
            step_id=step.id,
            name=node.message,
            key=correlation_key(run, planned, step),
            message_id=f"step:{step.id}",
            variables=run.variables.inputs(planned, step) if planned.inputs else {},
            ttl_seconds=seconds,
        )
    )


def throw_signal(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Send a signal to all who wait for its name when this advance commits."""
    run.changes.signals.append(
        SignalThrow(
            step_id=step.id,
            name=planned.node.signal,
            variables=run.variables.inputs(planned, step) if planned.inputs else {},
        )
    )


def _matches(wanted: str, code: str) -> bool:
    if code.startswith(RESERVED):
        return wanted == code
    return wanted in ("", code)


def _catchers(
    run: Run, step: StepRow, kind: EventKind
) -> Iterator[tuple[StepRow | None, Node]]:
    """Yield who may catch, nearest first; of one place those with a code first.

    What an event sub-process throws is not caught by the event sub-processes of the
    scope that holds it.
    """
    at: StepRow | None = step
    while at is not None:
        planned = run.plan.nodes[at.node_id]
        if INDEX not in at.data:
            yield from ((at, event) for event in _of(planned.attached, kind))
        scope = run.scope_of(at)
        if not planned.node.event_scope and not run.kept(scope).get(CLOSED):
            inside = run.plan.inside
            if scope is not None:
                body = "loop" in scope.data
                inside = () if body else run.plan.nodes[scope.node_id].inside
            yield from ((scope, event) for event in _of(inside, kind))
        at = scope


def _of(events: tuple[Node, ...], kind: EventKind) -> list[Node]:
    found = [event for event in events if event.event is kind]
    return sorted(found, key=lambda one: not (one.error_code or one.escalation_code))
