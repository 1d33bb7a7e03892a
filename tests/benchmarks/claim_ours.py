"""Open tasks, claim them, or check the claims, as the first word says. Prints JSON."""

import json
import sys
import time

import django
from django.core.management import call_command

django.setup()

from django.db import connection  # noqa: E402

from review.load.cases import QUEUES  # noqa: E402
from review.load.filling import fill  # noqa: E402
from review.models import Person, Task  # noqa: E402
from review.operations import claims  # noqa: E402
from workflows.models import AuditEntry  # noqa: E402


def open_tasks(count: int) -> dict[str, object]:
    """Open tasks and leave the tables as autovacuum would in a while."""
    call_command("migrate", verbosity=0)
    opened = fill(tasks=count)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return {"opened": opened}


def claim(count: int, number: int) -> dict[str, list[float]]:
    """Wait for a word, then take so many tasks one after the other."""
    person = Person.objects.get(name=f"Load {number}")
    print("ready", flush=True)
    sys.stdin.readline()
    took: list[float] = []
    for _ in range(count):
        began = time.perf_counter()
        lease = claims.claim_next(queue_keys=QUEUES, person=person)
        took.append(1000 * (time.perf_counter() - began))
        if lease is None:
            raise SystemExit("No task was left.")
    return {"claim": took}


def check(count: int) -> dict[str, object]:
    """Fail unless each claim has one task and one entry of its own."""
    held = Task.objects.filter(state="CLAIMED", lease_token=1).count()
    entries = AuditEntry.objects.filter(kind="task.claimed").count()
    if (held, entries) != (count, count):
        raise SystemExit(f"{held} held tasks and {entries} entries for {count} claims.")
    return {"held": held}


def main() -> None:
    """Do what the words say."""
    what, count, number = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if what == "open":
        found = open_tasks(count)
    elif what == "claim":
        found = dict(claim(count, number))
    else:
        found = check(count)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
