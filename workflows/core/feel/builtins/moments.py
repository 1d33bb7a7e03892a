"""Temporal functions (DMN 1.5 table 77) and the present moment, which is passed in."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

from workflows.core.feel.functions import built_in
from workflows.core.feel.limits import Run
from workflows.core.feel.temporal import Date, DateTime, days_from_civil, from_python

_WEEKDAYS = (
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
)
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def _moment(run: Run, name: str) -> dt.datetime | None:
    if run.now is None:
        run.note(f"{name}: the present moment was not given to this evaluation")
    return run.now


@built_in("now", "")
def _now(run: Run) -> object:
    moment = _moment(run, "now")
    return None if moment is None else from_python(moment)


@built_in("today", "")
def _today(run: Run) -> object:
    moment = _moment(run, "today")
    return None if moment is None else from_python(moment.date())


def _of_date(
    run: Run, name: str, value: object, read: Callable[[Date], object]
) -> object:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, DateTime):
        value = value.date
    if isinstance(value, Date):
        return read(value)
    return run.note(f"{name}: takes a date or a date and time")


@built_in("day of year", "date: any")
def _day_of_year(run: Run, date: object) -> object:
    return _of_date(
        run,
        "day of year",
        date,
        lambda day: Decimal(day.days - days_from_civil(day.year, 1, 1) + 1),
    )


@built_in("day of week", "date: any")
def _day_of_week(run: Run, date: object) -> object:
    return _of_date(run, "day of week", date, lambda day: _WEEKDAYS[day.weekday - 1])


@built_in("month of year", "date: any")
def _month_of_year(run: Run, date: object) -> object:
    return _of_date(run, "month of year", date, lambda day: _MONTHS[day.month - 1])


@built_in("week of year", "date: any")
def _week_of_year(run: Run, date: object) -> object:
    return _of_date(run, "week of year", date, _iso_week)


def _iso_week(date: Date) -> Decimal:
    """ISO 8601: the week of a day is the week of its Thursday."""
    thursday = date.days - date.weekday + 4
    year = date.year
    if thursday < days_from_civil(year, 1, 1):
        year -= 1
    elif thursday >= days_from_civil(year + 1, 1, 1):
        year += 1
    return Decimal((thursday - days_from_civil(year, 1, 1)) // 7 + 1)
