"""Steps that call an HTTP service on this machine, a thousand of them under way.

The service answers after 100 ms, which shows how fast one worker process claims, calls
and finishes; and after two seconds, which shows how many calls it has under way. The
service counts how many wait at once.
"""

from collections.abc import Callable

from tests.benchmarks import ours
from tests.benchmarks.servers import bench_servers

CALLS = 5_000
IN_FLIGHT = 1_000
DELAYS = (0.1, 2.0)
"""Seconds until the service answers."""
Emit = Callable[[dict[str, object]], None]


def run(emit: Emit) -> None:
    """Print calls per second, how many were under way, and the gain over one by one."""
    with bench_servers() as bench:
        for delay in DELAYS:
            env = ours.environment(bench, "external")
            found = ours.ask(env, "external_ours", CALLS, IN_FLIGHT, delay)
            subject = f"{CALLS} calls of {delay} s"
            rate = CALLS / float(found["seconds"])
            emit(_line(subject, round(rate), "calls/s"))
            emit(_line(f"{subject}, most under way", float(found["most"]), "calls"))
            vs = f"one call of {delay} s after the other"
            emit({"bench": "external", "vs": vs, "ratio": round(rate * delay, 1)})


def _line(subject: str, value: float, unit: str) -> dict[str, object]:
    return {"bench": "external", "subject": subject, "value": value, "unit": unit}
