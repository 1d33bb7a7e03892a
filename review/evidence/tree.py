"""The log's tree: checkpoints, proofs of many entries at once, proofs of growth.

Ships in every bundle: Python 3.9 or newer, nothing else needed.
"""

from __future__ import annotations

import base64
import hashlib
from array import array
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from review.evidence.ed25519 import verify_ed25519

HASH = 32
ED25519 = b"\x01"
"""How the encoded key of a log begins."""


class Checkpoint(NamedTuple):
    """A signed statement of the log's size and root."""

    origin: str
    size: int
    root: bytes


class Key(NamedTuple):
    """An Ed25519 public key, whose it is and the four bytes that mark its signatures."""

    name: str
    mark: bytes
    public: bytes


def read_key(text: str, algorithm: bytes = ED25519) -> Key:
    """Read a public key `name+id+key` (C2SP vkey); ValueError where it is none."""
    name, key_id, encoded = text.strip().split("+", 2)
    public = base64.b64decode(encoded, validate=True)
    mark = hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]
    if public[:1] != algorithm or len(public) != 33 or mark.hex() != key_id:
        raise ValueError("the public key is not one, or not as it was")
    return Key(name, mark, public[1:])


def read_note(note: str, key: Key) -> Checkpoint:
    """Open a C2SP signed note of a checkpoint; ValueError where it is not good."""
    text, _, signatures = note.partition("\n\n")
    text += "\n"
    for line in signatures.splitlines():
        mark, signer, blob = line.split(" ")
        data = base64.b64decode(blob, validate=True)
        if (mark, signer, data[:4]) != ("\u2014", key.name, key.mark):
            continue
        if not verify_ed25519(key.public, text.encode(), data[4:]):
            raise ValueError("the signature is not good")
        origin, size, root = text.splitlines()
        if origin != key.name:
            raise ValueError("the checkpoint is of another log")
        return Checkpoint(origin, int(size), base64.b64decode(root, validate=True))
    raise ValueError(f"it is not signed by {key.name}")


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf (RFC 6962 2.1)."""
    return hashlib.sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two neighbouring subtrees (RFC 6962 2.1)."""
    return hashlib.sha256(b"\1" + left + right).digest()


# Note [One proof for many entries]
# A path for each of 100,000 entries would repeat the same hashes again and again. The
# proof of all together is only those hashes that cannot be computed from the entries
# themselves. Level by level from the leaves up, from left to right: two neighbours that
# are both known give the node above; where one is missing, the proof gives it next. A
# last node without a neighbour goes up as it is: this is RFC 6962's tree of any size.


class Leaves:
    """Places and hashes of leaves, packed: forty bytes for each."""

    def __init__(self) -> None:
        self.places = array("Q")
        self.hashes = bytearray()

    def add(self, place: int, leaf: bytes) -> None:
        """Take a leaf."""
        self.places.append(place)
        self.hashes += leaf

    def __len__(self) -> int:
        return len(self.places)

    def sorted(self) -> Leaves:
        """Return them in the order of their places; ValueError where one comes twice."""
        order = sorted(range(len(self)), key=self.places.__getitem__)
        found = Leaves()
        last = -1
        for at in order:
            place = self.places[at]
            if place == last:
                raise ValueError(f"leaf {place} is there twice")
            found.add(place, bytes(self.hashes[HASH * at : HASH * (at + 1)]))
            last = place
        return found


def list_missing(places: Sequence[int], size: int) -> Iterator[tuple[int, int]]:
    """Return level and position of each hash that the proof of these leaves needs.

    `places` are in order. In the order in which `compute_root` asks for them.
    """
    level, width = 0, size
    while width > 1:
        above = array("Q")
        at, count = 0, len(places)
        while at < count:
            place = places[at]
            at += 1
            beside = place ^ 1
            if beside < width:
                if not place & 1 and at < count and places[at] == beside:
                    at += 1
                else:
                    yield level, beside
            above.append(place >> 1)
        places, level, width = above, level + 1, (width + 1) >> 1


def compute_root(leaves: Leaves, size: int, nodes: Iterator[bytes]) -> bytes:
    """Return the root over leaves in order, with the nodes that stand beside them.

    ValueError where there are too few or too many nodes, or no leaves.
    """
    if not leaves or leaves.places[-1] >= size:
        raise ValueError("there are no leaves, or more than the log has")
    level, width = leaves, size
    while width > 1:
        above = Leaves()
        at, count = 0, len(level)
        places, hashes = level.places, level.hashes
        while at < count:
            place, node = places[at], bytes(hashes[HASH * at : HASH * (at + 1)])
            at += 1
            beside = place ^ 1
            if beside < width:
                if not place & 1 and at < count and places[at] == beside:
                    other = bytes(hashes[HASH * at : HASH * (at + 1)])
                    at += 1
                else:
                    other = next(nodes, b"")
                    if len(other) != HASH:
                        raise ValueError("the proof is too short")
                node = node_hash(other, node) if place & 1 else node_hash(node, other)
            above.add(place >> 1, node)
        level, width = above, (width + 1) >> 1
    if next(nodes, None) is not None:
        raise ValueError("the proof is too long")
    return bytes(level.hashes)


def is_consistent(old: Checkpoint, new: Checkpoint, path: Sequence[bytes]) -> bool:
    """Tell whether the newer log begins with the older one (RFC 9162 2.1.4.2)."""
    if old.size == new.size:
        return old.root == new.root and not path
    if not 0 < old.size < new.size or not path:
        return False
    proof = list(path) if old.size & (old.size - 1) else [old.root, *path]
    place, last = old.size - 1, new.size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    older = newer = proof[0]
    for beside in proof[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            older, newer = node_hash(beside, older), node_hash(beside, newer)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            newer = node_hash(newer, beside)
        place, last = place >> 1, last >> 1
    return last == 0 and older == old.root and newer == new.root
