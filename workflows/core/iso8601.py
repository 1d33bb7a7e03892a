"""ISO 8601 texts of timers: durations, moments and repetitions. No business time."""

import calendar
import datetime as dt
import re
from dataclasses import dataclass

_DURATION = re.compile(
    r"(?P<sign>-)?P(?=[\dT])(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?"
    r"(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?"
    r"(?:(?P<seconds>\d+(?:\.\d{1,6})?)S)?)?"
)
_REPEAT = re.compile(r"R(?P<count>\d*)/(?P<rest>.+)")


class Iso8601Error(ValueError):
    """The text is not the ISO 8601 form that was asked for."""


@dataclass(frozen=True, slots=True)
class Duration:
    """A span: calendar months, and exact time on top."""

    months: int
    exact: dt.timedelta

    def after(self, moment: dt.datetime) -> dt.datetime:
        """Return the moment this span later; a day too late for its month is its last.

        Raises Iso8601Error when the moment lies outside the years 1 to 9999.
        """
        try:
            return _add_months(moment, self.months) + self.exact
        except (OverflowError, ValueError) as error:
            raise Iso8601Error(
                "The moment lies outside the years 1 to 9999."
            ) from error


@dataclass(frozen=True, slots=True)
class Repetition:
    """`R3/PT10M`: how often (None: without end) and how far apart."""

    count: int | None
    interval: Duration


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
    except OverflowError as error:
        raise Iso8601Error(f"{text!r} is longer than a timer can wait.") from error
    months = int(part["years"]) * 12 + int(part["months"])
    return Duration(months=sign * months, exact=sign * exact)


def parse_moment(text: str) -> dt.datetime:
    """Read a date-time with offset, returned in UTC. Raises Iso8601Error."""
    try:
        moment = dt.datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise Iso8601Error(
            f"{text!r} is no ISO 8601 date and time;"
            " write for example 2026-03-01T09:00:00+01:00."
        ) from error
    if moment.tzinfo is None:
        raise Iso8601Error(
            f"{text!r} has no offset; add Z for UTC or an offset such as +01:00."
        )
    return moment.astimezone(dt.UTC)


def parse_repetition(text: str) -> Repetition:
    """Read `R3/PT10M` or `R/PT10M`. Raises Iso8601Error."""
    match = _REPEAT.fullmatch(text.strip())
    if match is None:
        raise Iso8601Error(
            f"{text!r} is no ISO 8601 repetition; write for example R3/PT10M."
        )
    count = int(match["count"]) if match["count"] else None
    return Repetition(count=count, interval=parse_duration(match["rest"]))


def _add_months(moment: dt.datetime, months: int) -> dt.datetime:
    if not months:
        return moment
    index = moment.year * 12 + moment.month - 1 + months
    year, month = divmod(index, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))
