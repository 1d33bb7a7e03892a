"""RQ workers of the product: no fork for the engine, a work-horse for services."""

from django.db import connections
from rq import SimpleWorker, Worker
from rq.job import Job
from rq.queue import Queue


class EngineWorker(SimpleWorker):
    """Runs drain jobs in its own process: a fork for each would cost more than they.

    Losing the process loses only a transaction that was not committed.
    """


class ServiceWorker(Worker):
    """Runs each drain job in a forked work-horse, so that a handler may crash it."""

    def fork_work_horse(self, job: Job, queue: Queue) -> None:
        """Fork without database connections: parent and child cannot share a socket."""
        connections.close_all()
        super().fork_work_horse(job, queue)


CLASSES: dict[str, type[EngineWorker] | type[ServiceWorker]] = {
    "engine": EngineWorker,
    "services": ServiceWorker,
    "notify": ServiceWorker,
}
