"""What another calendar would have done to the clocks of some weeks. Pure."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from review.core.clocks.clocks import Event, read_clock
from review.core.clocks.goals import ClockError, read_duration
from review.core.states import ClockEventKind
from workflows.core.calendars import BusinessCalendar, CalendarError


class Ran(NamedTuple):
    """One clock of the past: its goal's word, its turns, and its end (None: runs)."""

    sla: str
    events: Sequence[Event]
    ended_at: dt.datetime | None


class Due(NamedTuple):
    """When a clock is due, and whether that was before its end; None: it stands."""

    at: dt.datetime | None
    is_late: bool


@dataclass(frozen=True, slots=True)
class CalendarPreview:
    """The whole answer. Counts are of the clocks looked at, `scale` makes them all.

    `added` and `removed` are days off of the year to come by their names; a day on
    which nobody works anyway is none of them.
    """

    weeks: int
    seen: int
    total: int
    hours_before: dt.timedelta
    hours_after: dt.timedelta
    added: Mapping[dt.date, str]
    removed: Mapping[dt.date, str]
    earlier: int = 0
    later: int = 0
    breached: int = 0
    kept: int = 0
    unread: int = 0

    @property
    def scale(self) -> float:
        """Return how many clocks each one looked at stands for."""
        return self.total / self.seen if self.seen else 0.0

    @property
    def same(self) -> int:
        """Return how many clocks looked at would be due when they were."""
        return self.seen - self.earlier - self.later - self.unread


def preview_calendar(
    clocks: Iterable[Ran],
    *,
    before: BusinessCalendar,
    after: BusinessCalendar,
    named: tuple[Mapping[dt.date, str], Mapping[dt.date, str]],
    weeks: int,
    total: int,
    now: dt.datetime,
) -> CalendarPreview:
    """Count clocks by both calendars; `named` are the days off of the year, then and now.

    Both are counted anew, goals in working days too, so that nothing but the calendar
    makes a difference. A clock is breached where it was due before its end.
    """
    counts = {"earlier": 0, "later": 0, "breached": 0, "kept": 0, "unread": 0}
    seen = 0
    for clock in clocks:
        seen += 1
        try:
            was = find_due(clock, calendar=before, now=now)
            then = find_due(clock, calendar=after, now=now)
        except (CalendarError, ClockError):
            counts["unread"] += 1
            continue
        if was.at is not None and then.at is not None:
            counts["earlier"] += then.at < was.at
            counts["later"] += then.at > was.at
        counts["breached"] += then.is_late and not was.is_late
        counts["kept"] += was.is_late and not then.is_late
    old, new = named
    return CalendarPreview(
        weeks=weeks,
        seen=seen,
        total=total,
        hours_before=before.whole_week,
        hours_after=after.whole_week,
        added={
            date: name
            for date, name in sorted(new.items())
            if date not in old and after.week[date.weekday()]
        },
        removed={
            date: name
            for date, name in sorted(old.items())
            if date not in new and before.week[date.weekday()]
        },
        **counts,
    )


def find_due(clock: Ran, *, calendar: BusinessCalendar, now: dt.datetime) -> Due:
    """Return when a clock is due by a calendar, and whether that lies before its end.

    Raises ClockError and CalendarError for goals that the calendar cannot hold.
    """
    goal = read_duration(clock.sla, calendar=calendar)
    turns = [one for one in clock.events if one.kind is not ClockEventKind.STOP]
    end = clock.ended_at or now
    reading = read_clock(turns, goal=goal, calendar=calendar, now=end)
    at = reading.due_at
    return Due(at, at is not None and at < end)
