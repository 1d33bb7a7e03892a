"""When a join that waits for whoever can come may fire. Counting is in gateways."""

from collections.abc import Mapping

from workflows.core.bpmn.graph import NodeKind
from workflows.core.engine.plan import Plan
from workflows.core.engine.state import StepRow
from workflows.core.states import StepState

_WAITING_JOINS = frozenset({NodeKind.INCLUSIVE_GATEWAY, NodeKind.COMPLEX_GATEWAY})


def ready_join(live: Mapping[int, StepRow], plan: Plan) -> StepRow | None:
    """Return the first waiting join that no other token can still reach.

    Asked when every token is parked. A token keeps a join waiting if it can reach an
    incoming flow that is still empty and none that is filled (BPMN 2.0, 13.4.3).
    """
    for step in live.values():
        waits = step.kind in _WAITING_JOINS and step.state is StepState.WAITING
        if waits and not somebody_can_come(step, live, plan):
            return step
    return None


def somebody_can_come(join: StepRow, live: Mapping[int, StepRow], plan: Plan) -> bool:
    """Tell whether a live token keeps a join waiting.

    A token that undoes something, or that another iteration of the same scope holds,
    never comes by a drawn flow.
    """
    reach = plan.nodes[join.node_id].reach
    arrived = join.data.get("arrived", {})
    filled = [reach[flow] for flow in reach if flow in arrived]
    empty = [reach[flow] for flow in reach if flow not in arrived]
    return any(
        # A token that the last advance had no budget for stands at the join itself.
        step.node_id == join.node_id
        or (
            any(step.node_id in sources for sources in empty)
            and not any(step.node_id in sources for sources in filled)
        )
        for step in live.values()
        if step.scope_id == join.scope_id
        and step.id != join.id
        and "undoes" not in step.data
    )
