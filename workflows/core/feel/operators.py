"""Arithmetic over every kind of value (DMN 1.5 section 10.3.2.13, tables 57 to 60).

An operator is a table from the kinds of its two operands to what computes the value; a
pair that is not in the table has no meaning, and is null with a message.
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


Operation = Callable[[object, object, Run], object]
_Handler = Callable[..., object]
_Duration = DayTimeDuration | YearMonthDuration


def number_or_null(value: Decimal, run: Run) -> object:
    """The number when it is finite, else null with a message."""
    if value.is_finite():
        return value
    return run.note("the result is not a finite number of 34 digits")


def _operation(symbol: str, table: dict[tuple[type, type], _Handler]) -> Operation:
    def operate(left: object, right: object, run: Run) -> object:
        handler = table.get((type(left), type(right)))
        if handler is None:
            return run.note(f"{kind_of(left)} {symbol} {kind_of(right)} has no meaning")
        return handler(left, right, run)

    return operate


# ---- numbers and texts


def _add_numbers(left: Decimal, right: Decimal, run: Run) -> object:
    return number_or_null(CONTEXT.add(left, right), run)


def _subtract_numbers(left: Decimal, right: Decimal, run: Run) -> object:
    return number_or_null(CONTEXT.subtract(left, right), run)


def _multiply_numbers(left: Decimal, right: Decimal, run: Run) -> object:
    return number_or_null(CONTEXT.multiply(left, right), run)


def _divide_numbers(left: Decimal, right: Decimal, run: Run) -> object:
    if right == 0:
        return run.note("division by zero")
    return number_or_null(CONTEXT.divide(left, right), run)


def _raise_number(left: Decimal, right: Decimal, run: Run) -> object:
    run.spend(50)  # microseconds, where other operators take a tenth of one
    result = power(left, right)
    if result is None:
        return run.note("the power is not a finite number of 34 digits")
    return result


def _join_texts(left: str, right: str, run: Run) -> object:
    run.check_text(len(left) + len(right))
    return left + right


# ---- durations


def _nanos(value: int | Decimal, run: Run) -> object:
    if -_MAX_NANOS <= value <= _MAX_NANOS:
        return DayTimeDuration(int(value))
    return run.note("the duration is out of range")


def _months(value: int | Decimal, run: Run) -> object:
    if -_MAX_MONTHS <= value <= _MAX_MONTHS:
        return YearMonthDuration(int(value))
    return run.note("the duration is out of range")


def _scale(left: _Duration, factor: Decimal, run: Run) -> object:
    """A duration times a number; months are cut to whole ones."""
    if isinstance(left, DayTimeDuration):
        return _nanos(CONTEXT.multiply(Decimal(left.nanos), factor), run)
    return _months(CONTEXT.multiply(Decimal(left.months), factor), run)


def _split(left: _Duration, divisor: Decimal, run: Run) -> object:
    """A duration divided by a number."""
    if divisor == 0:
        return run.note("division by zero")
    if isinstance(left, DayTimeDuration):
        return _nanos(CONTEXT.divide(Decimal(left.nanos), divisor), run)
    return _months(CONTEXT.divide(Decimal(left.months), divisor), run)


def _ratio(left: int, right: int, run: Run) -> object:
    if right == 0:
        return run.note("division by zero")
    return CONTEXT.divide(Decimal(left), Decimal(right))


def _opposite(duration: _Duration) -> _Duration:
    if isinstance(duration, DayTimeDuration):
        return DayTimeDuration(-duration.nanos)
    return YearMonthDuration(-duration.months)


# ---- dates and times


def _moved(value: object, run: Run) -> object:
    return run.note("the date is out of range") if value is None else value


def _move_date(date: Date, duration: _Duration, run: Run) -> object:
    if isinstance(duration, YearMonthDuration):
        return _moved(add_months(date, duration.months), run)
    whole = add_to_datetime(DateTime(date, MIDNIGHT), duration)
    return _moved(None if whole is None else whole.date, run)


def _move_moment(moment: DateTime, duration: _Duration, run: Run) -> object:
    if isinstance(duration, DayTimeDuration):
        return _moved(add_to_datetime(moment, duration), run)
    date = add_months(moment.date, duration.months)
    return _moved(None if date is None else DateTime(date, moment.time), run)


def _move_time(time: Time, duration: DayTimeDuration, _run: Run) -> object:
    nanos = time.second_of_day * NANOS + time.nanos + duration.nanos
    return time_from_nanos(nanos % DAY_NANOS, time)


def _between_times(left: Time, right: Time, run: Run) -> object:
    if left.is_local != right.is_local:
        return run.note("one time has an offset and the other has none")
    return DayTimeDuration(time_value(left) - time_value(right))


def _between_dates(left: Date, right: Date, _run: Run) -> object:
    return DayTimeDuration((left.days - right.days) * DAY_NANOS)


def _between_moments(left: Date | DateTime, right: Date | DateTime, run: Run) -> object:
    """A date beside a date and time is its midnight in UTC."""
    first = DateTime(left, MIDNIGHT_UTC) if isinstance(left, Date) else left
    second = DateTime(right, MIDNIGHT_UTC) if isinstance(right, Date) else right
    if first.time.is_local != second.time.is_local:
        return run.note("one date and time has an offset and the other has none")
    return DayTimeDuration(first.nanos - second.nanos)


# ---- the tables

_MOVES: dict[type, tuple[tuple[type, ...], _Handler]] = {
    Date: ((DayTimeDuration, YearMonthDuration), _move_date),
    DateTime: ((DayTimeDuration, YearMonthDuration), _move_moment),
    Time: ((DayTimeDuration,), _move_time),
}


def _swapped(handler: _Handler) -> _Handler:
    return lambda left, right, run: handler(right, left, run)


def _backwards(handler: _Handler) -> _Handler:
    return lambda left, right, run: handler(left, _opposite(right), run)


def _additions() -> dict[tuple[type, type], _Handler]:
    table: dict[tuple[type, type], _Handler] = {
        (Decimal, Decimal): _add_numbers,
        (str, str): _join_texts,
        (DayTimeDuration, DayTimeDuration): lambda left, right, run: _nanos(
            left.nanos + right.nanos, run
        ),
        (YearMonthDuration, YearMonthDuration): lambda left, right, run: _months(
            left.months + right.months, run
        ),
    }
    for kind, (durations, move) in _MOVES.items():
        for duration in durations:
            table[kind, duration] = move
            table[duration, kind] = _swapped(move)
    return table


def _subtractions() -> dict[tuple[type, type], _Handler]:
    table: dict[tuple[type, type], _Handler] = {
        (Decimal, Decimal): _subtract_numbers,
        (DayTimeDuration, DayTimeDuration): lambda left, right, run: _nanos(
            left.nanos - right.nanos, run
        ),
        (YearMonthDuration, YearMonthDuration): lambda left, right, run: _months(
            left.months - right.months, run
        ),
        (Time, Time): _between_times,
        (Date, Date): _between_dates,
        (Date, DateTime): _between_moments,
        (DateTime, Date): _between_moments,
        (DateTime, DateTime): _between_moments,
    }
    for kind, (durations, move) in _MOVES.items():
        for duration in durations:
            table[kind, duration] = _backwards(move)
    return table


ARITHMETIC: dict[str, Operation] = {
    "+": _operation("+", _additions()),
    "-": _operation("-", _subtractions()),
    "*": _operation(
        "*",
        {
            (Decimal, Decimal): _multiply_numbers,
            (DayTimeDuration, Decimal): _scale,
            (YearMonthDuration, Decimal): _scale,
            (Decimal, DayTimeDuration): _swapped(_scale),
            (Decimal, YearMonthDuration): _swapped(_scale),
        },
    ),
    "/": _operation(
        "/",
        {
            (Decimal, Decimal): _divide_numbers,
            (DayTimeDuration, Decimal): _split,
            (YearMonthDuration, Decimal): _split,
            (DayTimeDuration, DayTimeDuration): lambda left, right, run: _ratio(
                left.nanos, right.nanos, run
            ),
            (YearMonthDuration, YearMonthDuration): lambda left, right, run: _ratio(
                left.months, right.months, run
            ),
        },
    ),
    "**": _operation("**", {(Decimal, Decimal): _raise_number}),
}


def negate(value: object, run: Run) -> object:
    """Unary minus."""
    if type(value) is Decimal:
        return CONTEXT.minus(value)
    if isinstance(value, DayTimeDuration | YearMonthDuration):
        return _opposite(value)
    return run.note(f"-{kind_of(value)} has no meaning")
