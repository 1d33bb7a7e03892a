"""Roots and proofs of the log's tree, read from stored leaves and subtrees.

A proof in a tree of a million leaves reads a few hundred rows, since every 256 leaves
have their hash stored. Nothing here signs or writes.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from workflows.core import merkle
from workflows.core.merkle import TILE_LEVELS
from workflows.models import Leaf, Subtree

_TILES_KEPT: Final = 1_024


class TreeDamaged(RuntimeError):
    """Leaves or subtrees that must be stored are missing; the message names them."""


@dataclass(slots=True)
class StoredTree:
    """The tree as stored. Keep one for many proofs: it remembers what it read."""

    _tiles: dict[tuple[int, int], list[list[bytes]]] = field(default_factory=dict)

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
        above = level % TILE_LEVELS
        stored = level - above
        tile, within = divmod(position, 1 << (TILE_LEVELS - above))
        levels = self._tile(stored, tile)
        if above >= len(levels) or within >= len(levels[above]):
            raise TreeDamaged(
                f"The hashes of level {stored} that make up {level}/{position} are not"
                " all stored: leaves or subtrees were removed."
            )
        return levels[above][within]

    def _tile(self, stored: int, tile: int) -> list[list[bytes]]:
        """Return 256 stored hashes, and the levels that grow from them."""
        place = (stored, tile)
        if place not in self._tiles:
            if len(self._tiles) >= _TILES_KEPT:
                self._tiles.clear()
            self._tiles[place] = _grow(_read(stored, tile << TILE_LEVELS))
        return self._tiles[place]


def _grow(hashes: list[bytes]) -> list[list[bytes]]:
    """Return the complete nodes of each level above a tile's hashes, lowest first."""
    levels = [hashes]
    while len(levels) < TILE_LEVELS:
        below = levels[-1]
        pairs = range(0, len(below) - 1, 2)
        levels.append([merkle.node_hash(below[at], below[at + 1]) for at in pairs])
    return levels


def _read(level: int, first: int) -> list[bytes]:
    """Return up to 256 stored hashes from `first` on, as far as none is missing."""
    end = first + (1 << TILE_LEVELS)
    if level == 0:
        leaves = Leaf.objects.filter(leaf_index__gte=first, leaf_index__lt=end)
        rows = leaves.order_by("leaf_index").values_list("leaf_index", "leaf_hash")
        return _gapless(rows, first)
    stored = Subtree.objects.filter(level=level, position__gte=first, position__lt=end)
    return _gapless(stored.order_by("position").values_list("position", "hash"), first)


def _gapless(rows: Iterable[tuple[int, bytes | memoryview]], first: int) -> list[bytes]:
    found: list[bytes] = []
    for place, item in rows:
        if place != first + len(found):
            break
        found.append(bytes(item))
    return found
