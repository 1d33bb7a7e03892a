"""The files of a bundle and its manifests: read as streams, compared, judged.

Ships in every bundle: Python 3.9 or newer, nothing else needed.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple

MANIFEST = "manifest-sha256.txt"
TAG_MANIFEST = "tagmanifest-sha256.txt"
STATEMENT = "statement.dsse.json"
SELECTION = "data/selection.json"
RECONCILE = "data/RECONCILE.csv"
EVENTS = "data/events.jsonl"
EVENTS_CSV = "data/events.csv"
CASES = "data/cases.jsonl"
CASES_CSV = "data/cases.csv"
CASES_XLSX = "data/cases.xlsx"
CONTENTS = "data/contents.jsonl"
DISCLOSURES = "data/disclosures.jsonl"
RELATED = "data/related.jsonl"
SOURCES = "data/sources.csv"
POLICIES = "data/policies.jsonl"
DEFINITIONS = "data/definitions/"
OCEL = "data/ocel.json"
XES = "data/log.xes"
HTML = "data/index.html"
SUMMARY = "data/summary.pdf"
CHECKPOINT = "data/proofs/checkpoint.txt"
VKEY = "data/proofs/log.vkey"
PEM = "data/proofs/log.pem"
LEAVES = "data/proofs/leaves.txt"
NODES = "data/proofs/nodes.txt"
CONSISTENCY = "data/proofs/consistency.json"
RECEIPTS = "data/proofs/receipts/"
ANCHORED = "data/proofs/receipts/growth.json"
ANCHORED_NOTE = "data/proofs/receipts/checkpoint.txt"
VERIFIER = "verifier/"
REQUIRED = frozenset({
    "bagit.txt", "bag-info.txt", "README.txt", "verify.py", MANIFEST, TAG_MANIFEST,
    SELECTION, RECONCILE, EVENTS, EVENTS_CSV, CASES, CASES_CSV, CASES_XLSX, CONTENTS,
    DISCLOSURES, RELATED, SOURCES, POLICIES, OCEL, XES, HTML, SUMMARY,
})  # fmt: skip
SEAL_BYTES = 64
"""The comment of our ZIP: the hex SHA-256 over all its bytes before."""
CHUNK = 1 << 18
_LINE = re.compile(r"([0-9a-f]{64})  (\S.*)\n")
_decode = json.JSONDecoder(parse_float=str).decode
Opener = Callable[[], "IO[bytes]"]


class Unreadable(Exception):
    """There is no bundle, or it cannot be read as one."""


class Finding(NamedTuple):
    """A verdict on one file, entry or statement."""

    subject: str
    ok: bool
    words: str


def wrong(subject: str, words: str) -> Finding:
    """Return a finding against the bundle."""
    return Finding(subject, ok=False, words=words)


def judge(subject: str, ok: bool, good: str, bad: str) -> Finding:  # noqa: FBT001
    """Return a finding in the words that fit."""
    return Finding(subject, ok, good if ok else bad)


class Bundle:
    """The files of a bundle, from a folder or from a ZIP with one folder inside."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files: dict[str, Opener] = {}
        self.is_archive = not path.is_dir()
        if path.is_dir():
            self._open_folder(path)
        elif zipfile.is_zipfile(path):
            self._open_archive(zipfile.ZipFile(path))
        else:
            raise Unreadable(f"{path} is no folder and no ZIP file.")
        if not self.files.keys() & {MANIFEST, EVENTS}:
            raise Unreadable(f"{path} is no evidence bundle: {MANIFEST} is missing.")

    def _open_folder(self, root: Path) -> None:
        for path in sorted(root.rglob("*")):
            name = path.relative_to(root).as_posix()
            if path.is_file():
                self.files[name] = lambda path=path: path.open("rb")  # type: ignore[misc]

    def _open_archive(self, archive: zipfile.ZipFile) -> None:
        for info in archive.infolist():
            _, _, name = info.filename.partition("/")
            if not name or name in self.files or ".." in PurePosixPath(name).parts:
                raise Unreadable(f"The ZIP holds {info.filename!r}, which is not ours.")
            self.files[name] = lambda info=info: archive.open(info)  # type: ignore[misc]

    def chunks(self, name: str) -> Iterator[bytes]:
        """Return a file's bytes piece by piece; what is missing or damaged just ends.

        That it is not intact is for its hash to say.
        """
        try:
            with self.files[name]() as file:
                while True:
                    chunk = file.read(CHUNK)
                    if not chunk:
                        return
                    yield chunk
        except Exception:  # noqa: BLE001  (whatever is broken: the file is not intact)
            return

    def lines(self, name: str) -> Iterator[bytes]:
        """Return a file's lines without their newlines, as a stream."""
        rest = b""
        for chunk in self.chunks(name):
            whole, newline, tail = (rest + chunk).rpartition(b"\n")
            if newline:
                yield from whole.split(b"\n")
            rest = tail
        if rest:
            yield rest

    def read(self, name: str) -> bytes:
        """Return a small file's bytes; a missing or damaged one is empty."""
        return b"".join(self.chunks(name))

    def sha256(self, name: str) -> str:
        """Return the hex SHA-256 of a file."""
        hashed = hashlib.sha256()
        for chunk in self.chunks(name):
            hashed.update(chunk)
        return hashed.hexdigest()

    def read_json(self, name: str) -> Any:
        """Return the JSON of a small file, None where it is none."""
        return parse_json(self.read(name))


def parse_json(data: bytes | str) -> Any:
    """Return the value, or None where it is no JSON."""
    try:
        return _decode(data if isinstance(data, str) else data.decode())
    except (ValueError, RecursionError):
        return None


def sha256(data: bytes) -> str:
    """Return the hex SHA-256."""
    return hashlib.sha256(data).hexdigest()


# --- manifests --------------------------------------------------------------------


def check_files(bundle: Bundle, digests: dict[str, str]) -> Iterator[Finding]:
    """Compare every file with the manifests, and the manifests with the files.

    Puts the hash of each file into `digests`.
    """
    expected: dict[str, str] = {}
    for manifest in (TAG_MANIFEST, MANIFEST):
        listed = read_manifest(bundle.read(manifest))
        if listed is None:
            yield wrong(f"file {manifest}", "is not as it was written")
        expected.update(listed or {})
    for name in bundle.files:
        digests[name] = bundle.sha256(name)
    yield from compare_files(digests, expected)


def compare_files(
    digests: dict[str, str], expected: dict[str, str]
) -> Iterator[Finding]:
    """Judge each file by its hash and the one that a manifest expects."""
    names = REQUIRED | expected.keys() | digests.keys()
    for name in sorted(names - {TAG_MANIFEST}):
        if name not in digests:
            yield wrong(f"file {name}", "is missing")
        elif name not in expected:
            yield wrong(f"file {name}", "is in no manifest")
        else:
            same = digests[name] == expected[name]
            bad = "is not what the manifest says"
            yield judge(f"file {name}", same, "intact", bad)
    if TAG_MANIFEST not in digests:
        yield wrong(f"file {TAG_MANIFEST}", "is missing")


def read_manifest(data: bytes) -> dict[str, str] | None:
    """Return name to hash, or None where a byte is not as it was written."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    found = {name: digest for digest, name in _LINE.findall(text)}
    return found if text == write_manifest(found) else None


def write_manifest(digests: dict[str, str]) -> str:
    """Return the text of a manifest, as `sha256sum -c` reads it."""
    return "".join(f"{digests[name]}  {name}\n" for name in sorted(digests))


# --- the ZIP around them ------------------------------------------------------------


def check_seal(bundle: Bundle) -> Iterator[Finding]:
    """Compare a ZIP with the hash that stands at its very end; a folder has none."""
    if bundle.is_archive:
        with bundle.path.open("rb") as file:
            same = is_sealed(iter(lambda: file.read(CHUNK), b""))
        bad = "a byte of the ZIP is not as it was written"
        yield judge("archive", same, "every byte is as it was written", bad)


def is_sealed(chunks: Iterable[bytes]) -> bool:
    """Tell whether bytes end in the hex SHA-256 of all before."""
    hashed, last = hashlib.sha256(), b""
    for chunk in chunks:
        held = last + chunk
        hashed.update(held[:-SEAL_BYTES])
        last = held[-SEAL_BYTES:]
    return hashed.hexdigest().encode() == last
