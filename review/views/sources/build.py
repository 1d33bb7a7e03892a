"""The sources of a task in the order they are looked through. Pure.

First the documents, then each object or list of the payload besides its fields. What
the model proposes is left out: it is shown as that, when it may be seen.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from review.views.formats import format_label, format_value
from review.views.sources.documents import Document, Kind, read_document
from review.views.sources.pages import Pages
from review.views.sources.readings import (
    find_span,
    is_reading,
    iterate_readings,
    list_documents,
    page_anchor,
)
from review.views.sources.tables import Table, build_table, is_table, read_csv
from review.views.sources.text import LONGEST_DOCUMENT, Part, Span, build_lines
from review.views.sources.trees import Twig, build_tree

CountPages = Callable[[Document], Pages]


@dataclasses.dataclass(frozen=True, slots=True)
class Fact:
    """One line of a table of facts."""

    label: str
    value: str


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """One page of a document that is shown as pictures."""

    number: int
    anchor: str


@dataclasses.dataclass(frozen=True, slots=True)
class Source:
    """One source; of the ways to show it, one is filled.

    `key` names it in the audit of which sources were opened. `file` is its place among
    the payload's documents, None for what is no document.
    """

    number: int
    key: str
    title: str
    note: str = ""
    file: int | None = None
    is_file: bool = False
    lines: Sequence[Sequence[Part]] = ()
    facts: Sequence[Fact] = ()
    table: Table | None = None
    twigs: Sequence[Twig] = ()
    open_twigs: range = range(0)
    picture: str = ""
    pages: Sequence[Page] = ()
    problem: str = ""


def build_sources(
    payload: Mapping[str, Any],
    *,
    labels: Mapping[str, str],
    count_pages: CountPages,
    proposal: object = None,
) -> list[Source]:
    """Return the documents, then one source for each object or list of the payload."""
    spans = _read_spans(payload)
    sources = [
        _document(
            each,
            number=number,
            spans=spans.get(str(each.get("id")), []),
            count_pages=count_pages,
        )
        for number, each in enumerate(list_documents(payload), start=1)
    ]
    for name, value in payload.items():
        if name == "documents" or value == proposal or not _is_compound(value):
            continue
        if is_reading(value):
            continue
        if isinstance(value, Mapping) and any(map(is_reading, value.values())):
            continue
        title = labels.get(name) or format_label(name)
        sources.append(_value(name, title, value, number=len(sources) + 1))
    return sources


def _read_spans(payload: Mapping[str, Any]) -> dict[str, list[Span]]:
    spans: dict[str, list[Span]] = {}
    for _, name, reading in iterate_readings(payload):
        place = reading.get("source")
        span = find_span(place)
        if span is not None and isinstance(place, Mapping):
            spans.setdefault(str(place.get("document")), []).append(Span(name, *span))
    return spans


def _is_compound(value: object) -> bool:
    if isinstance(value, Mapping):
        return bool(value)
    return isinstance(value, list) and any(
        isinstance(each, Mapping | list) for each in value
    )


def _value(name: str, title: str, value: Any, *, number: int) -> Source:
    source = Source(number=number, key=name, title=title)
    if is_table(value):
        return dataclasses.replace(source, table=build_table(value))
    if isinstance(value, Mapping) and not any(map(_is_compound, value.values())):
        return dataclasses.replace(source, facts=list(_facts(value)))
    twigs, open_twigs = build_tree(value)
    return dataclasses.replace(source, twigs=twigs, open_twigs=open_twigs)


def _facts(value: Mapping[str, Any]) -> Iterator[Fact]:
    for name, inner in value.items():
        yield Fact(format_label(name), format_value(inner))


def _document(
    given: Mapping[str, Any],
    *,
    number: int,
    spans: Sequence[Span],
    count_pages: CountPages,
) -> Source:
    document = read_document(given)
    source = Source(
        number=number,
        key=str(given.get("id") or number),
        title=document.name,
        file=number - 1,
        is_file=bool(document.data),
        problem=document.problem,
    )
    match document.kind:
        case Kind.IMAGE if document.picture and not document.problem:
            picture = document.picture
            size = f"{picture.width} \N{MULTIPLICATION SIGN} {picture.height}"
            return dataclasses.replace(source, picture=size)
        case Kind.PDF:
            return _pages(source, count_pages(document))
        case Kind.TABLE:
            table = read_csv(document.text)
            if table is not None:
                return dataclasses.replace(source, table=table)
        case _:
            pass
    if document.kind in {Kind.TEXT, Kind.TABLE}:
        return _text(source, document.text, spans)
    return source


def _text(source: Source, text: str, spans: Sequence[Span]) -> Source:
    cited = len(spans)
    cut = len(text) - LONGEST_DOCUMENT
    notes = [
        f"{cited} fields read here" if cited > 1 else "",
        f"{cut:,} more characters are not shown" if cut > 0 else "",
    ]
    return dataclasses.replace(
        source,
        lines=build_lines(text, spans),
        note=" · ".join(note for note in notes if note),
    )


def _pages(source: Source, pages: Pages) -> Source:
    if pages.problem:
        return dataclasses.replace(source, problem=pages.problem)
    shown = [
        Page(number, page_anchor(source.number, number))
        for number in range(1, pages.shown + 1)
    ]
    left = pages.count - pages.shown
    return dataclasses.replace(
        source,
        pages=shown,
        note=f"{left:,} more pages are only in the file" if left else "",
    )
