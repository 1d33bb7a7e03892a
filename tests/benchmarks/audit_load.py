"""Eight writers on a database with the log on and off, in turns. Prints one JSON line.

`audit_load KIND TASKS SECONDS`: KIND is what a decision is, `verdict` or `record`. The
writers are forked from this process, so that none has to start up; with the log on a
sealer runs beside them, as people run it, and a watch sees how long entries wait for
a checkpoint.
"""

import bisect
import datetime as dt
import json
import multiprocessing
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from multiprocessing.connection import Connection
from typing import Any
from uuid import UUID

import django
from django.core.management import call_command

django.setup()

from django.db import connection, transaction  # noqa: E402

from review.core.states import Decision  # noqa: E402
from review.models import Person, Task  # noqa: E402
from review.operations.tasks import claims  # noqa: E402
from review.operations.verdicts import verdicts  # noqa: E402
from tests.benchmarks.audit_off import (  # noqa: E402
    without_entries,
    without_triggers,
)
from tests.benchmarks.peers import ROOT  # noqa: E402
from tests.factories.processes import TESTER  # noqa: E402
from tests.factories.tasks import NAMES, Desk, make_desk, start_cases  # noqa: E402
from workflows import audit  # noqa: E402
from workflows.core.chain import Draft  # noqa: E402
from workflows.driver import fetch_each  # noqa: E402
from workflows.models import Instance  # noqa: E402
from workflows.store import database_now  # noqa: E402

BATCH = 250
WRITERS = 8
TURNS = 2
SETTLE_SECONDS = 6.0
WATCH_SECONDS = 0.05
DETAIL = {"decision": "APPROVE", "payload": "f" * 64, "proposal": "e" * 64}
_LOCK = "SELECT 1 FROM workflows_instance WHERE id = %s FOR UPDATE"
_NOW = "SELECT clock_timestamp()"
fork = multiprocessing.get_context("fork")


def measure(kind: str, tasks: int, seconds: float) -> dict[str, Any]:
    """Let the writers decide with the log and without, in turns."""
    call_command("migrate", verbosity=0)
    desk = make_desk()
    rates: dict[bool, list[float]] = {True: [], False: []}
    lag: Mapping[str, Any] = {}
    for _ in range(TURNS):
        for is_on in (True, False):
            _open_tasks(desk, tasks)
            if is_on:
                rate, lag = _turn_with_log(kind, seconds)
            else:
                with without_triggers():
                    rate = _write(kind, seconds, is_on=False)
            rates[is_on].append(rate)
    return {
        "with_log": statistics.median(rates[True]),
        "without_log": statistics.median(rates[False]),
        "lag": dict(lag),
    }


def _open_tasks(desk: Desk, tasks: int) -> None:
    missing = tasks - Task.objects.filter(state="OPEN").count()
    for begun in range(0, max(missing, 0), BATCH):
        start_cases(desk, count=min(BATCH, missing - begun))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _turn_with_log(kind: str, seconds: float) -> tuple[float, Mapping[str, Any]]:
    ((begin,),) = _rows("SELECT COALESCE(max(id), 0) FROM workflows_auditentry")
    sealer = subprocess.Popen([sys.executable, "manage.py", "seal"], cwd=ROOT)
    try:
        _wait_until_sealed()
        seen = _Child(lambda pipe: pipe.send(_watch(pipe)))
        rate = _write(kind, seconds, is_on=True)
        time.sleep(SETTLE_SECONDS)
        seen.pipe.send("end")
        marks: list[tuple[int, dt.datetime]] = seen.hear()
    finally:
        sealer.terminate()
        sealer.wait(30)
    return rate, _lags(marks, begin)


def _wait_until_sealed() -> None:
    """Begin when the sealer has started up and has nothing left to do."""
    with transaction.atomic():
        drafts = [Draft("bench.began", TESTER, {})]
        audit.record_installation(drafts=drafts, now=database_now())
    while _rows(
        "SELECT FROM workflows_auditentry e WHERE NOT EXISTS"
        " (SELECT FROM workflows_leaf l WHERE l.entry_id = e.id) LIMIT 1"
    ):
        time.sleep(0.2)


class _Child:
    """A forked process, and the pipe to it."""

    def __init__(self, act: Callable[[Connection], None]) -> None:
        self.pipe, other = fork.Pipe()
        connection.close()  # a fork must not share its parent's
        self._process = fork.Process(target=act, args=(other,))
        self._process.start()

    def hear(self) -> Any:
        """Return what the child says last."""
        told = self.pipe.recv()
        self._process.join()
        return told


def _write(kind: str, seconds: float, *, is_on: bool) -> float:
    """Return what all writers did per second, counted by each over its own time."""

    def writer(number: int) -> Callable[[Connection], None]:
        def act(pipe: Connection) -> None:
            decide = {"verdict": _verdicts, "record": _records}[kind](number)
            with nullcontext() if is_on else without_entries():
                decide()
                pipe.send("ready")
                pipe.recv()
                count, began = 0, time.perf_counter()
                while time.perf_counter() - began < seconds and decide():
                    count += 1
                pipe.send(count / (time.perf_counter() - began))

        return act

    children = [_Child(writer(number)) for number in range(WRITERS)]
    for child in children:
        child.pipe.recv()
    for child in children:
        child.pipe.send("go")
    return float(sum(child.hear() for child in children))


def _verdicts(number: int) -> Callable[[], bool]:
    """A verdict as a reviewer gives it: the next task claimed, judged, the case ended."""
    person = Person.objects.get(name=NAMES[number % len(NAMES)].title())

    def judge() -> bool:
        lease = claims.claim_next(queue_keys=["desk"], person=person)
        if lease is None:
            return False
        shown = Task.objects.values_list("payload_digest", flat=True)
        verdicts.submit(
            task_id=lease.task_id,
            person=person,
            token=lease.token,
            payload_digest=shown.get(id=lease.task_id),
            decision=Decision.APPROVE,
        )
        return True

    return judge


def _records(number: int) -> Callable[[], bool]:
    """The least a decision can be: a case locked, its row and its entry, a commit.

    Locked as people's decisions lock it: by prepared statements, in one round trip.
    """
    cases = list(Instance.objects.order_by("id").values_list("id", flat=True)[:800])
    mine = cases[number::8]
    turn = iter(range(10**9))

    def record() -> bool:
        case: UUID = mine[next(turn) % len(mine)]
        with transaction.atomic():
            _, ((now,),) = fetch_each((_LOCK, [case]), (_NOW, []))
            drafts = [Draft("verdict.submitted", TESTER, DETAIL)]
            audit.record(instance_id=case, drafts=drafts, now=now)
        return True

    return record


def _watch(pipe: Connection) -> list[tuple[int, dt.datetime]]:
    """Note each new checkpoint's size and when it was seen, until told to end."""
    marks: list[tuple[int, dt.datetime]] = []
    while not pipe.poll(WATCH_SECONDS):
        ((size, now),) = _rows(
            "SELECT COALESCE(max(size), 0), clock_timestamp() FROM workflows_checkpoint"
        )
        if not marks or size > marks[-1][0]:
            marks.append((size, now))
    return marks


def _lags(marks: list[tuple[int, dt.datetime]], begin: int) -> dict[str, Any]:
    """Return how long entries after `begin` waited until a checkpoint held them."""
    entries = _rows(
        "SELECT l.leaf_index, e.at FROM workflows_leaf l JOIN workflows_auditentry e"
        " ON e.id = l.entry_id WHERE e.id > %s",
        begin,
    )
    sizes = [size for size, _ in marks]
    lags = sorted(
        (marks[place][1] - at).total_seconds()
        for index, at in entries
        if 0 < (place := bisect.bisect_right(sizes, index)) < len(sizes)
    )
    return {"entries": len(lags), "checkpoints": len(sizes) - 1, **_shares(lags)}


def _shares(lags: list[float]) -> dict[str, object]:
    if not lags:
        return {}
    shares = {"p50": 0.5, "p99": 0.99, "longest": 1.0}
    return {
        name: round(lags[min(int(share * len(lags)), len(lags) - 1)], 3)
        for name, share in shares.items()
    }


def _rows(sql: str, *parameters: int) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def main() -> None:
    """Measure what the words say."""
    kind, tasks, seconds = sys.argv[1:]
    print(json.dumps(measure(kind, int(tasks), float(seconds))))


if __name__ == "__main__":
    main()
