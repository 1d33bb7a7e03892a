"""Where the time of THE WORK goes: this process, by module, and the database's backend.

`cProfile` makes Python's part longer than it is; the processor times are measured in a
run without it.
"""

from collections.abc import Callable

from tests.benchmarks import ours
from tests.benchmarks.servers import bench_servers

STATEMENTS = (
    "shared_preload_libraries=pg_stat_statements",
    "pg_stat_statements.track=all",
)
Emit = Callable[[dict[str, object]], None]


def run(emit: Emit) -> None:
    """Print microseconds for each instance, the longest first within each kind."""
    with bench_servers(options=STATEMENTS) as bench:
        found = ours.ask(ours.environment(bench, "profile"), "profile_ours")
    for kind, parts in found.items():
        for name, value in parts:
            emit({
                "bench": "profile",
                "subject": f"{kind}: {name}",
                "value": round(value),
                "unit": "us an instance",
            })
