"""What a panel of figures holds, and the words that all panels share. No queries."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from review.core.figures.drawings import Drawing
from review.core.figures.figures import BY_KEY, Better, Unit
from review.views.formats import NONE, format_short


@dataclasses.dataclass(frozen=True, slots=True)
class Cell:
    """One figure of a table: `value` for files, `label` for readers."""

    value: str
    label: str


@dataclasses.dataclass(frozen=True, slots=True)
class Head:
    """One column's words; `unit` stands in files, where figures are bare."""

    label: str
    unit: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """One row of a table; `value` is its label in files, where that is another."""

    label: str
    cells: tuple[Cell, ...]
    url: str = ""
    value: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Sheet:
    """A panel's figures as a table."""

    heads: tuple[Head, ...] = ()
    rows: tuple[Line, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Fact:
    """One figure in large type."""

    label: str
    value: str
    delta: str = ""
    url: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Content:
    """What a panel's builder finds; addresses and frame are put around it."""

    reading: str
    how: tuple[str, ...]
    drawing: Drawing | None = None
    sheet: Sheet = Sheet()
    facts: tuple[Fact, ...] = ()
    delta: str = ""
    empty: str = ""


def count_cell(value: int | None) -> Cell:
    """Return a number of things."""
    return Cell("", NONE) if value is None else Cell(str(value), f"{value:,}")


def span_cell(seconds: float | None) -> Cell:
    """Return a duration: whole seconds for files."""
    if seconds is None:
        return Cell("", NONE)
    return Cell(f"{seconds:.0f}", say_seconds(seconds))


def share_cell(share: float | Decimal | None) -> Cell:
    """Return a share."""
    if share is None:
        return Cell("", NONE)
    return Cell(f"{float(share):.4f}", say_share(share))


def say_seconds(seconds: float) -> str:
    """Return a duration in one unit: "45 min", "7.6 h"."""
    return format_short(dt.timedelta(seconds=seconds))


def say_share(share: float | Decimal) -> str:
    """Return a share as per cent, with a decimal below ten."""
    value = float(share) * 100
    return f"{value:.1f} %" if value < 10 else f"{value:.0f} %"


def say_value(value: float | Decimal | None, unit: Unit) -> str:
    """Return a figure's value in its unit."""
    if value is None:
        return NONE
    if unit == "seconds":
        return say_seconds(float(value))
    if unit == "share":
        return say_share(value)
    whole = float(value)
    return f"{whole:,.0f}" if whole == int(whole) else f"{whole:,.1f}"


def say_delta(
    now: float | Decimal | None,
    before: float | Decimal | None,
    *,
    unit: Unit,
    better: Better = "",
) -> str:
    """Say how a figure moved: "-12 % against before (3.1 h), better".

    Whether that is better is said where people wish for a direction.
    """
    if before is None:
        return "nothing to compare with before"
    shown = say_value(before, unit)
    if now is None:
        return f"{shown} before"
    change = float(now) - float(before)
    if say_value(now, unit) == shown:
        return f"as before ({shown})"
    amount = _say_amount(change, float(before), unit)
    return f"{amount} against before ({shown}){_judge(change, better)}"


def change_cell(
    now: float | Decimal | None,
    before: float | Decimal | None,
    *,
    unit: Unit,
    better: Better = "",
) -> Cell:
    """Return how a figure moved, with its sign and whether that is better in words."""
    if now is None or before is None:
        return Cell("", NONE)
    change = float(now) - float(before)
    written = f"{change:.4f}" if unit == "share" else f"{change:.0f}"
    if say_value(now, unit) == say_value(before, unit):
        return Cell(written, "as before")
    amount = _say_amount(change, float(before), unit)
    return Cell(written, f"{amount}{_judge(change, better)}")


def _say_amount(change: float, before: float, unit: Unit) -> str:
    """Return a change with its sign: in points, in per cent, or in few things."""
    sign, size = ("+" if change > 0 else "\N{MINUS SIGN}"), abs(change)
    if unit == "share":
        points = size * 100
        return (
            f"{sign}{points:.1f} points"
            if points < 10
            else f"{sign}{points:.0f} points"
        )
    if before and (unit == "seconds" or before >= 20):
        return f"{sign}{size / before:.0%}".replace("%", " %")
    return f"{sign}{say_value(size, unit)}"


def _judge(change: float, better: Better) -> str:
    if not better:
        return ""
    return ", better" if (change < 0) is (better == "low") else ", worse"


def align_last(values: Sequence[float | None], slots: int) -> list[float | None]:
    """Put the stretches before under those of now, the last under the last."""
    kept = list(values[-slots:]) if slots else []
    return [None] * (slots - len(kept)) + kept


def how_of(*keys: str) -> tuple[str, ...]:
    """Return how figures are computed, each in a paragraph that begins with its title."""
    return tuple(f"{BY_KEY[key].title}: {BY_KEY[key].how}" for key in keys)


def plural(count: int, word: str) -> str:
    """Return "1 task", "3 tasks"."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def sheet(heads: Sequence[str | Head], rows: Sequence[Line]) -> Sheet:
    """Return a table; heads may be plain words."""
    return Sheet(
        tuple(Head(head) if isinstance(head, str) else head for head in heads),
        tuple(rows),
    )
