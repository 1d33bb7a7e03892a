"""What events do when a token comes (clauses 10.5 and 13.5). Listening: listening.py."""

from workflows.core.actors import ENGINE
from workflows.core.bpmn.graph import EventKind
from workflows.core.engine.activities import service
from workflows.core.engine.compensation import cancel_transaction, compensate
from workflows.core.engine.plan import PlanNode
from workflows.core.engine.run import Run
from workflows.core.engine.state import StepRow
from workflows.core.engine.throwing import (
    throw_error,
    throw_escalation,
    throw_message,
    throw_signal,
)
from workflows.core.engine.triggering import CAME, wait_or_go_on
from workflows.core.states import InstanceState, StepState


def go_on(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Go on at once: starts, and boundary events that were triggered."""
    run.complete(planned, step, step.data.get(CAME))


def catch(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Wait for a moment, a message, a signal or a condition; a link goes on at once."""
    if planned.node.event is EventKind.LINK:
        run.complete(planned, step)
    else:
        wait_or_go_on(run, planned, step)


def throw(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Throw what an intermediate event throws, and go on."""
    node = planned.node
    match node.event:
        case EventKind.COMPENSATION:
            compensate(run, planned, step)
        case EventKind.LINK:
            _jump(run, planned, step)
        case EventKind.MESSAGE if node.handler:
            service(run, planned, step)
        case _:
            if _throw(run, planned, step):
                run.complete(planned, step)


def end(run: Run, planned: PlanNode, step: StepRow) -> None:
    """End a path; what its event throws may end the scope around it as well."""
    node = planned.node
    if step.scope_id is None:
        run.instance.end_node_id = node.id
    match node.event:
        case EventKind.ERROR:
            _end_in_error(run, planned, step)
        case EventKind.TERMINATE:
            run.close(step, StepState.COMPLETED)
            run.note(step, "step.completed")
            run.release(step, quietly=True)
            run.end_scope(step.scope_id, node_id=node.id)
        case EventKind.COMPENSATION:
            compensate(run, planned, step)
        case EventKind.CANCEL:
            cancel_transaction(run, planned, step)
        case EventKind.MESSAGE if node.handler:
            service(run, planned, step)
        case _:
            if _throw(run, planned, step):
                run.complete(planned, step, flows=())


def _throw(run: Run, planned: PlanNode, step: StepRow) -> bool:
    """Throw and tell whether the step that threw still lives."""
    node = planned.node
    match node.event:
        case EventKind.MESSAGE:
            throw_message(run, planned, step)
        case EventKind.SIGNAL:
            throw_signal(run, planned, step)
        case EventKind.ESCALATION:
            return throw_escalation(
                run, step, code=node.escalation_code, message=node.name
            )
        case _:
            pass
    return True


def _jump(run: Run, planned: PlanNode, step: StepRow) -> None:
    target = run.plan.links.get((planned.node.scope, planned.node.link))
    if target is None:
        run.incident(
            step,
            code="NO_LINK",
            message=f"No link catch event is named {planned.node.link!r}.",
        )
        return
    run.send(target, step.scope_id)
    run.complete(planned, step, {"link": planned.node.link}, flows=())


def _end_in_error(run: Run, planned: PlanNode, step: StepRow) -> None:
    code = planned.node.error_code
    message = planned.node.name or f"The process ended with error {code}."
    run.note(step, "step.error_thrown", {"code": code})
    if not throw_error(run, step, code=code, message=message):
        run.close(step, StepState.COMPLETED)
        run.instance.end_node_id = planned.node.id
        run.finish(
            InstanceState.FAILED,
            detail={"end": planned.node.id, "code": code, "message": message},
            actor=ENGINE,
        )
