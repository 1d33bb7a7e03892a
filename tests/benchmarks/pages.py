"""A reviewer's pages over a great many open tasks, on the server and in the browser.

`BENCH_TASKS` (1,000,000) tasks are open. Server time is that of the whole
application for one request, without the network. In the browser a person signs one
case after the other by key: from the press to the next case painted, looking at each
for three seconds, and for half a second.
"""

from collections.abc import Callable

from tests.benchmarks import ours
from tests.benchmarks.filled import TASKS, filled
from tests.benchmarks.servers import bench_servers

FEW = 2_000
Emit = Callable[[dict[str, object]], None]


def run(emit: Emit) -> None:
    """Print the 95th percentiles, the number of queries, and few tasks beside many."""
    with bench_servers() as bench:
        env = ours.environment(bench, "pages")
        ours.ask(env, "filled_ours", FEW)
        few = ours.ask(env, "pages_ours", "server")
    many = ours.ask(filled(), "pages_ours", "browser")
    for page, times in many["pages"].items():
        for name in ("p50", "p95"):
            subject = f"{page}, {name}, {TASKS:,} tasks"
            emit(_line(subject, round(times[name], 1), "ms"))
        emit(_line(f"{page}, queries", times["queries"], "queries"))
        ratio = round(few["pages"][page]["p95"] / times["p95"], 2)
        emit({"bench": "pages", "vs": f"{FEW:,} tasks, {page}", "ratio": ratio})
    for how, times in many["browser"].items():
        for name in ("p50", "p95"):
            subject = f"key to painted next case, {how}, {name}"
            emit(_line(subject, round(times[name], 1), "ms"))


def _line(subject: str, value: float, unit: str) -> dict[str, object]:
    return {"bench": "pages", "subject": subject, "value": value, "unit": unit}
