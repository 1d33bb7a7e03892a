"""Fields as a model read them, and the places in documents they were read from. Pure.

A reading is `{value, confidence, source: {document, start, end}}`, its span in
characters from 0; a reading from a picture or a page says `{document, page}`.
"""

from collections.abc import Iterator, Mapping
from typing import Any


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


def list_documents(payload: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the documents a payload brings; what is no object is passed over."""
    given = payload.get("documents")
    if not isinstance(given, list):
        return []
    return [each for each in given if isinstance(each, Mapping)]


def describe_place(
    payload: Mapping[str, Any], place: object, *, missing: str = "not found"
) -> str:
    """Return where a field was read: its line or page, and which of the documents."""
    if not isinstance(place, Mapping):
        return missing
    documents = list_documents(payload)
    for document in documents:
        if document.get("id") == place.get("document"):
            where = _where(document, place)
            name = str(document.get("name") or document.get("id"))
            if len(documents) == 1:
                return where or name
            return f"{name}, {where}" if where else name
    return missing


def find_page(place: object) -> int | None:
    """Return the page a field was read from, None where none is named."""
    page = place.get("page") if isinstance(place, Mapping) else None
    return page if type(page) is int and 1 <= page < 10_000 else None


def find_span(place: object) -> tuple[int, int] | None:
    """Return the characters a field was read from, None where there are none."""
    if not isinstance(place, Mapping):
        return None
    start, end = place.get("start"), place.get("end")
    if type(start) is not int or type(end) is not int or not 0 <= start < end:
        return None
    return start, end


def escape(name: str) -> str:
    """Return a name as a step of a JSON Pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def anchor_of(field: str) -> str:
    """Return the anchor of the place a field was read."""
    return "read-" + "".join(c if c.isalnum() else "-" for c in field)


def page_anchor(number: int, page: int) -> str:
    """Return the anchor of a page of the source with this number."""
    return f"source-{number}-page-{page}"


def _where(document: Mapping[str, Any], place: Mapping[str, Any]) -> str:
    page = find_page(place)
    if page is not None:
        return f"page {page}"
    span = find_span(place)
    if span is None:
        return ""
    before = str(document.get("text", ""))[: span[0]]
    return f"line {before.count(chr(10)) + 1}"
