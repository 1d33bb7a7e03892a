"""The PDF summary: names in the letters of their own language, as text."""

from __future__ import annotations

import pypdfium2

from review.evidence.summary import write_summary

GREEK, CYRILLIC, TURKISH = "Ελένη Παπαδοπούλου", "Ольга Щербакова", "Şule Gökçe"


def read_text(paper: bytes) -> str:
    with pypdfium2.PdfDocument(paper) as document:
        return "\n".join(page.get_textpage().get_text_range() for page in document)


def test_names_are_text_in_their_own_letters() -> None:
    paper = write_summary(
        title=f"Evidence: {GREEK} & Co",
        facts={"By": CYRILLIC, "Reason": TURKISH, "Empty": "", "Beyond": "漢"},
        tables=[("Cases by state", {"COMPLETED": 1234}), ("Nothing", {})],
    )
    text = read_text(paper)
    for name in (f"{GREEK} & Co", CYRILLIC, TURKISH, "1,234", "python3 verify.py"):
        assert name in text
    # What the font lacks is told as such; what is empty is left out.
    assert "?" in text
    assert "Empty" not in text
    # A part of the font goes along, not the whole.
    assert len(paper) < 120_000
    again = write_summary(title="Same", facts={"By": CYRILLIC}, tables=[])
    assert again == write_summary(title="Same", facts={"By": CYRILLIC}, tables=[])
