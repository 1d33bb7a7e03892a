"""The cases of a bundle, one after the other: their entries, verdicts and contents.

Three files run in step: a line of cases.jsonl, the entries of its chain, the contents it
lists. Nothing is kept of a case once it is judged. Ships in every bundle: Python 3.9.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import Any

from review.evidence.files import (
    CASES,
    CASES_CSV,
    CONTENTS,
    DEFINITIONS,
    DISCLOSURES,
    EVENTS,
    EVENTS_CSV,
    LEAVES,
    RECONCILE,
    RELATED,
    Bundle,
    Finding,
    judge,
    parse_json,
    sha256,
    write_manifest,
    wrong,
)
from review.evidence.openings import check_disclosures, check_erased, parse_exactly
from review.evidence.tables import (
    CASE_COLUMNS,
    EVENT_COLUMNS,
    Entry,
    case_values,
    event_values,
    write_row,
)
from review.evidence.tree import Leaves, leaf_hash
from review.evidence.votes import check_proofs, check_verdicts

_DIGEST = re.compile('"([0-9a-f]{64})"')
_COMMITTED = b'"$committed"'
_LEAF = re.compile(r"(\S+) (\d+) (\d+) ([0-9a-f]{64})")
_FORM = (AttributeError, KeyError, TypeError, ValueError, IndexError)


def read_entry(line: bytes) -> Entry:
    """Read a line, whatever it holds: a line that is no JSON object has no fields."""
    fields = parse_json(line)
    text = line.decode(errors="replace")
    return Entry(text, fields if isinstance(fields, dict) else {}, sha256(line))


class Peek:
    """An iterator that shows what comes next; None at the end."""

    def __init__(self, items: Iterator[Any]) -> None:
        self._items = items
        self.next: Any = next(items, None)

    def take(self) -> Any:
        """Return what comes next, and go on."""
        taken, self.next = self.next, next(self._items, None)
        return taken


class Walk:
    """What a walk over the cases has seen: counts, leaves and running hashes."""

    def __init__(self, bundle: Bundle, digests: dict[str, str]) -> None:
        self.cases = self.entries = self.contents = self.proven = self.opened = 0
        self.leaves = Leaves()
        self._bundle, self._digests = bundle, digests
        self._definitions = _digest_definitions(digests)
        self._lines = Peek(_read_pairs(bundle))
        self._contents = bundle.lines(CONTENTS)
        self._disclosures = bundle.lines(DISCLOSURES)
        self._leaves = Peek(_read_leaves(bundle))
        self._asked = _read_exported(bundle)
        self._events_csv = hashlib.sha256(write_row(EVENT_COLUMNS).encode())
        self._cases_csv = hashlib.sha256(write_row(CASE_COLUMNS).encode())

    def walk(self) -> Iterator[Finding]:
        """Judge each case with its entries, then what belongs to no case."""
        told = Peek(parse_json(line) or {} for line in self._bundle.lines(CASES))
        while told.next is not None:
            case = told.take()
            following = _id_of(told.next) if told.next else ""
            try:
                yield from self._judge_case(case, following)
            except _FORM as error:
                yield wrong(
                    f"case {_id_of(case)}", f"is not told as it should be: {error}"
                )
        yield from self._skip_strays(lambda _: False)
        for line in self._contents:
            yield wrong(f"content {sha256(line)}", "belongs to no case")
        for _ in self._disclosures:
            yield wrong("disclosures", "open a value of no case")
        for row in self._asked:
            yield wrong(f"case {row[1]}", "is said to be exported, and is not here")
        yield from self._judge_tables()

    def related(self) -> Iterator[Finding]:
        """Judge the entries of the installation: they need not follow each other."""
        for line in self._bundle.lines(RELATED):
            entry = read_entry(line)
            words = self._find_leaf(entry, line)
            subject = f"related entry {entry.fields.get('seq')}"
            good = f"{entry.fields.get('kind')} by {entry.fields.get('actor_name')}"
            yield judge(subject, not words, good, words)
            self.entries += 1
        while self._leaves.next is not None:
            chain, seq, _, _ = self._leaves.take()
            yield wrong(f"leaf of {chain}, entry {seq}", "is of no entry in here")

    # --- one case -----------------------------------------------------------------

    def _judge_case(self, case: dict[str, Any], following: str) -> Iterator[Finding]:
        instance = case["instance"]
        name = str(instance["id"])
        self.cases += 1
        self._cases_csv.update(write_row(case_values(case)).encode())
        yield from self._skip_strays(lambda chain: chain in {name, following})
        entries: list[Entry] = []
        yield from self._follow(name, entries)
        head = {"seq": len(entries), "head": entries[-1].hash if entries else "0" * 64}
        same = instance["audit"] == head
        bad = "should end with entry {seq} and hash {head}".format(**instance["audit"])
        yield judge(f"chain {name}", same, "ends where the case says", bad)
        yield self._judge_asked(case)
        yield from self._judge_told(case, entries)

    def _follow(self, name: str, entries: list[Entry]) -> Iterator[Finding]:
        """Follow one chain from its first entry; puts what it holds into `entries`."""
        previous = "0" * 64
        number = 0
        while self._lines.next is not None:
            line, entry = self._lines.next
            fields = entry.fields
            if fields.get("chain") != name:
                return
            self._lines.take()
            number += 1
            faults = []
            if fields.get("seq") != number:
                faults.append(f"says it is entry {fields.get('seq')}")
            if fields.get("prev") != previous:
                faults.append("does not follow the entry before it")
            leaf = self._find_leaf(entry, line)
            if leaf:
                faults.append(leaf)
            subject = f"entry {number} of {name} {fields.get('kind')}"
            yield Finding(subject, not faults, "; ".join(faults) or "follows")
            previous = entry.hash
            entries.append(entry)
            self.entries += 1
            self._events_csv.update(write_row(event_values(entry)).encode())

    def _find_leaf(self, entry: Entry, line: bytes) -> str:
        """Take the leaf of an entry; return what is wrong with it, "" for nothing."""
        leaf = self._leaves.next
        place = (entry.fields.get("chain"), entry.fields.get("seq"))
        if leaf is None or leaf[:2] != place:
            return ""
        self._leaves.take()
        hashed = leaf_hash(line)
        if hashed != leaf[3]:
            return f"is not what stands in leaf {leaf[2]} of the log"
        self.leaves.add(leaf[2], hashed)
        self.proven += 1
        return ""

    def _skip_strays(self, is_known: Any) -> Iterator[Finding]:
        """Pass over entries of chains that are not told where they stand."""
        while self._lines.next is not None:
            _, entry = self._lines.next
            chain = entry.fields.get("chain")
            if is_known(chain):
                return
            self._lines.take()
            seq = entry.fields.get("seq")
            yield wrong(f"entry {seq} of {chain}", "is of no case told at this place")

    def _judge_asked(self, case: dict[str, Any]) -> Finding:
        """Compare a case with its row of RECONCILE.csv: the same cases, in order."""
        audit = case["instance"]["audit"]
        row = next(self._asked, [])
        wanted = [case["instance"]["id"], str(audit["seq"]), audit["head"]]
        subject = f"asked for {wanted[0]}"
        same = len(row) == 7 and [row[1], row[5], row[6]] == wanted
        return judge(subject, same, "exported", f"{RECONCILE} names another here")

    def _judge_told(
        self, case: dict[str, Any], entries: Sequence[Entry]
    ) -> Iterator[Finding]:
        """Compare what a case tells with entries, contents and definition."""
        name = str(case["instance"]["id"])
        contents: dict[str, bytes] = {}
        yield from self._take_contents(case, entries, contents)
        fields = [entry.fields for entry in entries]
        for row, good, faults in check_verdicts(case, fields):
            yield judge(f"verdict {row.get('id')}", not faults, good, "; ".join(faults))
        for subject, faults in check_proofs(
            case, fields, lambda digest: parse_json(contents.get(digest, b""))
        ):
            good = "as its entry and verdicts say"
            yield judge(subject, not faults, good, "; ".join(faults))
        yield from self._judge_openings(case, entries, contents)
        for table in ("steps", "tasks", "incidents"):
            for row in case[table]:
                if not 1 <= row["audit_seq"] <= len(entries):
                    bad = f"names entry {row['audit_seq']}, which is not there"
                    yield wrong(f"{table} {row['id']}", bad)
        definition = case["definition"]
        known = definition["digest"] in self._definitions
        subject = f"definition of {name}"
        good = f"{definition['key']} {definition['version']}"
        yield judge(subject, known, good, "no files in here give its digest")

    def _take_contents(
        self,
        case: dict[str, Any],
        entries: Sequence[Entry],
        contents: dict[str, bytes],
    ) -> Iterator[Finding]:
        """Contents stand in the case's order, and an entry must have named each."""
        named = {one for entry in entries for one in _DIGEST.findall(entry.text)}
        for row in case["contents"]:
            line = next(self._contents, b"")
            digest = sha256(line)
            self.contents += 1
            bad = "no entry names it"
            if digest != row["sha256"]:
                bad = f"is another here: {digest}"
            ok = digest == row["sha256"] and digest in named
            contents[digest] = line
            good = f"{row['what']}, as an entry names it"
            yield judge(f"content {row['sha256']}", ok, good, bad)

    def _judge_openings(
        self,
        case: dict[str, Any],
        entries: Sequence[Entry],
        contents: dict[str, bytes],
    ) -> Iterator[Finding]:
        """Check the values that are opened, and that what is gone was erased."""
        fields = [entry.fields for entry in entries]
        lines = [next(self._disclosures, b"") for _ in range(case["disclosures"])]
        rows = [parse_exactly(line) for line in lines]
        self.opened += len(rows)
        found = list(check_erased(case, fields)) if case["contents_erased"] else []
        told = [parse_exactly(line) for line in contents.values() if _COMMITTED in line]
        said = [one.fields for one in entries if _COMMITTED.decode() in one.text]
        if rows or told or said:
            found.extend(check_disclosures(rows, [*told, case, *said], fields))
        for subject, ok, words in found:
            yield Finding(f"{subject} of {case['instance']['id']}", ok, words)

    def _judge_tables(self) -> Iterator[Finding]:
        """Compare the spreadsheets with what they show."""
        for name, shown in (
            (EVENTS_CSV, self._events_csv),
            (CASES_CSV, self._cases_csv),
        ):
            same = shown.hexdigest() == self._digests.get(name)
            bad = "does not show what the lines say"
            yield judge(f"table {name}", same, "shows what the lines say", bad)


def _id_of(case: Any) -> str:
    instance = case.get("instance") if isinstance(case, dict) else None
    return str(instance.get("id")) if isinstance(instance, dict) else "?"


def _read_pairs(bundle: Bundle) -> Iterator[tuple[bytes, Entry]]:
    return ((line, read_entry(line)) for line in bundle.lines(EVENTS))


def _read_leaves(
    bundle: Bundle,
) -> Iterator[tuple[str | None, int, int, bytes]]:
    """Read chain, number, place and hash of each sealed entry; the first line is a head."""
    lines = bundle.lines(LEAVES)
    next(lines, None)
    for line in lines:
        match = _LEAF.fullmatch(line.decode(errors="replace"))
        if match is None:
            yield None, 0, 0, b""
        else:
            chain, seq, place, digest = match.groups()
            yield chain, int(seq), int(place), bytes.fromhex(digest)


def _read_exported(bundle: Bundle) -> Iterator[list[str]]:
    """Read the rows of RECONCILE.csv that say a case is in here."""
    lines = (line.decode(errors="replace") for line in bundle.lines(RECONCILE))
    for row in csv.reader(lines):
        if len(row) > 3 and row[3] == "exported":
            yield row


def _digest_definitions(digests: dict[str, str]) -> set[str]:
    """Return the digest that each folder of a definition gives."""
    folders: dict[str, dict[str, str]] = {}
    for name, digest in digests.items():
        if name.startswith(DEFINITIONS):
            folder, _, path = name[len(DEFINITIONS) :].partition("/")
            folders.setdefault(folder, {})[path] = digest
    return {sha256(write_manifest(files).encode()) for files in folders.values()}
