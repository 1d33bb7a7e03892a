"""The only speaker of RQ: a doorbell that carries no work, only the wish to look.

Losing a ring loses time, never work: the sweeper rings again, and where the broker
cannot be reached it advances instances itself.
"""

from collections.abc import Callable

import django_rq
import structlog
from django.db import transaction
from redis.exceptions import RedisError

from workflows import failpoints

log = structlog.get_logger(__name__)

JOBS = {
    "engine": "workflows.jobs.drain_engine",
    "services": "workflows.jobs.drain_services",
    "notify": "workflows.jobs.drain_notices",
    "bundles": "workflows.jobs.drain_bundles",
}
# A services job lasts as long as the slowest call that it has under way; a bundle is put
# together in one go.
TIMEOUTS = {
    "engine": 600,
    "services": 24 * 3600,
    "notify": 600,
    "bundles": 24 * 3600,
}


def after_commit(action: Callable[[], object]) -> None:
    """Do something once the transaction stands; its failure harms nobody."""
    transaction.on_commit(action, robust=True)  # noqa: TID251  the one place


def ring_after_commit(name: str) -> None:
    """Ring a doorbell once the transaction stands, once for each transaction."""
    connection = transaction.get_connection()
    rung = {getattr(hook[1], "bell", None) for hook in connection.run_on_commit}
    if name in rung:
        return

    def bell() -> None:
        failpoints.reach("bell.before")
        ring(name)

    bell.bell = name  # type: ignore[attr-defined]
    after_commit(bell)


def ring(name: str) -> bool:
    """Ring a doorbell now; return whether the broker took it.

    A job that is queued but not begun will see everything that is committed now, so
    one such job is enough.
    """
    try:
        queue = django_rq.get_queue(name)
        if queue.count == 0:
            queue.enqueue_call(
                JOBS[name],
                kwargs={},
                result_ttl=0,
                failure_ttl=3600,
                timeout=TIMEOUTS[name],
            )
    except RedisError as error:
        log.warning("doorbell_failed", queue=name, error=str(error))
        return False
    return True
