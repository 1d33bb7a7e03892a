"""Values of Python as values of JSON: numbers exact, moments as text. No rounding."""

import datetime as dt
import enum
from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID


class NotPlain(ValueError):
    """A value that JSON cannot keep; the text names it, to stand after 'holds'."""


def to_plain(value: object) -> object:
    """Return the value as JSON has it; numbers are int or finite Decimal.

    Raises NotPlain.
    """
    if isinstance(value, enum.Enum):
        return to_plain(value.value)
    if isinstance(value, Mapping):
        return {str(to_plain(key)): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_plain(item) for item in value]
    return _scalar(value)


def _scalar(value: object) -> object:
    match value:
        case None | str() | bool() | int():
            return value
        case float() | Decimal():
            return _finite(Decimal(str(value)))
        case dt.date() | dt.time():
            return value.isoformat()
        case UUID():
            return str(value)
        case _:
            raise NotPlain(f"a {type(value).__name__}, which cannot be kept as JSON")


def _finite(number: Decimal) -> Decimal:
    if not number.is_finite():
        raise NotPlain(f"the number {number}, which is not finite")
    return number
