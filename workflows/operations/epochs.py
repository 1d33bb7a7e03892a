"""Epochs of the log: from one signing key to the next. Reads, and tells what was lost.

A new epoch is opened by `seal --new-key` with an entry in the installation's chain,
and its checkpoints bear another origin. Where the key before had signed more than the
database holds, the entry is `log.restored` and says how much of it was kept.
"""

import datetime as dt
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from workflows.audit import INSTALLATION
from workflows.core.notes import Checkpoint, NoteError, VerifierKey, read_verifier_key
from workflows.operations.log_key import open_checkpoint
from workflows.operations.log_reports import Epoch, stream

KEY_REPLACED: Final = "log.key_replaced"
RESTORED: Final = "log.restored"
_OPENINGS: Final = """
    SELECT seq, at, entry FROM workflows_auditentry
    WHERE chain = %(chain)s AND kind IN ('log.key_replaced', 'log.restored')
    ORDER BY seq
"""


def list_epochs(keys: Mapping[str, VerifierKey]) -> list[Epoch]:
    """Return the epochs after the first, in their order; `keys` open the last words."""
    epochs = []
    for seq, at, entry in stream(_OPENINGS, INSTALLATION):
        with suppress(
            ValueError, KeyError, TypeError
        ):  # a broken entry is told elsewhere
            epochs.append(_read(seq, at, json.loads(entry), keys))
    return epochs


def _read(
    seq: int,
    at: dt.datetime,
    fields: Mapping[str, Any],
    keys: Mapping[str, VerifierKey],
) -> Epoch:
    detail = fields["detail"]
    note = str(detail["last_signed"])
    old_origin = note.partition("\n")[0]
    last = read_last_word(note, keys.get(old_origin))
    kept = detail.get("kept")
    return Epoch(
        origin=read_verifier_key(detail["verifier"]).name,
        seq=seq,
        at=at,
        actor=str(fields["actor_name"]),
        reason=str(detail["reason"]),
        old_origin=old_origin,
        signed=last.size if last else None,
        kept=int(kept) if kept is not None else None,
    )


def read_last_word(note: str, key: VerifierKey | None) -> Checkpoint | None:
    """Return what a note says if it is signed by the key, else None."""
    if key is None:
        return None
    with suppress(NoteError):
        return open_checkpoint(note, key=key)
    return None
