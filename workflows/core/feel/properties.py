"""What `.name` gives on each kind of value (DMN 1.5 tables 62 to 65)."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from workflows.core.feel.limits import Run
from workflows.core.feel.temporal import (
    NANOS,
    Date,
    DateTime,
    DayTimeDuration,
    Time,
    YearMonthDuration,
)
from workflows.core.feel.values import Range, kind_of

_MISSING = object()


def _seconds(duration: DayTimeDuration, unit: int, within: int) -> Decimal:
    """One field of a duration, with the duration's sign."""
    count = abs(duration.nanos) // NANOS // unit
    if within:
        count %= within
    return Decimal(-count if duration.nanos < 0 else count)


def _month_field(duration: YearMonthDuration, *, years: bool) -> Decimal:
    whole, rest = divmod(abs(duration.months), 12)
    count = whole if years else rest
    return Decimal(-count if duration.months < 0 else count)


def _offset(seconds: int | None) -> DayTimeDuration | None:
    return None if seconds is None else DayTimeDuration(seconds * NANOS)


_DATE: dict[str, Callable[[Date], object]] = {
    "year": lambda date: Decimal(date.year),
    "month": lambda date: Decimal(date.month),
    "day": lambda date: Decimal(date.day),
    "weekday": lambda date: Decimal(date.weekday),
}
_TIME: dict[str, Callable[[Time], object]] = {
    "hour": lambda time: Decimal(time.hour),
    "minute": lambda time: Decimal(time.minute),
    "second": lambda time: Decimal(time.second),
    "time offset": lambda time: _offset(time.offset_at(10_957)),
    "timezone": lambda time: time.zone,
}
_DAY_TIME: dict[str, Callable[[DayTimeDuration], object]] = {
    "days": lambda duration: _seconds(duration, 86_400, 0),
    "hours": lambda duration: _seconds(duration, 3600, 24),
    "minutes": lambda duration: _seconds(duration, 60, 60),
    "seconds": lambda duration: _seconds(duration, 1, 60),
}
_YEAR_MONTH: dict[str, Callable[[YearMonthDuration], object]] = {
    "years": lambda duration: _month_field(duration, years=True),
    "months": lambda duration: _month_field(duration, years=False),
}
_RANGE: dict[str, Callable[[Range], object]] = {
    "start": lambda interval: interval.start,
    "end": lambda interval: interval.end,
    "start included": lambda interval: interval.start_included,
    "end included": lambda interval: interval.end_included,
}


def read_property(value: object, name: str, run: Run) -> object:
    """`value.name`; on a list, the list of its items' properties."""
    if isinstance(value, dict):
        found = value.get(name, _MISSING)
        if found is _MISSING:
            return run.note(f"the context has no entry '{name}'")
        return found
    if isinstance(value, list):
        run.spend(len(value))
        return [read_property(item, name, run) for item in value]
    if value is None:
        return run.note(f"null has no property '{name}'")
    return _built_in(value, name, run)


def _of_date(read: Callable[[Date], object]) -> Callable[[DateTime], object]:
    return lambda moment: read(moment.date)


def _of_time(read: Callable[[Time], object]) -> Callable[[DateTime], object]:
    return lambda moment: read(moment.time)


_DATE_TIME: dict[str, Callable[[DateTime], object]] = {
    **{name: _of_date(read) for name, read in _DATE.items()},
    **{name: _of_time(read) for name, read in _TIME.items()},
    "time offset": lambda moment: _offset(moment.offset),
}
_PROPERTIES: dict[type, Mapping[str, Callable[[Any], object]]] = {
    Date: _DATE,
    Time: _TIME,
    DateTime: _DATE_TIME,
    DayTimeDuration: _DAY_TIME,
    YearMonthDuration: _YEAR_MONTH,
    Range: _RANGE,
}


def _built_in(value: object, name: str, run: Run) -> object:
    read = _PROPERTIES.get(type(value), {}).get(name)
    if read is None:
        return run.note(f"a {kind_of(value)} has no property '{name}'")
    return read(value)
