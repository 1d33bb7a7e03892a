"""THE WORK with and without a large variable, in turns. Prints one JSON line."""

import itertools
import json
import statistics
import sys
import time
from collections.abc import Mapping

from tests.benchmarks import work
from tests.factories.processes import TESTER
from workflows.operations import instances
from workflows.operations.instances import Start
from workflows.workers import tune_process

COUNT, BATCH, TURNS = 200, 50, 5
_numbers = itertools.count()


def main() -> None:
    """Measure in turns, so that all kinds share the machine's moods."""
    size = int(sys.argv[1])
    definition_id = work.prepare()
    work.do(definition_id=definition_id, count=BATCH, batch=BATCH)
    tune_process()
    rates: dict[str, list[float]] = {}
    for _ in range(TURNS):
        for kind, variables in (
            ("without", {"amount": 1000}),
            ("1 MB", {"amount": 1000, "document": _text(size)}),
        ):
            for part, seconds in _turn(definition_id, variables).items():
                rates.setdefault(f"{part}, {kind}", []).append(COUNT / seconds)
    print(json.dumps({kind: statistics.median(v) for kind, v in rates.items()}))


def _turn(definition_id: int, variables: Mapping[str, object]) -> dict[str, float]:
    """Return the seconds of starting instances, and of their advance to the end."""
    took = {"start": 0.0, "advance after it": 0.0}
    wish = Start(variables=variables, initiator=TESTER)
    for _ in range(COUNT // BATCH):
        began = time.perf_counter()
        instances.start_and_advance(definition_id=definition_id, starts=[wish] * BATCH)
        started = time.perf_counter()
        work.answer_all()
        took["start"] += started - began
        took["advance after it"] += time.perf_counter() - started
    return took


def _text(size: int) -> str:
    return f"{next(_numbers)} ".ljust(size, "x")


if __name__ == "__main__":
    main()
