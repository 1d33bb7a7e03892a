"""THE WORK as this engine runs it; the benchmarks that need it import it from here."""

import datetime as dt
import threading
import time
from collections.abc import Mapping, Sequence

import django
from django.core.management import call_command

django.setup()

from django.db import connections, transaction  # noqa: E402

import tests.factories.handlers  # noqa: E402, F401  registers test.noop
from tests.factories.processes import (  # noqa: E402
    TESTER,
    chain,
    deploy,
    process,
    service_line,
)
from workflows import kinds  # noqa: E402
from workflows.kinds import HumanOpened, HumanRequest  # noqa: E402
from workflows.models import Definition, Instance, Step  # noqa: E402
from workflows.operations import instances, steps  # noqa: E402
from workflows.operations.instances import Start  # noqa: E402

BEFORE, AFTER = ["a1", "a2", "a3", "a4", "a5"], ["b1", "b2"]
WORK = process(
    '<startEvent id="s"/>'
    + service_line([*BEFORE, *AFTER], handler="test.noop")
    + '<userTask id="review"/><endEvent id="e"/>'
    + chain("s", *BEFORE, "review", *AFTER, "e")
)
DURABLE_STEPS = 8
STEP_ROWS = 10
"""Durable steps as the targets count them, and rows: the start and end events too."""


class Parked(threading.local):
    """Human steps wait; the benchmark answers them, in the thread they came up in."""

    def __init__(self) -> None:
        self.waiting: list[HumanRequest] = []

    def open_many(
        self, *, requests: Sequence[HumanRequest], now: dt.datetime
    ) -> list[HumanOpened]:
        self.waiting.extend(requests)
        return [HumanOpened(step_id=r.step_id, output=None) for r in requests]

    def write_opened(
        self,
        *,
        opened: Sequence[HumanOpened],
        audit_seqs: Mapping[int, int],
        now: dt.datetime,
    ) -> None: ...

    def cancel_many(
        self,
        *,
        step_ids: Sequence[int],
        audit_seqs: Mapping[int, int],
        now: dt.datetime,
    ) -> None: ...


people = Parked()


def prepare() -> int:
    """Migrate, deploy THE WORK once, and return its definition's id."""
    kinds.set_human_kind(people)
    call_command("migrate", verbosity=0)
    found = Definition.objects.values_list("id", flat=True).first()
    return deploy(WORK) if found is None else found


def do(
    *,
    definition_id: int,
    count: int,
    batch: int,
    variables: Mapping[str, object] | None = None,
) -> float:
    """Return the seconds for `count` instances, `batch` in each transaction."""
    wish = Start(variables=variables or {"amount": 1000}, initiator=TESTER)
    began = time.perf_counter()
    for _ in range(count // batch):
        instances.start_and_advance(definition_id=definition_id, starts=[wish] * batch)
        answer_all()
    return time.perf_counter() - began


def answer_all() -> None:
    """Approve whatever waits for this thread's people, in one transaction."""
    asked, people.waiting = people.waiting, []
    ends = [(r.instance_id, r.step_id, {"outcome": "APPROVED"}) for r in asked]
    with transaction.atomic():
        steps.complete_many(ends=ends, actor=TESTER)


def do_in_threads(*, definition_id: int, count: int, batch: int, threads: int) -> float:
    """Do the same with several transactions under way in this one process."""
    if threads == 1:
        return do(definition_id=definition_id, count=count, batch=batch)
    barrier = threading.Barrier(threads + 1)

    def work() -> None:
        barrier.wait()
        do(definition_id=definition_id, count=count // threads, batch=batch)
        barrier.wait()
        connections.close_all()

    crowd = [threading.Thread(target=work) for _ in range(threads)]
    for thread in crowd:
        thread.start()
    barrier.wait()
    began = time.perf_counter()
    barrier.wait()
    took = time.perf_counter() - began
    for thread in crowd:
        thread.join()
    return took


def check(*, wanted: int) -> None:
    """End the process unless exactly so many instances and their steps have ended."""
    done = Instance.objects.filter(state="COMPLETED").count()
    ended = Step.objects.filter(state="COMPLETED").count()
    if (done, ended) != (wanted, wanted * STEP_ROWS):
        raise SystemExit(f"{done} instances and {ended} steps ended, not {wanted}.")
