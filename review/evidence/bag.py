"""Write a BagIt bag (RFC 8493) as a ZIP, hashing on the way. No content here."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterable, Mapping
from typing import IO, Final

from review.evidence.files import (
    CHUNK,
    MANIFEST,
    SEAL_BYTES,
    STATEMENT,
    TAG_MANIFEST,
    write_manifest,
)

# One moment for all members: the same content gives the same archive.
_MOMENT: Final = (1980, 1, 1, 0, 0, 0)
_DECLARATION: Final = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_LEVEL: Final = 1
"""Six takes four times as long and saves a fifth."""
_PACKED: Final = (".xlsx", ".pdf", ".png", ".jpg")


class Bag:
    """A bag being written into a binary stream; files below `data/` are its payload."""

    def __init__(self, out: IO[bytes], *, name: str) -> None:
        self._out = out
        self._archive = zipfile.ZipFile(
            out, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL
        )
        self._name = name
        self._payload: dict[str, str] = {}
        self._tags: dict[str, str] = {}
        self._payload_bytes = 0

    def add(self, name: str, chunks: Iterable[bytes]) -> None:
        """Write one file from its pieces; nothing is kept but its hash."""
        member = zipfile.ZipInfo(f"{self._name}/{name}", _MOMENT)
        is_packed = name.endswith(_PACKED)
        member.compress_type = zipfile.ZIP_STORED if is_packed else zipfile.ZIP_DEFLATED
        member.external_attr = 0o644 << 16
        hashed, size = hashlib.sha256(), 0
        with self._archive.open(member, "w", force_zip64=True) as file:
            for chunk in chunks:
                file.write(chunk)
                hashed.update(chunk)
                size += len(chunk)
        if name.startswith("data/"):
            self._payload[name] = hashed.hexdigest()
            self._payload_bytes += size
        elif name != TAG_MANIFEST:
            self._tags[name] = hashed.hexdigest()

    def close(
        self,
        *,
        info: Iterable[tuple[str, str]],
        vouch: Callable[[Mapping[str, str]], bytes | None],
    ) -> None:
        """Write declaration, information, statement and manifests; seal the archive.

        `vouch` gets the hashes of all files before it and returns the signed statement
        on them, None where nobody signs. The archive ends in the hex SHA-256 over all
        its bytes before, as its comment.
        """
        oxum = f"{self._payload_bytes}.{len(self._payload)}"
        lines = [*info, ("Payload-Oxum", oxum)]
        self.add("bagit.txt", [_DECLARATION.encode()])
        text = "".join(f"{label}: {_one_line(value)}\n" for label, value in lines)
        self.add("bag-info.txt", [text.encode()])
        self.add(MANIFEST, [write_manifest(self._payload).encode()])
        statement = vouch({**self._payload, **self._tags})
        if statement is not None:
            self.add(STATEMENT, [statement])
        self.add(TAG_MANIFEST, [write_manifest(self._tags).encode()])
        self._archive.comment = b"0" * SEAL_BYTES
        self._archive.close()
        _seal(self._out)


def _seal(out: IO[bytes]) -> None:
    size = out.seek(0, 2) - SEAL_BYTES
    out.seek(0)
    hashed = hashlib.sha256()
    while size > 0:
        chunk = out.read(min(CHUNK, size))
        hashed.update(chunk)
        size -= len(chunk)
    out.write(hashed.hexdigest().encode())


def _one_line(value: str) -> str:
    return " ".join(value.split())
