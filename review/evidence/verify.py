#!/usr/bin/env python3
"""Verify a Countersign evidence bundle. Python 3.9 or newer, nothing else needed.

    python3 verify.py                 the bundle this file lies in
    python3 verify.py BUNDLE          a bundle as a folder or a ZIP file
    python3 verify.py --key VKEY      with the public key you were given elsewhere

Prints a verdict for every file and every entry. Exits 0 when all is well, 1 when
something is not, 2 when there is no bundle to read. Needs no network.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

if __package__:
    from review.evidence.ed25519 import verify_ed25519
    from review.evidence.openings import check_openings
    from review.evidence.votes import check_proofs, check_verdicts
else:  # beside this file in the bundle, which must stay as it is
    sys.dont_write_bytecode = True
    from ed25519 import verify_ed25519  # type: ignore[import-not-found,no-redef]
    from openings import check_openings  # type: ignore[import-not-found,no-redef]
    from votes import (  # type: ignore[import-not-found,no-redef]
        check_proofs,
        check_verdicts,
    )

EVENTS = "data/events.jsonl"
EVENTS_CSV = "data/events.csv"
RELATED = "data/related.jsonl"
CASE = "data/case.json"
DISCLOSURES = "data/disclosures.jsonl"
INCLUSION = "data/proofs/inclusion.jsonl"
CHECKPOINT = "data/proofs/checkpoint.txt"
VKEY = "data/proofs/log.vkey"
MANIFEST = "manifest-sha256.txt"
TAG_MANIFEST = "tagmanifest-sha256.txt"
REQUIRED = frozenset({
    "bagit.txt", "bag-info.txt", "README.txt", "verify.py", "ed25519.py",
    "openings.py", "votes.py",
    MANIFEST, TAG_MANIFEST, EVENTS, EVENTS_CSV, RELATED, CASE, DISCLOSURES,
    INCLUSION,
})  # fmt: skip
COLUMNS = (
    "seq", "at", "occurred_at", "kind", "actor", "actor_name", "step", "detail",
    "hash",
)  # fmt: skip
_LINE = re.compile(r"([0-9a-f]{64})  (\S.*)\n")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


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


# --- the bundle's files -----------------------------------------------------------


class Bundle:
    """The files of a bundle, from a folder or from a ZIP with one folder inside."""

    def __init__(self, path: Path) -> None:
        self.files: dict[str, Callable[[], bytes]] = {}
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
                self.files[name] = path.read_bytes

    def _open_archive(self, archive: zipfile.ZipFile) -> None:
        for info in archive.infolist():
            _, _, name = info.filename.partition("/")
            if not name or name in self.files or ".." in PurePosixPath(name).parts:
                raise Unreadable(f"The ZIP holds {info.filename!r}, which is not ours.")
            self.files[name] = partial(archive.read, info)

    def read(self, name: str) -> bytes:
        """Return a file's bytes; a missing or damaged one is empty and a finding."""
        try:
            return self.files[name]()
        except Exception:  # noqa: BLE001  (whatever is broken: the file is not intact)
            return b""

    def read_content(self, digest: str) -> Any:
        """Return the JSON of a content by its digest, None where there is none."""
        return parse_json(self.read(f"data/contents/{digest}.json"))


def split_lines(data: bytes) -> list[bytes]:
    """Return the lines, each of which ends in a newline; a torn last one counts."""
    lines = data.split(b"\n")
    return lines[:-1] if not lines[-1] else lines


def parse_json(data: bytes) -> Any:
    """Return the value, or None where it is no JSON."""
    try:
        return json.loads(data.decode(), parse_float=str)
    except (ValueError, RecursionError):
        return None


def sha256(data: bytes) -> str:
    """Return the hex SHA-256."""
    return hashlib.sha256(data).hexdigest()


def check_files(bundle: Bundle) -> list[Finding]:
    """Compare every file with the manifests, and the manifests with the files."""
    findings: list[Finding] = []
    expected: dict[str, str] = {}
    for manifest in (TAG_MANIFEST, MANIFEST):
        listed = read_manifest(bundle.read(manifest))
        if listed is None:
            findings.append(wrong(f"file {manifest}", "is not as it was written"))
        expected.update(listed or {})
    names = REQUIRED | expected.keys() | bundle.files.keys()
    for name in sorted(names - {TAG_MANIFEST}):
        if name not in bundle.files:
            findings.append(wrong(f"file {name}", "is missing"))
        elif name not in expected:
            findings.append(wrong(f"file {name}", "is in no manifest"))
        else:
            same = sha256(bundle.read(name)) == expected[name]
            bad = "is not what the manifest says"
            findings.append(judge(f"file {name}", same, "intact", bad))
    return findings


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


# --- entries ----------------------------------------------------------------------


class Entry(NamedTuple):
    """One line of the chain: its text, its fields and the hash over its bytes."""

    text: str
    fields: dict[str, Any]
    hash: str

    @property
    def detail(self) -> str:
        """Return the detail as it is written; it stands before the last kind."""
        begin = self.text.index('"detail":') + len('"detail":')
        return self.text[begin : self.text.rindex(',"kind":')]


def read_entry(line: bytes) -> Entry:
    """Read a line, whatever it holds: a line that is no JSON object has no fields."""
    fields = parse_json(line)
    text = line.decode(errors="replace")
    return Entry(text, fields if isinstance(fields, dict) else {}, sha256(line))


def check_entries(
    bundle: Bundle, case: dict[str, Any]
) -> tuple[list[Entry], list[Finding]]:
    """Follow the chain from its first entry to the head the case names."""
    instance = case.get("instance") or {}
    entries: list[Entry] = []
    findings: list[Finding] = []
    previous = "0" * 64
    data = bundle.read(EVENTS)
    for number, line in enumerate(split_lines(data), start=1):
        entry = read_entry(line)
        entries.append(entry)
        faults = _list_faults(entry.fields, number, previous, instance.get("id"))
        subject = f"entry {number} {entry.fields.get('kind', '?')}"
        findings.append(judge(subject, not faults, "follows", "; ".join(faults)))
        previous = entry.hash
    head = instance.get("audit") or {}
    complete = head == {"seq": len(entries), "head": previous} and data.endswith(b"\n")
    bad = f"should end with entry {head.get('seq')} and hash {head.get('head')}"
    findings.append(judge("chain", complete, "ends where the case says", bad))
    return entries, findings


def _list_faults(
    fields: dict[str, Any], number: int, previous: str, chain: Any
) -> list[str]:
    claims = {
        f"says it is entry {fields.get('seq')}": fields.get("seq") == number,
        "does not follow the entry before it": fields.get("prev") == previous,
        "belongs to another chain": fields.get("chain") == chain,
    }
    return [fault for fault, holds in claims.items() if not holds]


def write_csv(entries: Iterable[Entry]) -> Iterator[str]:
    """Write the entries as CSV; what a spreadsheet would run gets a quote before it."""
    yield _csv_row(COLUMNS)
    for entry in entries:
        values = {**entry.fields, "detail": entry.detail, "hash": entry.hash}
        yield _csv_row([_neutral(values.get(name)) for name in COLUMNS])


def _csv_row(values: Sequence[str]) -> str:
    quoted = [value.replace('"', '""') for value in values]
    return '"' + '","'.join(quoted) + '"\r\n'


def _neutral(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def check_csv(bundle: Bundle, entries: Sequence[Entry]) -> Finding:
    """Compare the spreadsheet with the entries it shows."""
    same = "".join(write_csv(entries)).encode() == bundle.read(EVENTS_CSV)
    bad = "does not show the entries as they are"
    return judge("statement events.csv", same, "shows the entries", bad)


# --- the case ---------------------------------------------------------------------


def check_case(
    bundle: Bundle, case: dict[str, Any], entries: Sequence[Entry]
) -> list[Finding]:
    """Compare what case.json tells with entries, contents and definition."""
    fields = [entry.fields for entry in entries]
    findings = [
        judge(f"verdict {row.get('id')}", not faults, good, "; ".join(faults))
        for row, good, faults in check_verdicts(case, fields)
    ]
    for table in ("steps", "tasks", "incidents"):
        for row in case.get(table, []):
            known = 1 <= row.get("audit_seq", 0) <= len(entries)
            bad = f"names entry {row.get('audit_seq')}, which is not there"
            good = f"last changed by entry {row.get('audit_seq')}"
            findings.append(judge(f"{table} {row.get('id')}", known, good, bad))
    findings.extend(
        judge(subject, not faults, "as its entry and verdicts say", "; ".join(faults))
        for subject, faults in check_proofs(case, fields, bundle.read_content)
    )
    findings.extend(_check_contents(bundle, case, entries))
    findings.extend(
        judge(subject, good, words, words)
        for subject, good, words in check_openings(bundle, case, fields)
    )
    findings.append(_check_definition(bundle, case))
    return findings


def _check_contents(
    bundle: Bundle, case: dict[str, Any], entries: Sequence[Entry]
) -> list[Finding]:
    """Contents are named by their SHA-256, and an entry must have named it."""
    named = {digest for entry in entries for digest in list_digests(entry.fields)}
    findings = []
    for row in case.get("contents", []):
        name = f"data/contents/{row.get('sha256')}.json"
        held = sha256(bundle.read(name)) == row.get("sha256")
        good = f"{row.get('what')}, as an entry names it"
        bad = "no entry names it" if held else "is not what its name says"
        is_named = held and row.get("sha256") in named
        findings.append(judge(f"content {name}", is_named, good, bad))
    return findings


def list_digests(value: Any) -> list[str]:
    """Return every string of 64 hex digits within a value."""
    if isinstance(value, str):
        return [value] if re.fullmatch("[0-9a-f]{64}", value) else []
    inner = value.values() if isinstance(value, dict) else value
    if not isinstance(value, (dict, list)):
        return []
    return [digest for item in inner for digest in list_digests(item)]


def _check_definition(bundle: Bundle, case: dict[str, Any]) -> Finding:
    definition = case.get("definition") or {}
    root = "data/definition/"
    digests = {
        name[len(root) :]: sha256(bundle.read(name))
        for name in bundle.files
        if name.startswith(root)
    }
    same = sha256(write_manifest(digests).encode()) == definition.get("digest")
    subject = f"definition {definition.get('key')} {definition.get('version')}"
    bad = "the files do not give its digest"
    return judge(subject, same, "the files give its digest", bad)


# --- the log's tree ---------------------------------------------------------------


class Checkpoint(NamedTuple):
    """A signed statement of the log's size and root."""

    origin: str
    size: int
    root: bytes


def check_log(
    bundle: Bundle, entries: Sequence[Entry], given_key: str | None
) -> list[Finding]:
    """Check the checkpoint's signature and every entry's way to its root."""
    if CHECKPOINT not in bundle.files:
        none = "none yet: the entries were not sealed when the bundle was made"
        return [judge("checkpoint", given_key is None, none, none)]
    key = given_key or bundle.read(VKEY).decode(errors="replace")
    try:
        checkpoint = read_note(bundle.read(CHECKPOINT).decode(), key.strip())
    except ValueError as error:
        return [wrong("checkpoint", str(error))]
    whose = "as given" if given_key else "from the bundle: compare it with one you hold"
    good = f"size {checkpoint.size}, {checkpoint.origin}, signature good, key {whose}"
    lines = [*split_lines(bundle.read(EVENTS)), *split_lines(bundle.read(RELATED))]
    leaves = {_place(parse_json(line)): leaf_hash(line) for line in lines}
    found = _check_inclusion(bundle, checkpoint, leaves)
    return [Finding("checkpoint", ok=True, words=good), *found]


def _place(value: Any) -> tuple[Any, Any]:
    """Return which entry of which chain a line is, or a proof is of."""
    fields = value if isinstance(value, dict) else {}
    return fields.get("chain"), fields.get("seq")


def _check_inclusion(
    bundle: Bundle, checkpoint: Checkpoint, leaves: dict[tuple[Any, Any], bytes]
) -> list[Finding]:
    findings: list[Finding] = []
    proven = 0
    for line in split_lines(bundle.read(INCLUSION)):
        proof = parse_json(line)
        chain, seq = place = _place(proof)
        if place in leaves and is_included(
            leaf=leaves[place],
            index=proof["leaf"],
            size=checkpoint.size,
            path=[bytes.fromhex(part) for part in proof["path"]],
            root=checkpoint.root,
        ):
            proven += 1
        else:
            bad = f"of chain {chain} does not lead to the root"
            findings.append(wrong(f"proof of entry {seq}", bad))
    words = f"{proven} of {len(leaves)} entries proven; the rest was not sealed yet"
    return [*findings, Finding("sealed", ok=True, words=words)]


def read_note(note: str, key: str) -> Checkpoint:
    """Open a C2SP signed note of a checkpoint; ValueError where it is not good."""
    name, key_id, encoded = key.split("+", 2)
    public = base64.b64decode(encoded, validate=True)
    marks = hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]
    if public[:1] != b"\x01" or len(public) != 33 or marks.hex() != key_id:
        raise ValueError("the public key is not one, or not as it was")
    text, _, signatures = note.partition("\n\n")
    text += "\n"
    for line in signatures.splitlines():
        mark, signer, blob = line.split(" ")
        data = base64.b64decode(blob, validate=True)
        if (mark, signer, data[:4]) != ("\u2014", name, marks):
            continue
        if not verify_ed25519(public[1:], text.encode(), data[4:]):
            raise ValueError("the signature is not good")
        origin, size, root = text.splitlines()
        if origin != name:
            raise ValueError("the checkpoint is of another log")
        return Checkpoint(origin, int(size), base64.b64decode(root, validate=True))
    raise ValueError(f"it is not signed by {name}")


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf (RFC 6962 2.1)."""
    return hashlib.sha256(b"\0" + data).digest()


def is_included(
    *, leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes
) -> bool:
    """Tell whether a path leads from a leaf to the root (RFC 9162 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    last, node = size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if index & 1 or index == last:
            node = hashlib.sha256(b"\1" + sibling + node).digest()
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\1" + node + sibling).digest()
        index, last = index >> 1, last >> 1
    return last == 0 and node == root


# --- the command ------------------------------------------------------------------


def verify(bundle: Bundle, given_key: str | None = None) -> list[Finding]:
    """Return every verdict on a bundle."""
    findings = check_files(bundle)
    case = parse_json(bundle.read(CASE))
    if not isinstance(case, dict):
        case = {}
        findings.append(wrong("case.json", "is not a JSON object"))
    entries, more = check_entries(bundle, case)
    findings.extend(more)
    checks: Sequence[Callable[[], list[Finding]]] = (
        lambda: [check_csv(bundle, entries)],
        lambda: check_case(bundle, case, entries),
        lambda: check_log(bundle, entries, given_key),
    )
    for check in checks:
        try:
            findings.extend(check())
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            findings.append(
                wrong("form", f"a statement is not as it should be: {error}")
            )
    return findings


def main(arguments: Sequence[str]) -> int:
    """Print the verdicts and return the exit code."""
    parser = argparse.ArgumentParser(description="Verify an evidence bundle.")
    parser.add_argument("bundle", nargs="?", default=Path(__file__).parent, type=Path)
    parser.add_argument("--key", help="public key of the log, name+id+key")
    parser.add_argument("--quiet", action="store_true", help="print only what is wrong")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    try:
        findings = verify(Bundle(options.bundle), options.key)
    except (Unreadable, OSError, zipfile.BadZipFile) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    faults = [finding for finding in findings if not finding.ok]
    if options.json:
        rows = [finding._asdict() for finding in findings]
        sys.stdout.write(json.dumps({"ok": not faults, "findings": rows}) + "\n")
        return int(bool(faults))
    for finding in faults if options.quiet else findings:
        verdict = "ok   " if finding.ok else "WRONG"
        sys.stdout.write(f"{verdict}  {finding.subject}: {finding.words}\n")
    count = f"{len(findings)} checks, {len(faults)} wrong"
    sys.stdout.write(f"{'NOT VERIFIED' if faults else 'VERIFIED'}: {count}.\n")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
