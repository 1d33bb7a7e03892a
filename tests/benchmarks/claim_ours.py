"""Claim tasks, or count the claims, as the first word says. Prints JSON."""

import json
import sys
import time
from random import Random

import django

django.setup()

from review.load.cases import QUEUES  # noqa: E402
from review.load.filling import hire  # noqa: E402
from review.models import Person, Task  # noqa: E402
from review.operations.tasks import claims  # noqa: E402
from workflows.models import AuditEntry  # noqa: E402


def claim(
    count: int, pause_ms: int, number: int, persons: int
) -> dict[str, list[float]]:
    """Wait for a word, then take so many tasks, by so many persons in turn."""
    first = (number - 1) * persons + 1
    crowd = [
        Person.objects.get(name=f"Load {one}") for one in range(first, first + persons)
    ]
    rng = Random(number)  # noqa: S311  no two at the same beat
    print("ready", flush=True)
    sys.stdin.readline()
    took: list[float] = []
    begun = time.perf_counter()
    for turn in range(count):
        person = crowd[turn % persons]
        began = time.perf_counter()
        lease = claims.claim_next(queue_keys=QUEUES, person=person)
        took.append(1000 * (time.perf_counter() - began))
        if lease is None:
            raise SystemExit("No task was left.")
        if pause_ms:
            time.sleep(rng.uniform(0.5, 1.5) * pause_ms / 1000)
    return {"claim": took, "seconds": [time.perf_counter() - begun]}


def count_claims(persons: int) -> dict[str, int]:
    """Make the claimers; count the tasks they hold and that have one entry each."""
    hire(persons)
    crowd = Person.objects.filter(name__startswith="Load ")
    ids = list(crowd.values_list("id", flat=True))
    held = Task.objects.filter(state="CLAIMED", claimed_by_id__in=ids)
    actors = [f"person:{one}" for one in ids]
    entries = AuditEntry.objects.filter(kind="task.claimed", actor__in=actors)
    steps = set(entries.values_list("step_id", flat=True))
    if len(steps) != entries.count() or held.count() != len(steps):
        raise SystemExit(f"{held.count()} tasks held, {entries.count()} entries.")
    return {"claims": len(steps)}


def main() -> None:
    """Do what the words say."""
    what, *words = sys.argv[1:]
    numbers = [int(word) for word in words]
    found = count_claims(*numbers) if what == "count" else claim(*numbers)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
