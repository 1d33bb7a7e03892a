"""How the desks stand against their promises: open, due, breached, decided, lead times.

Lead time is a task's opening to its decision on the wall clock, of tasks that people
decided. Percentiles are those of `percentile_cont` (linear between neighbours).
"""

import dataclasses
import datetime as dt
import zoneinfo
from collections.abc import Sequence
from typing import Final

from review.dashboards.sql import read_rows

AGE_BUCKETS: Final = (
    ("under 1 h", dt.timedelta(hours=1)),
    ("1 to 4 h", dt.timedelta(hours=4)),
    ("4 to 8 h", dt.timedelta(hours=8)),
    ("8 to 24 h", dt.timedelta(days=1)),
    ("1 to 3 d", dt.timedelta(days=3)),
    ("3 to 7 d", dt.timedelta(days=7)),
    ("over 7 d", dt.timedelta.max),
)
SOON: Final = dt.timedelta(hours=4)

_OPEN: Final = """
    SELECT queue_id, bucket, standing, count(*) AS tasks, min(opened_at) AS oldest
    FROM (
        SELECT queue_id, opened_at,
            width_bucket(
                extract(epoch FROM %(now)s - opened_at)::float8, %(bounds)s::float8[]
            ) AS bucket,
            CASE WHEN due_at <= %(now)s THEN 'breached'
                 WHEN due_at <= %(soon)s THEN 'soon' ELSE 'calm' END AS standing
        FROM review_task
        WHERE state IN ('OPEN', 'CLAIMED', 'WAITING') AND queue_id = ANY(%(queue_ids)s)
    ) live
    GROUP BY queue_id, bucket, standing
"""
_DECIDED: Final = """
    SELECT queue_id, grouping(queue_id) = 1 AS is_total, count(*) AS tasks,
        count(*) FILTER (WHERE decided_at > due_at OR id IN (
            SELECT r.task_id FROM review_clockrecord r
            WHERE r.is_breach AND r.task_id IS NOT NULL
              AND r.reached_at >= %(since)s - interval '1 year')) AS late,
        percentile_cont(ARRAY[0.5, 0.85]) WITHIN GROUP (
            ORDER BY extract(epoch FROM decided_at - opened_at)) AS lead_seconds
    FROM review_task
    WHERE state = 'DECIDED' AND decided_by = 'PEOPLE' AND decided_at >= %(since)s
      AND queue_id = ANY(%(queue_ids)s)
    GROUP BY GROUPING SETS ((queue_id), ())
"""
_DAYS: Final = """
    WITH days AS (
        SELECT generate_series(
            %(first_day)s::date, %(last_day)s::date, interval '1 day')::date AS day
    ), arrived AS (
        SELECT (opened_at AT TIME ZONE %(zone)s)::date AS day, count(*) AS tasks
        FROM review_task
        WHERE opened_at >= %(since)s AND queue_id = ANY(%(queue_ids)s)
        GROUP BY 1
    ), decided AS (
        SELECT (decided_at AT TIME ZONE %(zone)s)::date AS day, count(*) AS tasks,
            percentile_cont(ARRAY[0.5, 0.85]) WITHIN GROUP (
                ORDER BY extract(epoch FROM decided_at - opened_at))
                FILTER (WHERE decided_by = 'PEOPLE') AS lead_seconds
        FROM review_task
        WHERE state = 'DECIDED' AND decided_at >= %(since)s
          AND queue_id = ANY(%(queue_ids)s)
        GROUP BY 1
    )
    SELECT days.day, coalesce(arrived.tasks, 0) AS arrived,
        coalesce(decided.tasks, 0) AS decided, decided.lead_seconds
    FROM days LEFT JOIN arrived USING (day) LEFT JOIN decided USING (day)
    ORDER BY days.day
"""
_ACT_NOW: Final = """
    SELECT t.id, t.title, t.business_key, t.instance_id, q.name AS queue_name,
        t.opened_at, t.due_at, t.warn_at,
        CASE WHEN t.lease_until > %(now)s THEN p.name END AS held_by
    FROM (
        (SELECT id, due_at FROM review_task
         WHERE state IN ('OPEN', 'CLAIMED', 'WAITING') AND breached_at IS NOT NULL
           AND queue_id = ANY(%(queue_ids)s)
         ORDER BY breached_at, id LIMIT %(limit)s)
        UNION ALL
        (SELECT id, due_at FROM review_task
         WHERE state IN ('OPEN', 'CLAIMED', 'WAITING') AND breached_at IS NULL
           AND due_at IS NOT NULL AND due_at <= %(soon)s
           AND queue_id = ANY(%(queue_ids)s)
         ORDER BY due_at, id LIMIT %(limit)s)
    ) urgent
    JOIN review_task t ON t.id = urgent.id
    JOIN review_queue q ON q.id = t.queue_id
    LEFT JOIN review_person p ON p.id = t.claimed_by_id
    ORDER BY urgent.due_at, t.id
    LIMIT %(limit)s
"""


@dataclasses.dataclass(frozen=True, slots=True)
class OpenCount:
    """Open tasks of one queue, one age bucket and one standing."""

    queue_id: int
    bucket: int
    standing: str
    tasks: int
    oldest: dt.datetime


@dataclasses.dataclass(frozen=True, slots=True)
class Decided:
    """What people decided in the period; `queue_id` None is all queues together."""

    queue_id: int | None
    tasks: int
    late: int
    median: dt.timedelta
    p85: dt.timedelta


@dataclasses.dataclass(frozen=True, slots=True)
class Day:
    """One calendar day in the viewer's zone."""

    day: dt.date
    arrived: int
    decided: int
    median: dt.timedelta | None
    p85: dt.timedelta | None


@dataclasses.dataclass(frozen=True, slots=True)
class Urgent:
    """One open task that is breached or close to it."""

    id: int
    title: str
    case: str
    queue_name: str
    opened_at: dt.datetime
    due_at: dt.datetime
    warn_at: dt.datetime | None
    held_by: str | None


def list_open(*, queue_ids: Sequence[int], now: dt.datetime) -> list[OpenCount]:
    """Count open tasks by queue, age bucket and standing: breached, soon, calm."""
    bounds = [limit.total_seconds() for _, limit in AGE_BUCKETS[:-1]]
    rows = read_rows(
        _OPEN,
        {
            "now": now,
            "soon": now + SOON,
            "bounds": bounds,
            "queue_ids": list(queue_ids),
        },
    )
    return [OpenCount(*row) for row in rows]


def list_decided(*, queue_ids: Sequence[int], since: dt.datetime) -> list[Decided]:
    """Return what people decided since then: each queue, and one row for all."""
    rows = read_rows(_DECIDED, {"queue_ids": list(queue_ids), "since": since})
    return [
        Decided(
            queue_id=None if row.is_total else row.queue_id,
            tasks=row.tasks,
            late=row.late,
            median=dt.timedelta(seconds=float(row.lead_seconds[0])),
            p85=dt.timedelta(seconds=float(row.lead_seconds[1])),
        )
        for row in rows
        if row.tasks
    ]


def list_days(
    *, queue_ids: Sequence[int], first_day: dt.date, last_day: dt.date, zone: str
) -> list[Day]:
    """Return arrivals, decisions and lead times by calendar day of an IANA zone."""
    midnight = dt.datetime.combine(first_day, dt.time.min, zoneinfo.ZoneInfo(zone))
    rows = read_rows(
        _DAYS,
        {
            "first_day": first_day,
            "last_day": last_day,
            "since": midnight,
            "zone": zone,
            "queue_ids": list(queue_ids),
        },
    )
    return [
        Day(
            day=row.day,
            arrived=row.arrived,
            decided=row.decided,
            median=_span(row.lead_seconds, 0),
            p85=_span(row.lead_seconds, 1),
        )
        for row in rows
    ]


def list_urgent(
    *, queue_ids: Sequence[int], now: dt.datetime, limit: int
) -> list[Urgent]:
    """Return the open tasks that breached or are due soon, the longest overdue first."""
    rows = read_rows(
        _ACT_NOW,
        {
            "now": now,
            "soon": now + SOON,
            "limit": limit,
            "queue_ids": list(queue_ids),
        },
    )
    return [
        Urgent(
            id=row.id,
            title=row.title,
            case=row.business_key or f"#{row.id}",
            queue_name=row.queue_name,
            opened_at=row.opened_at,
            due_at=row.due_at,
            warn_at=row.warn_at,
            held_by=row.held_by,
        )
        for row in rows
    ]


def _span(seconds: Sequence[object] | None, index: int) -> dt.timedelta | None:
    if seconds is None or seconds[index] is None:
        return None
    return dt.timedelta(seconds=float(str(seconds[index])))
