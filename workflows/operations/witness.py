"""A witness of logs: cosign only what grew out of what was cosigned before.

Runs on another host, without the log's database. Its folder holds

    witness.key    the private key, readable by its owner alone
    witness.vkey   the public key as logs and auditors need it
    logs/<digest of the origin>   the last checkpoint cosigned, one file for each log

What is cosigned is in its file, synced, before anybody hears the signature, so no
restart and no crash lets a witness sign two histories.
"""

import fcntl
import hashlib
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from workflows.connectors.durable import replace
from workflows.core import witness
from workflows.core.notes import (
    COSIGNATURE,
    Checkpoint,
    NoteError,
    VerifierKey,
    cosign,
    read_checkpoint,
)
from workflows.core.witness import Refusal
from workflows.operations.errors import Conflict, Invalid
from workflows.operations.log_key import (
    LogKey,
    create_key_file,
    open_checkpoint,
    read_key_file,
)


class FolderTaken(Conflict):
    """Another process works with the witness's folder."""

    code = "witness-folder-taken"


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness with its key and the logs it knows, by origin."""

    folder: Path
    key: LogKey
    logs: Mapping[str, VerifierKey]
    _lock: Lock = field(default_factory=Lock, repr=False)

    def add_checkpoint(self, body: bytes, *, timestamp: int) -> str:
        """Return the line that cosigns a checkpoint at a time. Raises `Refusal`."""
        request = witness.read_request(body)
        checkpoint = self._open(request.note)
        # To compare and to keep must be one act: else an older checkpoint that was
        # compared first and kept last would take the state back.
        with self._lock:
            last = self.read_last(checkpoint.origin)
            witness.check_growth(request, checkpoint, last=last)
            replace(self._file(checkpoint.origin), str(checkpoint))
        # A crash here leaves a state that the log has no signature for: asked again
        # with that size, the witness signs.
        return cosign(
            str(checkpoint),
            key=self.key.verifier,
            timestamp=timestamp,
            sign=self.key.private_key.sign,
        )

    def _open(self, note: str) -> Checkpoint:
        origin = note.partition("\n")[0]
        key = self.logs.get(origin)
        if key is None:
            raise Refusal(404, "This witness does not know that origin.\n")
        try:
            return open_checkpoint(note, key=key)
        except NoteError as error:
            raise Refusal(403, f"{error}\n") from error

    def read_last(self, origin: str) -> Checkpoint | None:
        """Return the last checkpoint cosigned of a log; None before the first.

        Raises `NoteError` for a file that is none: rather than sign from the start
        anew the witness must stop.
        """
        try:
            text = self._file(origin).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        return read_checkpoint(text)

    def _file(self, origin: str) -> Path:
        return self.folder / "logs" / hashlib.sha256(origin.encode()).hexdigest()


def open_witness(folder: Path, *, name: str, logs: Sequence[VerifierKey]) -> Witness:
    """Return the witness of a folder, with a new key where there is none yet.

    Holds the folder for this process as long as it lives. Raises `FolderTaken`,
    `Invalid` and `KeyUnusable`.
    """
    (folder / "logs").mkdir(mode=0o700, parents=True, exist_ok=True)
    _hold(folder)
    file = folder / "witness.key"
    key = read_key_file(file, algorithm=COSIGNATURE)
    if key is None:
        if not name:
            raise Invalid("A new witness needs --name, such as witness.example.com/w1.")
        try:
            made = LogKey.make(name, algorithm=COSIGNATURE)
        except NoteError as error:
            raise Invalid(f"--name: {error}") from error
        key = create_key_file(file, made)
    elif name and name != key.verifier.name:
        raise Invalid(f"The witness of {folder} is called {key.verifier.name}.")
    return Witness(folder, key, {log.name: log for log in logs})


def _hold(folder: Path) -> None:
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        with suppress(OSError):
            os.close(descriptor)
        raise FolderTaken(f"Another witness works with {folder}.") from error
    # Left open on purpose: the lock ends with the process.
