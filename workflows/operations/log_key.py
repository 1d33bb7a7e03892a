"""The log's signing key and its last word, kept in files outside the database.

    keys/log.key          the private key, readable by its owner alone
    keys/log.vkey         the public key as auditors need it (C2SP vkey)
    keys/last-checkpoint  the last checkpoint signed, as a signed note

Who restores an old backup of the database does not restore these files with it; that
is how the sealer notices. Keep copies of `log.vkey` and of checkpoints elsewhere.
"""

import base64
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from django.conf import settings

from workflows.core import notes
from workflows.core.notes import Checkpoint, NoteError, VerifierKey
from workflows.operations.errors import Conflict, Invalid

_PREFIX = "PRIVATE+KEY"


class KeyMissing(Conflict):
    """There is no signing key, though the log was signed before."""

    code = "log-key-missing"


class KeyUnusable(Invalid):
    """The key's file is open to others, or is no key."""

    code = "log-key-unusable"


@dataclass(frozen=True, slots=True)
class LogKey:
    """The key that signs this installation's checkpoints; the name is its origin."""

    private_key: Ed25519PrivateKey
    verifier: VerifierKey

    def sign(self, checkpoint: Checkpoint) -> str:
        """Return the signed note of a checkpoint."""
        return notes.sign_note(
            str(checkpoint), key=self.verifier, sign=self.private_key.sign
        )


def verify_with(key: VerifierKey) -> Callable[[bytes, bytes], bool]:
    """Return a function that tells whether a signature over bytes is this key's."""
    public = Ed25519PublicKey.from_public_bytes(key.public_key)

    def verify(signature: bytes, data: bytes) -> bool:
        try:
            public.verify(signature, data)
        except InvalidSignature:
            return False
        return True

    return verify


def open_checkpoint(note: str, *, key: VerifierKey) -> Checkpoint:
    """Return the checkpoint a note signed by `key` states; raises `NoteError`."""
    checkpoint = notes.read_checkpoint(
        notes.open_note(note, key=key, verify=verify_with(key))
    )
    if checkpoint.origin != key.name:
        raise NoteError(f"The checkpoint is of {checkpoint.origin}, not {key.name}.")
    return checkpoint


@dataclass(frozen=True, slots=True)
class KeyFolder:
    """The folder of the key and of the last signed checkpoint."""

    path: Path

    @classmethod
    def of_settings(cls) -> "KeyFolder":
        """Return the folder below the data directory of the settings."""
        return cls(Path(settings.DATA_DIR) / "keys")

    def read_key(self) -> LogKey | None:
        """Return the key, or None where there is none yet.

        Raises `KeyUnusable` where others may read it or it is not in its format.
        """
        file = self.path / "log.key"
        try:
            text = file.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return None
        if file.stat().st_mode & 0o077:
            raise KeyUnusable(f"Others may read {file}: run chmod 600 on it.")
        try:
            return _read_private_key(text)
        except ValueError as error:
            raise KeyUnusable(f"{file} is not a signing key: {error}") from error

    def read_verifier_keys(self) -> list[VerifierKey]:
        """Return the public keys in the folder, those put aside too."""
        files = sorted(self.path.glob("log.vkey*"))
        return [notes.read_verifier_key(file.read_text("utf-8")) for file in files]

    def create_key(self, *, name: str = "") -> LogKey:
        """Make a key, unless another process was quicker: then return that one."""
        name = name or f"countersign.local/{secrets.token_hex(8)}"
        notes.check_name(name)
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        private = Ed25519PrivateKey.generate()
        verifier = VerifierKey(name, private.public_key().public_bytes_raw())
        seed = base64.b64encode(notes.ED25519 + private.private_bytes_raw()).decode()
        text = f"{_PREFIX}+{name}+{verifier.key_id.hex()}+{seed}\n"
        with suppress(FileExistsError):
            _write_new(self.path / "log.key", text)
        key = self.read_key()
        if key is None:
            raise KeyMissing(f"The key just made in {self.path} has gone.")
        _replace(self.path / "log.vkey", f"{key.verifier}\n")
        return key

    def retire_key(self) -> None:
        """Put the key and its last word aside, under a name that ends in their id."""
        key = self.read_key()
        mark = key.verifier.key_id.hex() if key else secrets.token_hex(4)
        for name in ("log.key", "log.vkey", "last-checkpoint"):
            with suppress(FileNotFoundError):
                (self.path / name).rename(self.path / f"{name}.{mark}")

    def read_last_note(self) -> str | None:
        """Return the last signed note, or None where nothing was signed yet."""
        try:
            return (self.path / "last-checkpoint").read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def write_last_note(self, note: str) -> None:
        """Keep a note as the last signed one; on return it survives a power cut."""
        _replace(self.path / "last-checkpoint", note)


def _read_private_key(text: str) -> LogKey:
    body = text.removeprefix(f"{_PREFIX}+")
    name, key_id, encoded = body.split("+", 2)
    seed = base64.b64decode(encoded, validate=True)
    if body == text or seed[:1] != notes.ED25519:
        raise ValueError("it does not begin as one.")
    private = Ed25519PrivateKey.from_private_bytes(seed[1:])
    verifier = VerifierKey(name, private.public_key().public_bytes_raw())
    if verifier.key_id.hex() != key_id:
        raise ValueError("its id is not that of its key.")
    return LogKey(private_key=private, verifier=verifier)


def _write_new(file: Path, text: str) -> None:
    """Create a private file whole or not at all; raises `FileExistsError`."""
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    _write_synced(draft, text)
    try:
        os.link(draft, file)
    finally:
        draft.unlink()
    _sync_folder(file.parent)


def _replace(file: Path, text: str) -> None:
    """Put a text in a file's place; a crash leaves the old one or the new one."""
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    _write_synced(draft, text)
    draft.replace(file)
    _sync_folder(file.parent)


def _write_synced(file: Path, text: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
