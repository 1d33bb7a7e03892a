"""Which tasks were in time by an objective's measure, and how many. Derived rows only.

A task is in time at the moment it is decided, and late at the moment its time is over,
decided or not. Either is noted once and stays. What the grid decided alone, and what
was withdrawn in time, is nobody's work and counts for nothing.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

from django.db import connection

from review.core.clocks.goals import read_duration
from review.core.figures.objectives import Count, Measure
from review.dashboards.sql import read_rows
from review.operations.clocks.calendars import NamedCalendar
from workflows.core.calendars import add_business_time

REACHES_BACK: Final = dt.timedelta(days=35)
MARGIN: Final = dt.timedelta(days=1)
AT_ONCE: Final = 5_000

_NEWEST: Final = """
    SELECT max(at) AS at FROM review_objectiveevent
    WHERE queue_id = %(queue)s AND measure = %(measure)s AND is_good
"""
_SCOPE: Final = """
    t.queue_id = %(queue)s AND t.decided_by IS DISTINCT FROM 'AUTO'
    AND (%(class)s = '' OR t.priority_class = %(class)s)
    AND (%(process)s = '' OR t.definition_key = %(process)s)
    AND (%(step)s = '' OR t.node_id = %(step)s)
    AND NOT EXISTS (SELECT FROM review_objectiveevent e
        WHERE e.queue_id = t.queue_id AND e.measure = %(measure)s AND e.task_id = t.id)
"""
_ENDED: Final = """
    SELECT t.id, t.opened_at, t.decided_at AS ended_at, t.due_at, t.breached_at
    FROM review_task t
    WHERE t.state = 'DECIDED' AND t.decided_at >= %(since)s AND {scope}
    ORDER BY t.decided_at, t.id LIMIT %(limit)s
"""
_LIVE: Final = """
    SELECT t.id, t.opened_at, NULL::timestamptz AS ended_at, t.due_at, t.breached_at
    FROM review_task t
    WHERE t.state IN ('OPEN', 'CLAIMED', 'WAITING', 'SETTLING') AND {scope}
      AND (t.breached_at IS NOT NULL OR %(timed)s AND t.opened_at < %(latest)s)
    ORDER BY t.id LIMIT %(limit)s
"""
_INSERT: Final = """
    INSERT INTO review_objectiveevent (queue_id, measure, task_id, is_good, at)
    SELECT %s, %s, v.* FROM unnest(%s::bigint[], %s::bool[], %s::timestamptz[]) v
    ON CONFLICT DO NOTHING
"""
_COUNT: Final = """
    SELECT s.since, count(e.at) FILTER (WHERE e.is_good) AS good,
        count(e.at) FILTER (WHERE NOT e.is_good) AS bad
    FROM unnest(%(since)s::timestamptz[]) s(since)
    LEFT JOIN review_objectiveevent e ON e.queue_id = %(queue)s
      AND e.measure = %(measure)s AND e.at >= s.since AND e.at <= %(now)s
    GROUP BY s.since
"""
_PAST: Final = """
    SELECT t.id, t.opened_at, t.decided_at AS ended_at, t.due_at, t.breached_at
    FROM review_task t
    WHERE t.state = 'DECIDED' AND t.decided_at >= %(since)s AND t.queue_id = %(queue)s
      AND t.decided_by IS DISTINCT FROM 'AUTO'
      AND (%(class)s = '' OR t.priority_class = %(class)s)
      AND (%(process)s = '' OR t.definition_key = %(process)s)
      AND (%(step)s = '' OR t.node_id = %(step)s)
    ORDER BY t.decided_at DESC, t.id DESC LIMIT %(limit)s
"""
_LATE: Final = """
    SELECT t.id, t.title, t.state, t.outcome, t.opened_at, e.at
    FROM review_objectiveevent e JOIN review_task t ON t.id = e.task_id
    WHERE e.queue_id = %(queue)s AND e.measure = %(measure)s AND NOT e.is_good
      AND e.at >= %(since)s
    ORDER BY e.at DESC, e.id DESC LIMIT %(limit)s
"""
_FORGET: Final = "DELETE FROM review_objectiveevent WHERE at < %s"


def note_events(
    *, queue_id: int, measure: Measure, calendar: NamedCalendar, now: dt.datetime
) -> int:
    """Note the tasks that were decided, or became late, since the last look.

    At most AT_ONCE of each at a time: what is left over comes with the next look.
    """
    span = _span(measure, calendar)
    words = _words(queue_id, measure) | {
        "limit": AT_ONCE,
        "timed": span is not None,
        # Working time never runs faster than the clock on the wall.
        "latest": now - (span or dt.timedelta()),
    }
    newest = read_rows(_NEWEST, words)[0].at
    words["since"] = max(newest - MARGIN if newest else now, now - REACHES_BACK)
    if newest is None:
        words["since"] = now - REACHES_BACK
    rows = [
        row
        for statement in (_ENDED, _LIVE)
        for row in read_rows(statement.format(scope=_SCOPE), words)
    ]
    found = [
        (row.id, *event)
        for row in rows
        if (event := _judge(row, span, calendar, now=now)) is not None
    ]
    if found:
        ids, goods, moments = (list(column) for column in zip(*found, strict=True))
        with connection.cursor() as cursor:
            cursor.execute(_INSERT, [queue_id, measure.key, ids, goods, moments])
    return len(found)


def _span(measure: Measure, calendar: NamedCalendar) -> dt.timedelta | None:
    if not measure.within:
        return None
    return read_duration(measure.within, calendar=calendar.hours)


def _words(queue_id: int, measure: Measure) -> dict[str, Any]:
    return {
        "queue": queue_id,
        "measure": measure.key,
        "class": measure.task_class,
        "process": measure.process,
        "step": measure.step,
    }


def _judge(
    row: Any, span: dt.timedelta | None, calendar: NamedCalendar, *, now: dt.datetime
) -> tuple[bool, dt.datetime] | None:
    """Tell whether a task was in time, and when that was settled; None while it runs."""
    if span is None:
        if row.breached_at is not None:
            return False, row.breached_at
        return (True, row.ended_at) if row.ended_at and row.due_at else None
    due_at = add_business_time(calendar.hours, row.opened_at, span)
    if row.ended_at is not None and row.ended_at <= due_at:
        return True, row.ended_at
    return (False, due_at) if due_at < now else None


def count_since(
    *, queue_id: int, measure: Measure, since: Sequence[dt.datetime], now: dt.datetime
) -> dict[dt.datetime, Count]:
    """Return how many were in time and late since each of the moments."""
    words = {
        "queue": queue_id,
        "measure": measure.key,
        "since": sorted(set(since)),
        "now": now,
    }
    return {row.since: Count(row.good, row.bad) for row in read_rows(_COUNT, words)}


def count_past(
    *,
    queue_id: int,
    measure: Measure,
    calendar: NamedCalendar,
    since: dt.datetime,
    now: dt.datetime,
) -> Count:
    """Return what a measure makes of the newest decided tasks; nothing is noted."""
    span = _span(measure, calendar)
    words = _words(queue_id, measure) | {"since": since, "limit": 4 * AT_ONCE}
    judged = [_judge(row, span, calendar, now=now) for row in read_rows(_PAST, words)]
    goods = [one[0] for one in judged if one is not None]
    return Count(sum(goods), len(goods) - sum(goods))


def list_late(
    *, queue_id: int, measure: Measure, since: dt.datetime, limit: int
) -> list[Any]:
    """Return the tasks that were late, the newest first."""
    words = _words(queue_id, measure) | {"since": since, "limit": limit}
    return read_rows(_LATE, words)


def forget_old(now: dt.datetime) -> None:
    """Forget events that lie before every window."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, [now - 2 * REACHES_BACK])
