"""What review plugs into the engine: human steps, timers, notices, the demo's handlers.

Imported by the engine's autodiscovery when the applications are ready.
"""

import review.demo.handlers  # noqa: F401  (importing registers them)
from review.live import publish_instances
from review.operations.backroom import Backroom
from review.operations.clocks import clocks, instance_clocks
from review.operations.definitions import definition_moves
from review.operations.evidence import building, control_orders, retaining, workshop
from review.operations.figures import reporting, rollups, watch_sweep
from review.operations.instances import incident_orders
from review.operations.notices import delivering
from review.operations.policies import policies
from review.operations.stops import stopping
from review.operations.stops.stops import Brakes
from review.operations.tasks import coverage, presence, rebalancing
from review.operations.tasks.openings import ReviewDesk
from review.operations.verdicts import settling
from workflows.holding import set_stops
from workflows.kinds import (
    register_sweep,
    register_timer_kind,
    set_bundler,
    set_carrier,
    set_human_kind,
    set_instance_clocks,
    set_watch,
)

set_human_kind(ReviewDesk())
set_stops(Brakes())
set_watch(publish_instances)
set_instance_clocks(instance_clocks.ProcessClocks())
register_timer_kind(clocks.KIND, clocks.fire)
register_timer_kind(instance_clocks.KIND, instance_clocks.fire)
register_timer_kind(settling.KIND, settling.release, sleeps=True)
register_sweep("rebalancing", rebalancing.sweep)
register_sweep("coverage", coverage.sweep)
register_sweep("notices", delivering.sweep)
register_sweep("figures", reporting.sweep)
register_sweep("retention", retaining.sweep)
set_carrier(delivering.Mailman())
register_sweep("bundles", building.sweep)
register_sweep("incidents", incident_orders.sweep)
register_sweep("controls", control_orders.sweep)
register_sweep("definitions", definition_moves.sweep)
set_bundler(incident_orders.Errands(Backroom(workshop.Workshop())))
register_sweep("policies", policies.bring_into_force)
register_sweep("presence", presence.forget_gone)
register_sweep("rollups", rollups.sweep)
register_sweep("stops", stopping.note_ends)
register_sweep("watching", watch_sweep.sweep)
