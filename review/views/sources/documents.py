"""A document of a payload: what kind of file it is, by its bytes, and its content. Pure.

A document is `{id, name, text}`, or `{id, name, media_type, data}` with the file as
base64. `media_type` is what somebody says; what is shown follows the bytes.
"""

import base64
import binascii
import dataclasses
import hashlib
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from review.views.sources.images import Picture, read_picture

LARGEST_FILE: Final = 10_000_000
"""Bytes of a file that is shown or given from a task's page."""
LONGEST_NAME: Final = 120


class Kind(StrEnum):
    """How a document is shown."""

    TEXT = "TEXT"
    TABLE = "TABLE"
    IMAGE = "IMAGE"
    PDF = "PDF"
    OTHER = "OTHER"


@dataclasses.dataclass(frozen=True, slots=True)
class Document:
    """One document with what its bytes are; `problem` says why it is not shown."""

    name: str
    kind: Kind
    text: str = ""
    data: bytes = b""
    picture: Picture | None = None
    problem: str = ""

    @property
    def digest(self) -> str:
        """Return the hex SHA-256 of the file."""
        return hashlib.sha256(self.data or self.text.encode()).hexdigest()

    @property
    def file_name(self) -> str:
        """Return a name that is safe in a header and on a disk."""
        plain = self.name.encode("ascii", "ignore").decode()
        kept = "".join(c if c.isalnum() or c in "._- " else "_" for c in plain)
        return kept.strip(" .")[:LONGEST_NAME] or "document"


def read_document(document: Mapping[str, Any]) -> Document:
    """Return what a document is; never raises, what cannot be shown says why."""
    name = str(document.get("name") or document.get("id") or "Document")[:LONGEST_NAME]
    encoded = document.get("data")
    if not isinstance(encoded, str) or not encoded:
        return _text(name, document)
    if len(encoded) > LARGEST_FILE * 4 // 3 + 4:
        limit = f"{LARGEST_FILE // 1_000_000} MB"
        return Document(
            name,
            Kind.OTHER,
            problem=f"This file is larger than {limit}; it is kept with the case.",
        )
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return Document(
            name,
            Kind.OTHER,
            problem="This file is not readable: its content is no base64.",
        )
    return _file(name, data, said=str(document.get("media_type") or ""))


def _file(name: str, data: bytes, *, said: str) -> Document:
    picture = read_picture(data)
    if picture is not None:
        problem = ""
        if picture.is_too_large:
            problem = f"This picture has {picture.width:,} by {picture.height:,} points, too many to show; download it."
        return Document(name, Kind.IMAGE, data=data, picture=picture, problem=problem)
    # Readers take a PDF whose mark is within the first 1,024 bytes (ISO 32000, annex
    # H).
    if b"%PDF-" in data[:1024]:
        return Document(name, Kind.PDF, data=data)
    if said.startswith("text/") or said == "application/json" or _is_csv(name, said):
        try:
            return _text(name, {"text": data.decode(), "media_type": said})
        except UnicodeDecodeError:
            return Document(
                name,
                Kind.OTHER,
                data=data,
                problem="This file says it is text, but is not UTF-8.",
            )
    return Document(
        name,
        Kind.OTHER,
        data=data,
        problem="Files of this kind are not shown here; download it.",
    )


def _text(name: str, document: Mapping[str, Any]) -> Document:
    text = str(document.get("text", ""))
    said = str(document.get("media_type") or "")
    return Document(name, Kind.TABLE if _is_csv(name, said) else Kind.TEXT, text=text)


def _is_csv(name: str, said: str) -> bool:
    return said == "text/csv" or name.lower().endswith((".csv", ".tsv"))
