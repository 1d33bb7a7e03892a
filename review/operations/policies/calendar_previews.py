"""Replay the clocks of some weeks by another calendar. Reads only.

Looked at are the clocks of tasks that were started under any version of this calendar.
Both the calendar in force and the proposed one are counted anew.
"""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from review.core.clocks.clocks import Event
from review.core.policies.calendar_policy import to_calendar, to_days_off
from review.core.policies.calendar_preview import CalendarPreview, Ran, preview_calendar
from review.core.states import ClockEventKind
from review.dashboards.sql import read_rows
from review.models import Calendar
from review.operations.clocks import calendars
from workflows.core.calendars import BusinessCalendar
from workflows.store import database_now

LOOKED_AT: Final = 5_000
"""Tasks that one preview looks at; of more, an even sample by their ids."""
A_YEAR: Final = dt.timedelta(days=365)

_WHERE: Final = """
    opened_at >= %(since)s AND state <> 'CANCELED' AND due_at IS NOT NULL
"""
_COUNT: Final = f"SELECT count(*) AS total FROM review_task WHERE {_WHERE}"  # noqa: S608  (a constant)
_CLOCKS: Final = f"""
    WITH looked AS MATERIALIZED (
        SELECT id FROM review_task
        WHERE {_WHERE} AND (hashint8(id)::bigint & 2147483647) %% %(step)s = 0
        LIMIT %(limit)s
    )
    SELECT begun.sla, turns.told
    FROM looked t
    CROSS JOIN LATERAL (
        SELECT e.terms ->> 'sla' AS sla, e.terms ->> 'calendar' AS calendar
        FROM review_clockevent e
        WHERE e.task_id = t.id AND e.kind IN ('START', 'RESET')
        ORDER BY e.id DESC LIMIT 1) begun
    CROSS JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_array(e.kind, e.at, e.reason) ORDER BY e.id)::text
            AS told
        FROM review_clockevent e WHERE e.task_id = t.id) turns
    WHERE begun.calendar ~ %(label)s
"""  # noqa: S608  (constants of this module)


def preview_hours(
    *,
    calendar: Calendar,
    before: Mapping[str, Any],
    proposed: Mapping[str, Any],
    weeks: int,
    now: dt.datetime | None = None,
) -> CalendarPreview:
    """Return what a calendar would have done to the clocks of the last weeks."""
    moment = now or database_now()
    where = {
        "since": moment - dt.timedelta(weeks=weeks),
        "label": f"^{_escape(calendar.key)} v[0-9]+$",
    }
    tasks = read_rows(_COUNT, where)[0].total
    step = max(1, -(-tasks // LOOKED_AT))
    rows = read_rows(_CLOCKS, {**where, "step": step, "limit": LOOKED_AT + 1000})
    return preview_calendar(
        (_read(row) for row in rows),
        before=_resolve(before),
        after=_resolve(proposed),
        named=(list_days_off(before, now=moment), list_days_off(proposed, now=moment)),
        weeks=weeks,
        total=len(rows) * step,  # of an even sample
        now=moment,
    )


def list_days_off(body: Mapping[str, Any], *, now: dt.datetime) -> dict[dt.date, str]:
    """Return the days off of the year to come by date: the country's, and its own."""
    today = now.astimezone(ZoneInfo(body["zone"])).date()
    until = today + A_YEAR
    own = to_days_off(body)
    found = {
        **calendars.name_days_off(
            body.get("country", ""), body.get("part", ""), since=today, until=until
        ),
        **{date: name for date, name in own.items() if today <= date < until},
    }
    return dict(sorted(found.items()))


def _resolve(body: Mapping[str, Any]) -> BusinessCalendar:
    return to_calendar(
        body,
        holidays=calendars.list_national(body.get("country", ""), body.get("part", "")),
    )


def _read(row: Any) -> Ran:
    turns = [
        Event(ClockEventKind(kind), dt.datetime.fromisoformat(at), reason)
        for kind, at, reason in json.loads(row.told)
    ]
    last = turns[-1]
    return Ran(row.sla, turns, last.at if last.kind is ClockEventKind.STOP else None)


def _escape(key: str) -> str:
    return "".join(c if c.isalnum() or c in "_-" else f"\\{c}" for c in key)
