"""Texts where a type asks for a date, time or duration: JSON has no such values."""

from workflows.core.feel.temporal_text import (
    parse_date,
    parse_datetime,
    parse_duration,
    parse_time,
)
from workflows.core.feel.types import (
    DATE,
    DATE_TIME,
    DAY_TIME,
    TIME,
    YEAR_MONTH,
    ContextType,
    FeelType,
    ListType,
    NamedType,
)

_READERS = {
    DATE: parse_date,
    TIME: parse_time,
    DATE_TIME: parse_datetime,
    DAY_TIME: parse_duration,
    YEAR_MONTH: parse_duration,
}


def adapt(value: object, kind: FeelType) -> object:
    """The value with its texts read as the temporal values the type declares."""
    while isinstance(kind, NamedType):
        kind = kind.base
    if isinstance(kind, ListType) and not isinstance(value, list):
        return adapt(value, kind.item)  # one item stands for a list of one
    if isinstance(value, str):
        reader = _READERS.get(kind)  # type: ignore[call-overload]
        found = None if reader is None else reader(value)
        return value if found is None else found
    if isinstance(value, list):
        item = kind.item if isinstance(kind, ListType) else None
        return value if item is None else [adapt(inner, item) for inner in value]
    if isinstance(value, dict) and isinstance(kind, ContextType):
        return {
            key: adapt(inner, kind.fields[key]) if key in kind.fields else inner
            for key, inner in value.items()
        }
    return value
