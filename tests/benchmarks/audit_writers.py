"""What eight writers decide in a second, with the log and without. No benchmark.

The benchmark `audit` and the fault run `decisions` measure with it; the writers are in
audit_load.py.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.peers import ROOT
from tests.benchmarks.servers import Bench


@dataclass(frozen=True, slots=True)
class Measured:
    """Decisions per second of all writers together, and what the watch saw."""

    with_log: float
    without_log: float
    lag: Mapping[str, Any]

    @property
    def share(self) -> float:
        """Return what of the rate without a log is left with it."""
        return self.with_log / self.without_log


def measure(bench: Bench, kind: str, *, tasks: int, seconds: float) -> Measured:
    """Let the writers decide on a new database, for `seconds` in each turn."""
    with tempfile.TemporaryDirectory(prefix="countersign-bench-") as folder:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "tests.benchmarks.audit_load"),
                *(kind, str(tasks), str(seconds)),
            ],
            cwd=ROOT,
            env={
                **os.environ,
                "DATABASE_URL": bench.dsn(f"audit_{kind}"),
                "REDIS_URL": bench.redis_url,
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "COUNTERSIGN_ENV": "test",
                "COUNTERSIGN_DATA_DIR": folder,
                "COUNTERSIGN_LOG_LEVEL": "ERROR",
            },
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
    return Measured(**json.loads(done.stdout.splitlines()[-1]))
