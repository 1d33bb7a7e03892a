"""Profile THE WORK in this process and its backend. Prints one JSON line."""

import cProfile
import json
import pstats
import time
from collections import Counter
from pathlib import Path

from django.db import connection

from tests.benchmarks import work
from tests.benchmarks.peers import ROOT
from workflows.workers import tune_process

COUNT, BATCH = 1_000, 50
TOP = 14
_STATEMENTS = """
    SELECT left(regexp_replace(query, '\\s+', ' ', 'g'), 60), sum(total_exec_time)
    FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database
                                          WHERE datname = current_database())
    GROUP BY 1 ORDER BY 2 DESC LIMIT %s
"""


def main() -> None:
    """Run once for processor times and statements, once under the profiler."""
    definition_id = work.prepare()
    work.do(definition_id=definition_id, count=4 * BATCH, batch=BATCH)
    tune_process()
    with connection.cursor() as cursor:
        cursor.execute("CREATE EXTENSION pg_stat_statements")
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
        cursor.execute("SELECT pg_stat_statements_reset()")
        times = _times(definition_id, pid=pid)
        cursor.execute(_STATEMENTS, [TOP])
        statements = [
            (query, 1000 * float(milliseconds) / COUNT)
            for query, milliseconds in cursor.fetchall()
        ]
    modules = _modules(definition_id)
    print(json.dumps({"time": times, "python": modules, "database": statements}))


def _times(definition_id: int, *, pid: int) -> list[tuple[str, float]]:
    backend, python = _processor_seconds(pid), time.process_time()
    seconds = work.do(definition_id=definition_id, count=COUNT, batch=BATCH)
    return [
        ("until done", 1e6 * seconds / COUNT),
        ("processor, python", 1e6 * (time.process_time() - python) / COUNT),
        ("processor, backend", 1e6 * (_processor_seconds(pid) - backend) / COUNT),
    ]


def _processor_seconds(pid: int) -> float:
    """Return how long a process has run, of Linux's account of it."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def _modules(definition_id: int) -> list[tuple[str, float]]:
    profile = cProfile.Profile()
    profile.enable()
    work.do(definition_id=definition_id, count=COUNT, batch=BATCH)
    profile.disable()
    found: Counter[str] = Counter()
    for (path, _, name), row in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        found[_module(path, name)] += row[2]
    return [(name, 1e6 * value / COUNT) for name, value in found.most_common(TOP)]


def _module(path: str, name: str) -> str:
    if name == "wait" and "psycopg" in path:
        return "waiting for the database"
    inside = Path(path)
    if inside.is_relative_to(ROOT) and "site-packages" not in path:
        return str(inside.relative_to(ROOT))
    for package in ("psycopg", "django", "pydantic"):
        if package in path:
            return package
    return "python itself"


if __name__ == "__main__":
    main()
