"""Tell open pages that a topic has changed. Hints carry no data and may be lost.

Topics: `queue.<key>`, `task.<id>`, `instance.<uuid>`, `instances` (any of them),
`instances.many` (so many at once that none is named), `person.<id>`, `incidents`,
`policies`, `stops`, `alerts`, `dashboard`, `bundles` (the list), `bundle.<id>`. A page that hears one
fetches itself again over HTTP, where permission is checked.
"""

import functools
import json
import time
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import redis
import structlog
from django.conf import settings
from django.db import transaction

from workflows.dispatch import after_commit

TIMEOUT_SECONDS: Final = 0.2
DASHBOARD: Final = "dashboard"
INCIDENTS: Final = "incidents"
INSTANCES: Final = "instances"
MANY_INSTANCES: Final = "instances.many"
MOST_NAMED: Final = 10
"""How many instances of one transaction are named each by a topic of their own."""
POLICIES: Final = "policies"
STOPS: Final = "stops"
ALERTS: Final = "alerts"

log = structlog.get_logger(__name__)


@functools.cache
def _client() -> "redis.Redis[bytes]":
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
    )


def hints_channel(database: int) -> str:
    """Name the channel of one logical database: PUBLISH itself knows no databases."""
    return f"countersign:hints:{database}"


def queue_topic(key: str) -> str:
    """Return the topic of a queue's page."""
    return f"queue.{key}"


def task_topic(task_id: int) -> str:
    """Return the topic of a task's page."""
    return f"task.{task_id}"


def instance_topic(instance_id: UUID) -> str:
    """Return the topic of an instance's page."""
    return f"instance.{instance_id}"


def person_topic(person_id: int) -> str:
    """Return the topic of what a person is told."""
    return f"person.{person_id}"


def publish_instances(instance_ids: Sequence[UUID]) -> None:
    """Hint at changed instances; a batch of an engine in full swing is one hint."""
    if len(instance_ids) > MOST_NAMED:
        publish(INSTANCES, MANY_INSTANCES)
    elif instance_ids:
        publish(INSTANCES, *map(instance_topic, instance_ids))


def publish(*topics: str) -> None:
    """Ring for topics once the transaction stands, once each and all together."""
    for hook in transaction.get_connection().run_on_commit:
        waiting = getattr(hook[1], "topics", None)
        if waiting is not None:
            waiting.update(topics)
            return
    together = set(topics)

    def hint() -> None:
        send_now(*sorted(together))

    hint.topics = together  # type: ignore[attr-defined]
    after_commit(hint)


def send_now(*topics: str) -> None:
    """Send hints; where the broker cannot be reached the pages' own interval serves."""
    client = _client()
    channel = hints_channel(client.connection_pool.connection_kwargs.get("db") or 0)
    # Microseconds: unique enough to tell hints apart, exact as a JavaScript number.
    version = time.time_ns() // 1000
    try:
        with client.pipeline(transaction=False) as pipeline:
            for topic in topics:
                frame = {"topic": topic, "version": version}
                pipeline.publish(channel, json.dumps(frame))
            pipeline.execute()
    except redis.RedisError as error:
        log.warning("hints_failed", topics=topics, error=str(error))
