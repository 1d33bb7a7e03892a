"""Automatic steps that a stop holds: they wait, or take the fallback drawn for it."""

from workflows.core.bpmn.graph import NodeKind
from workflows.core.engine import compensation
from workflows.core.engine.failing import CIRCUIT, FAILURE
from workflows.core.engine.plan import PlanNode
from workflows.core.engine.run import UNDOES, Run
from workflows.core.engine.state import Diverted, Hold, StepRow
from workflows.core.engine.throwing import throw_error
from workflows.core.states import StepState

STOPPED = "cs.stopped"
_FALLBACKS = (STOPPED, CIRCUIT, FAILURE)
_AUTOMATIC = frozenset({
    NodeKind.BUSINESS_RULE_TASK,
    NodeKind.SCRIPT_TASK,
    NodeKind.SEND_TASK,
    NodeKind.SERVICE_TASK,
})
"""Tasks that nobody does: what a stop of everything holds."""


def find_hold(run: Run, planned: PlanNode, step: StepRow) -> Hold | None:
    """Return the stop that covers a step, of several the one that ends last.

    What takes an effect back is never held: to undo is always safe. Nor is what is only
    told again of the past.
    """
    node = planned.node
    decides = node.kind is NodeKind.BUSINESS_RULE_TASK
    if run.occurred_at is not None or not (node.handler or node.kind in _AUTOMATIC):
        return None
    if UNDOES in step.data or compensation.GAVE in step.data:
        return None
    covering = [
        hold
        for hold in run.holds()
        if (hold.definitions is None or run.instance.definition_id in hold.definitions)
        and (
            hold.everything
            or node.handler in hold.handlers
            or (decides and hold.decisions)
        )
    ]
    return max(covering, key=lambda hold: (hold.until, hold.stop), default=None)


def hold_back(run: Run, planned: PlanNode, step: StepRow) -> bool:
    """Hold a step that would decide here and now; False where nothing stops it.

    A step of an outside system begins as always, with its timers; it is held when a
    worker would take it.
    """
    if planned.handler is not None and planned.handler.external:
        return False
    hold = find_hold(run, planned, step)
    if hold is None:
        return False
    divert(run, step, hold)
    return True


def divert(run: Run, step: StepRow, hold: Hold, *, answered: bool = False) -> None:
    """Send a covered step to its drawn fallback, or have it wait for the stop's end.

    `answered` says that a call under way has ended: its answer is not used, and the
    step is done again when the stop is over.
    """
    detail: dict[str, object] = {"stop": hold.stop, "until": hold.until.isoformat()}
    if answered:
        detail["because"] = "answered meanwhile"
        step.attempt = max(step.attempt - 1, 0)
    step.state = StepState.READY
    step.run_at = hold.until
    run.note(step, "step.held", detail)
    message = f"Automatic decisions are stopped (stop {hold.stop})."
    fell = any(
        throw_error(run, step, code=code, message=message) for code in _FALLBACKS
    )
    run.changes.diverted.append(Diverted(step.id, step.node_id, hold.stop, fell=fell))
