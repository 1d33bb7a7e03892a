"""Python values in, FEEL values in; and out again, and to text."""

import datetime as dt
import math
from collections.abc import Mapping
from decimal import Decimal

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
    if kind is Decimal or isinstance(value, int | float | Decimal):
        return _number(value)
    if isinstance(value, Mapping):
        return _context(value)
    if isinstance(value, list | tuple):
        return [to_feel(item) for item in value]
    if isinstance(value, dt.date | dt.time | dt.timedelta):
        return from_python(value)
    if isinstance(value, str):
        return str(value)
    if is_function(value):
        return value
    raise TypeError(
        f"a {kind.__name__} has no FEEL value; pass numbers, strings, booleans, None, "
        "dates, times, durations, lists or mappings"
    )


def _number(value: object) -> Decimal | None:
    if isinstance(value, Decimal):
        return finite(CONTEXT.plus(value))
    if isinstance(value, int):
        return finite(CONTEXT.create_decimal(value))
    assert isinstance(value, float)
    return from_float(value) if math.isfinite(value) else None


def _context(value: Mapping[object, object]) -> dict[str, object]:
    for key in value:
        if not isinstance(key, str):
            raise TypeError(f"context keys are strings; {key!r} is not")
    return {str(key): to_feel(item) for key, item in value.items()}


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
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return to_text(value)
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, list):
        return f"[{', '.join(quoted(item) for item in value)}]"
    if isinstance(value, dict):
        entries = (f"{key_text(key)}: {quoted(item)}" for key, item in value.items())
        return f"{{{', '.join(entries)}}}"
    if isinstance(value, Range):
        return _range_text(value)
    return _temporal_text(value)


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


def _temporal_text(value: object) -> str:
    if isinstance(value, Date):
        return temporal_text.date_text(value)
    if isinstance(value, Time):
        return temporal_text.time_text(value)
    if isinstance(value, DateTime):
        return temporal_text.datetime_text(value)
    if isinstance(value, DayTimeDuration):
        return temporal_text.day_time_text(value)
    if isinstance(value, YearMonthDuration):
        return temporal_text.year_month_text(value)
    parameters = getattr(value, "parameters", ())
    return f"function({', '.join(parameters)})"
