"""Which opened personal values a redacted bundle leaves out. Pure.

Commitments stay where they stand, so that a bundle verifies whatever is left out.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from review.core.evidence.bundles import Redaction

SHORTEST: Final = 3
"""Shorter texts are no names: they would be found in everything."""

Row = Mapping[str, Any]


def keep_rows(rows: Sequence[Row], redaction: Redaction) -> list[Row]:
    """Return the disclosures of one case that a bundle may hold.

    Where fields are named, so that others stay open, a row is kept only if it says which
    field it is of: no free text, which may speak of anything, no other value in which a
    withheld one stands, no large value of a withheld field.
    """
    if redaction.without_disclosures:
        return []
    if not redaction.fields:
        return list(rows)
    withheld = [row for row in rows if _is_named(row, redaction)]
    texts = {text for row in withheld for text in _texts(row.get("value"))}
    return [
        row
        for row in rows
        if _place(row) and not _is_named(row, redaction) and not _holds(row, texts)
    ]


def _place(row: Row) -> str:
    """Return the JSON Pointer a row is of, "" for what is no field."""
    words = str(row.get("what", "")).split(" ")
    return words[-1] if words[-1].startswith("/") else ""


def _is_named(row: Row, redaction: Redaction) -> bool:
    place = _place(row)
    parts = place[1:].split("/") if place else [str(row.get("what")).split(" ")[0]]
    return any(_leads(field.split("."), parts) for field in redaction.fields)


def _leads(field: Sequence[str], parts: Sequence[str]) -> bool:
    """Tell whether a field is the place, around it or within it."""
    return all(
        wanted in {"*", part} for wanted, part in zip(field, parts, strict=False)
    )


def _texts(value: object) -> set[str]:
    """Return the texts that would tell a value, wherever they stood."""
    if isinstance(value, Mapping):
        return {text for item in value.values() for text in _texts(item)}
    if isinstance(value, list | tuple):
        return {text for item in value for text in _texts(item)}
    text = "" if value is None or isinstance(value, bool) else str(value)
    return {text} if len(text) >= SHORTEST else set()


def _holds(row: Row, texts: set[str]) -> bool:
    told = json.dumps(row.get("value"), ensure_ascii=False, default=str)
    told += str(row.get("what"))
    return any(text in told for text in texts)
