"""Decide for what people were told whether and when it is mailed, or posted."""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from review.core.notices.notices import (
    Digest,
    Notice,
    Quiet,
    Told,
    Wishes,
    plan_mails,
    read_channels,
)
from workflows.driver import fetch
from workflows.store import database_now

BATCH: Final = 500

_UNPLANNED: Final = """
    SELECT id, person_id, hook_id, kind FROM review_notification
    WHERE planned_at IS NULL ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
"""
_WISHES: Final = """
    SELECT p.id, COALESCE(l.zone, 'UTC'), c.channels::text, c.quiet_from, c.quiet_until,
        c.urgent_passes, c.digest, c.digest_at
    FROM review_person p
    LEFT JOIN review_preference l ON l.person_id = p.id
    LEFT JOIN review_notificationpreference c ON c.person_id = p.id
    WHERE p.id = ANY(%s)
      AND (NOT %s OR (p.email <> '' AND p.disabled_at IS NULL))
"""
_OPEN: Final = """
    INSERT INTO review_delivery (person_id, hook_id, due_at, next_at, state, attempts,
        token, error)
    SELECT person_id, hook_id, due_at, due_at, 'WAITING', 0, 0, ''
    FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[])
        AS w (person_id, hook_id, due_at)
    ORDER BY 1, 2, 3
    ON CONFLICT DO NOTHING RETURNING id
"""
# Note [Nothing joins what has gone]: a delivery takes notices only until its first
# try. A row that a sender holds is waited for, and is then no longer of this kind.
_LOCK: Final = """
    SELECT d.id, d.person_id, d.hook_id, d.due_at FROM review_delivery d
    JOIN unnest(%s::bigint[], %s::bigint[], %s::timestamptz[])
        AS w (person_id, hook_id, due_at)
        ON d.person_id IS NOT DISTINCT FROM w.person_id
        AND d.hook_id IS NOT DISTINCT FROM w.hook_id AND d.due_at = w.due_at
    WHERE d.state = 'WAITING' AND d.attempts = 0 ORDER BY d.id FOR UPDATE OF d
"""
# What no list shows and no mail carries is as good as read: it ages like that.
_ATTACH: Final = """
    UPDATE review_notification n
    SET planned_at = clock_timestamp(), delivery_id = w.delivery_id,
        read_at = CASE WHEN NOT n.is_listed AND w.delivery_id IS NULL
            THEN clock_timestamp() ELSE n.read_at END
    FROM unnest(%s::bigint[], %s::bigint[]) AS w (id, delivery_id)
    WHERE n.id = w.id RETURNING n.id
"""

_Goal = tuple[int | None, int | None, dt.datetime]


@dataclass(frozen=True, slots=True)
class _Row:
    id: int
    person_id: int | None
    hook_id: int | None
    kind: str


@transaction.atomic
def plan_some(*, limit: int = BATCH) -> int:
    """Plan up to so many notices; return how many were planned.

    A crash before the commit leaves them as they were. A notice whose delivery began
    to go in this very moment stays for the next call, which finds a later moment.
    """
    rows = [_Row(*row) for row in fetch(_UNPLANNED, [limit])]
    if not rows:
        return 0
    now = database_now()
    goals = _find_goals(rows, now=now)
    found = _open_deliveries(goals)
    planned = {
        notice_id: found[goal]
        for goal, notice_ids in goals.items()
        if goal in found
        for notice_id in notice_ids
    }
    mailed = {each for notice_ids in goals.values() for each in notice_ids}
    silent: Mapping[int, int | None] = {
        row.id: None for row in rows if row.id not in mailed
    }
    everything: dict[int, int | None] = {**planned, **silent}
    fetch(_ATTACH, [list(everything), list(everything.values())])
    return len(everything)


def _find_goals(rows: Collection[_Row], *, now: dt.datetime) -> dict[_Goal, list[int]]:
    """Return which notices go where and when."""
    goals: dict[_Goal, list[int]] = defaultdict(list)
    for row in rows:
        if row.hook_id is not None:
            goals[None, row.hook_id, now].append(row.id)
    if settings.SENDS_MAIL:
        persons = {row.person_id for row in rows if row.person_id is not None}
        wishes = read_wishes(persons)
        told = [
            Told(row.id, row.person_id, Notice(row.kind))
            for row in rows
            if row.person_id in wishes
        ]
        for mail in plan_mails(told, wishes=wishes, now=now):
            goals[mail.person_id, None, mail.due_at].extend(mail.notice_ids)
    return goals


def _open_deliveries(goals: Iterable[_Goal]) -> dict[_Goal, int]:
    """Open the deliveries that are missing; return those that still take notices."""
    columns = [list(column) for column in zip(*goals, strict=True)]
    if not columns:
        return {}
    fetch(_OPEN, columns)
    return {
        (person_id, hook_id, due_at.astimezone(dt.UTC)): delivery_id
        for delivery_id, person_id, hook_id, due_at in fetch(_LOCK, columns)
    }


def read_wishes(
    persons: Collection[int], *, only_mailed: bool = True
) -> dict[int, Wishes]:
    """Return how persons want to be told; with `only_mailed` who can be sent mail."""
    rows = fetch(_WISHES, [list(persons), only_mailed])
    return {row[0]: _read_wishes(*row[1:]) for row in rows}


def _read_wishes(zone: str, *words: Any) -> Wishes:
    channels, quiet_from, quiet_until, urgent_passes, digest, digest_at = words
    if digest is None:  # no row: the defaults
        return Wishes(zone=ZoneInfo(zone))
    return Wishes(
        channels=read_channels(json.loads(channels)),
        quiet=Quiet(quiet_from, quiet_until) if quiet_from is not None else None,
        urgent_passes=urgent_passes,
        digest=Digest(digest),
        digest_at=digest_at,
        zone=ZoneInfo(zone),
    )
