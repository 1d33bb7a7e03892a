"""THE WORK of the performance targets: five automated steps, one person, two steps.

Ours, the peers and the ceiling run one after the other against databases of their own
in one PostgreSQL (`synchronous_commit=on`); the ratios are of this run. Ours writes
instance, step and audit rows with their hash chain, the protection triggers on; the
peers write less. The ceiling is set-based SQL that knows the plan and decides nothing.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks import ours
from tests.benchmarks.peers import SHARED, peer_python
from tests.benchmarks.servers import Bench, bench_servers

INSTANCES = 1000
RUNS = 3
THREADS = 2
WORKERS = (1, 2)
PEER_RUNS = 1
"""DBOS alone takes minutes for one run of all its ways to do the work."""
PEERS = {
    # name: (folder, packages, the line of its output that we compare with)
    "dbos": ("peer_dbos", ("dbos", "psycopg[binary]"), "dbos/"),
    "viewflow": ("peer_viewflow", ("django-viewflow", "psycopg[binary]"), "viewflow/"),
    "spiffworkflow": ("peer_spiff", ("SpiffWorkflow", "psycopg[binary]"), "spiff"),
}
CEILING = ("django", "psycopg[binary]", "rq")
CEILING_CODE = """
import statistics, time
import loan_review as model
from refapp import engine
for batch in (50, 500):
    seconds = []
    for _ in range(model.RUNS):
        model.tables()
        engine.run_raw_batch(batch)
        rounds = max(4 * model.N // batch, 2)
        began = time.perf_counter()
        for _ in range(rounds):
            engine.run_raw_batch(batch)
        seconds.append((time.perf_counter() - began) / (rounds * batch))
    model.report(
        f"raw set-based SQL, {batch} per transaction",
        steps_per_s=8 / statistics.median(seconds),
    )
"""
Emit = Callable[[dict[str, object]], None]


def run(emit: Emit) -> None:
    """Print steps per second for us, the peers and the ceiling, and the ratios."""
    with bench_servers() as bench:
        best = 0.0
        for batch, threads in ((1, 1), (50, 1), (50, THREADS), (500, 1)):
            value = _ours(bench, batch=batch, threads=threads)
            subject = f"countersign, {batch} per transaction"
            if threads > 1:
                subject += f", {threads} threads"
            emit(_figure(subject, value))
            if batch == 50:
                best = max(best, value)
        for workers in WORKERS:
            value = _curve(bench, workers=workers)
            emit(_figure(f"countersign, {workers} worker processes", value))
        if not SHARED.exists():
            print(f"steps: no {SHARED}, so no peers", file=sys.stderr)
            return
        for subject, value in _ceiling(bench).items():
            emit(_figure(subject, value))
            emit({"bench": "steps", "vs": subject, "ratio": round(best / value, 2)})
        for peer in PEERS:
            for subject, value in _peer(bench, peer).items():
                emit(_figure(subject, value))
                ratio = round(best / value, 1)
                emit({"bench": "steps", "vs": subject, "ratio": ratio})


def _figure(subject: str, value: float) -> dict[str, object]:
    return {
        "bench": "steps",
        "subject": subject,
        "value": round(value),
        "unit": "steps/s",
    }


def _ours(bench: Bench, *, batch: int, threads: int) -> float:
    count = INSTANCES if batch > 1 else 100
    env = ours.environment(bench, "ours")
    found = ours.ask(env, "steps_ours", count, RUNS, batch, threads)
    return float(found["steps_per_s"])


def _curve(bench: Bench, *, workers: int) -> float:
    """Return what several processes do together on one database."""
    env = ours.environment(bench, "curve")
    ours.ask(env, "steps_ours", 50, 1, 50, 1)  # migrates and deploys
    words = (INSTANCES, RUNS, 50, 1, "worker")
    found = ours.together(env, "steps_ours", *words, count=workers)
    return sum(float(one["steps_per_s"]) for one in found)


def _ceiling(bench: Bench) -> dict[str, float]:
    """Return what the plan collapsed into one statement does, in one process."""
    words = [str(peer_python("ceiling", CEILING)), "-c", CEILING_CODE]
    lines = _lines(words, bench=bench, name="ceiling", folder="reference")
    return {str(line["bench"]): float(str(line["steps_per_s"])) for line in lines}


def _lines(
    words: list[str], *, bench: Bench, name: str, folder: str
) -> list[dict[str, object]]:
    """Run somebody else's script on a database of its own; return what it reports."""
    env = {
        **os.environ,
        "BENCH_DSN": bench.dsn(name),
        "PYTHONPATH": str(SHARED),
        "N": str(INSTANCES),
        "RUNS": str(PEER_RUNS),
    }
    env.pop("DJANGO_SETTINGS_MODULE", None)
    done = subprocess.run(
        words,
        cwd=Path(SHARED) / folder,
        env=env,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return [json.loads(text) for text in done.stdout.splitlines()]


def _peer(bench: Bench, name: str) -> dict[str, float]:
    """Return the peer's best one-process figure of each kind that it prints."""
    folder, packages, prefix = PEERS[name]
    words = [str(peer_python(name, packages)), "loan_review.py"]
    found: dict[str, float] = {}
    for line in _lines(words, bench=bench, name=name, folder=folder):
        one_process = line.get("procs", 1) == 1
        serial = "serial" in str(line["bench"])
        if "steps_per_s" in line and one_process and not serial:
            subject = _subject(line, prefix)
            value = float(str(line["steps_per_s"]))
            found[subject] = max(found.get(subject, 0.0), value)
    return found


def _subject(line: dict[str, object], prefix: str) -> str:
    """Name a peer's line; DBOS's numbers in flight are one subject, its best."""
    bench = str(line["bench"])
    if prefix == "dbos/":
        return bench.split("_", maxsplit=1)[0]
    return bench
