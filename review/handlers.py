"""What review plugs into the engine: human steps, timers, notices, the demo's handlers.

Imported by the engine's autodiscovery when the applications are ready.
"""

import review.demo.handlers  # noqa: F401  (importing registers them)
from review.operations import clocks, delivering, settling
from review.operations.openings import ReviewDesk
from workflows.kinds import (
    register_sweep,
    register_timer_kind,
    set_carrier,
    set_human_kind,
)

set_human_kind(ReviewDesk())
register_timer_kind(clocks.KIND, clocks.fire)
register_timer_kind(settling.KIND, settling.release, sleeps=True)
register_sweep("notices", delivering.sweep)
set_carrier(delivering.Mailman())
