"""What review plugs into the engine: human steps, SLA timers, and the demo's handlers.

Imported by the engine's autodiscovery when the applications are ready.
"""

import review.demo.handlers  # noqa: F401  (importing registers them)
from review.operations import clocks, settling
from review.operations.openings import ReviewDesk
from workflows.kinds import register_timer_kind, set_human_kind

set_human_kind(ReviewDesk())
register_timer_kind(clocks.KIND, clocks.fire)
register_timer_kind(settling.KIND, settling.release, sleeps=True)
