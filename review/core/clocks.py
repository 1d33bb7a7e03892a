"""SLA clocks: from a step's words to the moments of warning and breach. No storage."""

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from workflows.core.calendars import BusinessCalendar, add_business_time

DEFAULT_WARNING: Final = "75%"

_DURATION: Final = re.compile(
    r"P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)
_SHARE: Final = re.compile(r"(?P<percent>\d{1,2}(?:\.\d+)?)%|(?P<part>0?\.\d+)")


class ClockError(ValueError):
    """A duration or a share cannot be read; the message quotes it."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock as started: all moments in UTC, durations in business time."""

    started_at: dt.datetime
    goal: dt.timedelta
    warn_at: dt.datetime
    due_at: dt.datetime


def start_clock(
    *, started_at: dt.datetime, sla: str, warn: str, calendar: BusinessCalendar
) -> Clock:
    """Start a clock for a goal such as "PT8H" or "P2D" of business time.

    `warn` is a duration before the goal ("PT1H") or a share of it ("75%", "0.75");
    empty means three quarters. A warning duration longer than the goal warns at once.
    Raises ClockError for words that are neither, CalendarError when the calendar
    never holds that much time.
    """
    goal = read_duration(sla, calendar=calendar)
    if not goal:
        raise ClockError(f"The goal {sla!r} is no time at all.")
    until_warning = _time_until_warning(warn or DEFAULT_WARNING, goal, calendar)
    return Clock(
        started_at=started_at,
        goal=goal,
        warn_at=add_business_time(calendar, started_at, until_warning),
        due_at=add_business_time(calendar, started_at, goal),
    )


def read_duration(text: str, *, calendar: BusinessCalendar) -> dt.timedelta:
    """Read an ISO 8601 duration as business time.

    A day is a full working day of the calendar, a week its working week. Months and
    years have no fixed length and are refused. Raises ClockError.
    """
    found = _DURATION.fullmatch(text.strip())
    parts = {name: int(n) for name, n in found.groupdict("0").items()} if found else {}
    if not found or text.strip().endswith(("P", "T")):
        raise ClockError(
            f"{text!r} is no duration; write it like PT8H, P2D or P1DT4H30M."
        )
    return (
        parts["weeks"] * calendar.whole_week
        + parts["days"] * calendar.day
        + dt.timedelta(
            hours=parts["hours"], minutes=parts["minutes"], seconds=parts["seconds"]
        )
    )


def _time_until_warning(
    warn: str, goal: dt.timedelta, calendar: BusinessCalendar
) -> dt.timedelta:
    share = _SHARE.fullmatch(warn.strip())
    if share is None:
        before = read_duration(warn, calendar=calendar)
        return max(goal - before, dt.timedelta())
    part = (
        Decimal(share["percent"]) / 100 if share["percent"] else Decimal(share["part"])
    )
    microseconds = goal // dt.timedelta(microseconds=1)
    return dt.timedelta(microseconds=int(microseconds * part))
