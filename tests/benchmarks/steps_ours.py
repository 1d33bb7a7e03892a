"""THE WORK on this engine, in this process. Prints one JSON line."""

import datetime as dt
import json
import statistics
import sys
import time
from collections.abc import Mapping, Sequence

import django
from django.core.management import call_command

django.setup()

from django.db import transaction  # noqa: E402

import tests.factories.handlers  # noqa: E402, F401  registers test.noop
from tests.factories.processes import (  # noqa: E402
    TESTER,
    chain,
    deploy,
    process,
    service_line,
)
from workflows import handlers  # noqa: E402
from workflows.handlers import HumanOpened, HumanRequest  # noqa: E402
from workflows.models import AuditEntry, Instance, Step  # noqa: E402
from workflows.operations import instances, steps  # noqa: E402
from workflows.operations.instances import Start  # noqa: E402

BEFORE, AFTER = ["a1", "a2", "a3", "a4", "a5"], ["b1", "b2"]
WORK = process(
    '<startEvent id="s"/>'
    + service_line([*BEFORE, *AFTER], handler="test.noop")
    + '<userTask id="review"/><endEvent id="e"/>'
    + chain("s", *BEFORE, "review", *AFTER, "e")
)


class Parked:
    """Human steps wait; the benchmark answers them."""

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


def one_run(*, definition_id: int, count: int, batch: int) -> float:
    """Return the seconds for `count` instances, `batch` in each transaction."""
    people = Parked()
    handlers.set_human_kind(people)
    wish = Start(variables={"amount": 1000}, initiator=TESTER)
    began = time.perf_counter()
    for _ in range(count // batch):
        instances.start_and_advance(definition_id=definition_id, starts=[wish] * batch)
        asked, people.waiting = people.waiting, []
        ends = [(r.instance_id, r.step_id, {"outcome": "APPROVED"}) for r in asked]
        with transaction.atomic():
            steps.complete_many(ends=ends, actor=TESTER)
    return time.perf_counter() - began


def main() -> None:
    """Migrate, warm up, measure, and check that everything really ended."""
    count, runs, batch = (int(word) for word in sys.argv[1:4])
    call_command("migrate", verbosity=0)
    definition_id = deploy(WORK)
    one_run(definition_id=definition_id, count=batch, batch=batch)
    seconds = [
        one_run(definition_id=definition_id, count=count, batch=batch)
        for _ in range(runs)
    ]
    wanted = count * runs + batch
    done = Instance.objects.filter(state="COMPLETED").count()
    ended = Step.objects.filter(state="COMPLETED").count()
    if (done, ended) != (wanted, wanted * 10):
        raise SystemExit(f"{done} instances and {ended} steps ended, not {wanted}.")
    line = {
        "steps_per_s": 8 * count / statistics.median(seconds),
        "runs": [round(second, 3) for second in seconds],
        "audit_entries": AuditEntry.objects.count(),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
