"""The left side of a task: the documents a payload brings, and what checks found.

Pure. A payload may hold `documents` (a list of `{id, name, text}`) and readings
(`{value, confidence, source: {document, start, end}}`, spans in characters from 0);
every other object or list in it is shown as a table of facts.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from review.views.formats import format_label, format_value

LONGEST_DOCUMENT: Final = 50_000


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """A run of a document's text; `mark` is the anchor of what was read there."""

    text: str
    mark: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Fact:
    """One line of a table of facts."""

    label: str
    value: str
    anchor: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Source:
    """One source: a document's lines, or a table of facts."""

    title: str
    note: str
    lines: Sequence[Sequence[Part]] = ()
    facts: Sequence[Fact] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Span:
    """Where a field was read."""

    field: str
    start: int
    end: int


def is_reading(value: object) -> bool:
    """Tell whether a value is a field as a model read it."""
    return isinstance(value, Mapping) and {"value", "confidence"} <= value.keys()


def iterate_readings(
    payload: Mapping[str, Any],
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield pointer, name and reading of each field a model read, in order."""
    for name, value in payload.items():
        if is_reading(value):
            yield f"/{escape(name)}", name, value
        elif isinstance(value, Mapping) and any(map(is_reading, value.values())):
            for inner, reading in value.items():
                if is_reading(reading):
                    yield f"/{escape(name)}/{escape(inner)}", inner, reading


def describe_place(
    payload: Mapping[str, Any], place: object, *, missing: str = "not found"
) -> str:
    """Return where a field was read: its line, and the document if there are several."""
    if not isinstance(place, Mapping):
        return missing
    documents = [
        each for each in payload.get("documents") or () if isinstance(each, Mapping)
    ]
    for document in documents:
        if document.get("id") == place.get("document"):
            before = str(document.get("text", ""))[: int(place.get("start", 0))]
            line = f"line {before.count(chr(10)) + 1}"
            name = document.get("name") or document.get("id")
            return line if len(documents) == 1 else f"{name}, {line}"
    return missing


def escape(name: str) -> str:
    """Return a name as a step of a JSON Pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def anchor_of(field: str) -> str:
    """Return the anchor of the place a field was read."""
    return "read-" + "".join(c if c.isalnum() else "-" for c in field)


def build_sources(
    payload: Mapping[str, Any], *, labels: Mapping[str, str], proposal: object = None
) -> list[Source]:
    """Return the documents, then one table for each object or list of the payload.

    What the model proposes is left out: it is shown as that, when it may be seen.
    """
    spans: dict[str, list[Span]] = {}
    for _, name, reading in iterate_readings(payload):
        place = reading.get("source")
        if isinstance(place, Mapping) and isinstance(place.get("start"), int):
            span = Span(name, place["start"], int(place.get("end", place["start"])))
            spans.setdefault(str(place.get("document")), []).append(span)
    sources = [
        _document(document, spans.get(str(document.get("id")), []))
        for document in payload.get("documents") or ()
        if isinstance(document, Mapping)
    ]
    for name, value in payload.items():
        if name == "documents" or value == proposal or not _is_compound(value):
            continue
        if is_reading(value):
            continue
        if isinstance(value, Mapping) and any(map(is_reading, value.values())):
            continue
        title = labels.get(name) or format_label(name)
        sources.append(Source(title=title, note="", facts=list(_facts(value))))
    return sources


def _is_compound(value: object) -> bool:
    if isinstance(value, Mapping):
        return bool(value)
    return isinstance(value, list) and any(isinstance(each, Mapping) for each in value)


def _facts(value: Mapping[str, Any] | list[Any]) -> Iterator[Fact]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield Fact(format_label(name), format_value(inner))
        return
    for number, inner in enumerate(value, start=1):
        if isinstance(inner, Mapping):
            words = ", ".join(format_value(each) for each in inner.values())
            yield Fact(f"{number}", words)
        else:
            yield Fact(f"{number}", format_value(inner))


def _document(document: Mapping[str, Any], spans: Sequence[Span]) -> Source:
    text = str(document.get("text", ""))[:LONGEST_DOCUMENT]
    cited = len(spans)
    return Source(
        title=str(document.get("name") or document.get("id") or "Document"),
        note=f"{cited} fields read here" if cited > 1 else "",
        lines=_lines(_parts(text, spans)),
    )


def _parts(text: str, spans: Sequence[Span]) -> Iterator[Part]:
    """Cut a text at its spans; a span that overlaps an earlier one is left out."""
    at = 0
    for span in sorted(spans, key=lambda each: (each.start, each.end)):
        if span.start < at or not span.start < span.end <= len(text):
            continue
        if span.start > at:
            yield Part(text[at : span.start])
        yield Part(text[span.start : span.end], mark=anchor_of(span.field))
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
                lines[-1].append(Part(piece, part.mark if number == 0 else ""))
    return lines
