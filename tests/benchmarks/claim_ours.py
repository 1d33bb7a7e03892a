"""Claim tasks, or count the claims, as the first word says. Prints JSON."""

import json
import sys
import time
from random import Random

import django

django.setup()

from review.load.cases import QUEUES  # noqa: E402
from review.models import Person, Task  # noqa: E402
from review.operations import claims  # noqa: E402
from workflows.models import AuditEntry  # noqa: E402


def claim(count: int, pause_ms: int, number: int) -> dict[str, list[float]]:
    """Wait for a word, then take so many tasks one after the other."""
    person = Person.objects.get(name=f"Load {number}")
    rng = Random(number)  # noqa: S311  no two at the same beat
    print("ready", flush=True)
    sys.stdin.readline()
    took: list[float] = []
    begun = time.perf_counter()
    for _ in range(count):
        began = time.perf_counter()
        lease = claims.claim_next(queue_keys=QUEUES, person=person)
        took.append(1000 * (time.perf_counter() - began))
        if lease is None:
            raise SystemExit("No task was left.")
        if pause_ms:
            time.sleep(rng.uniform(0.5, 1.5) * pause_ms / 1000)
    return {"claim": took, "seconds": [time.perf_counter() - begun]}


def count_claims() -> dict[str, int]:
    """Count the tasks that claimers hold and that have one entry of that each."""
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
    what, *numbers = sys.argv[1:]
    found = count_claims() if what == "count" else claim(*map(int, numbers))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
