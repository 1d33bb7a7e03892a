"""What stands where content was erased, and what may not be erased. No storage.

A content whose committed form holds nothing personal any more keeps that form, and its
digest goes on verifying. One of which that cannot be said is taken away whole; what
stands in its place names its digest:

    {"$erased": "<64 hex digits>"}
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from workflows.core.commitments import read_stand_in
from workflows.core.engine.personal import holds_any

ERASED: Final = "$erased"
WORDS: Final = "content erased"
LONG_WORDS: Final = 12
"""Free text shorter than this is not looked for in other places: it may be anything."""
MOST_NAMED: Final = 400
"""Commitments and contents that one entry names; more take several entries."""

_HEX: Final = frozenset("0123456789abcdef")


class HoldKind(StrEnum):
    """What a legal hold keeps."""

    CASE = "CASE"
    SUBJECT = "SUBJECT"
    RANGE = "RANGE"


class Why(StrEnum):
    """For whose sake content goes: a person's, or because its time is over."""

    SUBJECT = "SUBJECT"
    RETENTION = "RETENTION"


def marker(digest: str) -> dict[str, str]:
    """Return what stands in place of a content that was taken away whole."""
    return {ERASED: digest}


def read_marker(value: object) -> str:
    """Return the digest of a content that was taken away, "" for any other value."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return ""
    found = value.get(ERASED)
    good = isinstance(found, str) and len(found) == 64 and _HEX.issuperset(found)
    return str(found) if good else ""


def is_erased(value: object) -> bool:
    """Tell whether a value stands for something that was erased."""
    return read_stand_in(value) is not None or bool(read_marker(value))


def readable(value: Any) -> Any:
    """Return a content as pages show it: words where something was erased."""
    if read_marker(value):
        return {"content": WORDS}
    if read_stand_in(value) is not None:
        return WORDS
    if isinstance(value, Mapping):
        return {name: readable(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [readable(item) for item in value]
    return value


def holds_words(value: Any, needles: frozenset[str]) -> bool:
    """Tell whether a content still has one of the texts in it, also as a key."""
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            if holds_any(item, needles):
                return True
        elif isinstance(item, Mapping):
            todo.extend(item.keys())
            todo.extend(item.values())
        elif isinstance(item, list | tuple):
            todo.extend(item)
        elif item is not None and not isinstance(item, bool) and str(item) in needles:
            return True
    return False


def blank_words(value: Any, needles: frozenset[str], *, by: str = WORDS) -> Any:
    """Return a value that no digest is taken over with other words for the texts."""
    if isinstance(value, str):
        return by if holds_any(value, needles) else value
    if isinstance(value, Mapping):
        return {
            blank_words(name, needles, by=by): blank_words(item, needles, by=by)
            for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [blank_words(item, needles, by=by) for item in value]
    if value is not None and not isinstance(value, bool) and str(value) in needles:
        return by
    return value


def in_parts(names: Sequence[str]) -> list[Sequence[str]]:
    """Return names in parts that an entry can hold; one empty part for none."""
    parts = [names[at : at + MOST_NAMED] for at in range(0, len(names), MOST_NAMED)]
    return parts or [()]
