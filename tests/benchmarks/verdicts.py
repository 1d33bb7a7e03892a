"""What people wait for: a verdict to move its case on, and the next task to come.

- one person claims the next task and judges it, one after the other; a verdict's time
  ends when it, its audit entries and the automated steps after it are committed;
- several claimers, a process each, take tasks until none is left.

Nothing is batched or mocked: real leases, digests, four eyes, quorum, audit entries
and their triggers, `synchronous_commit=on`, hints rung after each commit.
"""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence

from tests.benchmarks.peers import ROOT
from tests.benchmarks.servers import Bench, bench_servers

VERDICTS = 500
TASKS = 3_000
CLAIMERS = 4
Emit = Callable[[dict[str, object]], None]


def run(emit: Emit) -> None:
    """Print medians and tails in milliseconds, and the claimers' common rate."""
    with bench_servers() as bench:
        environment = _environment(bench)
        one = _ask(environment, "judge", str(VERDICTS))
        _emit(emit, "verdict -> next automated step committed", one["verdict"], 95)
        _emit(emit, "claim next, alone", one["claim"], 95)
        _ask(environment, "open", str(TASKS))
        found = _claim_together(environment)
    each = [took for claimer in found for took in claimer["claim"]]
    if len(each) != TASKS:
        raise SystemExit(f"{len(each)} claims of {TASKS} tasks.")
    subject = f"claim next of {TASKS} tasks, {CLAIMERS} claimers"
    _emit(emit, subject, each, 99)
    longest = max(sum(claimer["claim"]) for claimer in found)
    emit(_line(subject, round(1000 * TASKS / longest), "claims/s"))


def _environment(bench: Bench) -> dict[str, str]:
    return {
        **os.environ,
        "DATABASE_URL": bench.dsn("verdicts"),
        "REDIS_URL": bench.redis_url,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "COUNTERSIGN_ENV": "test",
    }


def _start(environment: dict[str, str], *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.verdicts_ours", *words],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _end(child: subprocess.Popen[str]) -> dict[str, list[float]]:
    """Tell a process to go on, wait for its end and return what it measured."""
    out, _ = child.communicate("go\n")
    if child.returncode:
        raise SystemExit(f"{child.args!r} failed.")
    found: dict[str, list[float]] = json.loads(out.splitlines()[-1])
    return found


def _ask(environment: dict[str, str], *words: str) -> dict[str, list[float]]:
    return _end(_start(environment, *words))


def _claim_together(environment: dict[str, str]) -> list[dict[str, list[float]]]:
    crowd = [_start(environment, "claim", str(n)) for n in range(CLAIMERS)]
    for child in crowd:
        if child.stdout:
            child.stdout.readline()  # it is connected and waits
    for child in crowd:
        if child.stdin:
            child.stdin.write("go\n")
            child.stdin.flush()
    return [_end(child) for child in crowd]


def _emit(emit: Emit, subject: str, took: Sequence[float], tail: int) -> None:
    cuts = statistics.quantiles(took, n=100, method="inclusive")
    emit(_line(f"{subject}, p50", round(cuts[49], 2), "ms"))
    emit(_line(f"{subject}, p{tail}", round(cuts[tail - 1], 2), "ms"))


def _line(subject: str, value: float, unit: str) -> dict[str, object]:
    return {"bench": "verdicts", "subject": subject, "value": value, "unit": unit}
