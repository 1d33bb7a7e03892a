"""Functions over a list of numbers: sum, mean, median, stddev, mode, product."""

from collections import Counter
from decimal import Decimal

from workflows.core.feel.functions import built_in
from workflows.core.feel.limits import Run
from workflows.core.feel.numbers import CONTEXT, ONE, ZERO


def _numbers(run: Run, name: str, items: list[object]) -> list[Decimal] | None:
    """The items when all are numbers; else None, with a message."""
    run.spend(len(items))
    found = [item for item in items if type(item) is Decimal]
    if len(found) == len(items):
        return found
    run.note(f"{name}: the list holds something that is no number")
    return None


def _total(values: list[Decimal]) -> Decimal:
    total = ZERO
    for value in values:
        total = CONTEXT.add(total, value)
    return total


def _finite(run: Run, name: str, value: Decimal) -> object:
    return value if value.is_finite() else run.note(f"{name}: the result is too large")


@built_in("sum", "list: list", "*n: any")
def _sum(run: Run, items: list[object]) -> object:
    values = _numbers(run, "sum", items)
    return _finite(run, "sum", _total(values)) if values else None


@built_in("product", "list: list", "*n: any")
def _product(run: Run, items: list[object]) -> object:
    values = _numbers(run, "product", items)
    if not values:
        return None
    result = ONE
    for value in values:
        result = CONTEXT.multiply(result, value)
    return _finite(run, "product", result)


@built_in("mean", "list: list", "*n: any")
def _mean(run: Run, items: list[object]) -> object:
    values = _numbers(run, "mean", items)
    if not values:
        return None
    return _finite(run, "mean", CONTEXT.divide(_total(values), Decimal(len(values))))


@built_in("median", "list: list", "*n: any")
def _median(run: Run, items: list[object]) -> object:
    values = _numbers(run, "median", items)
    if not values:
        return None
    values.sort()
    middle = len(values) // 2
    if len(values) % 2:
        return values[middle]
    total = CONTEXT.add(values[middle - 1], values[middle])
    return _finite(run, "median", CONTEXT.divide(total, Decimal(2)))


@built_in("stddev", "list: list", "*n: any")
def _stddev(run: Run, items: list[object]) -> object:
    """The sample standard deviation."""
    values = _numbers(run, "stddev", items)
    if not values or len(values) < 2:
        return run.note("stddev: needs at least two numbers")
    mean = CONTEXT.divide(_total(values), Decimal(len(values)))
    deviations = [CONTEXT.subtract(value, mean) for value in values]
    squares = _total([CONTEXT.multiply(value, value) for value in deviations])
    variance = CONTEXT.divide(squares, Decimal(len(values) - 1))
    return _finite(run, "stddev", CONTEXT.sqrt(variance))


@built_in("mode", "list: list", "*n: any")
def _mode(run: Run, items: list[object]) -> list[object] | None:
    values = _numbers(run, "mode", items)
    if values is None:
        return None
    counts = Counter(values)
    most = max(counts.values(), default=0)
    found: list[object] = []
    found.extend(sorted(value for value, count in counts.items() if count == most))
    return found
