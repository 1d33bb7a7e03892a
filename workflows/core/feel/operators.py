"""Arithmetic over every kind of value (DMN 1.5 section 10.3.2.13, tables 57 to 60).

Each function takes two values and the account, and answers null with a message where
the operation has no meaning.
"""

from collections.abc import Callable
from decimal import Decimal

from workflows.core.feel.limits import Run
from workflows.core.feel.numbers import CONTEXT, power
from workflows.core.feel.temporal import (
    DAY_NANOS,
    MAX_YEAR,
    MIDNIGHT,
    MIDNIGHT_UTC,
    NANOS,
    Date,
    DateTime,
    DayTimeDuration,
    Time,
    YearMonthDuration,
    add_months,
    add_to_datetime,
    time_from_nanos,
)
from workflows.core.feel.values import kind_of, time_value

_MAX_MONTHS = 2 * 12 * MAX_YEAR + 12
_MAX_NANOS = 2 * MAX_YEAR * 366 * DAY_NANOS


def _refuse(symbol: str, left: object, right: object, run: Run) -> None:
    run.note(f"{kind_of(left)} {symbol} {kind_of(right)} has no meaning")


def _number(value: Decimal, run: Run) -> Decimal | None:
    if value.is_finite():
        return value
    return run.note("the result is not a finite number of 34 digits")


def _nanos(value: int, run: Run) -> DayTimeDuration | None:
    if abs(value) <= _MAX_NANOS:
        return DayTimeDuration(value)
    return run.note("the duration is out of range")


def _months(value: int, run: Run) -> YearMonthDuration | None:
    if abs(value) <= _MAX_MONTHS:
        return YearMonthDuration(value)
    return run.note("the duration is out of range")


def add(left: object, right: object, run: Run) -> object:
    """`+`."""
    if type(left) is Decimal and type(right) is Decimal:
        return _number(CONTEXT.add(left, right), run)
    if type(left) is str and type(right) is str:
        run.check_text(len(left) + len(right))
        return left + right
    if isinstance(left, DayTimeDuration) and isinstance(right, DayTimeDuration):
        return _nanos(left.nanos + right.nanos, run)
    if isinstance(left, YearMonthDuration) and isinstance(right, YearMonthDuration):
        return _months(left.months + right.months, run)
    if isinstance(right, DayTimeDuration | YearMonthDuration):
        return _shift(left, right, "+", run)
    if isinstance(left, DayTimeDuration | YearMonthDuration):
        return _shift(right, left, "+", run)
    return _refuse("+", left, right, run)


def _shift(
    moment: object,
    duration: DayTimeDuration | YearMonthDuration,
    symbol: str,
    run: Run,
) -> object:
    """Move a date, time or date and time by a duration."""
    result: object = None
    if isinstance(duration, YearMonthDuration):
        if isinstance(moment, Date):
            result = add_months(moment, duration.months)
        elif isinstance(moment, DateTime):
            date = add_months(moment.date, duration.months)
            result = None if date is None else DateTime(date, moment.time)
        else:
            return _refuse(symbol, moment, duration, run)
    elif isinstance(moment, Time):
        nanos = moment.second_of_day * NANOS + moment.nanos + duration.nanos
        return time_from_nanos(nanos % DAY_NANOS, moment)
    elif isinstance(moment, DateTime):
        result = add_to_datetime(moment, duration)
    elif isinstance(moment, Date):
        whole = add_to_datetime(DateTime(moment, MIDNIGHT), duration)
        result = None if whole is None else whole.date
    else:
        return _refuse(symbol, moment, duration, run)
    return run.note("the date is out of range") if result is None else result


def subtract(left: object, right: object, run: Run) -> object:
    """`-`."""
    if type(left) is Decimal and type(right) is Decimal:
        return _number(CONTEXT.subtract(left, right), run)
    if isinstance(right, DayTimeDuration):
        if isinstance(left, DayTimeDuration):
            return _nanos(left.nanos - right.nanos, run)
        return _shift(left, DayTimeDuration(-right.nanos), "-", run)
    if isinstance(right, YearMonthDuration):
        if isinstance(left, YearMonthDuration):
            return _months(left.months - right.months, run)
        return _shift(left, YearMonthDuration(-right.months), "-", run)
    if isinstance(left, Time) and isinstance(right, Time):
        if left.is_local != right.is_local:
            return run.note("one time has an offset and the other has none")
        return DayTimeDuration(time_value(left) - time_value(right))
    return _difference(left, right, run)


def _difference(left: object, right: object, run: Run) -> object:
    """The duration between two dates or dates and times."""
    if isinstance(left, Date) and isinstance(right, Date):
        return DayTimeDuration((left.days - right.days) * DAY_NANOS)
    first, second = _as_moment(left), _as_moment(right)
    if first is None or second is None:
        return _refuse("-", left, right, run)
    if first.time.is_local != second.time.is_local:
        return run.note("one date and time has an offset and the other has none")
    return DayTimeDuration(first.nanos - second.nanos)


def _as_moment(value: object) -> DateTime | None:
    if isinstance(value, Date):
        return DateTime(value, MIDNIGHT_UTC)
    return value if isinstance(value, DateTime) else None


def multiply(left: object, right: object, run: Run) -> object:
    """`*`."""
    if type(left) is Decimal and type(right) is Decimal:
        return _number(CONTEXT.multiply(left, right), run)
    if type(left) is Decimal:
        left, right = right, left
    if type(right) is Decimal:
        if isinstance(left, DayTimeDuration):
            return _scaled_nanos(CONTEXT.multiply(Decimal(left.nanos), right), run)
        if isinstance(left, YearMonthDuration):
            return _scaled_months(CONTEXT.multiply(Decimal(left.months), right), run)
    return _refuse("*", left, right, run)


def _scaled_nanos(value: Decimal, run: Run) -> DayTimeDuration | None:
    if not value.is_finite() or abs(value) > _MAX_NANOS:
        return run.note("the duration is out of range")
    return DayTimeDuration(int(value))


def _scaled_months(value: Decimal, run: Run) -> YearMonthDuration | None:
    if not value.is_finite() or abs(value) > _MAX_MONTHS:
        return run.note("the duration is out of range")
    return YearMonthDuration(int(value))


def divide(left: object, right: object, run: Run) -> object:
    """`/`; by zero is null."""
    if type(right) is Decimal:
        if right == 0:
            return run.note("division by zero")
        if type(left) is Decimal:
            return _number(CONTEXT.divide(left, right), run)
        if isinstance(left, DayTimeDuration):
            return _scaled_nanos(CONTEXT.divide(Decimal(left.nanos), right), run)
        if isinstance(left, YearMonthDuration):
            return _scaled_months(CONTEXT.divide(Decimal(left.months), right), run)
        return _refuse("/", left, right, run)
    if isinstance(left, DayTimeDuration) and isinstance(right, DayTimeDuration):
        return _ratio(left.nanos, right.nanos, run)
    if isinstance(left, YearMonthDuration) and isinstance(right, YearMonthDuration):
        return _ratio(left.months, right.months, run)
    return _refuse("/", left, right, run)


def _ratio(left: int, right: int, run: Run) -> Decimal | None:
    if right == 0:
        return run.note("division by zero")
    return CONTEXT.divide(Decimal(left), Decimal(right))


def exponentiate(left: object, right: object, run: Run) -> object:
    """`**`."""
    if type(left) is Decimal and type(right) is Decimal:
        result = power(left, right)
        if result is None:
            return run.note("the power is not a finite number of 34 digits")
        return result
    return _refuse("**", left, right, run)


def negate(value: object, run: Run) -> object:
    """Unary minus."""
    if type(value) is Decimal:
        return CONTEXT.minus(value)
    if isinstance(value, DayTimeDuration):
        return DayTimeDuration(-value.nanos)
    if isinstance(value, YearMonthDuration):
        return YearMonthDuration(-value.months)
    return run.note(f"-{kind_of(value)} has no meaning")


ARITHMETIC: dict[str, Callable[[object, object, Run], object]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "**": exponentiate,
}
