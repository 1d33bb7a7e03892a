"""Writers and a watch for the log under load; `prepare`, `write`, `watch`. Prints JSON.

`prepare TASKS` makes a desk with open tasks, `write KIND SECONDS` makes decisions as
fast as one process can and says how many, `watch SECONDS` measures how long entries
wait for a checkpoint. `BENCH_NO_LOG=1` makes writers write no entries.
"""

import bisect
import datetime as dt
import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any
from uuid import UUID

import django
from django.core.management import call_command

django.setup()

from django.db import connection, transaction  # noqa: E402

from review.core.states import Decision  # noqa: E402
from review.models import Person, Queue, Task  # noqa: E402
from review.operations import claims, verdicts  # noqa: E402
from tests.benchmarks.audit_off import without_entries  # noqa: E402
from tests.factories.processes import TESTER  # noqa: E402
from tests.factories.tasks import NAMES, Desk, make_desk, start_cases  # noqa: E402
from workflows import audit  # noqa: E402
from workflows.core.chain import Draft  # noqa: E402
from workflows.models import Definition, Instance  # noqa: E402
from workflows.store import database_now  # noqa: E402

BATCH = 250
WATCH_SECONDS = 0.05
DETAIL = {"decision": "APPROVE", "payload": "f" * 64, "proposal": "e" * 64}


def prepare(tasks: int) -> dict[str, object]:
    """Migrate, make a desk once, and see to it that so many tasks are open."""
    call_command("migrate", verbosity=0)
    queue = Queue.objects.filter(key="desk").first()
    desk = (
        make_desk()
        if queue is None
        else Desk(queue=queue, definition_id=Definition.objects.get().id)
    )
    missing = tasks - Task.objects.filter(state="OPEN").count()
    for begun in range(0, max(missing, 0), BATCH):
        start_cases(desk, count=min(BATCH, missing - begun))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return {"tasks": Task.objects.filter(state="OPEN").count()}


def write(kind: str, seconds: float, number: int) -> dict[str, object]:
    """Make decisions for so long, one transaction each; return how many."""
    act = {"verdict": _verdicts, "record": _records}[kind](number)
    connection.ensure_connection()
    off = os.environ.get("BENCH_NO_LOG")
    with without_entries() if off else nullcontext():
        act()
        print("ready", flush=True)
        sys.stdin.readline()
        count, until = 0, time.perf_counter() + seconds
        began = time.perf_counter()
        while time.perf_counter() < until and act():
            count += 1
        took = time.perf_counter() - began
    return {"count": count, "seconds": took}


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
    """The least a decision can be: a case locked, its row and its entry, a commit."""
    cases = list(Instance.objects.order_by("id").values_list("id", flat=True)[:800])
    mine = cases[number::8]
    turn = iter(range(10**9))

    def record() -> bool:
        case: UUID = mine[next(turn) % len(mine)]
        with transaction.atomic():
            Instance.objects.select_for_update().only("id").get(id=case)
            drafts = [Draft("verdict.submitted", TESTER, DETAIL)]
            audit.record(instance_id=case, drafts=drafts, now=database_now())
        return True

    return record


def watch(seconds: float) -> dict[str, object]:
    """Look for new checkpoints for so long; return how long entries waited for one."""
    sizes: list[int] = []
    seen: list[dt.datetime] = []
    ((begin,),) = _rows("SELECT COALESCE(max(id), 0) FROM workflows_auditentry")
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        ((size, now),) = _rows(
            "SELECT COALESCE(max(size), 0), clock_timestamp() FROM workflows_checkpoint"
        )
        if not sizes or size > sizes[-1]:
            sizes.append(size)
            seen.append(now)
        time.sleep(WATCH_SECONDS)
    entries = _rows(
        "SELECT l.leaf_index, e.at FROM workflows_leaf l JOIN workflows_auditentry e"
        " ON e.id = l.entry_id WHERE e.id > %s",
        begin,
    )
    lags = sorted(
        (seen[place] - at).total_seconds()
        for index, at in entries
        if (place := bisect.bisect_right(sizes, index)) < len(sizes)
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
    """Do what the words say."""
    what, *words = sys.argv[1:]
    if what == "prepare":
        found = prepare(int(words[0]))
    elif what == "write":
        found = write(words[0], float(words[1]), int(words[2]))
    else:
        found = watch(float(words[0]))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
