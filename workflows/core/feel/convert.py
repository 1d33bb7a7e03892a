"""Python values in, FEEL values in; and out again, and to text."""

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from workflows.core.feel import temporal_text
from workflows.core.feel.lexer import is_plain_name
from workflows.core.feel.numbers import (
    CONTEXT,
    finite,
    from_float,
    is_integral,
    to_text,
)
from workflows.core.feel.temporal import (
    Date,
    DateTime,
    DayTimeDuration,
    Time,
    YearMonthDuration,
    from_python,
)
from workflows.core.feel.values import Range, is_function

_AS_THEY_ARE = frozenset({
    str,
    bool,
    type(None),
    Date,
    Time,
    DateTime,
    DayTimeDuration,
    YearMonthDuration,
    Range,
})


def to_feel(value: object) -> object:
    """The FEEL value of a JSON-like Python value.

    int, float and Decimal become 34-digit numbers (NaN and infinity null); date,
    datetime, time and timedelta their FEEL kinds; lists, tuples and mappings are
    copied. FEEL values pass as they are. TypeError for anything else, and for a
    mapping key that is not a string.
    """
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    reader = _READERS.get(kind)
    return _other(value) if reader is None else reader(value)


def _items(value: Sequence[object]) -> list[object]:
    return [to_feel(item) for item in value]


def _other(value: object) -> object:
    """Subclasses, other mappings, and function values."""
    if isinstance(value, str):
        return str(value)
    if is_function(value):
        return value
    for kind, reader in _READERS.items():
        if isinstance(value, kind):
            return reader(value)
    if isinstance(value, Mapping):
        return _context(value)
    raise TypeError(
        f"a {type(value).__name__} has no FEEL value; pass numbers, strings, booleans, "
        "None, dates, times, durations, lists or mappings"
    )


def _from_float(value: float) -> Decimal | None:
    return from_float(value) if math.isfinite(value) else None


def _context(value: Mapping[Any, object]) -> dict[str, object]:
    for key in value:
        if not isinstance(key, str):
            raise TypeError(f"context keys are strings; {key!r} is not")
    return {str(key): to_feel(item) for key, item in value.items()}


_READERS: dict[type, Callable[[Any], object]] = {
    int: lambda value: finite(CONTEXT.create_decimal(value)),
    Decimal: lambda value: finite(CONTEXT.plus(value)),
    float: _from_float,
    dict: _context,
    list: _items,
    tuple: _items,
    dt.datetime: from_python,
    dt.date: from_python,
    dt.time: from_python,
    dt.timedelta: from_python,
}


def from_feel(value: object) -> object:
    """A JSON-able Python value: int where integral, else Decimal; ISO texts.

    Ranges and functions become their FEEL text.
    """
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Decimal):
        # A huge exponent is not worth thousands of digits: such a number stays Decimal.
        if is_integral(value) and value.adjusted() < 40:
            return int(value)
        return value
    if isinstance(value, list):
        return [from_feel(item) for item in value]
    if isinstance(value, dict):
        return {key: from_feel(item) for key, item in value.items()}
    return text_of(value)


def text_of(value: object) -> str:
    """The text of a value as the built-in `string` gives it; strings unquoted."""
    return value if isinstance(value, str) else quoted(value)


def quoted(value: object) -> str:
    """The FEEL text of a value inside a list or context: strings quoted."""
    writer = _WRITERS.get(type(value))
    if writer is not None:
        return writer(value)
    parameters = getattr(value, "parameters", ())
    return f"function({', '.join(parameters)})"


def _list_text(value: list[object]) -> str:
    return f"[{', '.join(quoted(item) for item in value)}]"


def _context_text(value: dict[str, object]) -> str:
    entries = (f"{key_text(key)}: {quoted(item)}" for key, item in value.items())
    return f"{{{', '.join(entries)}}}"


def quote(text: str) -> str:
    """A string literal."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    escaped = escaped.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    return f'"{escaped}"'


def key_text(key: str) -> str:
    """A context key, quoted where it could not be read back."""
    return key if is_plain_name(key) else quote(key)


def _range_text(value: Range) -> str:
    if value.operator:
        operand = value.start if value.end is None else value.end
        return f"({value.operator} {quoted(operand)})"
    start = "[" if value.start_included else "("
    end = "]" if value.end_included else ")"
    return f"{start}{quoted(value.start)}..{quoted(value.end)}{end}"


_WRITERS: dict[type, Callable[[Any], str]] = {
    type(None): lambda _value: "null",
    bool: lambda value: "true" if value else "false",
    Decimal: to_text,
    str: quote,
    list: _list_text,
    dict: _context_text,
    Range: _range_text,
    Date: temporal_text.date_text,
    Time: temporal_text.time_text,
    DateTime: temporal_text.datetime_text,
    DayTimeDuration: temporal_text.day_time_text,
    YearMonthDuration: temporal_text.year_month_text,
}
