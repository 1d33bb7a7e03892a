"""Ten thousand instances whose timers are all due within one second.

The sweeper's own function fires them in one process, a batch per transaction; the time
begins with the first due moment and ends when every instance has gone on and ended.
"""

from collections.abc import Callable

from tests.benchmarks import ours
from tests.benchmarks.servers import bench_servers

TIMERS = 10_000
Emit = Callable[[dict[str, object]], None]


def run(emit: Emit) -> None:
    """Print the seconds until all have fired, once each, and their rate."""
    with bench_servers() as bench:
        found = ours.ask(ours.environment(bench, "timers"), "timers_ours", TIMERS)
    seconds = float(found["seconds"])
    subject = f"{TIMERS} timers due in one second"
    emit(_line(f"{subject}, until all had fired once", round(seconds, 2), "s"))
    emit(_line(subject, round(TIMERS / seconds), "timers/s"))


def _line(subject: str, value: float, unit: str) -> dict[str, object]:
    return {"bench": "timers", "subject": subject, "value": value, "unit": unit}
