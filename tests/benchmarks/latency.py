"""What a person waits for: his verdict, until the next automated step is committed.

One person judges, one case after the other, over real leases, digests, four eyes,
quorum, audit entries and their triggers, `synchronous_commit=on`; the time ends when
the verdict and the automated steps after it are committed. A plain commit of one row
on the same connection says what the machine was like. More of the desk: `verdicts`.
"""

import statistics
from collections.abc import Callable

from tests.benchmarks import ours
from tests.benchmarks.servers import bench_servers

VERDICTS = 500
Emit = Callable[[dict[str, object]], None]


def run(emit: Emit) -> None:
    """Print the median and the tail in milliseconds, and the plain commit's."""
    with bench_servers() as bench:
        env = ours.environment(bench, "latency")
        found = ours.ask(env, "verdicts_ours", "judge", VERDICTS)
    subject = "verdict -> next automated step committed"
    cuts = statistics.quantiles(found["verdict"], n=100, method="inclusive")
    emit(_line(f"{subject}, p50", cuts[49]))
    emit(_line(f"{subject}, p95", cuts[94]))
    plain = statistics.median(found["commit"])
    emit(_line("one row updated and committed, p50", plain))
    ratio = round(plain / cuts[49], 2)
    emit({"bench": "latency", "vs": "one row updated and committed", "ratio": ratio})


def _line(subject: str, value: float) -> dict[str, object]:
    return {
        "bench": "latency",
        "subject": subject,
        "value": round(value, 2),
        "unit": "ms",
    }
