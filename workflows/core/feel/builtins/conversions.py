"""Conversion functions: DMN 1.5 table 71."""

import re
from decimal import Decimal

from workflows.core.feel import numbers
from workflows.core.feel.convert import text_of
from workflows.core.feel.functions import built_in
from workflows.core.feel.limits import Run
from workflows.core.feel.temporal import (
    MIDNIGHT_UTC,
    NANOS,
    Date,
    DateTime,
    DayTimeDuration,
    Time,
    make_date,
    months_between,
)
from workflows.core.feel.temporal_text import (
    parse_date,
    parse_datetime,
    parse_duration,
    parse_time,
)
from workflows.core.feel.values import kind_of

_NUMBER = re.compile(r"-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_MAX_OFFSET = 18 * 3600


@built_in("date", "from: any")
def _date(run: Run, value: object) -> object:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, Date):
        return value
    if isinstance(value, DateTime):
        return value.date
    run.spend(10)
    found = parse_date(value) if isinstance(value, str) else None
    return found or run.note(f"date: {_shown(value)} is no date")


def _shown(value: object) -> str:
    """A value as a message quotes it, never long."""
    return f'"{value[:40]}"' if isinstance(value, str) else f"a {kind_of(value)}"


@built_in("date", "year: number, month: number, day: number")
def _date_of(run: Run, year: Decimal, month: Decimal, day: Decimal) -> object:
    if max(abs(year), abs(month), abs(day)) > 10**10:
        return run.note("date: there is no such day")
    found = make_date(int(year), int(month), int(day))
    return found or run.note("date: there is no such day")


@built_in("time", "from: any")
def _time(run: Run, value: object) -> object:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, Time):
        return value
    if isinstance(value, DateTime):
        return value.time
    if isinstance(value, Date):
        return MIDNIGHT_UTC
    run.spend(10)
    found = parse_time(value) if isinstance(value, str) else None
    return found or run.note(f"time: {_shown(value)} is no time")


@built_in(
    "time",
    "hour: number, minute: number, second: number, "
    "offset: days and time duration?|null",
)
def _time_of(  # noqa: PLR0917  (as FEEL has it)
    run: Run,
    hour: Decimal,
    minute: Decimal,
    second: Decimal,
    offset: DayTimeDuration | None,
) -> object:
    fits = 0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60
    seconds = None if offset is None else offset.seconds
    if not fits or (seconds is not None and abs(seconds) > _MAX_OFFSET):
        return run.note("time: there is no such time of day")
    whole = int(second)
    nanos = int((second - whole) * NANOS)
    return Time(int(hour), int(minute), whole, nanos, seconds)


@built_in("date and time", "from: string")
def _date_and_time(run: Run, text: str) -> object:
    run.spend(20)
    found = parse_datetime(text)
    return found or run.note(f"date and time: {_shown(text)} is no date and time")


@built_in("date and time", "date: any, time: time")
def _date_and_time_of(run: Run, date: object, time: Time) -> object:
    if isinstance(date, list) and len(date) == 1:
        date = date[0]
    if isinstance(date, DateTime):
        return DateTime(date.date, time)
    if isinstance(date, Date):
        return DateTime(date, time)
    return run.note(f"date and time: {_shown(date)} is no date")


@built_in("duration", "from: string")
def _duration(run: Run, text: str) -> object:
    run.spend(10)
    found = parse_duration(text)
    return found or run.note(f"duration: {_shown(text)} is no duration")


@built_in("years and months duration", "from: any, to: any")
def _months(run: Run, start: object, end: object) -> object:
    first = start[0] if isinstance(start, list) and len(start) == 1 else start
    last = end[0] if isinstance(end, list) and len(end) == 1 else end
    if isinstance(first, Date | DateTime) and isinstance(last, Date | DateTime):
        return months_between(first, last)
    return run.note("years and months duration: takes two dates")


@built_in("number", "from: string")
def _number_plain(run: Run, text: str) -> object:
    return _number(run, text, None, None)


@built_in(
    "number",
    "from: string, grouping separator: string|null, decimal separator: string|null",
)
def _number(run: Run, text: str, grouping: str | None, decimal: str | None) -> object:
    if grouping not in (None, " ", ",", ".") or decimal not in (None, ",", "."):
        return run.note("number: separators are a space, a comma or a point")
    if grouping is not None and grouping == decimal:
        return run.note("number: the two separators are the same")
    if grouping is not None:
        text = text.replace(grouping, "")
    if decimal == ",":
        if "." in text:
            return run.note(f"number: {_shown(text)} is no number")
        text = text.replace(",", ".")
    if len(text) > 10_000 or not _NUMBER.fullmatch(text):
        return run.note(f"number: {_shown(text)} is no number")
    return numbers.parse(text)


@built_in("string", "from: any")
def _string(run: Run, value: object) -> str | None:
    if value is None:
        return None
    run.check_value(value)
    text = text_of(value)
    run.check_text(len(text))
    return text
