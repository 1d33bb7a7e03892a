"""Proofs for a bundle out of the stored tree: many entries at once, and growth."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from django.db import connection

from review.evidence.tree import list_missing
from workflows.core.canonical import dumps
from workflows.operations.proofs import StoredTree

LEAVES_HEAD: Final = "# leaves/1: chain, entry, leaf, SHA-256 of the leaf\n"
NODES_HEAD: Final = (
    "# nodes/1: hashes beside the leaves, by level, from left to right\n"
)
_PLACES: Final = """
    SELECT e.chain, e.seq, l.leaf_index, encode(l.leaf_hash, 'hex')
    FROM unnest(%s::uuid[]) WITH ORDINALITY AS c (id, place)
    JOIN workflows_auditentry e ON e.chain = c.id
    JOIN workflows_leaf l ON l.entry_id = e.id
    WHERE l.leaf_index < %s ORDER BY c.place, e.seq
"""
_SINGLE: Final = """
    SELECT e.chain, e.seq, l.leaf_index, encode(l.leaf_hash, 'hex')
    FROM workflows_auditentry e JOIN workflows_leaf l ON l.entry_id = e.id
    WHERE e.chain = %s AND e.seq = ANY(%s) AND l.leaf_index < %s ORDER BY e.seq
"""
_BATCH: Final = 2_000


@dataclass(slots=True)
class Prover:
    """Collects the places of entries in a tree of `size`, then proves them together."""

    size: int
    places: array[int] = field(default_factory=lambda: array("Q"))
    _tree: StoredTree = field(default_factory=StoredTree)

    def list_leaves(
        self, cases: Iterable[Sequence[tuple[UUID, int]]]
    ) -> Iterator[bytes]:
        """Return a line for each sealed entry of cases, which come part by part.

        Of each case entries up to the number beside it are in the bundle.
        """
        yield LEAVES_HEAD.encode()
        for part in cases:
            last = dict(part)
            with connection.chunked_cursor() as cursor:
                cursor.execute(_PLACES, [list(last), self.size])
                while rows := cursor.fetchmany(_BATCH):
                    yield self._write(row for row in rows if row[1] <= last[row[0]])

    def list_related(self, chain: UUID, seqs: Sequence[int]) -> Iterator[bytes]:
        """Return the same for some entries of the installation's chain."""
        with connection.cursor() as cursor:
            cursor.execute(_SINGLE, [chain, list(seqs), self.size])
            yield self._write(cursor.fetchall())

    def _write(self, rows: Iterable[tuple[UUID, int, int, str]]) -> bytes:
        lines = []
        for chain, seq, place, digest in rows:
            self.places.append(place)
            lines.append(f"{chain} {seq} {place} {digest}\n")
        return "".join(lines).encode()

    def list_nodes(self) -> Iterator[bytes]:
        """Return the hashes that lead from all these entries to the root."""
        yield NODES_HEAD.encode()
        if not self.places:
            return
        ordered = array("Q", sorted(self.places))
        for level, position in list_missing(ordered, self.size):
            start = position << level
            end = min((position + 1) << level, self.size)
            yield self._tree.stretch(start, end).hex().encode() + b"\n"

    def prove_growth(self, *, old_size: int, old_note: str) -> bytes | None:
        """Return the proof that the log begins with that of an earlier checkpoint.

        None where there is none, or it is of a larger log.
        """
        if not 0 < old_size <= self.size:
            return None
        path = self._tree.consistency_proof(old_size=old_size, size=self.size)
        told = {
            "schema": "consistency/1",
            "from": old_note,
            "path": [part.hex() for part in path],
        }
        return dumps(told).encode() + b"\n"
