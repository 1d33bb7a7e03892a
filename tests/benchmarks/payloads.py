"""THE WORK with a variable of one megabyte beside the others, and without it.

Instances carry it from their start to their end; nothing reads it. The start takes it
in, which costs what a megabyte costs; every advance after it should cost the same.
"""

from collections.abc import Callable

from tests.benchmarks import ours
from tests.benchmarks.servers import bench_servers

MEGABYTE = 1_000_000
Emit = Callable[[dict[str, object]], None]


def run(emit: Emit) -> None:
    """Print the rates of both parts, and their shares of the rates without it."""
    with bench_servers() as bench:
        env = ours.environment(bench, "payloads")
        found = ours.ask(env, "payloads_ours", MEGABYTE)
    for subject, value in found.items():
        emit({
            "bench": "payloads",
            "subject": subject,
            "value": round(value),
            "unit": "instances/s",
        })
    for part in ("start", "advance after it"):
        ratio = found[f"{part}, 1 MB"] / found[f"{part}, without"]
        vs = f"{part}, without a large variable"
        emit({"bench": "payloads", "vs": vs, "ratio": round(ratio, 2)})
