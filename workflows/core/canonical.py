"""Canonical JSON (RFC 8785), the bytes that digests are taken over. No hashing chains here.

Two additions to RFC 8785, which knows IEEE 754 doubles alone: `int` is written with
all its digits, and `Decimal` as a plain number in its shortest form, without exponent
and without trailing zeros (`Decimal("1.50")` is `1.5`, `Decimal("1E+3")` is `1000`).
Both are exact; for integers up to 2**53 the text is the one RFC 8785 asks for.
"""

import hashlib
import json.encoder
import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, cast

MAX_DEPTH: Final = 200
MAX_DECIMAL_EXPONENT: Final = 400

_LEAVES: Final = frozenset({str, int, bool, type(None)})
# From here on Python's order of strings (code points) and RFC 8785's (UTF-16 code
# units) can differ, and lone surrogates, which have no UTF-8, begin.
_BEYOND_PLAIN_ORDER: Final = re.compile("[\ud800-\U0010ffff]")

# `JSONEncoder.encode` builds its C encoder anew on each call; this one is kept.
_fallback = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
)
quote: Final = json.encoder.encode_basestring
"""Return one string as JSON text, quoted and escaped as RFC 8785 3.2.2.2 says."""


class CanonicalError(ValueError):
    """The value has no canonical JSON form; the message says which part and why."""


class Folded:
    """A mapping whose JSON is that of another value: large parts stand apart from it."""

    __slots__ = ()

    def folded(self) -> dict[str, Any]:
        """Return what is written in its place."""
        raise NotImplementedError


def dumps(value: object) -> str:
    """Return the canonical JSON text of a value.

    Takes None, bool, int, finite float, Decimal, str, and lists, tuples and mappings
    with string keys of these. Raises `CanonicalError` for anything else, for NaN and
    infinity, for strings with lone surrogates and for nesting beyond `MAX_DEPTH`.
    """
    try:
        if isinstance(value, Folded):
            value = value.folded()
        text = _encode(value) if _is_plain(value, 0) else _write_exact(value)
        if text and (text.isascii() or not _BEYOND_PLAIN_ORDER.search(text)):
            return text
        return _write(value, 0)
    except CanonicalError:
        raise
    except ValueError as error:  # an int of more digits than Python writes
        raise CanonicalError(str(error)) from error


def digest(value: object) -> str:
    """Return the hex SHA-256 of the canonical JSON bytes of a value."""
    return hashlib.sha256(dumps(value).encode()).hexdigest()


def _make_encoder() -> Callable[[object], str]:
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return _fallback.encode
    encoder = make(
        markers=None,
        default=_fallback.default,
        encoder=quote,
        indent=None,
        key_separator=":",
        item_separator=",",
        sort_keys=True,
        skipkeys=False,
        allow_nan=False,
    )
    return lambda value: "".join(encoder(value, 0))


_encode: Final = _make_encoder()


def _is_plain(value: object, depth: int) -> bool:
    """Tell whether the C encoder writes this value just as RFC 8785 wants it.

    It does so for all but floats, Decimals, subclasses and keys that are no strings.
    """
    kind = type(value)
    if kind in _LEAVES:
        return True
    if depth >= MAX_DEPTH:
        raise CanonicalError(f"The value is nested deeper than {MAX_DEPTH} levels.")
    if kind is dict:
        for key, item in cast("dict[object, object]", value).items():
            if type(key) is not str:
                return False
            if type(item) not in _LEAVES and not _is_plain(item, depth + 1):
                return False
        return True
    if kind is list or kind is tuple:
        return all(
            type(item) in _LEAVES or _is_plain(item, depth + 1)
            for item in cast("list[object]", value)
        )
    return False


class _Odd(ValueError):
    """A value that the C encoder would not write as RFC 8785 and we want it."""


def _write_exact(value: object) -> str:
    """Write a value whose only oddity is Decimals that are short; "" for any other."""
    try:
        return _encode(_as_plain(value, 0))
    except _Odd:
        return ""


def _as_plain(value: object, depth: int) -> object:
    """Return a value with Decimals as numbers that have the same text. Raises _Odd."""
    kind = type(value)
    if kind in _LEAVES:
        return value
    if depth >= MAX_DEPTH:
        raise _Odd
    if kind is dict:
        items = cast("dict[object, object]", value).items()
        if not all(type(key) is str for key, _ in items):
            raise _Odd
        return {key: _as_plain(item, depth + 1) for key, item in items}
    if kind is list or kind is tuple:
        return [_as_plain(item, depth + 1) for item in cast("list[object]", value)]
    if kind is not Decimal:
        raise _Odd
    text = format_decimal(cast("Decimal", value))
    number = float(text)
    if repr(number) == text:
        return number
    if text.removeprefix("-").isdecimal():
        return int(text)
    raise _Odd


def _write(value: object, depth: int) -> str:
    if isinstance(value, Folded):
        value = value.folded()
    if not isinstance(value, Mapping | list | tuple):
        return _write_leaf(value)
    if depth >= MAX_DEPTH:
        raise CanonicalError(f"The value is nested deeper than {MAX_DEPTH} levels.")
    if isinstance(value, Mapping):
        return _write_object(value, depth)
    return "[" + ",".join([_write(item, depth + 1) for item in value]) + "]"


def _write_object(value: Mapping[object, object], depth: int) -> str:
    members: list[tuple[bytes, str]] = []
    for key, item in value.items():
        if not isinstance(key, str):
            raise CanonicalError(f"The key {key!r} is not a string.")
        text = f"{_write_string(key)}:{_write(item, depth + 1)}"
        members.append((key.encode("utf-16-be"), text))
    members.sort()
    return "{" + ",".join([text for _, text in members]) + "}"


def _write_leaf(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return _write_string(value)
        case int():
            return int.__repr__(value)
        case float():
            return format_float(value)
        case Decimal():
            return format_decimal(value)
        case _:
            raise CanonicalError(f"{type(value).__name__} has no JSON form.")


def _write_string(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise CanonicalError(f"{value!r} holds a lone surrogate.") from error
    return quote(value)


def format_float(value: float) -> str:
    """Return a float as ECMAScript writes it (ECMA-262, Number::toString, radix 10).

    Raises `CanonicalError` for NaN and infinity.
    """
    if not math.isfinite(value):
        raise CanonicalError(f"{value!r} has no JSON form.")
    if value == 0:
        return "0"
    # repr gives the shortest digits that read back as the same double, as ES6 does.
    sign, digit_tuple, exponent = Decimal(repr(value)).as_tuple()
    digits = "".join(map(str, digit_tuple)).rstrip("0")
    point = len(digit_tuple) + cast("int", exponent)
    return ("-" if sign else "") + _place_point(digits, point)


def _place_point(digits: str, point: int) -> str:
    """Write 0.DIGITS x 10**point by the four cases of Number::toString."""
    if len(digits) <= point <= 21:
        return digits.ljust(point, "0")
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
    return f"{mantissa}e{point - 1:+d}"


def format_decimal(value: Decimal) -> str:
    """Return a Decimal as a plain number in its shortest form; exact, never rounded.

    Raises `CanonicalError` for NaN, infinity and beyond 1E+-`MAX_DECIMAL_EXPONENT`.
    """
    if not value.is_finite():
        raise CanonicalError(f"{value} has no JSON form.")
    if not value:
        return "0"
    if abs(value.adjusted()) > MAX_DECIMAL_EXPONENT:
        raise CanonicalError(f"{value} is too large or too small to write out.")
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
