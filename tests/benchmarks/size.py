"""THE WORK while the tables hold more and more instances that have ended.

`BENCH_SIZES` (10,100000,1000000) says how many; the largest takes some
minutes and 15 GB of the temporary folder. They are copies of one that really ran, made
by set-based SQL with the triggers off, as nothing but a scratch database allows.
"""

import os
from collections.abc import Callable

from tests.benchmarks import ours
from tests.benchmarks.servers import bench_servers

SIZES = os.environ.get("BENCH_SIZES", "10,100000,1000000")
Emit = Callable[[dict[str, object]], None]


def run(emit: Emit) -> None:
    """Print the rate at each size, and each size's share of the smallest one's."""
    with bench_servers() as bench:
        found = ours.ask(ours.environment(bench, "size"), "size_ours", SIZES)
    rates = {int(size): float(rate) for size, rate in found.items()}
    smallest = min(rates)
    for size, rate in sorted(rates.items()):
        subject = f"{size} finished instances"
        emit({
            "bench": "size",
            "subject": subject,
            "value": round(rate),
            "unit": "steps/s",
        })
        ratio = round(rate / rates[smallest], 2)
        emit({"bench": "size", "vs": f"{smallest}, at {subject}", "ratio": ratio})
