"""THE WORK on this engine, in this process. Prints one JSON line.

Words: instances, runs, instances in one transaction, threads; `worker` as a fifth waits
for a line on the input before it begins, beside other processes, and checks nothing.
"""

import json
import statistics
import sys

from tests.benchmarks import work
from workflows.models import AuditEntry
from workflows.workers import tune_process


def main() -> None:
    """Warm up, measure, and check that everything really ended."""
    count, runs, batch, threads = (int(word) for word in sys.argv[1:5])
    is_worker = sys.argv[5:] == ["worker"]
    definition_id = work.prepare()
    work.do(definition_id=definition_id, count=batch, batch=batch)
    tune_process()
    if is_worker:
        print("ready", flush=True)
        sys.stdin.readline()
    seconds = [
        work.do_in_threads(
            definition_id=definition_id, count=count, batch=batch, threads=threads
        )
        for _ in range(runs)
    ]
    if not is_worker:
        work.check(wanted=count * runs + batch)
    took = sum(seconds) if is_worker else statistics.median(seconds) * runs
    line = {
        "steps_per_s": work.DURABLE_STEPS * count * runs / took,
        "seconds": [round(second, 3) for second in seconds],
        "audit_entries": AuditEntry.objects.count(),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
