"""Check what opens commitments: each value against the commitment it is said to open.

Ships in every bundle beside verify.py: Python 3.9 or newer, nothing else needed. A
commitment is SHA-256 over 32 bytes of salt and the canonical JSON (RFC 8785) of the
value. It may stay closed: withheld from this bundle, or erased, which an entry
`content.erased` or `content.pruned` of its case names.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

COMMITTED = "$committed"
ERASED = ("content.erased", "content.pruned")
_HEX = re.compile("[0-9a-f]{64}")


def parse_exactly(data: bytes) -> Any:
    """Return JSON with its decimals as they are written, None where it is none."""
    try:
        return json.loads(data.decode(), parse_float=Decimal)
    except (ValueError, RecursionError):
        return None


def canonical(value: Any) -> str:
    """Return the canonical JSON of a value that `parse_exactly` gave."""
    if isinstance(value, dict):
        members = sorted(
            (name.encode("utf-16-be"), f"{_text(name)}:{canonical(item)}")
            for name, item in value.items()
        )
        return "{" + ",".join([member for _, member in members]) + "}"
    if isinstance(value, list):
        return "[" + ",".join([canonical(item) for item in value]) + "]"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Decimal):
        text = format(value, "f")
        plain = text.rstrip("0").rstrip(".") if "." in text else text
        return plain if value else "0"
    return json.dumps(value)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def commit(salt: bytes, value: Any) -> str:
    """Return the commitment of a value under a salt."""
    data = canonical(value).encode("utf-8", "surrogatepass")
    return hashlib.sha256(salt + data).hexdigest()


def find_commitments(value: Any) -> Iterator[str]:
    """Give every commitment that stands in a content or an entry."""
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, dict):
            found = item.get(COMMITTED)
            if len(item) == 1 and isinstance(found, str) and _HEX.fullmatch(found):
                yield found
            else:
                todo.extend(item.values())
        elif isinstance(item, list):
            todo.extend(item)


def list_erased(entries: Iterable[dict[str, Any]]) -> set[str]:
    """Return the commitments and contents that entries say were erased."""
    found: set[str] = set()
    for entry in entries:
        if entry.get("kind") in ERASED:
            detail = entry.get("detail") or {}
            for name in ("commitments", "contents"):
                found.update(map(str, detail.get(name) or ()))
    return found


def check_erased(
    case: dict[str, Any], entries: Sequence[dict[str, Any]]
) -> Iterator[tuple[str, bool, str]]:
    """Give for each content that a case says was erased whether an entry says so too."""
    erased = list_erased(entries)
    named = {
        digest
        for entry in entries
        if entry.get("kind") not in ERASED
        for digest in _HEX.findall(json.dumps(entry.get("detail")))
    }
    for row in case.get("contents_erased", []):
        digest = str(row.get("sha256"))
        fault = ""
        if digest not in named:
            fault = "no entry names it"
        elif digest not in erased:
            fault = "is gone, and no entry says that it was erased"
        yield f"content {digest}", not fault, fault or f"content erased: {row['what']}"


def check_disclosures(
    rows: Sequence[dict[str, Any]],
    contents: Iterable[Any],
    entries: Iterable[dict[str, Any]] = (),
) -> Iterator[tuple[str, bool, str]]:
    """Give for each opened value what it is, whether it is right, and in words why.

    `rows` are of disclosures.jsonl, `contents` all JSON of the bundle in which
    commitments stand (contents, entries, cases), `entries` the chains' entries. The
    last of all tells how many commitments stay closed, and how many of them for good.
    """
    known: set[str] = set()
    for content in contents:
        known.update(find_commitments(content))
    apart = {
        row["value"]["$payload"]
        for row in rows
        if isinstance(row.get("value"), dict) and "$payload" in row["value"]
    }
    opened: set[str] = set()
    for number, row in enumerate(rows, start=1):
        fault = _find_fault(row, known, apart)
        committed = str(row.get("committed"))
        opened.add(committed)
        subject = f"value {number} {committed[:12]}"
        yield subject, not fault, fault or f"opens its commitment: {row.get('what')}"
    erased = list_erased(entries)
    closed = known - opened
    gone = closed & erased
    back = sorted(opened & erased)
    yield (
        "commitments",
        not back,
        f"{back[0]} was erased and is open here"
        if back
        else f"{len(known)} stand in the bundle, {len(known & opened)} are open,"
        f" {len(closed - gone)} are withheld, {len(gone)} content erased",
    )


def _find_fault(row: dict[str, Any], known: set[str], apart: set[str]) -> str:
    committed, salt = row.get("committed"), str(row.get("salt"))
    if not _HEX.fullmatch(salt):
        return "has no salt of 32 bytes"
    if commit(bytes.fromhex(salt), row.get("value")) != committed:
        return "is not the value that was committed to"
    if committed in known:
        return ""
    digest = hashlib.sha256(canonical(row.get("value")).encode()).hexdigest()
    return "" if digest in apart else "opens a commitment that stands nowhere"
