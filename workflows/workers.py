"""RQ workers of the product: no fork for the engine, a work-horse for services."""

import gc
import sys
from typing import Any

from django.db import connections
from rq import SimpleWorker, Worker
from rq.job import Job
from rq.queue import Queue


class EngineWorker(SimpleWorker):
    """Runs drain jobs in its own process: a fork for each would cost more than they.

    Losing the process loses only a transaction that was not committed.
    """

    def work(self, *args: Any, **options: Any) -> bool:
        """Work until told to stop."""
        tune_process()
        return bool(super().work(*args, **options))


class ServiceWorker(Worker):
    """Runs each drain job in a forked work-horse, so that a handler may crash it."""

    def fork_work_horse(self, job: Job, queue: Queue) -> None:
        """Fork without database connections: parent and child cannot share a socket."""
        connections.close_all()
        super().fork_work_horse(job, queue)


def tune_process() -> None:
    """Let the cycle collector come less often, and threads take turns more often.

    An advance makes thousands of objects that all end with its batch, none in a cycle;
    looking at them, and at the modules, again and again costs a tenth of the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    # A thread that has its answer waits this long for one that computes.
    sys.setswitchinterval(0.0005)


CLASSES: dict[str, type[EngineWorker] | type[ServiceWorker]] = {
    "engine": EngineWorker,
    "services": ServiceWorker,
    "notify": ServiceWorker,
}
BESIDE: dict[str, tuple[str, ...]] = {"notify": ("bundles",)}
"""Queues that a worker takes from when its own is empty: in this order."""
