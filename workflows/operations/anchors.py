"""Leave the newest checkpoint where the database's administrators cannot reach.

Runs beside sealing and never stops it. Any number of processes may run it: a row of
`workflows_anchoring` is claimed before its anchor is asked, and what failed is tried
again later, with the checkpoint that is the newest by then.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db import connection, transaction

from workflows.connectors.anchors import Errand, NotLeft, leave
from workflows.core.anchors import (
    Target,
    longest_gap,
    pause_after,
    pause_between,
)
from workflows.core.notes import Checkpoint, VerifierKey, read_checkpoint
from workflows.models import Anchoring
from workflows.models import Checkpoint as CheckpointRow
from workflows.models.anchors import DONE, PENDING
from workflows.operations.log_key import KeyFolder, KeyMissing
from workflows.operations.proofs import StoredTree, TreeDamaged

LEASE: Final = dt.timedelta(seconds=60)
_MOST_ERROR: Final = 500

_PLAN: Final = """
    INSERT INTO workflows_anchoring
        (target, kind, size, state, attempts, next_try_at, asked_at, error)
    VALUES (%(target)s, %(kind)s, %(size)s, 'PENDING', 0, %(now)s, %(now)s, '')
    ON CONFLICT DO NOTHING
"""
# The attempt is counted before the anchor is asked, and is the fence of the receipt.
_CLAIM: Final = """
    UPDATE workflows_anchoring
    SET attempts = attempts + 1, next_try_at = %(lease)s, size = %(size)s
    WHERE target = %(target)s AND state = 'PENDING' AND next_try_at <= %(now)s
    RETURNING id, attempts
"""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an anchor gave for a checkpoint, in a form that can be checked alone.

    `cosignature`: the note with the witness's lines; `name` is the witness's.
    `timestamp`: an answer of RFC 3161 over the note; `name` is the authority's host.
    """

    kind: str
    name: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt: at which anchor, with which size; `error` is empty where it held."""

    target: str
    size: int
    error: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How an anchor stands: what it holds, since when, and why not more."""

    target: Target
    size: int
    done_at: dt.datetime | None
    attempts: int
    error: str
    is_late: bool


def targets_of_settings() -> tuple[Target, ...]:
    """Return the anchors that COUNTERSIGN_ANCHORS names."""
    targets: tuple[Target, ...] = settings.ANCHORS
    return targets


def window_of_settings() -> dt.timedelta:
    """Return how long a signed checkpoint may be at no anchor: the published window."""
    return dt.timedelta(seconds=settings.ANCHOR_SECONDS)


def anchor_due(*, folder: KeyFolder, clock: Callable[[], dt.datetime]) -> list[Tried]:
    """Leave the newest checkpoint at each anchor that is due; tell what came of it.

    Asks the network, so it may not run inside a transaction. Whatever an anchor does
    is told, not raised.
    """
    tried = []
    for target in targets_of_settings():
        newest = CheckpointRow.objects.order_by("-size").first()
        if newest is None:
            break
        claim = _claim(target, size=newest.size, now=clock())
        if claim is not None:
            tried.append(_try(target, newest, claim, folder=folder, clock=clock))
    return tried


def _claim(target: Target, *, size: int, now: dt.datetime) -> tuple[int, int] | None:
    """Make the anchor's row if it is due, and take it; None where there is nothing."""
    values: dict[str, str | int | dt.datetime] = {
        "target": target.name,
        "kind": target.kind,
        "size": size,
        "now": now,
        "lease": now + LEASE,
    }
    with transaction.atomic():
        last = _last_done(target)
        if last is not None:
            pause = pause_between(target, window=window_of_settings())
            if last.size >= size or (last.done_at and now < last.done_at + pause):
                return None
        with connection.cursor() as cursor:
            cursor.execute(_PLAN, values)
            cursor.execute(_CLAIM, values)
            row: tuple[int, int] | None = cursor.fetchone()
    return row


def _last_done(target: Target) -> Anchoring | None:
    rows = Anchoring.objects.filter(target=target.name, state=DONE)
    return rows.order_by("-id").first()


def _try(
    target: Target,
    newest: CheckpointRow,
    claim: tuple[int, int],
    *,
    folder: KeyFolder,
    clock: Callable[[], dt.datetime],
) -> Tried:
    row_id, attempt = claim
    mine = Anchoring.objects.filter(id=row_id, state=PENDING, attempts=attempt)
    try:
        receipt = leave(target, _pack(target, newest, folder=folder))
    except (NotLeft, KeyMissing, TreeDamaged) as error:
        sentence = str(error)[:_MOST_ERROR]
        mine.update(error=sentence, next_try_at=clock() + pause_after(attempt))
        return Tried(target.name, newest.size, sentence)
    # A crash before this commit leaves the checkpoint with the anchor and no receipt:
    # the lease lapses, it is left again, and every anchor takes the same one twice.
    mine.update(state=DONE, done_at=clock(), receipt=receipt, error="")
    return Tried(target.name, newest.size)


def _pack(target: Target, newest: CheckpointRow, *, folder: KeyFolder) -> Errand:
    checkpoint = _read_statement(newest.note)
    last = _last_done(target)
    tree = StoredTree()
    return Errand(
        checkpoint=checkpoint,
        note=newest.note,
        key=_key_of(checkpoint.origin, folder),
        old_size=min(last.size, newest.size) if last else 0,
        prove=lambda old: tree.consistency_proof(old_size=old, size=newest.size),
    )


def _read_statement(note: str) -> Checkpoint:
    return read_checkpoint(note.partition("\n\n")[0] + "\n")


def _key_of(origin: str, folder: KeyFolder) -> VerifierKey:
    for key in folder.read_verifier_keys():
        if key.name == origin:
            return key
    raise KeyMissing(f"There is no public key of {origin} in {folder.path}.")


def read_receipts(size: int) -> list[Receipt]:
    """Return what can be checked alone of a checkpoint: cosignatures and time stamps.

    Files and mails are with those who keep them; their rows are no evidence.
    """
    note = (
        CheckpointRow.objects.filter(size=size).values_list("note", flat=True).first()
    )
    rows = Anchoring.objects.filter(size=size, state=DONE, kind__in=["witness", "tsa"])
    return [
        Receipt("cosignature", name, (note or "").encode() + bytes(row.receipt or b""))
        if row.kind == "witness"
        else Receipt("timestamp", name, bytes(row.receipt or b""))
        for row in rows.order_by("kind", "target")
        for name in [row.target.partition(":")[2]]
    ]


def newest_size_with_receipts() -> int | None:
    """Return the size of the newest checkpoint that has a cosignature or a time stamp."""
    rows = Anchoring.objects.filter(state=DONE, kind__in=["witness", "tsa"])
    return rows.order_by("-size").values_list("size", flat=True).first()


def list_standings(*, now: dt.datetime) -> list[Standing]:
    """Return how each anchor of the settings stands."""
    return [_look(target, now=now) for target in targets_of_settings()]


def _look(target: Target, *, now: dt.datetime) -> Standing:
    """Tell what an anchor holds; it is late where an older checkpoint is not there."""
    last = _last_done(target)
    pending = Anchoring.objects.filter(target=target.name, state=PENDING).first()
    held = last.size if last else 0
    waiting = CheckpointRow.objects.filter(size__gt=held).order_by("size").first()
    gap = longest_gap(target, window=window_of_settings())
    return Standing(
        target=target,
        size=held,
        done_at=last.done_at if last else None,
        attempts=pending.attempts if pending else 0,
        error=pending.error if pending else "",
        is_late=waiting is not None and now - waiting.made_at > gap,
    )


def are_late(standings: Sequence[Standing]) -> bool:
    """Tell whether any anchor is late."""
    return any(standing.is_late for standing in standings)
