"""THE WORK of the performance targets: five automated steps, one person, two steps.

Ours and the peers run one after the other against databases of their own in one
PostgreSQL (`synchronous_commit=on`), one process each; the ratios are of this run.
Ours writes instance, step and audit rows with their hash chain, the protection
triggers on; the peers write less.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.peers import ROOT, SHARED, peer_python
from tests.benchmarks.servers import Bench, bench_servers

INSTANCES = 1000
RUNS = 3
PEER_RUNS = 1
"""DBOS alone takes minutes for one run of all its ways to do the work."""
PEERS = {
    # name: (folder, packages, the line of its output that we compare with)
    "dbos": ("peer_dbos", ("dbos", "psycopg[binary]"), "dbos/"),
    "viewflow": ("peer_viewflow", ("django-viewflow", "psycopg[binary]"), "viewflow/"),
    "spiffworkflow": ("peer_spiff", ("SpiffWorkflow", "psycopg[binary]"), "spiff"),
}
Emit = Callable[[dict[str, object]], None]


def run(emit: Emit) -> None:
    """Print steps per second for us and for each peer, and the ratios."""
    with bench_servers() as bench:
        ours = {batch: _ours(bench, batch) for batch in (1, 50, 500)}
        for batch, value in ours.items():
            emit({
                "bench": "steps",
                "subject": f"countersign, {batch} per transaction",
                "value": round(value),
                "unit": "steps/s",
            })
        for peer in PEERS:
            if not SHARED.exists():
                print(f"steps: no {SHARED}, so no {peer}", file=sys.stderr)
                continue
            for subject, value in _peer(bench, peer).items():
                emit({
                    "bench": "steps",
                    "subject": subject,
                    "value": round(value),
                    "unit": "steps/s",
                })
                ratio = round(ours[50] / value, 1)
                emit({"bench": "steps", "vs": subject, "ratio": ratio})


def _ours(bench: Bench, batch: int) -> float:
    count = INSTANCES if batch > 1 else 100
    environment = {
        **os.environ,
        "DATABASE_URL": bench.dsn("ours"),
        "REDIS_URL": bench.redis_url,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "COUNTERSIGN_ENV": "test",
    }
    words = [sys.executable, "-m", "tests.benchmarks.steps_ours"]
    done = subprocess.run(
        [*words, str(count), str(RUNS), str(batch)],
        cwd=ROOT,
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return float(json.loads(done.stdout.splitlines()[-1])["steps_per_s"])


def _peer(bench: Bench, name: str) -> dict[str, float]:
    """Return the peer's best one-process figure of each kind that it prints."""
    folder, packages, prefix = PEERS[name]
    environment = {
        **os.environ,
        "BENCH_DSN": bench.dsn(name),
        "PYTHONPATH": str(SHARED),
        "N": str(INSTANCES),
        "RUNS": str(PEER_RUNS),
    }
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    done = subprocess.run(
        [str(peer_python(name, packages)), "loan_review.py"],
        cwd=Path(SHARED) / folder,
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    found: dict[str, float] = {}
    for text in done.stdout.splitlines():
        line = json.loads(text)
        one_process = line.get("procs", 1) == 1
        if "steps_per_s" in line and one_process and "serial" not in line["bench"]:
            subject = _subject(line, prefix)
            found[subject] = max(found.get(subject, 0.0), line["steps_per_s"])
    return found


def _subject(line: dict[str, object], prefix: str) -> str:
    """Name a peer's line; DBOS's numbers in flight are one subject, its best."""
    bench = str(line["bench"])
    if prefix == "dbos/":
        return bench.split("_", maxsplit=1)[0]
    return bench
