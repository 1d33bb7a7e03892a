"""What people at a desk wait for: the next task to come.

- one person claims the next task and judges it, one after the other (how long the
  verdict takes is the benchmark `latency`);
- several claimers, a process each, take tasks until none is left.

Nothing is batched or mocked: real leases, digests, four eyes, quorum, audit entries
and their triggers, `synchronous_commit=on`, hints rung after each commit.
"""

import statistics
from collections.abc import Callable, Sequence

from tests.benchmarks import ours
from tests.benchmarks.servers import bench_servers

VERDICTS = 500
TASKS = 3_000
CLAIMERS = 4
Emit = Callable[[dict[str, object]], None]


def run(emit: Emit) -> None:
    """Print medians and tails in milliseconds, and the claimers' common rate."""
    with bench_servers() as bench:
        env = ours.environment(bench, "verdicts")
        one = ours.ask(env, "verdicts_ours", "judge", VERDICTS)
        _emit(emit, "claim next, alone", one["claim"], 95)
        ours.ask(env, "verdicts_ours", "open", TASKS)
        found = _claim_together(env)
    each = [took for claimer in found for took in claimer["claim"]]
    if len(each) != TASKS:
        raise SystemExit(f"{len(each)} claims of {TASKS} tasks.")
    subject = f"claim next of {TASKS} tasks, {CLAIMERS} claimers"
    _emit(emit, subject, each, 99)
    longest = max(sum(claimer["claim"]) for claimer in found)
    emit(_line(subject, round(1000 * TASKS / longest), "claims/s"))


def _claim_together(env: dict[str, str]) -> list[dict[str, list[float]]]:
    crowd = [ours.start(env, "verdicts_ours", "claim", n) for n in range(CLAIMERS)]
    ours.let_go(crowd)
    return [ours.end(child) for child in crowd]


def _emit(emit: Emit, subject: str, took: Sequence[float], tail: int) -> None:
    cuts = statistics.quantiles(took, n=100, method="inclusive")
    emit(_line(f"{subject}, p50", round(cuts[49], 2), "ms"))
    emit(_line(f"{subject}, p{tail}", round(cuts[tail - 1], 2), "ms"))


def _line(subject: str, value: float, unit: str) -> dict[str, object]:
    return {"bench": "verdicts", "subject": subject, "value": value, "unit": unit}
