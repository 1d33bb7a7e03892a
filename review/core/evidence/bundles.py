"""What a bundle of evidence is on its way, and how it is cut into parts. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Self
from uuid import UUID

PART_ENTRIES: Final = 5_000
"""Entries of one part: what a worker that dies has to do again at most."""
PART_CASES = 500
MOST_DIGITS: Final = 18
MOST_ATTEMPTS: Final = 5
"""Workers that may die or fail over one bundle without finishing any further part."""


class BundleState(StrEnum):
    """Where a bundle stands."""

    WAITING = "WAITING"
    BUILDING = "BUILDING"
    READY = "READY"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"


UNDER_WAY: Final = (BundleState.WAITING, BundleState.BUILDING)


class Custody(StrEnum):
    """What is kept of a bundle's life, each with its entry in the installation's chain."""

    ORDERED = "evidence.exported"
    FINISHED = "evidence.finished"
    FAILED = "evidence.failed"
    CANCELED = "evidence.canceled"
    EXPIRED = "evidence.expired"
    DOWNLOADED = "evidence.downloaded"


@dataclass(frozen=True, slots=True)
class Redaction:
    """What is left out of a bundle: all opened personal values, or those of some fields.

    `fields` are paths as processes declare them (`applicant.name`). What is left out
    how: core/evidence/redacting.py.
    """

    without_disclosures: bool = False
    fields: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the redaction as JSON."""
        return {
            "without_disclosures": self.without_disclosures,
            "fields": list(self.fields),
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Self:
        """Read what `to_json` returned."""
        return cls(
            without_disclosures=bool(told.get("without_disclosures")),
            fields=tuple(str(name) for name in told.get("fields", ())),
        )


NOTHING: Final = Redaction()


@dataclass(frozen=True, slots=True)
class Part:
    """A finished part: its folder's name, what it holds, and words for the whole."""

    folder: str
    cases: int
    entries: int
    told: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the part as JSON."""
        return {
            "folder": self.folder,
            "cases": self.cases,
            "entries": self.entries,
            "told": dict(self.told),
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Self:
        """Read what `to_json` returned."""
        return cls(told["folder"], told["cases"], told["entries"], told["told"])


def cut(cases: Iterable[tuple[UUID, int]]) -> Iterator[list[tuple[UUID, int]]]:
    """Cut cases with their numbers of entries into parts; a large case is a part."""
    part: list[tuple[UUID, int]] = []
    entries = 0
    for case, count in cases:
        if part and (entries + count > PART_ENTRIES or len(part) >= PART_CASES):
            yield part
            part, entries = [], 0
        part.append((case, count))
        entries += count
    if part:
        yield part


class RangeRefused(ValueError):
    """A range of bytes that the file does not have."""


def read_range(header: str, *, size: int) -> tuple[int, int] | None:
    """Return first and last byte of `Range: bytes=...` (RFC 9110 14.1.2), None for all.

    What is no single range of bytes is passed over, as the standard allows. Raises
    RangeRefused where it lies beyond the file.
    """
    unit, _, wanted = header.partition("=")
    first, dash, last = wanted.strip().partition("-")
    if unit.strip() != "bytes" or not dash or not _are_numbers(first, last):
        return None
    if not first:
        if not last or int(last) == 0:
            raise RangeRefused(f"The file has no bytes {wanted!r}.")
        return max(0, size - int(last)), size - 1
    begin, end = int(first), min(int(last) if last else size - 1, size - 1)
    if begin >= size:
        raise RangeRefused(f"The file has {size} bytes; it has none from {begin} on.")
    return (begin, end) if begin <= end else None


def _are_numbers(*words: str) -> bool:
    """Tell whether words are numbers of bytes; no file has so many that 18 digits fail."""
    return all(
        not word or (word.isascii() and word.isdecimal() and len(word) <= MOST_DIGITS)
        for word in words
    )


def percent(done: int, total: int) -> int:
    """Return how much is done, 0 to 100; nothing to do is done."""
    return 100 if total <= 0 else min(100, done * 100 // total)


def sum_parts(parts: Sequence[Part]) -> tuple[int, int]:
    """Return the cases and the entries of parts."""
    return sum(one.cases for one in parts), sum(one.entries for one in parts)
