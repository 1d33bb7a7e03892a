"""Seal the log: give entries their places in one Merkle tree and sign its root.

Two transactions, each under the same lock, so that any number of sealers may run:

1. `sequence`: entries without a leaf get the next places. What got a place keeps it.
2. `sign`: the tree as committed is compared with the last signed checkpoint, which is
   kept outside the database, and signed if it grew out of that one.

The places are committed before anything is signed: a signature can never speak of
places that a crash takes back.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from django.db import connection, transaction

from workflows import audit, failpoints
from workflows.audit import Draft
from workflows.core.actors import Actor
from workflows.core.merkle import Frontier, Subtree
from workflows.core.notes import Checkpoint, NoteError
from workflows.models import Checkpoint as CheckpointRow
from workflows.models import Leaf
from workflows.models import Subtree as SubtreeRow
from workflows.operations.epochs import KEY_REPLACED, RESTORED, read_last_word
from workflows.operations.errors import Conflict
from workflows.operations.log_key import (
    KeyFolder,
    KeyMissing,
    LogKey,
    open_checkpoint,
)
from workflows.operations.proofs import StoredTree, TreeDamaged

_LOCK: Final = 0x636F756E746572  # advisory lock of the one sealer at work
BATCH: Final = 20_000
_SETTLED_SECONDS: Final = 60.0

_SEQUENCE: Final = """
    INSERT INTO workflows_leaf (leaf_index, entry_id, leaf_hash)
    SELECT place.size + row_number() OVER (ORDER BY entry.id) - 1, entry.id,
        sha256('\\x00'::bytea || convert_to(entry.entry, 'UTF8'))
    FROM (SELECT id FROM workflows_auditentry
          WHERE id > %(floor)s AND NOT EXISTS (
              SELECT FROM workflows_leaf
              WHERE entry_id = workflows_auditentry.id AND entry_id > %(floor)s)
          ORDER BY id LIMIT %(limit)s) fresh
    JOIN workflows_auditentry entry USING (id)
    CROSS JOIN (SELECT COALESCE(max(leaf_index) + 1, 0) AS size
                FROM workflows_leaf) place
"""
_LOOK: Final = """
    SELECT COALESCE(max(id), 0), pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
        pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
        extract(epoch FROM clock_timestamp())::float8
    FROM workflows_auditentry
"""


class LogForked(Conflict):
    """The tree in the database did not grow out of the last signed checkpoint."""

    code = "log-forked"


@dataclass(frozen=True, slots=True)
class Sealed:
    """What one call did: entries given a place, and the size signed now (or None).

    `busy` tells that another sealer was at work; `more` that entries were left over.
    """

    entries: int = 0
    size: int | None = None
    busy: bool = False
    more: bool = False


@dataclass(frozen=True, slots=True)
class _Look:
    """What was visible at one moment: the highest id, and open transactions."""

    highest_id: int
    oldest_open: int
    next_transaction: int
    at: float


@dataclass(slots=True)
class Floor:
    """The id up to which every entry surely has its leaf; a sealer keeps one.

    Ids are drawn before their transactions commit, so a high id says nothing of lower
    ones. But ids seen at one moment belong to transactions open at that moment: once
    those have ended, and a minute went by for one that had drawn an id and no
    transaction number yet, what is visible below is all there will be. A new `Floor`
    starts at 0 and looks through the whole table once.
    """

    entry_id: int = 0
    _candidate: _Look | None = None

    def look(self) -> "_Look | None":
        """Note what is visible now; return the look that has settled, if any."""
        with connection.cursor() as cursor:
            cursor.execute(_LOOK)
            now = _Look(*cursor.fetchone())
        before = self._candidate
        if before is None:
            self._candidate = now
            return None
        settled = (
            now.oldest_open >= before.next_transaction
            and now.at - before.at >= _SETTLED_SECONDS
        )
        if not settled:
            return None
        self._candidate = now
        return before

    def rise(self, settled: "_Look") -> None:
        """Take over a settled look after a pass that left nothing over."""
        self.entry_id = settled.highest_id


def seal(*, folder: KeyFolder, now: dt.datetime, floor: Floor | None = None) -> Sealed:
    """Give up to `BATCH` entries their places and sign the tree as it then stands.

    Raises `KeyMissing` where the log was signed before but the key is gone, and
    `LogForked` where the tree is not what was signed last; nothing is signed then.
    """
    entries = sequence(floor=floor or Floor())
    if entries is None:
        return Sealed(busy=True)
    # A crash here leaves places without a checkpoint; the next call signs them.
    size = sign(folder=folder, now=now)
    return Sealed(entries=entries, size=size, more=entries == BATCH)


def sequence(*, floor: Floor) -> int | None:
    """Give entries without a place the next ones, in the order of their ids.

    Returns how many, or None where another sealer is at work.
    """
    with transaction.atomic():
        if not _lock():
            return None
        settled = floor.look()
        with connection.cursor() as cursor:
            cursor.execute(_SEQUENCE, {"floor": floor.entry_id, "limit": BATCH})
            count: int = cursor.rowcount
        failpoints.reach("leaf.batch")
    if settled and count < BATCH:
        floor.rise(settled)
    return count


def sign(*, folder: KeyFolder, now: dt.datetime) -> int | None:
    """Sign the tree of all committed places; return its size, None if nothing is new.

    The key is made where nothing was ever signed.
    """
    with transaction.atomic():
        if not _lock():
            return None
        last = CheckpointRow.objects.order_by("-size").first()
        key = folder.read_key() or _first_key(folder, last)
        frontier = _read_frontier(last)
        for leaf in _read_leaves(frontier.size):
            frontier.append(leaf)
        _store_subtrees(frontier.finished)
        _check_last_word(folder, key, frontier, last)
        if last is not None and last.size == frontier.size:
            return None
        checkpoint = Checkpoint(key.verifier.name, frontier.size, frontier.root())
        if not checkpoint.size:
            return None
        note = key.sign(checkpoint)
        failpoints.reach("sign.signed")
        # Signing is deterministic and the tree is committed: a crash between the two
        # writes leaves a last word that the next call finds true, and signs again.
        folder.write_last_note(note)
        failpoints.reach("sign.anchored")
        CheckpointRow.objects.create(
            size=checkpoint.size,
            root=checkpoint.root,
            edge=frontier.to_bytes(),
            note=note,
            made_at=now,
        )
    return checkpoint.size


def begin_anew(
    *, folder: KeyFolder, actor: Actor, reason: str, now: dt.datetime
) -> str:
    """Go on with a new key after the old one, or its last word, is lost or refused.

    Puts the old files aside and records who did so and why; returns the new public
    key, which auditors must be given together with the old one. The tree goes on as
    it is in the database under a new origin. Where what was signed before is no longer
    a part of it, the entry is `log.restored`; it names the last checkpoint signed, and
    `kept`: the size up to which the log still is what the old key signed.
    """
    with transaction.atomic():
        _wait_for_lock()
        note = folder.read_last_note()
        last = CheckpointRow.objects.order_by("-size").first()
        kind, kept = _find_kept(folder, note, last)
        # A crash from here on leaves no key, or a new one without its entry: run again.
        folder.retire_key()
        key = folder.create_key()
        detail = {
            "reason": reason,
            "verifier": str(key.verifier),
            "last_signed": note or "",
            "kept": kept,
        }
        audit.record_installation(drafts=[Draft(kind, actor, detail)], now=now)
        if last is not None:
            root = _read_frontier(last).root()
            stated = Checkpoint(key.verifier.name, last.size, root)
            folder.write_last_note(key.sign(stated))
    return str(key.verifier)


def _find_kept(
    folder: KeyFolder, note: str | None, last: CheckpointRow | None
) -> tuple[str, int | None]:
    """Tell how much of what was signed the log still holds; None where nobody knows."""
    origin = (note or "").partition("\n")[0]
    keys = {key.name: key for key in folder.read_verifier_keys()}
    signed = read_last_word(note or "", keys.get(origin))
    if signed is None:
        return KEY_REPLACED, None
    with suppress(TreeDamaged):
        if StoredTree().root(signed.size) == signed.root:
            return KEY_REPLACED, signed.size
    # Nothing was signed since the backup was restored, so the newest checkpoint in the
    # database is the last that both histories have.
    return RESTORED, last.size if last else 0


def _lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        (won,) = cursor.fetchone()
    return bool(won)


def _wait_for_lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _first_key(folder: KeyFolder, last: CheckpointRow | None) -> LogKey:
    if last is not None:
        raise KeyMissing(
            f"There is no signing key in {folder.path}, yet the log was signed up to"
            f" entry {last.size}. Put the key back, or run"
            " `manage.py seal --new-key REASON` and tell your auditors."
        )
    return folder.create_key()


def _read_frontier(last: CheckpointRow | None) -> Frontier:
    if last is None:
        return Frontier()
    frontier = Frontier.from_bytes(size=last.size, data=bytes(last.edge))
    if frontier.root() != bytes(last.root):
        raise LogForked(
            f"The stored edge of checkpoint {last.size} does not give its root:"
            " the table of checkpoints was changed. Run `manage.py verify_audit`."
        )
    return frontier


def _read_leaves(size: int) -> Iterator[bytes]:
    rows = (
        Leaf.objects
        .filter(leaf_index__gte=size)
        .order_by("leaf_index")
        .values_list("leaf_index", "leaf_hash")
    )
    for expected, (index, leaf) in enumerate(rows.iterator(10_000), start=size):
        if index != expected:
            raise LogForked(
                f"Leaf {expected} is missing from the tree: the table of leaves was"
                " changed. Run `manage.py verify_audit`."
            )
        yield bytes(leaf)


def _store_subtrees(finished: list[Subtree]) -> None:
    SubtreeRow.objects.bulk_create(
        [
            SubtreeRow(level=part.level, position=part.position, hash=part.hash)
            for part in finished
        ],
        batch_size=1000,
    )


def _check_last_word(
    folder: KeyFolder, key: LogKey, frontier: Frontier, last: CheckpointRow | None
) -> None:
    """Raise `LogForked` unless the tree grew out of the last signed checkpoint."""
    note = folder.read_last_note()
    if note is None:
        if last is None:
            return
        raise LogForked(
            f"{folder.path / 'last-checkpoint'} is missing, so nobody can tell whether"
            f" the database is an old copy. Put it back, or run"
            " `manage.py seal --new-key REASON` and tell your auditors."
        )
    try:
        signed = open_checkpoint(note, key=key.verifier)
    except NoteError as error:
        raise LogForked(
            f"{folder.path / 'last-checkpoint'} is not a checkpoint signed by this"
            f" key: {error}"
        ) from error
    if signed.size > frontier.size:
        raise LogForked(
            f"A checkpoint over {signed.size} entries was signed, but the database"
            f" has {frontier.size}: it is an old copy, restored from a backup."
            " Restore the newest one, or run `manage.py seal --new-key REASON` and"
            " tell your auditors that the log was cut."
        )
    # In the common case the tree was just read on from the edge of that checkpoint.
    read_on = last is not None and last.size == signed.size
    known = bytes(last.root) if last and read_on else StoredTree().root(signed.size)
    if known != signed.root:
        raise LogForked(
            f"The first {signed.size} entries are not those that were signed: the log"
            " was changed or restored from a backup and written on. Run"
            " `manage.py verify_audit`."
        )
