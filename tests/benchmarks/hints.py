"""One hint to many open pages: from the commit's ring to each socket.

`BENCH_SOCKETS` (500) pages of one server process listen to the same queue; the broker,
the server and the clients share the machine's cores. Beside it, in the same run, the
same number of bare WebSocket echoes tells what sockets alone cost here.
"""

import os
from collections.abc import Callable

from tests.benchmarks import ours
from tests.benchmarks.servers import bench_servers

SOCKETS = int(os.environ.get("BENCH_SOCKETS", "500"))
HINTS = 40
Emit = Callable[[dict[str, object]], None]


def run(emit: Emit) -> None:
    """Print the median and the 99th percentile over all sockets and hints."""
    with bench_servers() as bench:
        env = ours.environment(bench, "hints")
        found = ours.ask(env, "hints_ours", SOCKETS, HINTS)
    for name in ("p50", "p99", "missed"):
        unit = "hints" if name == "missed" else "ms"
        emit({
            "bench": "hints",
            "subject": f"{SOCKETS} sockets, {name}",
            "value": round(float(found[name]), 2),
            "unit": unit,
        })
    emit({
        "bench": "hints",
        "vs": f"the same bytes to {SOCKETS} bare sockets, p99",
        "ratio": round(float(found["bare_p99"]) / float(found["p99"]), 2),
    })
