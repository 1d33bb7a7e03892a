"""Managers' figures over a great many tasks: panels, the page, rebuilding, lag.

`BENCH_TASKS` (1,000,000) tasks are opened by the engine, and a copy of that installation
gets a past of 180 days: all but `BENCH_OPEN` (50,000) are decided, with entries up to
`BENCH_ENTRIES` (10,000,000) in all. The past is written set by set past the engine, so
its chains do not verify; the figures read it like any other. Then everything is rebuilt
and checked, every panel and the page are asked for, and while two people judge as fast
as they can the log is folded once a second.
"""

import os
from collections.abc import Callable

import psycopg

from tests.benchmarks import ours
from tests.benchmarks.filled import TASKS, filled

OPEN = int(os.environ.get("BENCH_OPEN", str(min(50_000, TASKS // 4))))
ENTRIES = int(os.environ.get("BENCH_ENTRIES", str(10 * TASKS)))
JUDGES, SECONDS = 2, 20
Emit = Callable[[dict[str, object]], None]


def run(emit: Emit) -> None:
    """Print milliseconds and queries of each panel, seconds of rebuilding, the lag."""
    env = _copy(filled())
    past = ours.ask(env, "dashboards_past", OPEN, ENTRIES)
    for subject in ("tasks", "open", "entries"):
        emit(_line(subject, past[subject], subject))
    built = ours.ask(env, "dashboards_ours", "rebuild")
    emit(_line("rebuild", built["rebuild"], "s"))
    emit(_line("check", built["check"], "s"))
    asked = ours.ask(env, "dashboards_ours", "ask")
    for name, times in asked.items():
        for share in ("p50", "p95"):
            emit(_line(f"{name}, {share}", round(times[share], 1), "ms"))
        emit(_line(f"{name}, queries", times["queries"], "queries"))
    judges = [
        ours.start(env, "dashboards_ours", "judge", number, SECONDS)
        for number in range(JUDGES)
    ]
    ours.let_go(judges)
    folded = ours.ask(env, "dashboards_ours", "fold", SECONDS)
    judged = sum(ours.end(judge)["verdicts"] for judge in judges)
    emit(_line("verdicts meanwhile", round(judged / SECONDS), "verdicts/s"))
    for name, value in folded.items():
        emit(_line(name, *value))


def _copy(env: dict[str, str]) -> dict[str, str]:
    """Copy the filled database: other benchmarks want its tasks open."""
    server, _, name = env["DATABASE_URL"].rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS dashboards")
        connection.execute(
            f'CREATE DATABASE dashboards TEMPLATE "{name}" STRATEGY file_copy'
        )
    return {**env, "DATABASE_URL": f"{server}/dashboards"}


def _line(subject: str, value: float, unit: str) -> dict[str, object]:
    return {"bench": "dashboards", "subject": subject, "value": value, "unit": unit}
