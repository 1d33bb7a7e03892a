"""ISO 8601 texts of timers: durations, moments and repetitions. No business time."""

import calendar
import datetime as dt
import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from workflows.core.zones import find_moment

_DURATION = re.compile(
    r"(?P<sign>-)?P(?=[\dT])(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?"
    r"(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?"
    r"(?:(?P<seconds>\d+(?:\.\d{1,6})?)S)?)?"
)
_REPEAT = re.compile(r"R(?P<count>\d{0,18})/(?:(?P<origin>[^P]+.*)/)?(?P<rest>[^/]+)")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_OUTSIDE = "The moment lies outside the years 1 to 9999."


class Iso8601Error(ValueError):
    """The text is not the ISO 8601 form that was asked for."""


@dataclass(frozen=True, slots=True)
class Duration:
    """A span: calendar months, and exact time on top.

    `days` are those of `exact` that were written as days or weeks. They differ from
    as many hours only where a wall clock is counted by.
    """

    months: int
    exact: dt.timedelta
    days: int = 0

    def after(self, moment: dt.datetime) -> dt.datetime:
        """Return the moment this span later; a day too late for its month is its last.

        Raises Iso8601Error when the moment lies outside the years 1 to 9999.
        """
        try:
            return _add_months(moment, self.months) + self.exact
        except (OverflowError, ValueError) as error:
            raise Iso8601Error(_OUTSIDE) from error


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a repetition begins: a moment in UTC, or a zone's time on the wall."""

    wall: dt.datetime
    zone: ZoneInfo | None = None

    def place(self, interval: Duration, number: int) -> dt.datetime:
        """Return the moment so many intervals later. Raises Iso8601Error.

        In a zone months and days are counted on the wall, so that every day at eight
        stays at eight when the clocks change; hours are counted as they pass.
        """
        days = dt.timedelta(days=interval.days) if self.zone else dt.timedelta()
        try:
            wall = _add_months(self.wall, number * interval.months) + number * days
            start = find_moment(wall, self.zone) if self.zone else wall
            return start + number * (interval.exact - days)
        except (OverflowError, ValueError) as error:
            raise Iso8601Error(_OUTSIDE) from error


@dataclass(frozen=True, slots=True)
class Repetition:
    """`R3/PT10M`: how often (None: without end), how far apart, and from when.

    With an origin the moments are those of its grid that have not passed; without one
    they are counted from where they begin.
    """

    count: int | None
    interval: Duration
    origin: Origin | None = None

    def first(self, now: dt.datetime) -> dt.datetime:
        """Return the first moment. Raises Iso8601Error."""
        if self.origin is None:
            return self.interval.after(now)
        return self._search(self.origin, now - dt.timedelta.resolution)

    def after(self, moment: dt.datetime) -> dt.datetime:
        """Return the moment that follows one of them. Raises Iso8601Error."""
        if self.origin is None:
            return self.interval.after(moment)
        return self._search(self.origin, moment)

    def _search(self, origin: Origin, moment: dt.datetime) -> dt.datetime:
        """Return the first moment of the grid after `moment`, which may lie before it."""
        least = self.interval.exact + self.interval.months * dt.timedelta(days=32)
        passed = moment - origin.place(self.interval, 0)
        number = max(0, passed // least - 1)
        while (found := origin.place(self.interval, number)) <= moment:
            number += 1
        return found


def parse_duration(text: str) -> Duration:
    """Read `P1Y2M3W4DT5H6M7.5S` and its parts. Raises Iso8601Error."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise Iso8601Error(
            f"{text!r} is no ISO 8601 duration; write for example PT30M, PT8H or P2D."
        )
    part = {key: match[key] or "0" for key in match.groupdict() if key != "sign"}
    sign = -1 if match["sign"] else 1
    try:
        exact = dt.timedelta(
            weeks=int(part["weeks"]),
            days=int(part["days"]),
            hours=int(part["hours"]),
            minutes=int(part["minutes"]),
            seconds=float(part["seconds"]),
        )
        months = int(part["years"]) * 12 + int(part["months"])
        days = 7 * int(part["weeks"]) + int(part["days"])
    except (OverflowError, ValueError) as error:
        raise Iso8601Error(f"{text!r} is longer than a timer can wait.") from error
    return Duration(months=sign * months, exact=sign * exact, days=sign * days)


def parse_moment(text: str) -> dt.datetime:
    """Read a date-time with offset or zone, returned in UTC. Raises Iso8601Error.

    A zone is written as FEEL writes it, `2026-03-29T09:00:00@Europe/Berlin`.
    """
    origin = _parse_origin(text)
    return find_moment(origin.wall, origin.zone) if origin.zone else origin.wall


def parse_repetition(text: str) -> Repetition:
    """Read `R3/PT10M`, `R/PT10M`, `R/2026-01-01T08:00:00@Europe/Berlin/P1D`.

    Raises Iso8601Error.
    """
    match = _REPEAT.fullmatch(text.strip())
    if match is None:
        raise Iso8601Error(
            f"{text!r} is no ISO 8601 repetition; write for example R3/PT10M."
        )
    count = int(match["count"]) if match["count"] else None
    interval = parse_duration(match["rest"])
    if match["origin"] is None:
        return Repetition(count=count, interval=interval)
    if interval.after(_EPOCH) <= _EPOCH:
        raise Iso8601Error(f"{text!r} does not go on; its duration must be positive.")
    return Repetition(
        count=count, interval=interval, origin=_parse_origin(match["origin"])
    )


def _parse_origin(text: str) -> Origin:
    wall, _, name = text.strip().partition("@")
    try:
        moment = dt.datetime.fromisoformat(wall)
    except ValueError as error:
        raise Iso8601Error(
            f"{text!r} is no ISO 8601 date and time;"
            " write for example 2026-03-01T09:00:00+01:00."
        ) from error
    if name:
        return Origin(moment, _find_zone(name, moment, text))
    if moment.tzinfo is None:
        raise Iso8601Error(
            f"{text!r} has neither offset nor zone; add Z for UTC, an offset such as"
            " +01:00, or a zone such as @Europe/Berlin."
        )
    return Origin(moment.astimezone(dt.UTC))


def _find_zone(name: str, wall: dt.datetime, text: str) -> ZoneInfo:
    if wall.tzinfo is not None:
        raise Iso8601Error(f"{text!r} has an offset and a zone; leave one away.")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Iso8601Error(
            f"{text!r}: nobody knows the zone {name!r}; write for example"
            " @Europe/Berlin."
        ) from error


def _add_months(moment: dt.datetime, months: int) -> dt.datetime:
    if not months:
        return moment
    index = moment.year * 12 + moment.month - 1 + months
    year, month = divmod(index, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))
