"""Judge, open or claim tasks in this process, as the first word says. Prints JSON.

Cases are those of the tests: one human step, then a gateway, a service step, an end.
"""

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import django
from django.core.management import call_command

django.setup()

from django.db import connection  # noqa: E402

from review.core.states import Decision  # noqa: E402
from review.core.tasks.leases import Lease  # noqa: E402
from review.models import Person, Queue, Task  # noqa: E402
from review.operations.tasks import claims  # noqa: E402
from review.operations.verdicts import verdicts  # noqa: E402
from tests.factories.tasks import NAMES, Desk, make_desk, start_cases  # noqa: E402
from workflows.models import Definition, Instance, Step  # noqa: E402

WARM_UP = 50
BATCH = 250
Answer = TypeVar("Answer")


def judge(count: int) -> dict[str, list[float]]:
    """Claim and judge one task after the other; check that every case moved on."""
    call_command("migrate", verbosity=0)
    desk = make_desk()
    open_tasks(desk, count=count + WARM_UP)
    claims: list[float] = []
    judged: list[float] = []
    for number in range(count + WARM_UP):
        lease, claim_ms = _timed(partial(_take, desk.alice))
        if lease is None:
            raise SystemExit(f"No task was left after {number}.")
        shown = Task.objects.values_list("payload_digest", flat=True)
        _, judge_ms = _timed(
            partial(
                verdicts.submit,
                task_id=lease.task_id,
                person=desk.alice,
                token=lease.token,
                payload_digest=shown.get(id=lease.task_id),
                decision=Decision.APPROVE,
            )
        )
        if number >= WARM_UP:
            claims.append(claim_ms)
            judged.append(judge_ms)
    done = Instance.objects.filter(state="COMPLETED", end_node_id="granted").count()
    after = Step.objects.filter(state="COMPLETED", node_id="after").count()
    if (done, after) != (count + WARM_UP, count + WARM_UP):
        raise SystemExit(f"{done} cases and {after} automated steps ended.")
    return {"claim": claims, "verdict": judged, "commit": _commits(count)}


def _commits(count: int) -> list[float]:
    """Return the milliseconds of updating one row and committing it."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_plain AS SELECT 1 AS id, 0 AS number")
        update = partial(cursor.execute, "UPDATE bench_plain SET number = number + 1")
        return [_timed(update)[1] for _ in range(count)]


def open_tasks(desk: Desk, *, count: int) -> None:
    """Open tasks, and leave the tables as autovacuum would in a while."""
    for begun in range(0, count, BATCH):
        start_cases(desk, count=min(BATCH, count - begun))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def claim(person: Person) -> dict[str, list[float]]:
    """Wait for a word, then take tasks until none is left."""
    connection.ensure_connection()
    print("ready", flush=True)
    sys.stdin.readline()
    took: list[float] = []
    while True:
        lease, claim_ms = _timed(partial(_take, person))
        if lease is None:
            return {"claim": took}
        took.append(claim_ms)


def main() -> None:
    """Do what the words say."""
    what, number = sys.argv[1], int(sys.argv[2])
    if what == "judge":
        found = judge(number)
    elif what == "open":
        queue = Queue.objects.get(key="desk")
        desk = Desk(queue=queue, definition_id=Definition.objects.get().id)
        open_tasks(desk, count=number)
        found = {}
    else:
        found = claim(Person.objects.get(name=NAMES[number].title()))
    print(json.dumps(found))


def _take(person: Person) -> Lease | None:
    return claims.claim_next(queue_keys=["desk"], person=person)


def _timed(act: Callable[[], Answer]) -> tuple[Answer, float]:
    began = time.perf_counter()
    answer = act()
    return answer, 1000 * (time.perf_counter() - began)


if __name__ == "__main__":
    main()
