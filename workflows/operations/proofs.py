"""Roots and proofs of the log's tree, read from stored leaves and subtrees.

A proof in a tree of a million leaves reads a few hundred rows, since every 256 leaves
have their hash stored. Nothing here signs or writes.
"""

from dataclasses import dataclass, field

from workflows.core import merkle
from workflows.core.merkle import TILE_LEVELS
from workflows.models import Leaf, Subtree


class TreeDamaged(RuntimeError):
    """Leaves or subtrees that must be stored are missing; the message names them."""


@dataclass(slots=True)
class StoredTree:
    """The tree as stored. Keep one for many proofs: it remembers what it read."""

    _known: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def stretch(self, start: int, end: int) -> bytes:
        """Return the root over the leaves from `start` to before `end`."""
        return merkle.hash_stretch(start, end, self.subtree)

    def root(self, size: int) -> bytes:
        """Return the root when the log had `size` entries."""
        return self.stretch(0, size)

    def inclusion_proof(self, *, index: int, size: int) -> list[bytes]:
        """Return the audit path of a leaf in the tree of `size`."""
        return merkle.inclusion_proof(index=index, size=size, stretch=self.stretch)

    def consistency_proof(self, *, old_size: int, size: int) -> list[bytes]:
        """Return the proof that the tree of `old_size` begins that of `size`."""
        return merkle.consistency_proof(
            old_size=old_size, size=size, stretch=self.stretch
        )

    def subtree(self, level: int, position: int) -> bytes:
        """Return the hash over 2**level leaves; raises `TreeDamaged`."""
        place = (level, position)
        if place not in self._known:
            self._known[place] = self._build(level, position)
        return self._known[place]

    def _build(self, level: int, position: int) -> bytes:
        # From the largest stored subtrees that are not larger than what is asked for.
        stored = level - level % TILE_LEVELS
        first, count = position << (level - stored), 1 << (level - stored)
        hashes = _read(stored, first, count)
        if len(hashes) != count:
            raise TreeDamaged(
                f"Of the {count} hashes of level {stored} from {first} on,"
                f" {count - len(hashes)} are missing."
            )
        return merkle.tree_root(hashes)


def _read(level: int, first: int, count: int) -> list[bytes]:
    places = range(first, first + count)
    if level == 0:
        found = Leaf.objects.filter(
            leaf_index__gte=places.start, leaf_index__lt=places.stop
        )
        hashes = found.order_by("leaf_index").values_list("leaf_hash", flat=True)
        return [bytes(item) for item in hashes]
    stored = Subtree.objects.filter(
        level=level, position__gte=places.start, position__lt=places.stop
    )
    rows = stored.order_by("position").values_list("hash", flat=True)
    return [bytes(item) for item in rows]
