"""The long runs about the audit log, promises 15 to 18 and 20, as chaos.py starts them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from tests.benchmarks.audit_writers import measure
from tests.benchmarks.servers import bench_servers
from tests.faults import forks
from tests.faults.fleet import a_fleet
from tests.faults.scale import SCALE, scaled

Told = dict[str, Any]
LEAST_RATE: Final = 500.0
LONGEST_LAG_SECONDS: Final = 5.0


def _told(out: str) -> tuple[Told, bool]:
    told: Told = json.loads(out.splitlines()[-1])
    return told, bool(told.pop("kept"))


def bypassing() -> tuple[Told, bool]:
    """15: every way around every guarded table, and decisions without a log."""
    with a_fleet() as fleet:
        fleet.run("manage.py", "seed_demo")
        return _told(
            fleet.run("-m", "tests.faults.bypassing", str(scaled(200, least=20)))
        )


def tampering() -> tuple[Told, bool]:
    """16: changes behind all triggers, against an anchor and a public key."""
    with a_fleet() as fleet:
        return _told(
            fleet.run("-m", "tests.faults.tampering", str(scaled(1000, least=39)))
        )


def erasing() -> tuple[Told, bool]:
    """20: values erased beside a running crew, looked for in everything it wrote."""
    with a_fleet() as fleet:
        fleet.tend()
        return _told(
            fleet.run("-m", "tests.faults.erasing", str(scaled(1053, least=21)))
        )


def decisions() -> tuple[Told, bool]:
    """18: eight writers decide while one sealer seals."""
    seconds = max(20 * SCALE, 4)
    with bench_servers() as bench:
        found = measure(bench, "record", tasks=800, seconds=seconds)
    told = {
        "writers": 8,
        "decisions_per_second": round(found.with_log),
        "without_log": round(found.without_log),
        "share_left": round(found.share, 3),
        "lag_seconds": dict(found.lag),
    }
    longest = float(found.lag.get("p99", "inf"))
    return told, found.with_log >= LEAST_RATE and longest <= LONGEST_LAG_SECONDS


RUNS: Final[dict[str, tuple[str, Callable[[], tuple[Told, bool]]]]] = {
    "bypassing": ("15", bypassing),
    "tampering": ("16", tampering),
    "restored": ("17", forks.restored),
    "many-sealers": ("17", forks.many_sealers),
    "decisions": ("18", decisions),
    "erasure": ("20", erasing),
}
