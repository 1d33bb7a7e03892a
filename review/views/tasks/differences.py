"""What differs between two values: words, items, and how far numbers and days moved. Pure."""

import dataclasses
import datetime as dt
import difflib
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from review.views.formats import format_number, format_value

LONGEST_DIFF: Final = 2000
LIKE_ENOUGH: Final = 0.4
_WORDS: Final = re.compile(r"\s+|\w+|[^\w\s]")


@dataclasses.dataclass(frozen=True, slots=True)
class Run:
    """A run of text that stayed or changed."""

    text: str
    changed: bool = False


Sides = tuple[list[Run], list[Run]]


def diff_values(old: object, new: object) -> Sides:
    """Return both values as runs: lists by their items, texts by their words."""
    if isinstance(old, list) and isinstance(new, list) and old != new:
        return _side(old, without=new), _side(new, without=old)
    left, right = format_value(old), format_value(new)
    if isinstance(old, str) and isinstance(new, str):
        return diff_words(left, right)
    if old == new:
        return [Run(left)], [Run(right)]
    return [Run(left, changed=True)], [Run(right, changed=True)]


def diff_words(old: str, new: str) -> Sides:
    """Return both texts cut into runs that stayed and runs that changed."""
    if old == new:
        return [Run(old)], [Run(new)]
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    if len(old) + len(new) > LONGEST_DIFF or not (before and after):
        return [Run(old, changed=True)], [Run(new, changed=True)]
    matcher = difflib.SequenceMatcher(a=before, b=after, autojunk=False)
    if matcher.ratio() < LIKE_ENOUGH:
        return [Run(old, changed=True)], [Run(new, changed=True)]
    left, right = [], []
    for tag, a1, a2, b1, b2 in matcher.get_opcodes():
        is_changed = tag != "equal"
        if a2 > a1:
            left.append(Run("".join(before[a1:a2]), is_changed))
        if b2 > b1:
            right.append(Run("".join(after[b1:b2]), is_changed))
    return left, right


def measure(old: object, new: object) -> str:
    """Return how far a number or a day has moved, as "+212 (+5.2 %)"; else ""."""
    if _is_number(old) and _is_number(new):
        return _measure_numbers(Decimal(str(old)), Decimal(str(new)))
    before, after = _day(old), _day(new)
    if before and after and before != after:
        days = (after - before).days
        return f"{days:+,} day{'' if abs(days) == 1 else 's'}"
    return ""


def _measure_numbers(old: Decimal, new: Decimal) -> str:
    if not (old.is_finite() and new.is_finite()) or old == new:
        return ""
    moved = new - old
    text = f"{'+' if moved > 0 else MINUS}{format_number(abs(moved))}"
    if not old:
        return text
    share = moved / abs(old) * 100
    if abs(share) >= 1000:
        return text
    return f"{text} ({'+' if share > 0 else MINUS}{abs(share):.1f} %)"


MINUS: Final = "\N{MINUS SIGN}"


def _side(items: Sequence[object], *, without: Sequence[object]) -> list[Run]:
    """Return a list's items as runs; an item the other list lacks has changed."""
    left = list(without)
    runs = []
    for number, item in enumerate(items):
        if number:
            runs.append(Run(", "))
        if item in left:
            left.remove(item)
            runs.append(Run(format_value(item)))
        else:
            runs.append(Run(format_value(item), changed=True))
    return runs


def _is_number(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _day(value: object) -> dt.date | None:
    if not isinstance(value, str) or len(value) != len("2026-01-31"):
        return None
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        return None
