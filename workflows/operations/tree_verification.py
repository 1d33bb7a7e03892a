"""Build the tree of the log anew and compare it with all that was ever said of it.

Said of it is by: the checkpoints in the database, the last words in the key's folder,
and the notes that outsiders kept. Only the last two bind who owns the database, and
only the last binds who holds the key as well.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from workflows.core.merkle import Frontier, leaf_hash
from workflows.core.notes import Checkpoint, NoteError, VerifierKey
from workflows.operations.epochs import list_epochs
from workflows.operations.log_key import KeyFolder, open_checkpoint
from workflows.operations.log_reports import Epoch, Report, stream

_LEAVES: Final = """
    SELECT leaf_index, leaf_hash, NULL FROM workflows_leaf ORDER BY leaf_index
"""
# With notes from outside nothing the database says of hashes is believed.
_ENTRIES_AS_LEAVES: Final = """
    SELECT l.leaf_index, l.leaf_hash, e.entry FROM workflows_leaf l
    LEFT JOIN workflows_auditentry e ON e.id = l.entry_id ORDER BY l.leaf_index
"""
_NEWEST: Final = "SELECT COALESCE(max(size), 0) FROM workflows_checkpoint"
_CHECKPOINTS: Final = """
    SELECT size, root, edge, note FROM workflows_checkpoint ORDER BY size
"""
# In the order in which they get complete: by their last leaf, the smaller first.
_SUBTREES: Final = """
    SELECT level, position, hash FROM workflows_subtree
    ORDER BY (position::numeric + 1) * (2::numeric ^ level), level
"""


@dataclass(frozen=True, slots=True)
class _Word:
    """A statement about the log that is kept outside the database."""

    name: str
    checkpoint: Checkpoint
    is_anchor: bool


@dataclass(slots=True)
class _Walk:
    """Where the tree stands, and what is still to be compared on the way."""

    report: Report
    keys: Mapping[str, VerifierKey]
    frontier: Frontier = field(default_factory=Frontier)
    words: dict[int, list[_Word]] = field(default_factory=lambda: defaultdict(list))
    signed: int = 0

    def fault(self, code: str, message: str) -> None:
        self.report.add_log_fault(code, message)

    def open(self, note: str, name: str) -> Checkpoint | None:
        origin = note.partition("\n")[0]
        key = self.keys.get(origin)
        try:
            if key is None:
                raise NoteError(
                    f"there is no public key of {origin!r}; pass it by --key."
                )
            return open_checkpoint(note, key=key)
        except NoteError as error:
            self.fault("signature", f"The {name}: {error}")
            return None

    def compare(self, checkpoint: Checkpoint, name: str) -> bool:
        """Compare a statement over as many entries as the tree has now."""
        if checkpoint.root == self.frontier.root():
            return True
        size = self.frontier.size
        self.fault(
            "checkpoint",
            f"The {name}: the first {size} entries are not those it signed.",
        )
        return False


def verify_tree(
    report: Report,
    *,
    folder: KeyFolder,
    keys: Mapping[str, VerifierKey],
    anchors: Sequence[str],
) -> None:
    """Report the leaves, and each statement that the tree over them does not bear out."""
    report.epochs = list_epochs(keys)
    ((signed,),) = stream(_NEWEST)
    walk = _Walk(report, keys, signed=signed)
    _gather_words(walk, folder=folder, anchors=anchors)
    checkpoints, subtrees = stream(_CHECKPOINTS), stream(_SUBTREES)
    due, part = next(checkpoints, None), next(subtrees, None)
    _compare_words(walk)
    leaves = stream(_ENTRIES_AS_LEAVES if anchors else _LEAVES)
    for expected, (index, leaf, entry) in enumerate(leaves):
        if index != expected:
            walk.fault("leaf", f"Leaf {expected} is missing; the next one is {index}.")
            return
        walk.frontier.append(bytes(leaf) if entry is None else _hash(entry))
        if walk.frontier.finished:
            part = _compare_subtrees(walk, part, subtrees)
        if walk.frontier.size in walk.words:
            _compare_words(walk)
        while due and due[0] <= walk.frontier.size:
            _compare_checkpoint(walk, due)
            due = next(checkpoints, None)
    report.leaves = walk.frontier.size
    if part is not None:
        walk.fault("subtree", f"Subtree {part[0]}/{part[1]} is over no such entries.")
    _tell_rest(walk, [row[0] for row in (due, *checkpoints) if row])


def _hash(entry: str) -> bytes:
    return leaf_hash(entry.encode("utf-8", "surrogatepass"))


def _tell_rest(walk: _Walk, sizes: Sequence[int]) -> None:
    """Report what was signed over more entries than there are."""
    for size in sizes:
        _tell_beyond(walk, "checkpoint", size)
    for size in sorted(size for size in walk.words if size > walk.frontier.size):
        for word in walk.words[size]:
            _tell_beyond(walk, word.name, size)


def _tell_beyond(walk: _Walk, name: str, size: int) -> None:
    stand = walk.frontier.size
    message = f"A {name} over {size} entries was signed; {stand} stand."
    walk.fault("checkpoint", message)


def _gather_words(walk: _Walk, *, folder: KeyFolder, anchors: Sequence[str]) -> None:
    """Open all notes from outside; leave out those whose loss the log itself declares.

    That holds for last words of keys put aside alone. Who kept a note elsewhere is to
    hear of every one that the log does not bear out, whatever the log says of it.
    """
    cuts = {epoch.old_origin: epoch for epoch in walk.report.epochs if epoch.was_cut}
    for note in folder.read_last_notes():
        checkpoint = walk.open(note, "last signed checkpoint")
        if checkpoint and not _is_cut(checkpoint, cuts):
            word = _Word("last signed checkpoint", checkpoint, is_anchor=False)
            walk.words[checkpoint.size].append(word)
    for note in anchors:
        name = "checkpoint at an anchor"
        checkpoint = walk.open(note, name)
        if checkpoint:
            walk.words[checkpoint.size].append(_Word(name, checkpoint, is_anchor=True))


def _is_cut(checkpoint: Checkpoint, cuts: Mapping[str, Epoch]) -> bool:
    epoch = cuts.get(checkpoint.origin)
    return epoch is not None and checkpoint.size > (epoch.kept or 0)


def _compare_words(walk: _Walk) -> None:
    for word in walk.words.get(walk.frontier.size, ()):
        if walk.compare(word.checkpoint, word.name) and word.is_anchor:
            walk.report.anchors += 1
            walk.report.anchored = max(walk.report.anchored, walk.frontier.size)


def _compare_checkpoint(walk: _Walk, stored: tuple[Any, ...]) -> None:
    size, root, edge, note = stored
    walk.report.checkpoints += 1
    name = f"checkpoint {size}"
    checkpoint = walk.open(note, name)
    if checkpoint is None:
        return
    if checkpoint.size != size or checkpoint.root != bytes(root):
        message = f"Checkpoint {size}: the signed note states other than its columns."
        walk.fault("checkpoint", message)
    if checkpoint.size == walk.frontier.size:
        walk.compare(checkpoint, name)
    if size == walk.frontier.size and bytes(edge) != walk.frontier.to_bytes():
        walk.fault("checkpoint", f"The stored edge of checkpoint {size} is another's.")


def _compare_subtrees(
    walk: _Walk, part: tuple[Any, ...] | None, rest: Iterator[tuple[Any, ...]]
) -> tuple[Any, ...] | None:
    """Compare the subtrees that just got complete; return the next one stored."""
    for built in walk.frontier.finished:
        place = (built.level, built.position)
        if part is None or (part[0], part[1]) != place:
            # Those of the last entries are stored when these are signed.
            if walk.frontier.size <= walk.signed:
                walk.fault("subtree", f"Subtree {place[0]}/{place[1]} is missing.")
            continue
        if bytes(part[2]) != built.hash:
            message = f"Subtree {place[0]}/{place[1]} is not that of its entries."
            walk.fault("subtree", message)
        part = next(rest, None)
    walk.frontier.finished.clear()
    return part
