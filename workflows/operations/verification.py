"""Verify the whole audit log as stored: chains, heads, leaves, checkpoints.

Reads one snapshot of the database in streams, so memory stays flat and writers go on.
Finds what was changed in the database; what was cut off its end, or rewritten
throughout by somebody who also holds the signing key, is found only by comparing with
checkpoints that are kept elsewhere (docs/evidence.md).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any, Final
from uuid import UUID

from django.db import connection

from workflows.core.chain import Fault, Head, Row, verify_chain
from workflows.core.merkle import Frontier
from workflows.core.notes import Checkpoint, NoteError, VerifierKey
from workflows.operations.log_key import KeyFolder, open_checkpoint
from workflows.operations.snapshots import snapshot

FAULTS_KEPT: Final = 1_000
_NO_CHAIN: Final = UUID(int=0)
_BATCH: Final = 5_000

_ENTRIES: Final = """
    SELECT e.chain, e.seq, e.kind, e.actor, e.at, e.occurred_at, e.step_id, e.entry,
        e.hash, COALESCE(i.audit_seq, c.seq), COALESCE(i.audit_head, c.head)
    FROM workflows_auditentry e
    LEFT JOIN workflows_instance i ON i.id = e.chain
    LEFT JOIN workflows_auditchain c ON c.id = e.chain
    WHERE %(chain)s::uuid IS NULL OR e.chain = %(chain)s
    ORDER BY e.chain, e.seq
"""
_WITHOUT_ENTRIES: Final = """
    SELECT owner.id, owner.seq FROM (
        SELECT id, audit_seq AS seq FROM workflows_instance
        UNION ALL SELECT id, seq FROM workflows_auditchain WHERE seq > 0) owner
    WHERE (%(chain)s::uuid IS NULL OR owner.id = %(chain)s)
        AND NOT EXISTS (SELECT FROM workflows_auditentry WHERE chain = owner.id)
    ORDER BY owner.id
"""
_WRONG_LEAVES: Final = """
    SELECT e.chain, e.seq, l.leaf_index, l.entry_id
    FROM workflows_leaf l LEFT JOIN workflows_auditentry e ON e.id = l.entry_id
    WHERE (%(chain)s::uuid IS NULL OR e.chain = %(chain)s)
        AND l.leaf_hash IS DISTINCT FROM
            sha256('\\x00'::bytea || convert_to(e.entry, 'UTF8'))
    ORDER BY l.leaf_index
"""
_UNSEALED: Final = """
    SELECT count(*) FROM workflows_auditentry e
    WHERE (%(chain)s::uuid IS NULL OR e.chain = %(chain)s)
        AND NOT EXISTS (SELECT FROM workflows_leaf l WHERE l.entry_id = e.id)
"""
_LEAVES: Final = "SELECT leaf_index, leaf_hash FROM workflows_leaf ORDER BY leaf_index"
_CHECKPOINTS: Final = "SELECT size, root, note FROM workflows_checkpoint ORDER BY size"


@dataclass(slots=True)
class Report:
    """What was read and what was wrong; the first `FAULTS_KEPT` faults are kept."""

    entries: int = 0
    chains: int = 0
    leaves: int = 0
    checkpoints: int = 0
    unsealed: int = 0
    fault_count: int = 0
    faults: list[Fault] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return self.fault_count == 0

    def add(self, fault: Fault) -> None:
        """Count a fault, and keep it while there is room."""
        self.fault_count += 1
        if len(self.faults) < FAULTS_KEPT:
            self.faults.append(fault)

    def add_log_fault(self, code: str, message: str) -> None:
        """Count a fault of the tree, which belongs to no chain."""
        self.add(Fault(_NO_CHAIN, 0, code, message))


def verify_log(
    *,
    folder: KeyFolder,
    chain: UUID | None = None,
    keys: Sequence[VerifierKey] = (),
) -> Report:
    """Verify every chain, or one, and the tree over them; nothing is raised for faults.

    Checkpoints may be signed by the keys of the folder, also those put aside, and by
    `keys`. With `chain` the tree and the checkpoints are left out, not its leaves.
    """
    report = Report()
    known = {key.name: key for key in (*folder.read_verifier_keys(), *keys)}
    with snapshot():
        _verify_chains(report, chain)
        _verify_leaves(report, chain)
        if chain is None:
            _verify_tree(report, folder, known)
    return report


def _stream(sql: str, chain: UUID | None = None) -> Iterator[tuple[Any, ...]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, {"chain": chain})
        while rows := cursor.fetchmany(_BATCH):
            yield from rows


def _verify_chains(report: Report, chain: UUID | None) -> None:
    for chain_id, records in groupby(_stream(_ENTRIES, chain), key=itemgetter(0)):
        head = Head(chain_id)
        record: tuple[Any, ...] = ()
        for record in records:
            row = Row._make((*record[:8], bytes(record[8])))
            for fault in verify_chain((row,), head=head):
                report.add(fault)
            report.entries += 1
        report.chains += 1
        _compare_head(report, head, *record[9:])
    for chain_id, seq in _stream(_WITHOUT_ENTRIES, chain):
        message = f"Chain {chain_id} has no entries, but should have {seq}."
        report.add(Fault(chain_id, seq, "head", message))


def _compare_head(
    report: Report, head: Head, seq: int | None, last: bytes | None
) -> None:
    if seq is None or last is None:
        what = "belongs to no instance: the instance's row was removed"
    elif seq != head.seq:
        what = f"ends with entry {head.seq}, but the last one recorded is {seq}"
    elif bytes(last) != head.hash:
        what = f"ends with another entry {seq} than the one recorded"
    else:
        return
    report.add(Fault(head.chain, head.seq, "head", f"Chain {head.chain} {what}."))


def _verify_leaves(report: Report, chain: UUID | None) -> None:
    for chain_id, seq, index, entry_id in _stream(_WRONG_LEAVES, chain):
        if chain_id is None:
            message = f"Leaf {index} is of entry id {entry_id}, which was removed."
            report.add_log_fault("leaf", message)
        else:
            message = f"Chain {chain_id}, entry {seq}: leaf {index} is of another text."
            report.add(Fault(chain_id, seq, "leaf", message))
    ((report.unsealed,),) = _stream(_UNSEALED, chain)


def _verify_tree(
    report: Report, folder: KeyFolder, keys: Mapping[str, VerifierKey]
) -> None:
    """Build the tree anew and compare it with every checkpoint on the way."""
    frontier = Frontier()
    checkpoints = _stream(_CHECKPOINTS)
    due = next(checkpoints, None)
    last_word = _read_last_word(report, folder, keys)
    for expected, (index, leaf) in enumerate(_stream(_LEAVES)):
        if index != expected:
            message = f"Leaf {expected} is missing; the next one is {index}."
            report.add_log_fault("leaf", message)
            return
        frontier.append(bytes(leaf))
        frontier.finished.clear()
        if last_word and last_word.size == frontier.size:
            _compare_root(report, frontier, last_word, "last signed checkpoint")
        while due and due[0] == frontier.size:
            _verify_checkpoint(report, frontier, due, keys)
            due = next(checkpoints, None)
    report.leaves = frontier.size
    beyond = [row[0] for row in (due, *checkpoints) if row]
    if last_word and last_word.size > frontier.size:
        beyond.append(last_word.size)
    for size in beyond:
        message = f"A checkpoint over {size} entries was signed; {frontier.size} stand."
        report.add_log_fault("checkpoint", message)


def _verify_checkpoint(
    report: Report,
    frontier: Frontier,
    stored: tuple[Any, ...],
    keys: Mapping[str, VerifierKey],
) -> None:
    size, root, note = stored
    report.checkpoints += 1
    checkpoint = _open(report, note, keys, f"checkpoint {size}")
    if checkpoint is None:
        return
    if checkpoint.size != size or checkpoint.root != bytes(root):
        message = f"Checkpoint {size}: the signed note states other than its columns."
        report.add_log_fault("checkpoint", message)
    _compare_root(report, frontier, checkpoint, f"checkpoint {size}")


def _compare_root(
    report: Report, frontier: Frontier, checkpoint: Checkpoint, name: str
) -> None:
    if checkpoint.size == frontier.size and checkpoint.root != frontier.root():
        message = (
            f"The {name}: the first {frontier.size} entries are not those it signed."
        )
        report.add_log_fault("checkpoint", message)


def _read_last_word(
    report: Report, folder: KeyFolder, keys: Mapping[str, VerifierKey]
) -> Checkpoint | None:
    note = folder.read_last_note()
    return _open(report, note, keys, "last signed checkpoint") if note else None


def _open(
    report: Report, note: str, keys: Mapping[str, VerifierKey], name: str
) -> Checkpoint | None:
    origin = note.partition("\n")[0]
    key = keys.get(origin)
    try:
        if key is None:
            raise NoteError(f"there is no public key of {origin!r}; pass it by --key.")
        return open_checkpoint(note, key=key)
    except NoteError as error:
        report.add_log_fault("signature", f"The {name}: {error}")
        return None
