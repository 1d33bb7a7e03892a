"""A working paper as a workbook of Excel (ECMA-376), in memory. No reading here."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_WIDTHS: Final = {"case": 38, "key": 24, "sha256": 66}


def write_sheet(rows: Sequence[Sequence[str]]) -> bytes:
    """Return a workbook of these rows, the first their head; no text is a formula."""
    # Few pages write workbooks: the others need not load what does.
    import xlsxwriter  # noqa: PLC0415

    out = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(out, options) as book:
        sheet = book.add_worksheet("Working paper")
        head = book.add_format({"bold": True})
        for number, row in enumerate(rows):
            for column, text in enumerate(row):
                sheet.write_string(number, column, text, None if number else head)
        for column, name in enumerate(rows[0]):
            sheet.set_column(column, column, _WIDTHS.get(name, 16))
        sheet.freeze_panes(1, 0)
    return out.getvalue()
