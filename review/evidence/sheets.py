"""The cases as a workbook of Excel (ECMA-376), written row by row. No reading here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from review.evidence.tables import CASE_COLUMNS, neutralise

MOST_ROWS: Final = 1_048_576
MOST_CHARACTERS: Final = 32_767
NUMBERS: Final = frozenset({
    "lasted_seconds", "steps", "tasks", "tasks_late", "verdicts", "incidents", "entries",
})  # fmt: skip
_WIDTHS: Final = {"case": 38, "head": 66, "business_key": 24}


def write_workbook(
    path: Path, rows: Iterable[Sequence[Any]], *, about: Mapping[str, Any]
) -> None:
    """Write a workbook of cases; what its texts begin with is never a formula."""
    # Only workers write workbooks: pages need not load what does.
    import xlsxwriter  # noqa: PLC0415

    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "tmpdir": str(path.parent),
    }
    with xlsxwriter.Workbook(str(path), options) as book:
        head = book.add_format({"bold": True})
        sheet, row_number, number = None, MOST_ROWS, 0
        for row in rows:
            if row_number >= MOST_ROWS:
                number += 1
                sheet = _add_sheet(book, head, number)
                row_number = 1
            _write(sheet, row_number, row)
            row_number += 1
        if sheet is None:
            _add_sheet(book, head, 1)
        notes = book.add_worksheet("about")
        notes.set_column(0, 1, 40)
        for at, (name, value) in enumerate(about.items()):
            notes.write_string(at, 0, name, head)
            notes.write_string(at, 1, neutralise(str(value))[:MOST_CHARACTERS])


def _add_sheet(book: Any, head: Any, number: int) -> Any:
    sheet = book.add_worksheet("cases" if number == 1 else f"cases {number}")
    sheet.freeze_panes(1, 0)
    for at, name in enumerate(CASE_COLUMNS):
        sheet.set_column(at, at, _WIDTHS.get(name, 18))
        sheet.write_string(0, at, name, head)
    return sheet


def _write(sheet: Any, number: int, row: Sequence[Any]) -> None:
    for at, (name, value) in enumerate(zip(CASE_COLUMNS, row, strict=True)):
        if value is None or value == "":
            continue
        if name in NUMBERS:
            # A clock that was set back gives a negative one, which came with a quote.
            sheet.write_number(number, at, float(str(value).removeprefix("'")))
        else:
            sheet.write_string(number, at, neutralise(str(value))[:MOST_CHARACTERS])
