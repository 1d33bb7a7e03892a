"""Tables: a CSV document, or a list of objects. Pure."""

import csv
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Final

from review.views.formats import format_label, format_value

MOST_ROWS: Final = 200
MOST_COLUMNS: Final = 40
LONGEST_CELL: Final = 500
LONGEST_CSV: Final = 500_000
DELIMITERS: Final = ",;\t|"


@dataclasses.dataclass(frozen=True, slots=True)
class Table:
    """A heading and rows of cells; `more` counts the rows left out."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[bool]
    more: int = 0


def read_csv(text: str) -> Table | None:
    """Return a CSV text as a table; None where it is none (one column, broken quotes).

    The delimiter is the one of DELIMITERS that the first line has most of.
    """
    text = text[:LONGEST_CSV].replace("\x00", "")
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    if not first.count(delimiter):
        return None
    try:
        lines = csv.reader(text.splitlines(), delimiter=delimiter, strict=True)
        rows = [line[:MOST_COLUMNS] for line in lines if line]
    except csv.Error:
        return None
    return _table(rows[0], rows[1:])


def build_table(items: Sequence[Mapping[str, Any]]) -> Table:
    """Return a list of objects as a table with a column for each name among them."""
    names = list(dict.fromkeys(name for item in items for name in item))
    names = names[:MOST_COLUMNS]
    rows = [
        [format_value(item[name]) if name in item else "" for name in names]
        for item in items[: MOST_ROWS + 1]
    ]
    table = _table([format_label(name) for name in names], rows)
    return dataclasses.replace(table, more=max(0, len(items) - MOST_ROWS))


def is_table(value: object) -> bool:
    """Tell whether a value is a list of flat objects, which reads best as a table."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            isinstance(item, Mapping)
            and not any(_is_compound(inner) for inner in item.values())
            for item in value
        )
    )


def _is_compound(value: object) -> bool:
    if isinstance(value, list):
        return any(isinstance(each, Mapping | list) for each in value)
    return isinstance(value, Mapping)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    width = len(head)
    shown = [
        [cell[:LONGEST_CELL] for cell in [*row, *[""] * width][:width]]
        for row in rows[:MOST_ROWS]
    ]
    numbers = [
        any(row[n] for row in shown)
        and all(_is_number(row[n]) for row in shown if row[n])
        for n in range(width)
    ]
    return Table(
        head=[cell[:LONGEST_CELL] for cell in head],
        rows=shown,
        numbers=numbers,
        more=max(0, len(rows) - MOST_ROWS),
    )


def _is_number(text: str) -> bool:
    return text.replace(",", "").replace(".", "").removeprefix("-").isdecimal()
