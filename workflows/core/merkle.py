"""Merkle trees of RFC 6962 section 2.1 (RFC 9162 2.1): hashes, proofs, checks.

Hashes are 32 bytes (SHA-256). A tree is its list of leaf hashes; `D[start:end]` below
means a stretch of them. No storage here: proofs ask a function for the hashes of
stretches, so that who has stored subtrees need not read every leaf.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
HASH_BYTES: Final = 32
TILE_LEVELS: Final = 8
"""Subtrees of 256**n leaves are worth keeping: tlog-tiles cuts there as well."""


class Subtree(NamedTuple):
    """The hash over the 2**level leaves from position * 2**level on."""

    level: int
    position: int
    hash: bytes


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf's bytes."""
    return hashlib.sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two neighbouring subtrees."""
    return hashlib.sha256(b"\1" + left + right).digest()


@dataclass(slots=True)
class Frontier:
    """The right edge of a growing tree: one hash per set bit of its size.

    It is all that is needed to add leaves and to know the root, so that sealing costs
    what is new. `finished` collects every subtree of 256, 65,536, ... leaves that got
    complete; take them away to keep it small.
    """

    size: int = 0
    nodes: list[bytes] = field(default_factory=list)
    finished: list[Subtree] = field(default_factory=list)

    def append(self, leaf: bytes) -> None:
        """Add one leaf by its hash."""
        node, level, rest = leaf, 0, self.size
        while rest & 1:
            node = node_hash(self.nodes.pop(), node)
            rest >>= 1
            level += 1
            if level % TILE_LEVELS == 0:
                self.finished.append(Subtree(level, rest, node))
        self.nodes.append(node)
        self.size += 1

    def root(self) -> bytes:
        """Return the root of the tree as it stands."""
        return _fold(self.nodes)

    def to_bytes(self) -> bytes:
        """Return the hashes end to end; the size is kept beside them."""
        return b"".join(self.nodes)

    @classmethod
    def from_bytes(cls, *, size: int, data: bytes) -> "Frontier":
        """Read what `to_bytes` wrote; raises `ValueError` where it cannot fit."""
        if len(data) != size.bit_count() * HASH_BYTES:
            raise ValueError(f"{len(data)} bytes are no edge of a tree of {size}.")
        parts = range(0, len(data), HASH_BYTES)
        return cls(size=size, nodes=[data[at : at + HASH_BYTES] for at in parts])


def _fold(nodes: Sequence[bytes]) -> bytes:
    """Return the root over perfect subtrees, given from left to right."""
    if not nodes:
        return EMPTY_ROOT
    root = nodes[-1]
    for node in reversed(nodes[:-1]):
        root = node_hash(node, root)
    return root


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def perfect_parts(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut D[start:end] into the fewest perfect subtrees, as (level, position).

    `start` is a multiple of the largest power of two up to `end - start`, as it is for
    every stretch a proof asks for.
    """
    while start < end:
        level = (end - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level


def hash_stretch(start: int, end: int, subtree: Callable[[int, int], bytes]) -> bytes:
    """Return the root over D[start:end] from `subtree(level, position)`."""
    return _fold([subtree(level, at) for level, at in perfect_parts(start, end)])


def _split(size: int) -> int:
    """Return the largest power of two smaller than `size` (which is 2 or more)."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_proof(
    *, index: int, size: int, stretch: Callable[[int, int], bytes]
) -> list[bytes]:
    """Return the audit path of a leaf, lowest sibling first (RFC 6962 2.1.1).

    `stretch(start, end)` gives the root over D[start:end]. Raises `ValueError` where
    the leaf is not in the tree.
    """
    if not 0 <= index < size:
        raise ValueError(f"Leaf {index} is not in a tree of {size}.")
    start, end = 0, size
    path: list[bytes] = []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(stretch(middle, end))
            end = middle
        else:
            path.append(stretch(start, middle))
            start = middle
    return path[::-1]


def consistency_proof(
    *, old_size: int, size: int, stretch: Callable[[int, int], bytes]
) -> list[bytes]:
    """Return the proof that the tree of `old_size` is a prefix (RFC 6962 2.1.2).

    Raises `ValueError` where `old_size` is 0 or beyond the tree.
    """
    if not 0 < old_size <= size:
        raise ValueError(f"A tree of {old_size} is no prefix of one of {size}.")
    start, end = 0, size
    path: list[bytes] = []
    while end != old_size:
        middle = start + _split(end - start)
        if old_size <= middle:
            path.append(stretch(middle, end))
            end = middle
        else:
            path.append(stretch(start, middle))
            start = middle
    if start:
        path.append(stretch(start, end))
    return path[::-1]


def verify_inclusion(
    *, leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Tell whether the proof leads from a leaf hash to the root (RFC 9162 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    position, last, node = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            node = node_hash(sibling, node)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            node = node_hash(node, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and node == root


def verify_consistency(
    *,
    old_size: int,
    size: int,
    old_root: bytes,
    root: bytes,
    proof: Sequence[bytes],
) -> bool:
    """Tell whether the newer tree begins with the older (RFC 9162 2.1.4.2).

    The empty tree begins every tree and needs no proof.
    """
    if old_size == 0:
        return old_root == EMPTY_ROOT and not proof
    if old_size == size:
        return old_root == root and not proof
    if old_size > size or not proof:
        return False
    path = list(proof) if old_size & (old_size - 1) else [old_root, *proof]
    position, last = old_size - 1, size - 1
    while position & 1:
        position >>= 1
        last >>= 1
    older = newer = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            older, newer = node_hash(sibling, older), node_hash(sibling, newer)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            newer = node_hash(newer, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and older == old_root and newer == root
