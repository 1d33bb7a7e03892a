"""The log as files that public tools read (c2sp.org/tlog-tiles). Reads only.

Only what the newest checkpoint covers is given out, so nothing is served that no
signature speaks of.
"""

from workflows.core.tiles import Tile, pack_entries
from workflows.driver import fetch
from workflows.models import Checkpoint
from workflows.operations.proofs import TreeDamaged

_LEAVES = """
    SELECT leaf_hash FROM workflows_leaf
    WHERE leaf_index >= %b AND leaf_index < %b ORDER BY leaf_index
"""
_SUBTREES = """
    SELECT hash FROM workflows_subtree
    WHERE level = %b AND position >= %b AND position < %b ORDER BY position
"""
_ENTRIES = """
    SELECT e.entry FROM workflows_leaf l JOIN workflows_auditentry e ON e.id = l.entry_id
    WHERE l.leaf_index >= %b AND l.leaf_index < %b ORDER BY l.leaf_index
"""


def read_note() -> str | None:
    """Return the newest checkpoint as signed; None before the first."""
    return Checkpoint.objects.order_by("-size").values_list("note", flat=True).first()


def read_tile(tile: Tile) -> bytes | None:
    """Return a tile's bytes; None where no checkpoint covers it.

    Raises `TreeDamaged` where rows that were signed are missing.
    """
    size = Checkpoint.objects.order_by("-size").values_list("size", flat=True).first()
    if size is None or not tile.exists(size):
        return None
    start, end = tile.start, tile.start + tile.width
    if tile.level is None:
        rows = fetch(_ENTRIES, [start, end])
    elif tile.level == 0:
        rows = fetch(_LEAVES, [start, end])
    else:
        rows = fetch(_SUBTREES, [8 * tile.level, start, end])
    if len(rows) != tile.width:
        raise TreeDamaged(
            f"Of {tile.width} rows of a tile of level {tile.level or 0} {len(rows)} are"
            " stored: run `manage.py verify_audit`."
        )
    if tile.level is None:
        return pack_entries(entry.encode() for (entry,) in rows)
    return b"".join(bytes(one) for (one,) in rows)
