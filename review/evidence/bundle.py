"""Make the evidence bundle of one case: a ZIP that verifies without us.

Everything is read in one snapshot of the database and streamed into a temporary file,
so that a slow download holds neither a transaction nor the case in memory.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final
from uuid import UUID

from django.db import connection, transaction

from review.evidence import verify as names
from review.evidence.bag import Bag
from review.evidence.case import Case, read_case
from review.evidence.verify import read_entry, write_csv
from workflows import audit, failpoints
from workflows.audit import INSTALLATION, Draft
from workflows.core.actors import Actor
from workflows.core.canonical import dumps
from workflows.core.chain import format_time
from workflows.core.notes import VerifierKey
from workflows.models import AuditEntry, Checkpoint, DefinitionFile
from workflows.operations.errors import NotFound
from workflows.operations.log_key import KeyFolder
from workflows.operations.proofs import StoredTree
from workflows.operations.snapshots import snapshot
from workflows.store import database_now

_HERE: Final = Path(__file__).parent
_IN_MEMORY: Final = 8 * 1024 * 1024
_CHUNK: Final = 64 * 1024
_BATCH: Final = 2_000
_PLACES: Final = """
    SELECT e.chain, e.seq, l.leaf_index
    FROM workflows_auditentry e JOIN workflows_leaf l ON l.entry_id = e.id
    WHERE (e.chain = %s OR e.id = ANY(%s)) AND l.leaf_index < %s
    ORDER BY e.chain, e.seq
"""


@dataclass(frozen=True, slots=True)
class Export:
    """A finished bundle: its file name, its size in bytes and the open file."""

    name: str
    size: int
    file: IO[bytes]

    def chunks(self) -> Iterator[bytes]:
        """Return the bytes piece by piece, and close the file at the end."""
        with self.file:
            while chunk := self.file.read(_CHUNK):
                yield chunk


def export_instance(*, instance_id: UUID, actor: Actor, reason: str = "") -> Export:
    """Record the export, then make the bundle of an instance. Raises NotFound.

    Who may export is the caller's question. The entry says who exported which case up
    to which entry, and is in the bundle; should making it fail, the attempt is on
    record.
    """
    with transaction.atomic():
        case = read_case(instance_id)
        if case is None:
            raise NotFound(f"There is no instance {instance_id}.")
        detail = {
            "instance": str(instance_id),
            "seq": case.audit_seq,
            "head": case.told["instance"]["audit"]["head"],
            "reason": reason,
        }
        now = database_now()
        entry = audit.record_installation(
            drafts=[Draft("evidence.exported", actor, detail)], now=now
        )
    file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  (the caller's)
    with snapshot():
        _write(file, instance_id=instance_id, export_seq=entry, now=now)
    size = file.tell()
    file.seek(0)
    return Export(name=f"evidence-{instance_id}.zip", size=size, file=file)


def _write(
    out: IO[bytes], *, instance_id: UUID, export_seq: int, now: dt.datetime
) -> None:
    case = read_case(instance_id)
    if case is None:
        raise NotFound(f"There is no instance {instance_id}.")
    bag = Bag(out, name=f"evidence-{instance_id}")
    related = _related(case, export_seq)
    lines = (line + b"\n" for line in _entries(instance_id))
    bag.add(names.EVENTS, lines)
    failpoints.reach("export.middle")
    entries = (read_entry(line) for line in _entries(instance_id))
    bag.add(names.EVENTS_CSV, (row.encode() for row in write_csv(entries)))
    bag.add(names.RELATED, (row.entry.encode() + b"\n" for row in related))
    bag.add(names.CASE, [dumps(case.told).encode(), b"\n"])
    rows = (dumps(row).encode() + b"\n" for row in case.disclosures)
    bag.add(names.DISCLOSURES, rows)
    for digest, data in sorted(case.contents.items()):
        bag.add(f"data/contents/{digest}.json", [data])
    for file in DefinitionFile.objects.filter(definition_id=case.definition_id):
        bag.add(f"data/definition/{file.path}", [bytes(file.content)])
    _add_proofs(bag, instance_id, [row.id for row in related])
    for name in ("verify.py", "ed25519.py", "openings.py", "votes.py"):
        bag.add(name, [(_HERE / name).read_bytes()])
    bag.add("README.txt", [_readme(instance_id, case, now).encode()])
    bag.close(
        info=[
            ("Source-Organization", "Countersign"),
            ("External-Identifier", str(instance_id)),
            ("External-Description", f"Evidence of one case of {case.definition}"),
            ("Bagging-Date", format_time(now)[:10]),
        ]
    )


def _entries(instance_id: UUID) -> Iterator[bytes]:
    """Return the stored text of each entry in order."""
    rows = AuditEntry.objects.filter(chain=instance_id).order_by("seq")
    for text in rows.values_list("entry", flat=True).iterator(_BATCH):
        yield text.encode()


def _related(case: Case, export_seq: int) -> list[AuditEntry]:
    """Return the installation's entries of the deployment and of this export."""
    chain = AuditEntry.objects.filter(chain=INSTALLATION)
    digest = case.told["definition"]["digest"]
    deployed = chain.filter(kind="definition.deployed", entry__contains=digest)
    return [*deployed.order_by("seq"), *chain.filter(seq=export_seq)]


def _add_proofs(bag: Bag, instance_id: UUID, related: list[int]) -> None:
    """Add the newest checkpoint and the way to it of every entry it covers."""
    last = Checkpoint.objects.order_by("-size").first()
    if last is None:
        bag.add(names.INCLUSION, [])
        return
    bag.add(names.CHECKPOINT, [last.note.encode()])
    key = _find_key(last.note)
    if key is not None:
        bag.add(names.VKEY, [f"{key}\n".encode()])
    bag.add(names.INCLUSION, _proofs(instance_id, related, size=last.size))


def _find_key(note: str) -> VerifierKey | None:
    origin = note.partition("\n")[0]
    keys = KeyFolder.of_settings().read_verifier_keys()
    return next((key for key in keys if key.name == origin), None)


def _proofs(instance_id: UUID, related: list[int], *, size: int) -> Iterator[bytes]:
    tree = StoredTree()
    with connection.chunked_cursor() as cursor:
        cursor.execute(_PLACES, [instance_id, related, size])
        while places := cursor.fetchmany(_BATCH):
            for chain, seq, index in places:
                path = tree.inclusion_proof(index=index, size=size)
                proof = {
                    "chain": str(chain),
                    "leaf": index,
                    "path": [part.hex() for part in path],
                    "seq": seq,
                }
                yield dumps(proof).encode() + b"\n"


def _readme(instance_id: UUID, case: Case, now: dt.datetime) -> str:
    text = (_HERE / "readme.txt").read_text(encoding="utf-8")
    return text.format(
        instance=instance_id,
        definition=case.definition,
        entries=case.audit_seq,
        made_at=now.astimezone(dt.UTC).isoformat(timespec="seconds"),
    )
