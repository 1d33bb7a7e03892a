"""Put a bundle together from its finished parts: one ZIP that verifies without us.

The pieces are read as streams, one file of the bundle after the other; the proofs lead
to the newest checkpoint at this moment, so that they cover as much as can be.
"""

from __future__ import annotations

import base64
import csv
import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.db.models import Q

from review.core.evidence.bundles import Part, Redaction
from review.evidence import envelope, files, ocel, pages, parts, tables, xes
from review.evidence.anchored import is_of_one_epoch, tell_stamps, write_receipts
from review.evidence.bag import Bag
from review.evidence.parts import piece
from review.evidence.proofs import Prover
from review.evidence.sheets import write_workbook
from review.evidence.summary import write_summary
from review.evidence.tables import write_row
from review.models import Policy
from workflows.audit import INSTALLATION
from workflows.core import timestamps
from workflows.core.canonical import dumps
from workflows.core.chain import format_time
from workflows.core.notes import Checkpoint as NoteOfTree
from workflows.core.notes import read_checkpoint
from workflows.models import AuditEntry, Checkpoint, DefinitionFile
from workflows.operations.log_key import KeyFolder, LogKey
from workflows.operations.snapshots import snapshot

HERE: Final = Path(__file__).parent
SHIPPED: Final = (
    "verify.py", "chains.py", "files.py", "tables.py", "tree.py", "envelope.py",
    "ed25519.py", "votes.py", "openings.py", "receipts.py",
)  # fmt: skip
"""What a bundle brings to verify it with: standard library only, Python 3.9."""
BORROWED: Final = (Path(timestamps.__file__),)
"""The same from elsewhere in our code."""
SCHEMAS: Final = {
    files.SELECTION: "selection/1",
    files.RECONCILE: tables.RECONCILE_SCHEMA,
    files.EVENTS: "entry/1: as stored, `v` in each line",
    files.EVENTS_CSV: tables.EVENT_SCHEMA,
    files.CASES: parts.CASE_SCHEMA,
    files.CASES_CSV: tables.CASE_SCHEMA,
    files.CASES_XLSX: tables.CASE_SCHEMA,
    files.CONTENTS: "content/1: canonical JSON, named by its SHA-256",
    files.DISCLOSURES: "disclosures/1",
    files.RELATED: "entry/1",
    files.SOURCES: tables.SOURCE_SCHEMA,
    files.POLICIES: "policy/1",
    files.OCEL: ocel.SCHEMA,
    files.XES: xes.SCHEMA,
    files.HTML: "html/1",
    files.LEAVES: "leaves/1",
    files.NODES: "nodes/1",
    files.CONSISTENCY: "consistency/1",
}
UNITS: Final = {
    "times": "ISO 8601 with offset; Z is UTC",
    "lasted_seconds": "seconds, from the start to the end of the case",
    "confidence": "0 to 1",
    "impact": "in the currency of the case",
    "bytes": "bytes",
}
_CHUNK: Final = 1 << 18
_SPKI: Final = bytes.fromhex("302a300506032b6570032100")
"""What stands before an Ed25519 key in its public form (RFC 8410, section 4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What was asked for, by whom, and what of it is withheld."""

    id: int
    title: str
    selection: Mapping[str, Any]
    redaction: Redaction
    reason: str
    ordered_by: str
    ordered_by_name: str
    ordered_at: dt.datetime
    ordered_seq: int
    withheld: Sequence[tuple[UUID, str]] = ()
    previous_size: int = 0
    previous_note: str = ""

    @property
    def name(self) -> str:
        """Return the name of the bundle's folder."""
        return f"evidence-{self.id}"


@dataclass(frozen=True, slots=True)
class Assembled:
    """A finished file: its bytes, its hash, and the size of the log it leads to."""

    size: int
    digest: str
    checkpoint_size: int


def assemble(
    out: Path,
    *,
    order: Order,
    finished: Sequence[Part],
    folder: Path,
    now: dt.datetime,
) -> Assembled:
    """Write the ZIP of an order from its parts below `folder`."""
    with snapshot(), out.open("w+b") as file:
        assembly = _Assembly(Bag(file, name=order.name), order, finished, folder)
        assembly.write(now=now)
    hashed = hashlib.sha256()
    for chunk in _read(out):
        hashed.update(chunk)
    return Assembled(out.stat().st_size, hashed.hexdigest(), assembly.checkpoint_size)


class _Assembly:
    def __init__(
        self, bag: Bag, order: Order, finished: Sequence[Part], folder: Path
    ) -> None:
        self.bag, self.order, self.finished, self.folder = bag, order, finished, folder
        self.folders = [folder / part.folder for part in finished]
        self.counts: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        for part in finished:
            self.counts.update(part.told["counts"])
            self.kinds.update(part.told["kinds"])
        last = Checkpoint.objects.order_by("-size").first()
        self.note = last.note if last is not None else ""
        self.checkpoint_size = last.size if last is not None else 0
        self.key = KeyFolder.of_settings().read_key()
        self.stamps: list[str] = []

    def write(self, *, now: dt.datetime) -> None:
        """Write every file of the bundle."""
        self._write_lines()
        self._write_logs()
        self._write_rules()
        self._write_proofs()
        self._write_views(now)
        for path in list_shipped():
            text = path.read_bytes()
            for package in (b"review.evidence.", b"workflows.core."):
                text = text.replace(package, b"verifier.")
            self.bag.add(f"{files.VERIFIER}{path.name}", [text])
        self.bag.add("verify.py", [(HERE / "launcher.txt").read_bytes()])
        told = self._tell_selection(now)
        self.bag.add(files.SELECTION, [dumps(told).encode(), b"\n"])
        self.bag.add("README.txt", [self._write_readme(now).encode()])
        self.bag.close(info=self._info(now), vouch=lambda held: self._sign(held, told))

    # --- entries, cases, contents ---------------------------------------------------

    def _stretches(self, name: str) -> Iterator[bytes]:
        """Return the bytes of a file from the parts' pieces, one after the other."""
        for folder in self.folders:
            yield from _read(piece(folder, name))

    def _write_lines(self) -> None:
        heads = {
            files.EVENTS_CSV: tables.EVENT_COLUMNS,
            files.CASES_CSV: tables.CASE_COLUMNS,
            files.SOURCES: tables.SOURCE_COLUMNS,
            files.RECONCILE: tables.RECONCILE_COLUMNS,
        }
        for name in parts.PIECES:
            if name == files.XES:
                continue
            head = [write_row(heads[name]).encode()] if name in heads else []
            tail = self._withheld() if name == files.RECONCILE else []
            self.bag.add(name, _together(head, self._stretches(name), tail))
        for folder in self.folders:
            for page in sorted(folder.glob("html/*.html")):
                self.bag.add(f"{parts.PAGE_FOLDER}{page.name}", _read(page))
        for source in sorted((self.folder / "sources").glob("*")):
            self.bag.add(f"{parts.SOURCE_FOLDER}{source.name}", _read(source))

    def _withheld(self) -> Iterator[bytes]:
        for case, reason in self.order.withheld:
            row = (tables.RECONCILE_SCHEMA, case, "asked", "withheld", reason, "", "")
            yield write_row(row).encode()

    def _write_logs(self) -> None:
        traces = self._stretches(files.XES)
        self.bag.add(files.XES, xes.write_log(traces))
        events = ocel.merge_events(
            [piece(folder, parts.OCEL_EVENTS) for folder in self.folders],
            spare=self.folder,
        )
        log = ocel.write_log(objects=self._objects(), events=events, kinds=self.kinds)
        self.bag.add(files.OCEL, _in_chunks(log))

    def _objects(self) -> Iterator[str]:
        """Return cases and tasks from the parts, and what several parts speak of."""
        for folder in self.folders:
            with piece(folder, parts.OBJECTS).open(encoding="utf-8") as lines:
                yield from (line.rstrip("\n") for line in lines)
        actors: dict[str, str] = {}
        for part in self.finished:
            actors.update(part.told["actors"])
        for ref, name in sorted(actors.items()):
            yield ocel.tell_object(ref, ocel.actor_type(ref), {"name": name})
        for key in sorted(self._gather("queues")):
            yield ocel.tell_object(f"queue:{key}", "queue", {"key": key})
        for one in self._definitions().values():
            name = f"definition:{one['key']} {one['version']}"
            held = {word: one[word] for word in ("key", "version", "digest")}
            yield ocel.tell_object(name, "definition", held)

    # --- what was in force ------------------------------------------------------------

    def _definitions(self) -> dict[int, dict[str, str]]:
        found: dict[int, dict[str, str]] = {}
        for part in self.finished:
            found.update({int(n): d for n, d in part.told["definitions"].items()})
        return dict(sorted(found.items()))

    def _gather(self, name: str) -> set[Any]:
        return {one for part in self.finished for one in part.told.get(name, ())}

    def _write_rules(self) -> None:
        """Write definitions and policies with their text."""
        for number, one in self._definitions().items():
            root = f"{files.DEFINITIONS}{one['key']}-{one['version']}/"
            for file in DefinitionFile.objects.filter(definition_id=number):
                self.bag.add(root + file.path, [bytes(file.content)])
        ruled = (
            Q(queue__key__in=self._gather("queues"))
            | Q(calendar__key__in=self._gather("calendars"))
            | Q(pk__in=self._gather("policies"))
        )
        rows = (
            Policy.objects
            .filter(ruled, effective_at__isnull=False)
            .select_related("queue", "calendar", "author", "settled_by")
            .order_by("queue__key", "calendar__key", "kind", "version")
        )
        self.bag.add(files.POLICIES, (_tell_policy(row) for row in rows.iterator()))

    # --- proofs -------------------------------------------------------------------------

    def _write_proofs(self) -> None:
        related = list(self._related())
        texts = (f"{entry}\n".encode() for _, entry in related)
        self.bag.add(files.RELATED, texts)
        if self.key is not None:
            self.bag.add(files.VKEY, [f"{self.key.verifier}\n".encode()])
            self.bag.add(files.PEM, [write_pem(self.key.verifier.public_key)])
        if not self.note:
            return
        prover = Prover(self.checkpoint_size)
        self.bag.add(files.CHECKPOINT, [self.note.encode()])
        seqs = [seq for seq, _ in related]
        leaves = _together(
            prover.list_leaves(self._list_heads()),
            prover.list_related(INSTALLATION, seqs),
        )
        self.bag.add(files.LEAVES, leaves)
        self.bag.add(files.NODES, _in_chunks(prover.list_nodes()))
        previous = self.order.previous_note
        if is_of_one_epoch(previous, self.note):
            grown = prover.prove_growth(
                old_size=self.order.previous_size, old_note=previous
            )
            if grown is not None:
                self.bag.add(files.CONSISTENCY, [grown])
        self.stamps = write_receipts(self.bag, prover, note=self.note)

    def _list_heads(self) -> Iterator[list[tuple[UUID, int]]]:
        """Return the cases of each part with the number of their entries in here."""
        for folder in self.folders:
            path = piece(folder, files.RECONCILE)
            with path.open(encoding="utf-8", newline="") as lines:
                yield [(UUID(row[1]), int(row[5])) for row in csv.reader(lines)]

    def _related(self) -> Iterator[tuple[int, str]]:
        """Return the installation's entries of the deployments and of this export."""
        chain = AuditEntry.objects.filter(chain=INSTALLATION)
        found: dict[int, str] = {}
        for one in self._definitions().values():
            deployed = chain.filter(
                kind="definition.deployed", entry__contains=one["digest"]
            )
            found.update(deployed.values_list("seq", "entry"))
        found.update(
            chain.filter(seq=self.order.ordered_seq).values_list("seq", "entry")
        )
        yield from sorted(found.items())

    # --- views, and words about it all ----------------------------------------------

    def _facts(self, now: dt.datetime) -> dict[str, Any]:
        order = self.order
        tree = self._read_checkpoint()
        counted = {word: self.counts[word] for word in ("tasks", "verdicts")}
        return {
            "Bundle": order.id,
            "Asked for": f"{order.title} ({order.selection['kind']})",
            "By": f"{order.ordered_by_name} ({order.ordered_by})",
            "Reason": order.reason,
            "Ordered": format_time(order.ordered_at),
            "Made": format_time(now),
            "Cases": sum(part.cases for part in self.finished),
            "Withheld": len(order.withheld),
            "Entries": sum(part.entries for part in self.finished),
            **{word.capitalize(): count for word, count in counted.items()},
            "From": min((p.told["first"] for p in self.finished), default=""),
            "Until": max((p.told["last"] for p in self.finished), default=""),
            "Log": f"{tree.origin}, {tree.size} entries" if tree else "not sealed yet",
            "Root": base64.b64encode(tree.root).decode() if tree else "",
            "Redaction": _tell_redaction(order.redaction),
        }

    def _write_views(self, now: dt.datetime) -> None:
        facts = self._facts(now)
        title = f"Evidence: {self.order.title}"
        rows = (text.decode() for text in self._stretches_of_lines(parts.INDEX))
        self.bag.add(
            files.HTML, _in_chunks(pages.write_index(facts, rows, title=title))
        )
        book = self.folder / f"cases-{now.timestamp():.6f}.xlsx"
        about = {**facts, **{f"unit of {name}": unit for name, unit in UNITS.items()}}
        write_workbook(book, self._case_rows(), about=about)
        self.bag.add(files.CASES_XLSX, _read(book))
        book.unlink()
        states = {
            word.removeprefix("state "): count
            for word, count in sorted(self.counts.items())
            if word.startswith("state ")
        }
        tables_of_counts = [
            ("Cases by state", states),
            ("Entries by kind", dict(sorted(self.kinds.items()))),
        ]
        paper = write_summary(title=title, facts=facts, tables=tables_of_counts)
        self.bag.add(files.SUMMARY, [paper])

    def _stretches_of_lines(self, name: str) -> Iterator[bytes]:
        for folder in self.folders:
            with piece(folder, name).open("rb") as lines:
                yield from lines

    def _case_rows(self) -> Iterator[list[str]]:
        for folder in self.folders:
            path = piece(folder, files.CASES_CSV)
            with path.open(encoding="utf-8", newline="") as lines:
                yield from csv.reader(lines)

    def _tell_selection(self, now: dt.datetime) -> dict[str, Any]:
        order, tree = self.order, self._read_checkpoint()
        cases = sum(part.cases for part in self.finished)
        return {
            "schema": SCHEMAS[files.SELECTION],
            "bundle": order.id,
            "title": order.title,
            "selection": dict(order.selection),
            "redaction": order.redaction.to_json(),
            "reason": order.reason,
            "ordered_by": order.ordered_by,
            "ordered_by_name": order.ordered_by_name,
            "ordered_at": format_time(order.ordered_at),
            "made_at": format_time(now),
            "counts": {
                "asked": cases + len(order.withheld),
                "cases": cases,
                "withheld": len(order.withheld),
                "entries": sum(part.entries for part in self.finished),
                "contents": self.counts["contents"],
                "steps": self.counts["steps"],
                "tasks": self.counts["tasks"],
                "verdicts": self.counts["verdicts"],
                "sources": self.counts["sources"],
                "disclosures": self.counts["disclosures"],
            },
            "checkpoint": {
                "origin": tree.origin,
                "size": tree.size,
                "root": base64.b64encode(tree.root).decode(),
            }
            if tree
            else None,
            "schemas": SCHEMAS,
            "units": UNITS,
        }

    def _read_checkpoint(self) -> NoteOfTree | None:
        if not self.note:
            return None
        return read_checkpoint(self.note.partition("\n\n")[0] + "\n")

    def _write_readme(self, now: dt.datetime) -> str:
        text = (HERE / "readme.txt").read_text(encoding="utf-8")
        return text.format(
            name=self.order.name,
            # What somebody wrote shall not look like a line of ours to paste in a shell.
            title=" ".join(self.order.title.split()),
            cases=sum(part.cases for part in self.finished),
            entries=sum(part.entries for part in self.finished),
            withheld=len(self.order.withheld),
            made_at=now.astimezone(dt.UTC).isoformat(timespec="seconds"),
            key=self.key.verifier if self.key else "(the log had no key yet)",
            stamps=tell_stamps(self.stamps),
        )

    def _info(self, now: dt.datetime) -> list[tuple[str, str]]:
        return [
            ("Source-Organization", "Countersign"),
            ("External-Identifier", str(self.order.id)),
            ("External-Description", f"Evidence: {self.order.title}"),
            ("Bagging-Date", format_time(now)[:10]),
        ]

    def _sign(
        self, held: Mapping[str, str], predicate: Mapping[str, Any]
    ) -> bytes | None:
        key: LogKey | None = self.key
        if key is None:
            return None
        return envelope.write_envelope(
            envelope.write_statement(held, predicate),
            key_id=key.verifier.key_id.hex(),
            sign=key.private_key.sign,
        )


def list_shipped() -> list[Path]:
    """Return the files that the verifier in each bundle is made of."""
    return [*(HERE / name for name in SHIPPED), *BORROWED]


def write_pem(public_key: bytes) -> bytes:
    """Return an Ed25519 key as openssl reads it."""
    body = base64.b64encode(_SPKI + public_key)
    return b"-----BEGIN PUBLIC KEY-----\n%b\n-----END PUBLIC KEY-----\n" % body


def _tell_policy(row: Policy) -> bytes:
    """Return a policy with its text: the canonical JSON its digest is taken over."""
    told = {
        "schema": SCHEMAS[files.POLICIES],
        "queue": row.queue.key if row.queue else "",
        "calendar": row.calendar.key if row.calendar else "",
        "kind": row.kind,
        "version": row.version,
        "digest": row.digest,
        "text": dumps(row.body),
        "state": row.state,
        "reason": row.reason,
        "proposed_by": row.author.name if row.author else "",
        "approved_by": row.settled_by.name if row.settled_by else "",
        "effective_at": format_time(row.effective_at) if row.effective_at else None,
        "superseded_at": format_time(row.superseded_at) if row.superseded_at else None,
    }
    return dumps(told).encode() + b"\n"


def _tell_redaction(redaction: Redaction) -> str:
    if redaction.without_disclosures:
        return "without opened personal values"
    return f"without {', '.join(redaction.fields)}" if redaction.fields else ""


def _together(*streams: Iterable[bytes]) -> Iterator[bytes]:
    for stream in streams:
        yield from stream


def _in_chunks(stream: Iterable[bytes]) -> Iterator[bytes]:
    """Return the bytes in larger pieces: compressing many small ones is slow."""
    held: list[bytes] = []
    size = 0
    for text in stream:
        held.append(text)
        size += len(text)
        if size >= _CHUNK:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
