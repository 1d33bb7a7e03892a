"""What the matcher reads and writes, for many names and keys at once. No decisions.

How these go together, and against which races: operations/correlation.py.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from hashlib import sha256

from django.db import connection

from workflows.core.correlation import Buffered, Waiting
from workflows.store.sql import execute, parse_json

Topic = tuple[str, str]
"""A message's name and key, as core.correlation.fit keeps them."""

# Whether anybody could take message `m`; the matcher then looks closely. Scalar
# subqueries: EXISTS may be hashed over all who wait, for one name and key that is
# asked.
_RECEIVER = """
    ((SELECT true FROM workflows_subscription s
      WHERE s.kind = 'MESSAGE' AND s.name = m.name AND s.key = m.key
        AND s.instance_id IS NOT NULL LIMIT 1)
     OR (SELECT true FROM workflows_subscription s
         WHERE s.kind = 'MESSAGE' AND s.name = m.name AND s.key = ''
           AND s.definition_id IS NOT NULL
           AND (m.key = '' OR (
                SELECT true FROM workflows_messagestart h
                WHERE h.name = m.name AND h.key = m.key
                  AND h.definition_key = s.definition_key
                  AND h.process_id = s.process_id LIMIT 1) IS NULL) LIMIT 1))
"""
_WORTH = f"""
    SELECT m.name, m.key FROM unnest(%s::text[], %s::text[]) AS m(name, key)
    WHERE (SELECT true FROM workflows_message b WHERE b.state = 'BUFFERED'
           AND b.name = m.name AND b.key = m.key LIMIT 1)
      AND {_RECEIVER}
"""  # noqa: S608  put together from constants
_PAGE = f"""
    WITH page AS MATERIALIZED (
        SELECT id, name, key FROM workflows_message
        WHERE state = 'BUFFERED' AND id > %s ORDER BY id LIMIT %s
    )
    SELECT count(*), max(id),
           coalesce(jsonb_agg(DISTINCT jsonb_build_array(m.name, m.key))
                    FILTER (WHERE {_RECEIVER}), '[]')
    FROM page m
"""  # noqa: S608  put together from constants
_LOCK = "SELECT pg_advisory_xact_lock(number) FROM unnest(%s::bigint[]) AS v(number)"
_MESSAGES = """
    SELECT t.name, t.key, m.id, m.expires_at
    FROM unnest(%s::text[], %s::text[]) AS t(name, key)
    CROSS JOIN LATERAL (
        SELECT id, expires_at FROM workflows_message
        WHERE state = 'BUFFERED' AND name = t.name AND key = t.key
        ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED) m
"""
_WAITING = """
    SELECT t.name, t.key, s.id, s.once, s.opened_at
    FROM unnest(%s::text[], %s::text[]) AS t(name, key)
    CROSS JOIN LATERAL (
        SELECT id, once, opened_at FROM workflows_subscription
        WHERE kind = 'MESSAGE' AND name = t.name AND key = t.key
          AND instance_id IS NOT NULL
        ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED) s
"""
_DELIVER = """
    WITH pair AS (
        SELECT * FROM unnest(%s::bigint[], %s::bigint[]) AS v(message, subscription)
    ), given AS (
        UPDATE workflows_message m
        SET state = 'CORRELATED', ended_at = clock_timestamp(),
            instance_id = s.instance_id, node_id = s.node_id
        FROM pair p JOIN workflows_subscription s ON s.id = p.subscription
        WHERE m.id = p.message AND m.id = ANY(%s)
        RETURNING m.id, m.name, m.key, m.message_id, m.variables, m.published_by,
                  m.source_instance_id, s.instance_id, s.step_id, s.node_id
    ), closed AS (
        DELETE FROM workflows_subscription WHERE id = ANY(%s) AND once
    )
    INSERT INTO workflows_stimulus
        (instance_id, kind, step_id, data, attempt, run_at, created_at)
    SELECT instance_id, 'RECEIVED', step_id, jsonb_build_object(
               'node_id', node_id, 'name', name, 'key', key, 'variables', variables,
               'message', id, 'id', message_id, 'by', published_by,
               'source', coalesce(source_instance_id::text, '')),
           0, clock_timestamp(), clock_timestamp()
    FROM given ORDER BY id
"""
# What somebody waits for is left to the matcher, however late it comes.
_EXPIRE = """
    UPDATE workflows_message SET state = 'EXPIRED', ended_at = clock_timestamp()
    WHERE id = ANY(ARRAY(
        SELECT id FROM workflows_message m
        WHERE state = 'BUFFERED' AND expires_at < clock_timestamp() - %s * interval '1 second'
          AND (SELECT true FROM workflows_subscription s
               WHERE s.kind = 'MESSAGE' AND s.name = m.name AND s.key = m.key
                 AND s.instance_id IS NOT NULL AND s.opened_at <= m.expires_at
               LIMIT 1) IS NULL
        ORDER BY expires_at LIMIT %s FOR UPDATE SKIP LOCKED))
"""
_DELETE = """
    DELETE FROM workflows_message WHERE id = ANY(ARRAY(
        SELECT id FROM workflows_message
        WHERE ended_at < clock_timestamp() - %s * interval '1 second'
          AND expires_at < clock_timestamp()
        ORDER BY ended_at LIMIT %s FOR UPDATE SKIP LOCKED))
"""


def list_worth_matching(topics: Sequence[Topic]) -> list[Topic]:
    """Return the topics that have both a message and somebody; nothing is locked."""
    with connection.cursor() as cursor:
        cursor.execute(_WORTH, _columns(topics))
        return [(row[0], row[1]) for row in cursor.fetchall()]


def read_page(*, after: int, limit: int) -> tuple[list[Topic], int]:
    """Return the topics worth matching in the next page of buffered messages.

    Also where the page after that begins; 0 when this was the last.
    """
    with connection.cursor() as cursor:
        cursor.execute(_PAGE, [after, limit])
        count, last, topics = cursor.fetchone()
    found = [(name, key) for name, key in parse_json(topics)]
    return found, int(last) if count == limit else 0


def lock_topics(topics: Sequence[Topic]) -> None:
    """Take the lock of each topic, in one order; those who hold one are waited for."""
    numbers = {
        int.from_bytes(
            sha256(f"{name}\x00{key}".encode()).digest()[:8], "big", signed=True
        )
        for name, key in topics
    }
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [sorted(numbers)])


def lock_messages(
    topics: Sequence[Topic], *, limit: int
) -> dict[Topic, list[Buffered]]:
    """Lock and return the oldest buffered messages of each topic that has any."""
    found: dict[Topic, list[Buffered]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_MESSAGES, [*_columns(topics), limit])
        for name, key, number, expires_at in cursor.fetchall():
            found[name, key].append(Buffered(id=number, expires_at=expires_at))
    return dict(found)


def lock_waiting(topics: Sequence[Topic], *, limit: int) -> dict[Topic, list[Waiting]]:
    """Lock and return the oldest subscriptions of instances to each topic."""
    found: dict[Topic, list[Waiting]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, [*_columns(topics), limit])
        for name, key, number, once, opened_at in cursor.fetchall():
            found[name, key].append(Waiting(id=number, once=once, opened_at=opened_at))
    return dict(found)


def deliver(pairs: Sequence[tuple[int, int]]) -> None:
    """Tell instances their messages; (message id, subscription id), both locked."""
    message_ids, subscription_ids = zip(*pairs, strict=True)
    execute(_DELIVER, [message_ids, subscription_ids, message_ids, subscription_ids])


def expire(*, grace: dt.timedelta, limit: int) -> int:
    """End messages whose time ran out that long ago; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(_EXPIRE, [grace.total_seconds(), limit])
        return int(cursor.rowcount)


def delete_old(*, kept: dt.timedelta, limit: int) -> int:
    """Delete messages that ended that long ago; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(_DELETE, [kept.total_seconds(), limit])
        return int(cursor.rowcount)


def _columns(topics: Sequence[Topic]) -> list[list[str]]:
    return [[topic[0] for topic in topics], [topic[1] for topic in topics]]
