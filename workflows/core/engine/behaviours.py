"""Which module does what for each kind of node. How a run works is in run.py."""

from collections.abc import Callable
from typing import Final

from workflows.core.bpmn.graph import NodeKind
from workflows.core.engine import (
    activities,
    braking,
    compensation,
    events,
    gateways,
    loops,
)
from workflows.core.engine.plan import PlanNode
from workflows.core.engine.run import UNDOES, Rules, Run
from workflows.core.engine.state import StepRow
from workflows.core.engine.triggering import check_conditions, wait_or_go_on
from workflows.core.engine.variables import INDEX
from workflows.core.states import StepState

Behaviour = Callable[[Run, PlanNode, StepRow], None]

BEHAVIOURS: Final[dict[NodeKind, Behaviour]] = {
    NodeKind.START_EVENT: events.go_on,
    NodeKind.END_EVENT: events.end,
    NodeKind.INTERMEDIATE_CATCH_EVENT: events.catch,
    NodeKind.INTERMEDIATE_THROW_EVENT: events.throw,
    NodeKind.BOUNDARY_EVENT: events.go_on,
    NodeKind.TASK: activities.pass_through,
    NodeKind.MANUAL_TASK: activities.pass_through,
    NodeKind.USER_TASK: activities.user,
    NodeKind.SERVICE_TASK: activities.service,
    NodeKind.BUSINESS_RULE_TASK: activities.business_rule,
    NodeKind.SCRIPT_TASK: activities.script,
    NodeKind.SEND_TASK: activities.send,
    NodeKind.RECEIVE_TASK: wait_or_go_on,
    NodeKind.EXCLUSIVE_GATEWAY: gateways.exclusive,
    NodeKind.PARALLEL_GATEWAY: gateways.parallel,
    NodeKind.INCLUSIVE_GATEWAY: gateways.inclusive,
    NodeKind.COMPLEX_GATEWAY: gateways.complex_gateway,
    NodeKind.EVENT_BASED_GATEWAY: gateways.event_based,
    NodeKind.SUB_PROCESS: activities.sub_process,
    NodeKind.TRANSACTION: activities.sub_process,
    NodeKind.AD_HOC_SUB_PROCESS: activities.ad_hoc,
    NodeKind.CALL_ACTIVITY: activities.call_activity,
}
_JOINS = frozenset({NodeKind.INCLUSIVE_GATEWAY, NodeKind.COMPLEX_GATEWAY})


def enter(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Begin a step: as an iteration, as something to undo, or as its kind does."""
    if compensation.UNDO in step.data and UNDOES in step.data:
        compensation.undo_scope(run, planned, step)
    elif compensation.GAVE in step.data:
        activities.service(run, planned, step)
    elif planned.loop is not None and INDEX not in step.data:
        loops.open_body(run, planned, step, planned.loop)
    elif not braking.hold_back(run, planned, step):
        BEHAVIOURS[planned.node.kind](run, planned, step)


def _special_end(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Do what the end of a step brings beyond the flows that leave it."""
    if UNDOES in step.data:
        compensation.undone(run, step)
        return
    if planned.keeps_done and step.state is StepState.COMPLETED:
        compensation.keep_done(run, planned, step)
    if INDEX in step.data:
        loops.iteration_ended(run, planned, step)


def _scope_empty(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Do what is due when nothing moves in a scope, or towards a join, any more."""
    if planned.node.kind in _JOINS:
        gateways.nobody_comes(run, planned, step)
    elif loops.LOOP in step.data or step.data.get(compensation.UNDO):
        # Iterations and compensations tell their body themselves when they end.
        return
    elif planned.node.kind is NodeKind.AD_HOC_SUB_PROCESS:
        activities.ad_hoc_empty(run, planned, step)
    else:
        activities.end_scope(run, planned, step)


def _ended_inside(run: Run, step: StepRow) -> None:
    planned = run.plan.nodes[step.node_id]
    if planned.node.kind is NodeKind.AD_HOC_SUB_PROCESS:
        activities.ad_hoc_went_on(run, planned, step)


RULES: Final = Rules(
    enter=enter,
    scope_empty=_scope_empty,
    special_end=_special_end,
    ended_inside=_ended_inside,
    check_conditions=check_conditions,
)
