"""Tell open pages that a topic has changed. Hints carry no data and may be lost.

Topics: `queue.<key>`, `task.<id>`, `instance.<uuid>`, `incidents`, `dashboard`. A page
that hears one fetches itself again over HTTP, where permission is checked.
"""

import functools
import json
import time
from typing import Final

import redis
import structlog
from django.conf import settings
from django.db import transaction

from workflows.dispatch import after_commit

TIMEOUT_SECONDS: Final = 0.5

log = structlog.get_logger(__name__)


@functools.cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
    )


def hints_channel(database: int) -> str:
    """Name the channel of one logical database: PUBLISH itself knows no databases."""
    return f"countersign:hints:{database}"


def publish(topic: str) -> None:
    """Ring for a topic once the transaction stands, once for each transaction."""
    connection = transaction.get_connection()
    rung = {getattr(hook[1], "topic", None) for hook in connection.run_on_commit}
    if topic in rung:
        return

    def hint() -> None:
        send_now(topic)

    hint.topic = topic  # type: ignore[attr-defined]
    after_commit(hint)


def send_now(topic: str) -> None:
    """Send one hint; where the broker cannot be reached the pages' own interval serves."""
    client = _client()
    database = client.connection_pool.connection_kwargs.get("db") or 0
    # Microseconds: unique enough to tell hints apart, exact as a JavaScript number.
    frame = {"topic": topic, "version": time.time_ns() // 1000}
    try:
        client.publish(hints_channel(database), json.dumps(frame))
    except redis.RedisError as error:
        log.warning("hint_failed", topic=topic, error=str(error))
