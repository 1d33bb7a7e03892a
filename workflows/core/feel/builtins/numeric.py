"""Numeric functions (DMN 1.5 table 76) and the boolean ones."""

from decimal import Decimal

from workflows.core.feel import numbers
from workflows.core.feel.functions import built_in
from workflows.core.feel.limits import Run
from workflows.core.feel.temporal import DayTimeDuration, YearMonthDuration
from workflows.core.feel.values import is_function, kind_of


@built_in("not", "negand: any")
def _not(run: Run, value: object) -> object:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, bool):
        return not value
    return None if value is None else run.note(f"not: a {kind_of(value)} is no boolean")


@built_in("is", "value1: any, value2: any")
def _is(run: Run, left: object, right: object) -> bool:
    """The same element of the semantic domain: kind, and every part alike."""
    if type(left) is not type(right):
        return False
    run.check_value(left)
    run.check_value(right)
    return left is right if is_function(left) else bool(left == right)


def _rounded(  # noqa: PLR0917  (private, and all are needed)
    run: Run, name: str, number: Decimal, scale: Decimal, mode: str
) -> object:
    if abs(scale) > 10_000:
        return run.note(f"{name}: the scale is out of range")
    run.spend(1 + abs(int(scale)) // 50 + abs(number.adjusted()) // 50)
    result = numbers.round_to(number, int(scale), mode)
    if result is None:
        return run.note(f"{name}: the scale is out of range")
    return result


@built_in("decimal", "n: number, scale: number")
def _decimal(run: Run, number: Decimal, scale: Decimal) -> object:
    return _rounded(run, "decimal", number, scale, numbers.HALF_EVEN)


@built_in("floor", "n: number, scale: number?")
def _floor(run: Run, number: Decimal, scale: Decimal | None) -> object:
    return _rounded(run, "floor", number, scale or numbers.ZERO, numbers.FLOOR)


@built_in("ceiling", "n: number, scale: number?")
def _ceiling(run: Run, number: Decimal, scale: Decimal | None) -> object:
    return _rounded(run, "ceiling", number, scale or numbers.ZERO, numbers.CEILING)


@built_in("round up", "n: number, scale: number")
def _round_up(run: Run, number: Decimal, scale: Decimal) -> object:
    return _rounded(run, "round up", number, scale, numbers.UP)


@built_in("round down", "n: number, scale: number")
def _round_down(run: Run, number: Decimal, scale: Decimal) -> object:
    return _rounded(run, "round down", number, scale, numbers.DOWN)


@built_in("round half up", "n: number, scale: number")
def _round_half_up(run: Run, number: Decimal, scale: Decimal) -> object:
    return _rounded(run, "round half up", number, scale, numbers.HALF_UP)


@built_in("round half down", "n: number, scale: number")
def _round_half_down(run: Run, number: Decimal, scale: Decimal) -> object:
    return _rounded(run, "round half down", number, scale, numbers.HALF_DOWN)


@built_in("abs", "n: any")
def _abs(run: Run, value: object) -> object:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, Decimal):
        return abs(value)
    if isinstance(value, DayTimeDuration):
        return DayTimeDuration(abs(value.nanos))
    if isinstance(value, YearMonthDuration):
        return YearMonthDuration(abs(value.months))
    return run.note(f"abs: a {kind_of(value)} is no number and no duration")


@built_in("modulo", "dividend: number, divisor: number")
def _modulo(run: Run, dividend: Decimal, divisor: Decimal) -> object:
    run.spend(1 + abs(dividend.adjusted() - divisor.adjusted()) // 20)
    result = numbers.modulo(dividend, divisor)
    return run.note("modulo: division by zero") if result is None else result


def _finite(run: Run, name: str, value: Decimal) -> object:
    if value.is_finite():
        return value
    return run.note(f"{name}: there is no such finite number")


@built_in("sqrt", "number: number")
def _sqrt(run: Run, number: Decimal) -> object:
    run.spend(30)
    return _finite(run, "sqrt", numbers.CONTEXT.sqrt(number))


@built_in("log", "number: number")
def _log(run: Run, number: Decimal) -> object:
    run.spend(30)
    return _finite(run, "log", numbers.CONTEXT.ln(number))


@built_in("exp", "number: number")
def _exp(run: Run, number: Decimal) -> object:
    run.spend(30)
    return _finite(run, "exp", numbers.CONTEXT.exp(number))


@built_in("even", "number: number")
def _even(run: Run, number: Decimal) -> bool:
    run.spend(1 + abs(number.adjusted()) // 20)
    return numbers.modulo(number, Decimal(2)) == 0


@built_in("odd", "number: number")
def _odd(run: Run, number: Decimal) -> bool:
    run.spend(1 + abs(number.adjusted()) // 20)
    return numbers.modulo(number, Decimal(2)) == 1
