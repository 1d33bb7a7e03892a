"""Verify a Countersign evidence bundle: every file, entry, verdict, proof and content.

    python3 verify.py                 the bundle that verify.py lies in
    python3 verify.py BUNDLE          a bundle as a folder or a ZIP file
    python3 verify.py --key VKEY      with the public key you were given elsewhere
    python3 verify.py --since NOTE    grown from a checkpoint you hold (a file)
    python3 verify.py --witness-key VKEY    cosigned by this witness (may come again)

Prints a verdict for every file and every entry. Exits 0 when all is well, 1 when
something is not, 2 when there is no bundle to read. Needs no network. Ships in every
bundle: Python 3.9 or newer, nothing else needed.
"""

from __future__ import annotations

import argparse
import json
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

from review.evidence.chains import Walk
from review.evidence.envelope import open_envelope
from review.evidence.files import (
    ANCHORED,
    CHECKPOINT,
    CONSISTENCY,
    LEAVES,
    NODES,
    POLICIES,
    SELECTION,
    STATEMENT,
    TAG_MANIFEST,
    VKEY,
    Bundle,
    Finding,
    Unreadable,
    check_files,
    check_seal,
    judge,
    parse_json,
    sha256,
    wrong,
)
from review.evidence.receipts import judge_receipts, read_witness_key
from review.evidence.tree import (
    Checkpoint,
    Key,
    compute_root,
    is_consistent,
    read_key,
    read_note,
)

_FORM = (AttributeError, KeyError, TypeError, ValueError, IndexError)


class Trust(NamedTuple):
    """What a stranger holds besides the bundle, if anything.

    The log's key, a checkpoint of it, keys of witnesses.
    """

    key: str = ""
    since: str = ""
    witnesses: Sequence[str] = ()


class Look:
    """A bundle under judgement, and what the checks before have found out about it."""

    def __init__(self, bundle: Bundle, trust: Trust) -> None:
        self.bundle = bundle
        self.trust = trust
        self.digests: dict[str, str] = {}
        self.key: Key | None = None
        self.checkpoint: Checkpoint | None = None
        self.walk: Walk | None = None
        self.selection: dict[str, Any] = {}


Check = Callable[[Look], "Iterator[Finding]"]


# --- the files, and who vouches for them ----------------------------------------------


def check_intact(look: Look) -> Iterator[Finding]:
    """Compare the archive with its seal and every file with the manifests."""
    yield from check_seal(look.bundle)
    yield from check_files(look.bundle, look.digests)


def check_signatures(look: Look) -> Iterator[Finding]:
    """Check the key, the checkpoint and the statement over all files."""
    bundle = look.bundle
    if CHECKPOINT not in bundle.files and STATEMENT not in bundle.files:
        none = "none: the log had no key when the bundle was made"
        yield judge("signature", not look.trust.key, none, none)
        return
    try:
        look.key = read_key(look.trust.key or bundle.read(VKEY).decode())
    except ValueError as error:
        yield wrong("key", f"it cannot be read: {error}")
        return
    whose = (
        "as given"
        if look.trust.key
        else "from the bundle: compare it with one you hold"
    )
    yield from _check_checkpoint(look, look.key, whose)
    yield from _check_statement(look, look.key, whose)


def _check_checkpoint(look: Look, key: Key, whose: str) -> Iterator[Finding]:
    if CHECKPOINT not in look.bundle.files:
        none = "none yet: the entries were not sealed when the bundle was made"
        yield judge("checkpoint", LEAVES not in look.bundle.files, none, none)
        return
    try:
        found = read_note(look.bundle.read(CHECKPOINT).decode(), key)
    except ValueError as error:
        yield wrong("checkpoint", str(error))
        return
    look.checkpoint = found
    good = f"size {found.size}, {found.origin}, signature good, key {whose}"
    yield Finding("checkpoint", ok=True, words=good)


def _check_statement(look: Look, key: Key, whose: str) -> Iterator[Finding]:
    """The statement must name every file but itself and the manifest that names it."""
    try:
        told = open_envelope(look.bundle.read(STATEMENT), key.public)
    except ValueError as error:
        yield wrong("statement", str(error))
        return
    yield Finding("statement", ok=True, words=f"signature good, key {whose}")
    subjects = {one["name"]: one["digest"]["sha256"] for one in told["subject"]}
    held = {
        name: digest
        for name, digest in look.digests.items()
        if name not in {STATEMENT, TAG_MANIFEST}
    }
    for name in sorted(subjects.keys() | held.keys()):
        if subjects.get(name) != held.get(name):
            yield wrong(f"statement on {name}", "is not what was signed")
    same = told["predicate"] == look.bundle.read_json(SELECTION)
    bad = f"says something else than {SELECTION}"
    yield judge("statement on the selection", same, f"as in {SELECTION}", bad)


# --- what they hold ---------------------------------------------------------------


def check_cases(look: Look) -> Iterator[Finding]:
    """Walk over all cases, then count them."""
    look.walk = walk = Walk(look.bundle, look.digests)
    yield from walk.walk()
    cases, entries = walk.cases, walk.entries
    yield from walk.related()
    told = look.bundle.read_json(SELECTION)
    look.selection = told if isinstance(told, dict) else {}
    counts = look.selection["counts"]
    for what, found in (
        ("cases", cases),
        ("entries", entries),
        ("contents", walk.contents),
        ("disclosures", walk.opened),
    ):
        bad = f"{found} are here, {counts[what]} were exported"
        good = f"{found}, as many as were exported"
        yield judge(f"number of {what}", found == counts[what], good, bad)


def check_tree(look: Look) -> Iterator[Finding]:
    """Compute the log's root from the entries in here and the hashes beside them."""
    walk, checkpoint = look.walk, look.checkpoint
    if walk is None or checkpoint is None:
        return
    total = walk.entries
    if walk.proven:
        lines = look.bundle.lines(NODES)
        next(lines, None)
        nodes = (bytes.fromhex(line.decode()) for line in lines)
        root = compute_root(walk.leaves.sorted(), checkpoint.size, nodes)
        bad = "the entries do not lead to the root that was signed"
        good = f"{walk.proven} entries lead to the root that was signed"
        yield judge("tree", root == checkpoint.root, good, bad)
    words = f"{walk.proven} of {total} entries proven; the rest was not sealed yet"
    yield Finding("sealed", ok=True, words=words)


def check_growth(look: Look) -> Iterator[Finding]:
    """Check that the log grew out of the checkpoint of an earlier export."""
    if look.key is None or look.checkpoint is None:
        return
    for name, subject in ((CONSISTENCY, "growth"), (ANCHORED, "growth since receipts")):
        told = look.bundle.read_json(name)
        since = look.trust.since if name == CONSISTENCY else ""
        if told is None:
            if since:
                yield wrong(subject, "there is no proof from an earlier checkpoint")
            continue
        old = read_note(since or told["from"], look.key)
        path = [bytes.fromhex(part) for part in told["path"]]
        held = since == "" or old == read_note(told["from"], look.key)
        same = held and is_consistent(old, look.checkpoint, path)
        good = f"a log of {look.checkpoint.size} entries begins with that of {old.size}"
        bad = f"nothing shows that the log begins with that of {old.size} entries"
        yield judge(subject, same, good, bad)


def check_receipts(look: Look) -> Iterator[Finding]:
    """Check what witnesses and time stamps say of the log, each with its verdict."""
    witnesses = []
    for text in look.trust.witnesses:
        try:
            witnesses.append(read_witness_key(text))
        except ValueError as error:
            yield wrong(f"witness key {text}", f"it cannot be read: {error}")
    if look.key is not None:
        yield from judge_receipts(look.bundle, log=look.key, witnesses=witnesses)


def check_policies(look: Look) -> Iterator[Finding]:
    """Each policy stands under the digest of its text."""
    for line in look.bundle.lines(POLICIES):
        told = parse_json(line)
        same = sha256(str(told["text"]).encode()) == told["digest"]
        of = told["queue"] or told.get("calendar", "")
        subject = f"policy {told['kind']} {told['version']} of {of}"
        yield judge(subject, same, "its text gives its digest", "its text was changed")


CHECKS: list[Check] = [
    check_intact,
    check_signatures,
    check_cases,
    check_tree,
    check_growth,
    check_receipts,
    check_policies,
]
"""In this order; others add theirs at the end."""


def verify(bundle: Bundle, trust: Trust = Trust()) -> Iterator[Finding]:  # noqa: B008
    """Return every verdict on a bundle, as it is reached."""
    look = Look(bundle, trust)
    for check in CHECKS:
        try:
            yield from check(look)
        except _FORM as error:
            name = check.__name__.replace("check_", "")
            yield wrong(name, f"something is not as it should be: {error!r}")


# --- the command ------------------------------------------------------------------


def main(arguments: Sequence[str], *, home: Path) -> int:
    """Print the verdicts and return the exit code."""
    parser = argparse.ArgumentParser(description="Verify an evidence bundle.")
    parser.add_argument("bundle", nargs="?", default=home, type=Path)
    parser.add_argument("--key", default="", help="the log's public key, name+id+key")
    parser.add_argument("--since", type=Path, help="a checkpoint you hold, as a file")
    parser.add_argument(
        "--witness-key",
        action="append",
        default=[],
        metavar="VKEY",
        help="a witness's public key, name+id+key; may be given again",
    )
    parser.add_argument("--quiet", action="store_true", help="print only what is wrong")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    try:
        since = options.since.read_text(encoding="utf-8") if options.since else ""
        trust = Trust(options.key, since, options.witness_key)
        findings = verify(Bundle(options.bundle), trust)
        write = _write_json if options.json else _write_lines
        return write(findings, sys.stdout, quiet=options.quiet)
    except (Unreadable, OSError, zipfile.BadZipFile) as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _write_lines(findings: Iterator[Finding], out: IO[str], *, quiet: bool) -> int:
    count = faults = 0
    for finding in findings:
        count += 1
        faults += not finding.ok
        if not (quiet and finding.ok):
            verdict = "ok   " if finding.ok else "WRONG"
            out.write(f"{verdict}  {finding.subject}: {finding.words}\n")
    verdict = "NOT VERIFIED" if faults else "VERIFIED"
    out.write(f"{verdict}: {count} checks, {faults} wrong.\n")
    return int(bool(faults))


def _write_json(findings: Iterator[Finding], out: IO[str], *, quiet: bool) -> int:
    faults = 0
    out.write('{"findings": [')
    before = "\n"
    for finding in findings:
        faults += not finding.ok
        if not (quiet and finding.ok):
            out.write(f"{before}{json.dumps(finding._asdict())}")
            before = ",\n"
    out.write(f'\n], "ok": {json.dumps(not faults)}}}\n')
    return int(bool(faults))
