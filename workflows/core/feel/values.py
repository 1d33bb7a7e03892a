"""The values of the language, and what equals, precedes or contains what.

number Decimal, string str, boolean bool, null None, list list, context dict; dates,
times and durations from `temporal`; ranges and functions from here. Lists and contexts
are never changed once they are a value.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from workflows.core.feel.limits import Run
from workflows.core.feel.temporal import (
    NANOS,
    Date,
    DateTime,
    DayTimeDuration,
    Time,
    YearMonthDuration,
)

# A day in winter on which a time with a named zone is placed to learn its offset.
_REFERENCE_DAY = 10_957  # 2000-01-01


class Function(Protocol):
    """A function value: user-defined, built in, a knowledge model or a service."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """The formal parameters' names."""

    def invoke(self, arguments: list[object], run: Run) -> object:
        """Call by position."""

    def invoke_named(self, arguments: dict[str, object], run: Run) -> object:
        """Call by name."""


@dataclass(frozen=True, slots=True)
class Range:
    """An interval. An end of None is unbounded; `operator` is kept of `(< 10)`."""

    start: object
    end: object
    start_included: bool
    end_included: bool
    operator: str = ""


def unary_range(operator: str, operand: object) -> Range:
    """The range value of `(< operand)` and its kin (DMN 1.5 section 10.3.2.7)."""
    if operator in ("=", "!="):
        return Range(
            operand, operand, start_included=True, end_included=True, operator=operator
        )
    if operator in ("<", "<="):
        return Range(
            None,
            operand,
            start_included=False,
            end_included=operator == "<=",
            operator=operator,
        )
    return Range(
        operand,
        None,
        start_included=operator == ">=",
        end_included=False,
        operator=operator,
    )


_KIND_NAMES: dict[type, str] = {
    Decimal: "number",
    str: "string",
    bool: "boolean",
    type(None): "null",
    list: "list",
    dict: "context",
    Date: "date",
    Time: "time",
    DateTime: "date and time",
    DayTimeDuration: "days and time duration",
    YearMonthDuration: "years and months duration",
    Range: "range",
}


def kind_of(value: object) -> str:
    """The name of the value's type, as messages say it."""
    return _KIND_NAMES.get(type(value), "function")


def is_function(value: object) -> bool:
    """True for function values of every origin."""
    return type(value) not in _KIND_NAMES and hasattr(value, "invoke")


# ---- order


def _datetime_key(left: object, right: object) -> tuple[Any, Any] | None:
    assert isinstance(left, DateTime)
    assert isinstance(right, DateTime)
    if left.time.is_local != right.time.is_local:
        return None
    return left.nanos // NANOS, right.nanos // NANOS


def _utc_second(time: Time) -> int:
    return time.second_of_day - (time.offset_at(_REFERENCE_DAY) or 0)


def _time_key(left: object, right: object) -> tuple[Any, Any] | None:
    assert isinstance(left, Time)
    assert isinstance(right, Time)
    if left.is_local != right.is_local:
        return None
    return _utc_second(left), _utc_second(right)


def _date_key(left: object, right: object) -> tuple[Any, Any]:
    assert isinstance(left, Date)
    assert isinstance(right, Date)
    return (
        (left.year, left.month, left.day),
        (right.year, right.month, right.day),
    )


def _day_time_key(left: object, right: object) -> tuple[Any, Any]:
    assert isinstance(left, DayTimeDuration)
    assert isinstance(right, DayTimeDuration)
    return left.nanos, right.nanos


def _year_month_key(left: object, right: object) -> tuple[Any, Any]:
    assert isinstance(left, YearMonthDuration)
    assert isinstance(right, YearMonthDuration)
    return left.months, right.months


_Key = Callable[[object, object], "tuple[Any, Any] | None"]
# Times are compared by whole seconds: their value in DMN 1.5 section 10.3.2.3.4 is the
# number of seconds, and the conformance kit holds fractions to be equal.
_KEYS: dict[type, _Key] = {
    Date: _date_key,
    Time: _time_key,
    DateTime: _datetime_key,
    DayTimeDuration: _day_time_key,
    YearMonthDuration: _year_month_key,
}


def _sign(left: Any, right: Any) -> int:
    return int(left > right) - int(left < right)


def order(left: object, right: object) -> int | None:
    """-1, 0 or 1; None when the two cannot be compared."""
    kind = type(left)
    if kind is not type(right):
        return None
    if kind is Decimal or kind is str:
        return _sign(left, right)
    key = _KEYS.get(kind)
    pair = None if key is None else key(left, right)
    if pair is None:
        return None
    first, second = pair
    return _sign(first, second)


# ---- equality


def equal(left: object, right: object) -> bool | None:
    """FEEL's `=`: None when the two are of different kinds (DMN 1.5 table 53)."""
    kind = type(left)
    if left is None or right is None:
        return left is right
    if kind is not type(right):
        return None
    if kind is Decimal or kind is str or kind is bool:
        return bool(left == right)
    compare = _EQUALITIES.get(kind)
    return left is right if compare is None else compare(left, right)


def _equal_moments(left: object, right: object) -> bool | None:
    found = order(left, right)
    return None if found is None else found == 0


def _equal_lists(left: object, right: object) -> bool | None:
    assert isinstance(left, list)
    assert isinstance(right, list)
    if len(left) != len(right):
        return False
    return _all_equal(zip(left, right, strict=True))


def _all_equal(pairs: object) -> bool | None:
    unknown = False
    for first, second in pairs:  # type: ignore[attr-defined]
        found = equal(first, second)
        if found is False:
            return False
        unknown = unknown or found is None
    return None if unknown else True


def _equal_contexts(left: object, right: object) -> bool | None:
    assert isinstance(left, dict)
    assert isinstance(right, dict)
    if left.keys() != right.keys():
        return False
    return _all_equal((value, right[key]) for key, value in left.items())


def _equal_ranges(left: object, right: object) -> bool | None:
    assert isinstance(left, Range)
    assert isinstance(right, Range)
    if (
        left.operator != right.operator
        or left.start_included != right.start_included
        or left.end_included != right.end_included
    ):
        return False
    return _all_equal(((left.start, right.start), (left.end, right.end)))


_EQUALITIES: dict[type, Callable[[object, object], "bool | None"]] = {
    list: _equal_lists,
    dict: _equal_contexts,
    Range: _equal_ranges,
    **dict.fromkeys(_KEYS, _equal_moments),
}


def unwrapped(left: object, right: object) -> tuple[object, object]:
    """The two with a list of one beside what is no list taken as its item."""
    if type(left) is list and type(right) is not list:
        return (left[0] if len(left) == 1 else left), right
    if type(right) is list and type(left) is not list:
        return left, (right[0] if len(right) == 1 else right)
    return left, right


def same(left: object, right: object) -> bool:
    """True when equal for certain; what distinct values, unions and indexes ask."""
    return equal(left, right) is True


def contains(interval: Range, value: object) -> bool | None:
    """Whether the value lies in the range; None when it cannot be compared."""
    if interval.operator in ("=", "!="):
        found = equal(value, interval.start)
        return found if found is None or interval.operator == "=" else not found
    low = -1 if interval.start is None else order(interval.start, value)
    high = -1 if interval.end is None else order(value, interval.end)
    if low is None or high is None or (interval.start is None is interval.end):
        return None
    above = low < 0 or (low == 0 and interval.start_included)
    return above and (high < 0 or (high == 0 and interval.end_included))


def time_value(time: Time) -> int:
    """Nanoseconds since midnight UTC (or local), for differences of times."""
    return _utc_second(time) * NANOS + time.nanos
