"""Tell people of what happened to their work. Rows only; `delivering` sends them."""

import dataclasses
import json
from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from django.db import connection

from review import live
from review.core.notices.letters import Table
from review.core.notices.notices import KINDS, Channel, Notice
from workflows import dispatch

BELL: Final = "notify"
MOST_TITLE: Final = 300

# Whoever is disabled or only replays the past is told nothing, nor who wants a kind by
# no way at all. What a person wants by mail alone is kept for the mail, but not listed.
_INSERT: Final = """
    INSERT INTO review_notification (person_id, hook_id, kind, title, text, url,
        instance_id, key, is_listed, created_at, tables)
    SELECT w.person_id, w.hook_id, %(kind)s, %(title)s, %(text)s, %(url)s,
        %(instance_id)s, %(key)s, w.is_listed, clock_timestamp(), %(tables)s::jsonb
    FROM (
        SELECT p.id AS person_id, NULL::bigint AS hook_id,
            COALESCE(c.channels -> %(kind)s ? 'IN_APP', %(listed)s) AS is_listed
        FROM review_person p
        LEFT JOIN review_notificationpreference c ON c.person_id = p.id
        WHERE p.id = ANY(%(persons)s) AND p.disabled_at IS NULL AND NOT p.simulated
          AND c.channels -> %(kind)s IS DISTINCT FROM '[]'::jsonb
        UNION ALL
        SELECT NULL, h.id, false
        FROM review_chathook h
        WHERE h.removed_at IS NULL
          AND (h.kinds = '[]'::jsonb OR h.kinds ? %(kind)s)
          AND (h.queue_id = %(queue_id)s OR h.rule_id = %(rule_id)s::bigint OR (
              %(queue_id)s::bigint IS NULL AND h.queue_id IN (
                  SELECT t.queue_id FROM review_task t
                  WHERE t.instance_id = %(instance_id)s
                    AND t.state IN ('OPEN', 'CLAIMED', 'WAITING', 'SETTLING'))))
        ORDER BY 1, 2
    ) w
    ON CONFLICT DO NOTHING
    RETURNING person_id, is_listed
"""


def tell(
    *,
    persons: Collection[int],
    kind: Notice,
    title: str,
    text: str,
    url: str,
    instance_id: UUID | None = None,
    key: str = "",
    queue_id: int | None = None,
    rule_id: int | None = None,
    tables: Sequence[Table] = (),
) -> int:
    """Keep a notice for each person, in the caller's transaction; return how many.

    `url` is a path on this site, e.g. of `reverse`. With a `key` each person is told
    once for it, however often this is called. The chat rooms of the queue hear it too:
    of `queue_id`, else of the queues where the instance has tasks; and the receiver of
    the alert rule `rule_id`. Tables stand in its mail. Sending comes after the commit: a rollback takes the notice with it, a crash
    delays it to the next sweep.
    """
    words = {
        "persons": sorted(set(persons)),
        "kind": kind.value,
        "title": " ".join(title.split())[:MOST_TITLE],
        "text": text,
        "url": url,
        "instance_id": instance_id,
        "key": key,
        "queue_id": queue_id,
        "rule_id": rule_id,
        "listed": Channel.IN_APP in KINDS[kind].channels,
        "tables": json.dumps([dataclasses.asdict(table) for table in tables]),
    }
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, words)
        written = cursor.fetchall()
    heard = [live.person_topic(person) for person, listed in written if listed]
    if heard:
        live.publish(*heard)
    if written:
        dispatch.ring_after_commit(BELL)
    return len(written)
