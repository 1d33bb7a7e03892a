"""A paper of facts and counts as PDF. Knows nothing of bundles."""

from __future__ import annotations

import functools
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

Rows = Sequence[tuple[str, str]]
FONT: Final = "DejaVuSans"
_FILE: Final = (
    Path(__file__).parent / "vendor" / "dejavu-fonts-ttf-2.37.3" / "DejaVuSans.ttf"
)


def write_paper(
    *, title: str, facts: Rows, sections: Sequence[tuple[str, Rows]], end: str
) -> bytes:
    """Return the PDF; `end` may hold reportlab's own marks, the rest is plain text."""
    out = io.BytesIO()
    _load_font()
    styles = getSampleStyleSheet()
    for name in ("BodyText", "Title", "Heading2"):
        styles[name].fontName = FONT
    paper = SimpleDocTemplate(
        out,
        pagesize=A4,
        title=_plain(title),
        author="Countersign",
        leftMargin=20 * mm,
        rightMargin=20 * mm,
        invariant=1,
    )
    cell = styles["BodyText"]
    story: list[Any] = [Paragraph(_text(title), styles["Title"]), _table(facts, cell)]
    for heading, rows in sections:
        story += [Spacer(0, 6 * mm), Paragraph(_text(heading), styles["Heading2"])]
        story.append(_table(rows, cell))
    story += [Spacer(0, 8 * mm), Paragraph(end, cell)]
    paper.build(story)
    return out.getvalue()


def _table(rows: Rows, style: Any) -> Any:
    cells = [
        [Paragraph(_text(name), style), Paragraph(_text(value), style)]
        for name, value in rows
    ]
    table = Table(cells, colWidths=[45 * mm, 125 * mm])
    table.setStyle(
        TableStyle([
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.lightgrey),
        ])
    )
    return table


def _text(text: str) -> str:
    return escape(_plain(text))


def _plain(text: str) -> str:
    """Return a text in the letters that the font has; others become question marks."""
    known = _load_font().face.charToGlyph
    return "".join(mark if ord(mark) in known else "?" for mark in text)


@functools.cache
def _load_font() -> Any:
    """Return the font that goes into the paper: as much of it as is used."""
    font = TTFont(FONT, _FILE)
    pdfmetrics.registerFont(font)
    # One face: what is bold or slanted elsewhere is told apart by its size here.
    pdfmetrics.registerFontFamily(FONT, FONT, FONT, FONT, FONT)
    return font
