"""Claim tasks, or check the claims, as the first word says. Prints JSON."""

import json
import sys
import time

import django

django.setup()

from review.load.cases import QUEUES  # noqa: E402
from review.models import Person, Task  # noqa: E402
from review.operations import claims  # noqa: E402
from workflows.models import AuditEntry  # noqa: E402


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
    crowd = Person.objects.filter(name__startswith="Load ")
    ids = list(crowd.values_list("id", flat=True))
    held = Task.objects.filter(state="CLAIMED", claimed_by_id__in=ids).count()
    entries = AuditEntry.objects.filter(
        kind="task.claimed", actor__in=[f"person:{one}" for one in ids]
    ).count()
    if (held, entries) != (count, count):
        raise SystemExit(f"{held} held tasks and {entries} entries for {count} claims.")
    return {"held": held}


def main() -> None:
    """Do what the words say."""
    what, count, number = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    found = dict(claim(count, number)) if what == "claim" else check(count)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
