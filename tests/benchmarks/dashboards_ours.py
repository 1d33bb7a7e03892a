"""Rebuild, ask, fold or judge, as the first word says. Prints JSON."""

import json
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import django

django.setup()

from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.urls import reverse  # noqa: E402

from review.core.figures.figures import FIGURES  # noqa: E402
from review.core.states import Decision  # noqa: E402
from review.dashboards import metrics  # noqa: E402
from review.dashboards.metrics import Period, Scope  # noqa: E402
from review.load.cases import QUEUES  # noqa: E402
from review.load.filling import open_account  # noqa: E402
from review.models import Person, Task, User  # noqa: E402
from review.operations.figures import rollups  # noqa: E402
from review.operations.tasks import claims  # noqa: E402
from review.operations.verdicts import verdicts  # noqa: E402
from workflows.store import database_now  # noqa: E402
from workflows.workers import tune_process  # noqa: E402

TIMES, WARM_UP = 30, 3
DAYS = 30


def rebuild() -> dict[str, float]:
    """Make everything anew, check it, and leave the tables as autovacuum would."""
    began = time.perf_counter()
    rollups.rebuild()
    built = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    checked = time.perf_counter()
    if found := rollups.check():
        raise SystemExit("\n".join(found))
    return {
        "rebuild": round(built - began, 1),
        "check": round(time.perf_counter() - checked, 1),
    }


def ask() -> dict[str, dict[str, float]]:
    """Ask for every panel, and for the page, over everything and over one queue."""
    open_account(username="load", password="a-long-password")
    client = Client(SERVER_NAME="localhost")  # the test settings know no testserver
    client.force_login(User.objects.get(username="load"))
    found: dict[str, dict[str, float]] = {}
    for words, scope in (("", Scope()), (", one queue", Scope(queue=QUEUES[0]))):
        for name, read in list_panels(scope).items():
            found[f"{name}{words}"] = _measure(read)
    address = reverse("dashboard")
    for words, query in (("", {}), (", one queue", {"queue": QUEUES[0]})):
        found[f"the page{words}"] = _measure(partial(_open, client, address, query))
    return found


def list_panels(scope: Scope) -> dict[str, Callable[[], object]]:
    """Return by name what reads each panel of the last 30 days."""
    now = database_now()
    period = Period.of_days(DAYS, now=now)
    keys = [figure.key for figure in FIGURES]
    return {
        "breached": partial(metrics.read_breached, scope, now=now),
        "due soon": partial(metrics.read_due_soon, scope, now=now),
        "forecast": partial(metrics.read_forecast, scope, now=now),
        "burn": partial(metrics.read_burn, scope, now=now),
        "aging": partial(metrics.read_aging, scope, now=now),
        "flow": partial(metrics.read_flow, scope, period, now=now),
        "cumulative": partial(metrics.read_cumulative, scope, period, now=now),
        "scatter": partial(metrics.read_scatter, scope, period),
        "xmr of cycle": partial(metrics.read_xmr, "cycle_p85", scope, now=now),
        "xmr of overturned": partial(metrics.read_xmr, "overturn", scope, now=now),
        "split": partial(metrics.read_split, scope, period),
        "quality": partial(metrics.read_quality, scope, period),
        "states": partial(metrics.read_states, scope),
        "all figures": partial(
            metrics.read_figures, keys, scope=scope, period=period, now=now
        ),
    }


def _open(client: Client, address: str, query: dict[str, str]) -> None:
    answer = client.get(address, query)
    if answer.status_code != 200:
        raise SystemExit(f"{address} answered {answer.status_code}.")


def _measure(read: Callable[[], object]) -> dict[str, float]:
    took: list[float] = []
    for number in range(TIMES + WARM_UP):
        began = time.perf_counter()
        read()
        if number >= WARM_UP:
            took.append(1000 * (time.perf_counter() - began))
    with CaptureQueriesContext(connection) as captured:
        read()
    return {
        "p50": _share(took, 50),
        "p95": _share(took, 95),
        "queries": len(captured),
    }


def _share(values: Sequence[float], share: int) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * share // 100)]


def fold(seconds: int) -> dict[str, tuple[float, str]]:
    """Fold once a second; the lag is the worst that could be seen between two passes.

    What commits right after a pass has looked is seen when the next one has ended.
    """
    tune_process()
    lags: list[float] = []
    passes: list[float] = []
    entries = changed = 0
    looked = time.perf_counter()
    end = looked + seconds
    while time.perf_counter() < end:
        began = time.perf_counter()
        done = rollups.fold()
        ended = time.perf_counter()
        entries += done.entries
        changed += done.changed
        lags.append(ended - looked)
        passes.append(1000 * (ended - began))
        looked = began
        time.sleep(max(0.0, 1 - (ended - began)))
    rollups.catch_up()
    if found := rollups.check():
        raise SystemExit("\n".join(found))
    return {
        "entries folded": (round(entries / seconds), "entries/s"),
        "tasks changed": (round(changed / seconds), "tasks/s"),
        "a pass, p50": (round(_share(passes, 50), 1), "ms"),
        "a pass, p95": (round(_share(passes, 95), 1), "ms"),
        "lag, p50": (round(_share(lags, 50), 2), "s"),
        "lag, p95": (round(_share(lags, 95), 2), "s"),
    }


def judge(number: int, seconds: int) -> dict[str, Any]:
    """Wait for a word, then claim and approve one task after the other."""
    tune_process()
    person = Person.objects.get(name=f"Load {number + 1}")
    print("ready", flush=True)
    sys.stdin.readline()
    done = 0
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        lease = claims.claim_next(queue_keys=QUEUES, person=person)
        if lease is None:
            break
        task = Task.objects.only("payload_digest").get(id=lease.task_id)
        verdicts.submit(
            task_id=task.id,
            person=person,
            token=lease.token,
            payload_digest=task.payload_digest,
            decision=Decision.APPROVE,
        )
        done += 1
    return {"verdicts": done}


def main() -> None:
    """Do what the words say."""
    what, *words = sys.argv[1:]
    acts: dict[str, Callable[..., Any]] = {
        "rebuild": rebuild,
        "ask": ask,
        "fold": fold,
        "judge": judge,
    }
    print(json.dumps(acts[what](*map(int, words))))


if __name__ == "__main__":
    main()
