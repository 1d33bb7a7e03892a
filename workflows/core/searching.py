"""Variables by which instances are found: how they are declared, what is kept of them.

A process declares them with `cs:searchable`: paths with commas or space between them,
each with its type where that is not text, as in `country, amount:number, order.due:date`.
A variable that holds personal values is never among them.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from typing import Any, Final, NamedTuple

from workflows.core.commitments import EVERY, Path, PathError, parse_path, split_paths

MOST: Final = 20
"""Variables that one process may declare: each is a row for each of its instances."""
LONGEST: Final = 200
"""Characters of a text that are kept; longer ones are found by their beginning."""
LONGEST_NAME: Final = 100
DECIMALS: Final = 12

_LARGEST: Final = Decimal(10) ** 26
_LEAST: Final = Decimal(1).scaleb(-DECIMALS)


class SearchKind(StrEnum):
    """How a variable is compared."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    FLAG = "flag"


class SearchableError(ValueError):
    """A declaration that cannot be followed; the message is a whole sentence."""


@dataclass(frozen=True, slots=True)
class Searchable:
    """One declared variable; `name` is its path as it is written."""

    name: str
    path: Path
    kind: SearchKind


class Value(NamedTuple):
    """What is kept of one variable of one instance; only its kind's field is filled."""

    name: str
    text: str = ""
    number: Decimal | None = None
    moment: dt.datetime | None = None


def read_searchable(text: str) -> tuple[Searchable, ...]:
    """Return the variables that a process declares. Raises SearchableError."""
    found: dict[str, Searchable] = {}
    for word in split_paths(text):
        one = _read_word(word)
        if one.name in found:
            raise SearchableError(f"{one.name!r} is declared twice.")
        found[one.name] = one
    if len(found) > MOST:
        raise SearchableError(
            f"{len(found)} variables are declared, and {MOST} is the most; keep those"
            " that people look for."
        )
    return tuple(found.values())


def find_personal(
    declared: Iterable[Searchable], personal: Iterable[Path]
) -> list[tuple[Searchable, Path]]:
    """Return the declared variables that are, hold or lie within a personal value."""
    paths = list(personal)
    return [
        (one, path)
        for one in declared
        for path in paths
        if all(
            EVERY in pair or pair[0] == pair[1]
            for pair in zip(one.path, path, strict=False)
        )
    ]


def list_values(
    variables: Mapping[str, Any], declared: Sequence[Searchable]
) -> Iterator[Value]:
    """Give what is kept of an instance's variables; what is of another type is not."""
    for one in declared:
        value: Any = variables
        for part in one.path:
            value = value.get(part) if isinstance(value, Mapping) else None
        kept = _keep(one, value)
        if kept is not None:
            yield kept


def fold(text: str) -> str:
    """Return a text as it is compared: without case, at most LONGEST characters."""
    return " ".join(text.split()).casefold().replace("\0", "")[:LONGEST]


def read_moment(text: str) -> dt.datetime | None:
    """Return an ISO 8601 date (its midnight, UTC) or date and time, else None."""
    try:
        found = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


def read_number(text: str) -> Decimal | None:
    """Return a number as it is kept, None for what is none or has no room."""
    try:
        return _number(Decimal(text.strip()))
    except ArithmeticError:
        return None


def _read_word(word: str) -> Searchable:
    name, colon, kind = word.partition(":")
    try:
        path = parse_path(name)
    except PathError as error:
        raise SearchableError(str(error)) from error
    if EVERY in path:
        raise SearchableError(
            f"{name!r} stands for many values; an instance is found by one value each."
        )
    known = [one.value for one in SearchKind]
    if colon and kind not in known:
        raise SearchableError(
            f"{word!r} names no type; write one of: {', '.join(known)}."
        )
    name = ".".join(path)
    if len(name) > LONGEST_NAME:
        raise SearchableError(f"{name[:40]!r}… is longer than {LONGEST_NAME}.")
    return Searchable(name, path, SearchKind(kind) if colon else SearchKind.TEXT)


def _keep(one: Searchable, value: Any) -> Value | None:
    match one.kind, value:
        case SearchKind.FLAG, bool():
            return Value(one.name, text="true" if value else "false")
        case _, bool() | None:
            return None
        case SearchKind.NUMBER, int() | Decimal():
            number = _number(Decimal(value))
            return None if number is None else Value(one.name, number=number)
        case SearchKind.DATE, str():
            moment = read_moment(value)
            return None if moment is None else Value(one.name, moment=moment)
        case SearchKind.TEXT, str() | int() | Decimal():
            return Value(one.name, text=fold(str(value)))
        case _:
            return None


def _number(value: Decimal) -> Decimal | None:
    if not value.is_finite() or abs(value) >= _LARGEST:
        return None
    return value.quantize(_LEAST, rounding=ROUND_HALF_EVEN)
