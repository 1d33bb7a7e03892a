"""How long a reviewer waits for the next task when many take tasks at once.

`BENCH_TASKS` (1,000,000) tasks of eight queues are open; 16 claimers, a process each,
take the next task of all queues together, once with a pause of a quarter of a second
after each, still far more often than people do, and once without any pause, where they
wait for the processors. Each claimer speaks for `PERSONS` reviewers in turn: they hand
nothing in, and nobody is to hold hundreds of tasks. Each claim is a commit of its own
with its audit entry, `synchronous_commit=on`.
"""

import statistics
from collections.abc import Callable

from tests.benchmarks import ours
from tests.benchmarks.filled import TASKS, filled

CLAIMERS = 16
CLAIMS = 200
WARM_UP = 25
COOL_DOWN = 25
"""Claims after the counted ones: a process that ends must not slow the others' last."""
TURNS = WARM_UP + CLAIMS + COOL_DOWN
PAUSE_MS = 250
PERSONS = 32
Emit = Callable[[dict[str, object]], None]


def run(emit: Emit) -> None:
    """Print median, 99th percentile and the common rate, alone and together."""
    env = filled()
    everybody = CLAIMERS * PERSONS
    before = ours.ask(env, "claim_ours", "count", everybody)["claims"]
    rounds = ((1, 0), (CLAIMERS, PAUSE_MS), (CLAIMERS, 0))
    for claimers, pause_ms in rounds:
        words = ("claim", TURNS, pause_ms)
        crowd = [
            ours.start(env, "claim_ours", *words, number, PERSONS)
            for number in range(1, claimers + 1)
        ]
        ours.let_go(crowd)
        found = [ours.end(child) for child in crowd]
        how = f"{claimers} with pauses" if pause_ms else f"{claimers}"
        _tell(emit, found, claimers=claimers, how=how)
    claims = ours.ask(env, "claim_ours", "count", everybody)["claims"] - before
    wanted = sum(claimers for claimers, _ in rounds) * TURNS
    if claims != wanted:
        raise SystemExit(f"{claims} tasks held with an entry for {wanted} claims.")


def _tell(
    emit: Emit, found: list[dict[str, list[float]]], *, claimers: int, how: str
) -> None:
    each = [took for one in found for took in one["claim"][WARM_UP:-COOL_DOWN]]
    if len(each) != claimers * CLAIMS:
        raise SystemExit(f"{len(each)} claims instead of {claimers * CLAIMS}.")
    cuts = statistics.quantiles(each, n=100, method="inclusive")
    longest = max(one["seconds"][0] for one in found)
    figures = {
        "p50": (round(cuts[49], 2), "ms"),
        "p99": (round(cuts[98], 2), "ms"),
        "rate": (round(claimers * TURNS / longest), "claims/s"),
    }
    for name, (value, unit) in figures.items():
        subject = f"claim next of {TASKS:,} tasks, claimers: {how}, {name}"
        emit({"bench": "claim", "subject": subject, "value": value, "unit": unit})
