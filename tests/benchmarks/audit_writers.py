"""Eight writers at once on a database, with a sealer and without a log. No benchmark.

The benchmark `audit` and the fault run `decisions` measure with it.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.peers import ROOT
from tests.benchmarks.servers import Bench

WRITERS = 8
TURNS = 2


@dataclass(frozen=True, slots=True)
class Measured:
    """Decisions per second of all writers together, and what the watch saw."""

    with_log: float
    without_log: float
    lag: Mapping[str, Any]

    @property
    def share(self) -> float:
        """Return what of the rate without a log is left with it."""
        return self.with_log / self.without_log


def environment_of(bench: Bench, database: str, folder: str) -> dict[str, str]:
    """Return the variables of processes that work on a new database."""
    return {
        **os.environ,
        "DATABASE_URL": bench.dsn(database),
        "REDIS_URL": bench.redis_url,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "COUNTERSIGN_ENV": "test",
        "COUNTERSIGN_DATA_DIR": folder,
        "COUNTERSIGN_LOG_LEVEL": "ERROR",
    }


def measure(bench: Bench, kind: str, *, tasks: int, seconds: float) -> Measured:
    """Let writers decide for `seconds` with the log and without, in turns."""
    rates: dict[bool, list[float]] = {True: [], False: []}
    lag: Mapping[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="countersign-bench-") as folder:
        environment = environment_of(bench, f"audit_{kind}", folder)
        for _ in range(TURNS):
            for is_on in (True, False):
                _load(environment, "prepare", str(tasks))
                rate, seen = _turn(environment, kind, seconds, is_on=is_on)
                rates[is_on].append(rate)
                lag = seen or lag
    return Measured(
        statistics.median(rates[True]), statistics.median(rates[False]), lag
    )


def _turn(
    environment: Mapping[str, str], kind: str, seconds: float, *, is_on: bool
) -> tuple[float, Mapping[str, Any]]:
    """One turn: writers side by side, and with the log a sealer and a watch beside."""
    if not is_on:
        variables = {**environment, "BENCH_NO_LOG": "1"}
        toggle(environment, "off")
        try:
            return _write(variables, kind, seconds), {}
        finally:
            toggle(environment, "on")
    sealer = _start(environment, ["manage.py", "seal"])
    watch = _start(environment, [*_MODULE, "watch", str(seconds + 8)])
    try:
        rate = _write(environment, kind, seconds)
        out, _ = watch.communicate()
    finally:
        sealer.terminate()
        sealer.wait(20)
    return rate, json.loads(out.splitlines()[-1])


_MODULE = ["-m", "tests.benchmarks.audit_load"]


def _start(environment: Mapping[str, str], words: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=ROOT,
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _load(environment: Mapping[str, str], *words: str) -> None:
    subprocess.run(
        [sys.executable, *_MODULE, *words],
        cwd=ROOT,
        env=dict(environment),
        check=True,
        stdout=subprocess.DEVNULL,
    )


def toggle(environment: Mapping[str, str], word: str) -> None:
    """Switch the triggers that ask for entries `off` or `on`."""
    subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.audit_off", word],
        cwd=ROOT,
        env=dict(environment),
        check=True,
    )


def _write(environment: Mapping[str, str], kind: str, seconds: float) -> float:
    """Return what all writers did per second, counted by each over its own time."""
    writers = [
        _start(environment, [*_MODULE, "write", kind, str(seconds), str(number)])
        for number in range(WRITERS)
    ]
    for writer in writers:
        assert writer.stdout is not None
        if writer.stdout.readline().strip() != "ready":
            raise SystemExit("A writer did not get ready; what it said is above.")
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    found = [json.loads(writer.communicate()[0].splitlines()[-1]) for writer in writers]
    return float(sum(one["count"] / one["seconds"] for one in found))
