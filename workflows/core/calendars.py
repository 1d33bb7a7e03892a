"""Business time: working hours of a zone, days off, and arithmetic between them.

Local hours are resolved to UTC day by day with the IANA zone's rules (PEP 615), so a
working day that loses or gains an hour by daylight saving has that hour less or more.
A wall-clock time that occurs twice means its first occurrence; one that is skipped
means the moment of the jump. Days off are passed in; nothing here reads a clock.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from workflows.core.zones import find_moment

MAX_DAYS: Final = 10 * 366
_ONE_DAY: Final = dt.timedelta(days=1)
_DAY_MINUTES: Final = 24 * 60

Spans = tuple[tuple[int, int], ...]
"""Parts of one day as (from, to) minutes after midnight, ascending, not overlapping."""


class CalendarError(ValueError):
    """A calendar cannot be read, or never works; the message says where and why."""


@dataclass(frozen=True, slots=True)
class BusinessCalendar:
    """Seven days of spans, Monday first, in an IANA zone, and the days off."""

    zone: str
    week: tuple[Spans, ...]
    holidays: frozenset[dt.date] = frozenset()

    @property
    def day(self) -> dt.timedelta:
        """Return the length of a full working day: the longest of the week."""
        return max(_length(spans) for spans in self.week)

    @property
    def whole_week(self) -> dt.timedelta:
        """Return the working time of a week without days off."""
        return sum((_length(spans) for spans in self.week), dt.timedelta())


AROUND_THE_CLOCK: Final = BusinessCalendar(
    zone="UTC", week=tuple(((0, _DAY_MINUTES),) for _ in range(7))
)
"""Every minute of every day works."""


def read_calendar(
    *,
    zone: str,
    hours: Mapping[str, Sequence[Sequence[str]]],
    holidays: frozenset[dt.date] = frozenset(),
) -> BusinessCalendar:
    """Read working hours: weekday "0" (Monday) to "6" -> [["09:00", "17:30"], ...].

    Raises CalendarError for an unknown zone, a time that is none, spans that overlap
    or go backwards, and a week without any working time.
    """
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise CalendarError(f"There is no time zone {zone!r}.") from error
    unknown = set(hours) - {str(day) for day in range(7)}
    if unknown:
        raise CalendarError(
            f"{min(unknown)!r} is no weekday; they are 0 (Monday) to 6."
        )
    week = tuple(_read_day(day, hours.get(str(day), ())) for day in range(7))
    if not any(week):
        raise CalendarError("The calendar has no working hours on any day.")
    return BusinessCalendar(zone=zone, week=week, holidays=holidays)


def add_business_time(
    calendar: BusinessCalendar, start: dt.datetime, duration: dt.timedelta
) -> dt.datetime:
    """Return the UTC moment when `duration` of business time since `start` is over.

    `start` is aware. No time at all returns `start`. Raises CalendarError for a
    negative duration and when ten years do not hold that much working time.
    """
    moment = _utc(start)
    if duration < dt.timedelta():
        raise CalendarError("A duration of business time cannot be negative.")
    if not duration:
        return moment
    left = duration
    for opens, closes in _spans_from(calendar, moment):
        begins = max(opens, moment)
        if closes - begins >= left:
            return begins + left
        left -= closes - begins
    raise CalendarError(f"The calendar does not hold {duration} within ten years.")


def business_time_between(
    calendar: BusinessCalendar, start: dt.datetime, end: dt.datetime
) -> dt.timedelta:
    """Return the working time from `start` to `end`, both aware; zero if reversed."""
    first, last = _utc(start), _utc(end)
    total = dt.timedelta()
    if last <= first:
        return total
    for opens, closes in _spans_from(calendar, first):
        if opens >= last:
            return total
        total += min(closes, last) - max(opens, first)
    return total


def is_working(calendar: BusinessCalendar, moment: dt.datetime) -> bool:
    """Tell whether the calendar works at an aware moment."""
    at = _utc(moment)
    spans = _spans_of_day(calendar, at.astimezone(ZoneInfo(calendar.zone)).date())
    return any(opens <= at < closes for opens, closes in spans)


def _utc(moment: dt.datetime) -> dt.datetime:
    if moment.tzinfo is None:
        raise CalendarError(f"{moment!r} has no time zone.")
    return moment.astimezone(dt.UTC)


def _length(spans: Spans) -> dt.timedelta:
    return dt.timedelta(minutes=sum(to - since for since, to in spans))


def _spans_from(
    calendar: BusinessCalendar, moment: dt.datetime
) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """Yield working spans in UTC that end after `moment`, for at most ten years."""
    date = moment.astimezone(ZoneInfo(calendar.zone)).date()
    for _ in range(MAX_DAYS):
        for opens, closes in _spans_of_day(calendar, date):
            if closes > moment:
                yield opens, closes
        date += _ONE_DAY


def _spans_of_day(
    calendar: BusinessCalendar, date: dt.date
) -> tuple[tuple[dt.datetime, dt.datetime], ...]:
    if date in calendar.holidays:
        return ()
    return _resolve(calendar.zone, calendar.week[date.weekday()], date)


@lru_cache(maxsize=8192)
def _resolve(
    zone: str, spans: Spans, date: dt.date
) -> tuple[tuple[dt.datetime, dt.datetime], ...]:
    resolved = [
        (_moment(zone, date, since), _moment(zone, date, to)) for since, to in spans
    ]
    return tuple((opens, closes) for opens, closes in resolved if opens < closes)


def _moment(zone: str, date: dt.date, minutes: int) -> dt.datetime:
    """Return the UTC moment of a wall-clock time of a day."""
    wall = dt.datetime.combine(date, dt.time()) + dt.timedelta(minutes=minutes)
    return find_moment(wall, ZoneInfo(zone))


def _read_day(day: int, spans: Sequence[Sequence[str]]) -> Spans:
    read: list[tuple[int, int]] = []
    for span in spans:
        if len(span) != 2:
            raise CalendarError(f"Weekday {day}: a span is [from, to], not {span!r}.")
        since, to = (_read_time(text, day=day) for text in span)
        if since >= to or (read and since < read[-1][1]):
            raise CalendarError(
                f"Weekday {day}: the span {span[0]} to {span[1]} overlaps or is empty;"
                " write spans in order, each ending after it begins."
            )
        read.append((since, to))
    return tuple(read)


def _read_time(text: str, *, day: int) -> int:
    hours, colon, minutes = str(text).partition(":")
    if colon and hours.isdecimal() and minutes.isdecimal() and len(minutes) == 2:
        total = int(hours) * 60 + int(minutes)
        if int(minutes) < 60 and total <= _DAY_MINUTES:
            return total
    raise CalendarError(f"Weekday {day}: {text!r} is no time from 00:00 to 24:00.")
