"""What the audit log costs and how quickly it is sealed, verified and exported.

- entries linked per second, in this process, without a database;
- decisions per second of eight writers, one transaction each, with the log's rows and
  triggers on and with both taken away, in turns: whole verdicts (claimed, judged, the
  case ended), and the least that a decision can be (a row, its entry, a commit);
- how long entries wait for a signed checkpoint while these run, with one sealer;
- THE WORK with the log's rows and triggers on, and with both taken away, in turns
  within this run: `ratio` is what is left of the throughput (1 would be a free log);
- sealing, verifying a whole log, building and verifying one bundle, per second.
"""

import datetime as dt
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from uuid import UUID

from tests.benchmarks.audit_writers import Measured, measure
from tests.benchmarks.peers import ROOT
from tests.benchmarks.servers import Bench, bench_servers
from workflows.core.actors import ENGINE
from workflows.core.chain import Draft, Head, link, verify_chain

Emit = Callable[[dict[str, object]], None]
NOW = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
CHAINS = 5_000
ENTRIES = 8
TASKS, SECONDS = 1_600, 8.0
KINDS = {"verdict": "verdicts", "record": "least decisions"}


def run(emit: Emit) -> None:
    """Print the figures, and the share of the throughput that the log leaves."""
    for subject, rate in (("linked", _link_rate()), ("verified", _verify_rate())):
        emit(_line(f"entries {subject} in memory", rate, "entries/s"))
    with bench_servers() as bench:
        for kind, name in KINDS.items():
            _tell(emit, name, measure(bench, kind, tasks=TASKS, seconds=SECONDS))
        found = _measure(bench)
    share = found.pop("with log") / found["without log"]
    emit(_line("durable steps, log on", share * found["without log"], "steps/s"))
    emit(_line("durable steps, log off", found.pop("without log"), "steps/s"))
    emit({
        "bench": "audit",
        "vs": "the same work without a log",
        "ratio": round(share, 3),
    })
    for subject, rate in found.items():
        emit(_line(subject, rate, "entries/s"))


def _tell(emit: Emit, name: str, found: Measured) -> None:
    emit(_line(f"{name}, 8 writers, log on", found.with_log, "1/s"))
    emit(_line(f"{name}, 8 writers, log off", found.without_log, "1/s"))
    emit({
        "bench": "audit",
        "vs": f"{name} without a log",
        "ratio": round(found.share, 3),
    })
    for share in ("p50", "p99", "longest"):
        value = round(float(found.lag.get(share, "nan")), 2)
        subject = f"{name}: until in a checkpoint, {share}"
        emit({"bench": "audit", "subject": subject, "value": value, "unit": "s"})


def _line(subject: str, value: float, unit: str) -> dict[str, object]:
    return {"bench": "audit", "subject": subject, "value": round(value), "unit": unit}


def _drafts() -> list[Draft]:
    detail = {
        "node": "credit_check",
        "handler": "credit.check 1.0.0",
        "output": "f" * 64,
    }
    return [Draft("step.completed", ENGINE, detail, step_id=n) for n in range(ENTRIES)]


def _link_rate() -> float:
    drafts = _drafts()
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        for number in range(CHAINS):
            link(Head(UUID(int=number)), drafts, now=NOW)
        seconds.append(time.perf_counter() - began)
    return CHAINS * ENTRIES / statistics.median(seconds)


def _verify_rate() -> float:
    rows = link(Head(UUID(int=1)), _drafts() * CHAINS, now=NOW)
    began = time.perf_counter()
    if verify_chain(rows, head=Head(UUID(int=1))):
        raise SystemExit("A chain just linked does not verify.")
    return len(rows) / (time.perf_counter() - began)


def _measure(bench: Bench) -> dict[str, float]:
    environment = {
        **os.environ,
        "DATABASE_URL": bench.dsn("audit"),
        "REDIS_URL": bench.redis_url,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "COUNTERSIGN_ENV": "test",
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.audit_ours"],
        cwd=ROOT,
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found
