"""Verify the whole audit log as stored: chains, heads, leaves, checkpoints.

Reads one snapshot of the database in streams, so memory stays flat and writers go on.
Finds what was changed in the database; what was cut off its end, or rewritten
throughout by somebody who also holds the signing key, is found only by comparing with
checkpoints that are kept elsewhere: pass these as `anchors` (docs/evidence.md).
"""

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, Final
from uuid import UUID

from workflows.core.chain import Fault, Head, Row, verify_chain
from workflows.core.notes import VerifierKey
from workflows.operations.log_key import KeyFolder
from workflows.operations.log_reports import Report, stream
from workflows.operations.snapshots import snapshot
from workflows.operations.tree_verification import verify_tree

__all__ = ["Report", "verify_log"]

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


def verify_log(
    *,
    folder: KeyFolder,
    chain: UUID | None = None,
    keys: Sequence[VerifierKey] = (),
    anchors: Sequence[str] = (),
) -> Report:
    """Verify every chain, or one, and the tree over them; nothing is raised for faults.

    Checkpoints may be signed by the keys of the folder, also those put aside, and by
    `keys`. `anchors` are signed notes that outsiders kept: the log must hold what each
    of them says. With `chain` the tree and the checkpoints are left out, not its leaves.
    """
    report = Report()
    known = {key.name: key for key in (*folder.read_verifier_keys(), *keys)}
    with snapshot():
        _verify_chains(report, chain)
        _verify_leaves(report, chain)
        if chain is None:
            verify_tree(report, folder=folder, keys=known, anchors=anchors)
    return report


def _verify_chains(report: Report, chain: UUID | None) -> None:
    for chain_id, records in groupby(stream(_ENTRIES, chain), key=itemgetter(0)):
        head = Head(chain_id)
        record: tuple[Any, ...] = ()
        for record in records:
            row = Row._make((*record[:8], bytes(record[8])))
            for fault in verify_chain((row,), head=head):
                report.add(fault)
            report.entries += 1
        report.chains += 1
        _compare_head(report, head, *record[9:])
    for chain_id, seq in stream(_WITHOUT_ENTRIES, chain):
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
    for chain_id, seq, index, entry_id in stream(_WRONG_LEAVES, chain):
        if chain_id is None:
            message = f"Leaf {index} is of entry id {entry_id}, which was removed."
            report.add_log_fault("leaf", message)
        else:
            message = f"Chain {chain_id}, entry {seq}: leaf {index} is of another text."
            report.add(Fault(chain_id, seq, "leaf", message))
    ((report.unsealed,),) = stream(_UNSEALED, chain)
