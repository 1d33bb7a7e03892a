"""Group incidents by what went wrong, so that a thousand of one fault are one line.

Pure. Two messages are of one fault when they differ only in what names the single
case: ids, numbers, moments, addresses, quoted words. What stands for each of them is
written in the normalised message, so that people can read it.
"""

import datetime as dt
import functools
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

LONGEST: Final = 400
"""Characters of a message that are looked at."""
HOURS: Final = 24
_STAND_INS: Final = (
    (re.compile(r"\b[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE), "[address]"),
    (re.compile(r"\b[\w.+-]+@[\w-]+(\.[\w-]+)+"), "[mail]"),
    (
        re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE),
        "[id]",
    ),
    (
        re.compile(
            r"\b\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?"
        ),
        "[time]",
    ),
    (
        re.compile(r"\b0x[0-9a-f]+\b|\b(?=[a-f]*\d)[0-9a-f]{12,}\b", re.IGNORECASE),
        "[id]",
    ),
    (
        re.compile(
            r"'[^'\n]*'|\"[^\"\n]*\"|\u2018[^\u2019\n]*\u2019|\u201c[^\u201d\n]*\u201d"
        ),
        "[text]",
    ),
    # A word with digits in it names one thing: LN-2041, BOOK_7, case42.
    (re.compile(r"\b[A-Za-z]+[-_/#]?\d[\w-]*\b"), "[id]"),
    (re.compile(r"(?<!\w)[-+]?\d+([.,:]\d+)*(?!\w)"), "[n]"),
)


class By(StrEnum):
    """What incidents are put together by."""

    ERROR = "error"
    STEP = "step"


@dataclass(frozen=True, slots=True)
class Fault:
    """One incident as grouping sees it; `handler` is "" where the engine itself failed."""

    id: int
    is_open: bool
    code: str
    message: str
    handler: str
    definition: str
    node: str
    opened_at: dt.datetime


@dataclass(slots=True)
class Group:
    """Incidents of one fault, or of one step.

    `ids` are the open ones, the oldest first; `hours` counts those opened in each of the
    last hours, resolved or not, the present hour last.
    """

    key: str
    by: By
    code: str
    message: str
    handler: str
    definition: str
    node: str
    first_at: dt.datetime
    last_at: dt.datetime
    ids: list[int] = field(default_factory=list)
    hours: list[int] = field(default_factory=lambda: [0] * HOURS)
    places: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)

    @property
    def count(self) -> int:
        """Return how many are open."""
        return len(self.ids)

    @property
    def rate(self) -> int:
        """Return how many were opened in the last 24 hours."""
        return sum(self.hours)


@functools.lru_cache(maxsize=4096)
def normalize_message(message: str) -> str:
    """Return a message with stand-ins for what names the single case.

    Only the first line counts, for what follows is a trace or a page.
    """
    line = message.strip().partition("\n")[0][:LONGEST]
    for pattern, word in _STAND_INS:
        line = pattern.sub(word, line)
    return " ".join(line.split())


def group_faults(faults: Iterable[Fault], *, by: By, now: dt.datetime) -> list[Group]:
    """Return the groups that have open incidents, the largest first, then the newest.

    Resolved faults only count in the hours of a group that is still open.
    """
    found: dict[tuple[str, ...], Group] = {}
    for fault in faults:
        message = normalize_message(fault.message)
        parts = (
            (fault.definition, fault.node)
            if by is By.STEP
            else (fault.handler, fault.code, message)
        )
        group = found.get(parts)
        if group is None:
            group = found[parts] = _begin(fault, by=by, message=message, parts=parts)
        _add(group, fault, message=message, now=now)
    standing = [group for group in found.values() if group.ids]
    for group in standing:
        group.ids.sort()
    return sorted(
        standing, key=lambda one: (-one.count, -one.last_at.timestamp(), one.key)
    )


def _begin(fault: Fault, *, by: By, message: str, parts: Sequence[str]) -> Group:
    named = hashlib.sha256("\x1f".join((by.value, *parts)).encode()).hexdigest()
    is_error = by is By.ERROR
    return Group(
        key=named[:16],
        by=by,
        code=fault.code if is_error else "",
        message=message if is_error else "",
        handler=fault.handler,
        definition="" if is_error else fault.definition,
        node="" if is_error else fault.node,
        first_at=fault.opened_at,
        last_at=fault.opened_at,
    )


def _add(group: Group, fault: Fault, *, message: str, now: dt.datetime) -> None:
    ago = int((now - fault.opened_at) / dt.timedelta(hours=1))
    if 0 <= ago < HOURS:
        group.hours[HOURS - 1 - ago] += 1
    if not fault.is_open:
        return
    if not group.ids:
        group.first_at = group.last_at = fault.opened_at
    group.first_at = min(group.first_at, fault.opened_at)
    group.last_at = max(group.last_at, fault.opened_at)
    group.ids.append(fault.id)
    group.places[fault.definition, fault.node] += 1
    group.faults[f"{fault.code} {message}"] += 1


@dataclass(frozen=True, slots=True)
class Column:
    """One bar of an hour: places in a drawing, and what it says in words."""

    x: str
    y: str
    height: str


def draw_hours(
    counts: Sequence[int], *, width: int = 96, height: int = 20
) -> list[Column]:
    """Return the bars of hourly counts; an hour without any has none."""
    most = max(counts, default=0)
    step = width / max(len(counts), 1)
    return [
        Column(
            x=f"{number * step:g}",
            y=f"{height - _tall(count, most, height):g}",
            height=f"{_tall(count, most, height):g}",
        )
        for number, count in enumerate(counts)
        if count
    ]


def _tall(count: int, most: int, height: int) -> float:
    """Return a bar's height; one that is there can be seen."""
    return max(round(height * count / most, 1), 2.0)


def say_outcome(*, done: int, proposed: int, refusals: Sequence[str], verb: str) -> str:
    """Return what became of many in a sentence: "41 retried, 2 refused because ...".

    Refusals that say the same but for the case's own names are said once.
    """
    said = [f"{done:,} {verb}"] if done or not (proposed or refusals) else []
    if proposed:
        said.append(f"{proposed:,} proposed to a second person")
    if refusals:
        reasons = Counter(normalize_message(one).rstrip(".") for one in refusals)
        (first, _), *others = reasons.most_common()
        more = f" (and {len(others)} more reasons)" if len(others) > 1 else ""
        more = " (and one more reason)" if len(others) == 1 else more
        said.append(f"{len(refusals):,} refused because: {first}{more}")
    return f"{', '.join(said)}."
