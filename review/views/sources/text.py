"""A document's text, cut where fields were read. Pure."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Final

from review.views.sources.readings import anchor_of

LONGEST_DOCUMENT: Final = 50_000


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """A run of a document's text; `mark` is the anchor of what was read there."""

    text: str
    mark: str = ""
    field: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Span:
    """Where a field was read."""

    field: str
    start: int
    end: int


def build_lines(text: str, spans: Sequence[Span]) -> list[list[Part]]:
    """Return a text's lines with the places that were read marked.

    What is longer than LONGEST_DOCUMENT is cut there; the file itself has it all.
    """
    return _lines(_parts(text[:LONGEST_DOCUMENT], spans))


def _parts(text: str, spans: Sequence[Span]) -> Iterator[Part]:
    """Cut a text at its spans; a span that overlaps an earlier one is left out."""
    at = 0
    for span in sorted(spans, key=lambda each: (each.start, each.end)):
        if span.start < at or not span.start < span.end <= len(text):
            continue
        if span.start > at:
            yield Part(text[at : span.start])
        yield Part(
            text[span.start : span.end], mark=anchor_of(span.field), field=span.field
        )
        at = span.end
    if at < len(text):
        yield Part(text[at:])


def _lines(parts: Iterator[Part]) -> list[list[Part]]:
    lines: list[list[Part]] = [[]]
    for part in parts:
        pieces = part.text.split("\n")
        for number, piece in enumerate(pieces):
            if number:
                lines.append([])
            if piece:
                # One anchor per page: a place over several lines has its on the first.
                mark = part.mark if number == 0 else ""
                lines[-1].append(Part(piece, mark, part.field))
    return lines
