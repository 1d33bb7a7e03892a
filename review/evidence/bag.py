"""Write a BagIt bag (RFC 8493) as a ZIP, hashing on the way. No content here."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable
from typing import IO, Final

from review.evidence.verify import MANIFEST, TAG_MANIFEST, write_manifest

# One moment for all members: the same content gives the same archive.
_MOMENT: Final = (1980, 1, 1, 0, 0, 0)
_DECLARATION: Final = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


class Bag:
    """A bag being written into a binary stream; files below `data/` are its payload."""

    def __init__(self, out: IO[bytes], *, name: str) -> None:
        self._archive = zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED)
        self._name = name
        self._payload: dict[str, str] = {}
        self._tags: dict[str, str] = {}
        self._payload_bytes = 0

    def add(self, name: str, chunks: Iterable[bytes]) -> None:
        """Write one file from its pieces; nothing is kept but its hash."""
        member = zipfile.ZipInfo(f"{self._name}/{name}", _MOMENT)
        member.compress_type = zipfile.ZIP_DEFLATED
        member.external_attr = 0o644 << 16
        hashed, size = hashlib.sha256(), 0
        with self._archive.open(member, "w") as file:
            for chunk in chunks:
                file.write(chunk)
                hashed.update(chunk)
                size += len(chunk)
        if name.startswith("data/"):
            self._payload[name] = hashed.hexdigest()
            self._payload_bytes += size
        elif name != TAG_MANIFEST:
            self._tags[name] = hashed.hexdigest()

    def close(self, *, info: Iterable[tuple[str, str]]) -> None:
        """Write declaration, information and manifests, and end the archive."""
        oxum = f"{self._payload_bytes}.{len(self._payload)}"
        lines = [*info, ("Payload-Oxum", oxum)]
        self.add("bagit.txt", [_DECLARATION.encode()])
        text = "".join(f"{label}: {_one_line(value)}\n" for label, value in lines)
        self.add("bag-info.txt", [text.encode()])
        self.add(MANIFEST, [write_manifest(self._payload).encode()])
        self.add(TAG_MANIFEST, [write_manifest(self._tags).encode()])
        self._archive.close()


def _one_line(value: str) -> str:
    return " ".join(value.split())
