"""Wake what is due. Any number of sweepers may run; none of them leads.

One sweep:

1. fire due timers, in batches, until none is left, unless the clock has jumped;
2. match messages whose publisher or receiver died before it did, end the late ones;
3. ring the engine's bell when an instance has something to hear or to do;
4. ring the services' bell when an external step is ready or its lease has lapsed;
5. where the broker takes no ring, advance instances here: slower, but nothing waits;
6. retire the versions on their way out whose last instance has ended;
7. erase the contents of large variables that no instance uses any more;
8. do what other parts registered (`kinds.register_sweep`).

A sweep only re-queues; work is claimed like everywhere else, so that a sweeper that
dies leaves nothing half done.
"""

from contextlib import ExitStack
from dataclasses import dataclass

from workflows import dispatch, failpoints, jobs, kinds, store
from workflows.operations import (
    clock_watch,
    correlation,
    external,
    payloads,
    retirement,
    schedules,
    timers,
)

__all__ = ["Swept", "schedules", "sweep"]

HERE_SECONDS = 2.0
"""How long one sweep works where the broker takes no ring; timers wait meanwhile."""

_ROUND = correlation.Round()
_WATCH = clock_watch.Watch()


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep found and did."""

    timers: int
    engine_due: bool
    services_due: bool


def sweep() -> Swept:
    """Do one sweep."""
    fired = 0
    # The clock is looked at before each batch: to fire many takes its time.
    while _WATCH.may_fire() and (batch := timers.fire_due(below=_WATCH.limit)):
        fired += batch
        failpoints.reach("sweep.batch")
        if batch < timers.BATCH:
            break
    correlation.sweep(_ROUND)
    engine_due = bool(store.pick_due(limit=1))
    if engine_due and not dispatch.ring("engine"):
        jobs.drain_engine(seconds=HERE_SECONDS)
    services_due = external.is_due()
    if services_due and not dispatch.ring("services"):
        jobs.drain_services(seconds=HERE_SECONDS)
    retirement.retire_idle()
    payloads.erase_unused()
    # Each is done though another fails; what failed is raised when all were done.
    with ExitStack() as parts:
        for do in reversed(kinds.list_sweeps()):
            parts.callback(do)
    return Swept(timers=fired, engine_due=engine_due, services_due=services_due)
