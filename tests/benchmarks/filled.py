"""One installation full of open tasks, for all benchmarks of a run that need it.

`BENCH_TASKS` (1,000,000) open tasks of eight queues, opened by the engine as
`manage.py generate_load` does: some ten minutes and 10 GB of the temporary folder.
"""

import atexit
import os
from contextlib import ExitStack
from functools import cache

from tests.benchmarks import ours
from tests.benchmarks.servers import bench_servers

TASKS = int(os.environ.get("BENCH_TASKS", "1000000"))
_KEPT = ExitStack()


@cache
def filled() -> dict[str, str]:
    """Return the environment of processes that work there; the first call fills it."""
    atexit.register(_KEPT.close)
    bench = _KEPT.enter_context(bench_servers())
    env = ours.environment(bench, "filled")
    ours.ask(env, "filled_ours", TASKS)
    return env
