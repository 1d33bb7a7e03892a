"""How long a reviewer waits for the next task when many take tasks at once.

`BENCH_TASKS` (1,000,000) tasks of eight queues are open; 16 claimers, a process each,
take the next task of all queues together, one after the other without a pause: far more
than people do. Each claim is a commit of its own with its audit entry,
`synchronous_commit=on`.
"""

import statistics
from collections.abc import Callable

from tests.benchmarks import ours
from tests.benchmarks.filled import TASKS, filled

CLAIMERS = 16
CLAIMS = 200
WARM_UP = 25
Emit = Callable[[dict[str, object]], None]


def run(emit: Emit) -> None:
    """Print median, 99th percentile and the common rate, alone and together."""
    env = filled()
    for claimers in (1, CLAIMERS):
        crowd = [
            ours.start(env, "claim_ours", "claim", CLAIMS + WARM_UP, number)
            for number in range(1, claimers + 1)
        ]
        ours.let_go(crowd)
        found = [ours.end(child) for child in crowd]
        _tell(emit, found, claimers=claimers)
    ours.ask(env, "claim_ours", "check", (CLAIMERS + 1) * (CLAIMS + WARM_UP), 0)


def _tell(emit: Emit, found: list[dict[str, list[float]]], *, claimers: int) -> None:
    each = [took for one in found for took in one["claim"][WARM_UP:]]
    if len(each) != claimers * CLAIMS:
        raise SystemExit(f"{len(each)} claims instead of {claimers * CLAIMS}.")
    cuts = statistics.quantiles(each, n=100, method="inclusive")
    longest = max(sum(one["claim"][WARM_UP:]) for one in found)
    figures = {
        "p50": (round(cuts[49], 2), "ms"),
        "p99": (round(cuts[98], 2), "ms"),
        "rate": (round(1000 * len(each) / longest), "claims/s"),
    }
    for name, (value, unit) in figures.items():
        subject = f"claim next of {TASKS:,} tasks, {claimers} claimers, {name}"
        emit({"bench": "claim", "subject": subject, "value": value, "unit": unit})
