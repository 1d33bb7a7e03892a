"""Timer start events: a new instance at each due moment of the newest version."""

import datetime as dt

from workflows.core.actors import SWEEPER
from workflows.core.bpmn.graph import TimerKind
from workflows.core.iso8601 import parse_repetition
from workflows.kinds import TimerRow, register_timer_kind
from workflows.models import Definition
from workflows.operations import plans
from workflows.operations.instances import Start, start_many
from workflows.operations.start_timers import KIND, arm_node


def fire(timer: TimerRow, *, now: dt.datetime) -> None:
    """Start an instance at a timer start event and arm its next moment."""
    definition = Definition.objects.get(pk=timer.data["definition_id"])
    start_many(
        definition_id=definition.id,
        starts=[Start(variables={}, initiator=SWEEPER)],
        node_id=timer.node_id,
    )
    plan = plans.plan_for(definition.id, definition.process_id)
    node = plan.nodes[timer.node_id].node
    if node.timer is None or node.timer.kind is not TimerKind.CYCLE:
        return
    cycle = parse_repetition(node.timer.text)
    fired = int(timer.data["fired"]) + 1
    if cycle.count is None or fired < cycle.count:
        # From the due moment, not from now: a late sweep must not move the schedule.
        arm_node(definition, node, due_at=cycle.after(timer.due_at), fired=fired)


register_timer_kind(KIND, fire)
