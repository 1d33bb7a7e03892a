"""The log's signing key and its last word, kept in files outside the database.

    keys/log.key          the private key, readable by its owner alone
    keys/log.vkey         the public key as auditors need it (C2SP vkey)
    keys/last-checkpoint  the last checkpoint signed, as a signed note

Who restores an old backup of the database does not restore these files with it; that
is how the sealer notices. Keep copies of `log.vkey` and of checkpoints elsewhere.
"""

import base64
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

from workflows.connectors.durable import replace, write_new
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
    """A private key with its public one: a log's, whose name is its origin, or a witness's."""

    private_key: Ed25519PrivateKey
    verifier: VerifierKey

    @classmethod
    def make(cls, name: str, *, algorithm: bytes = notes.ED25519) -> "LogKey":
        """Return a new key of this name; raises `NoteError` for a name it cannot have."""
        notes.check_name(name)
        private = Ed25519PrivateKey.generate()
        public = private.public_key().public_bytes_raw()
        return cls(private, VerifierKey(name, public, algorithm))

    def to_text(self) -> str:
        """Return the private key as its file holds it."""
        key = self.verifier
        seed = base64.b64encode(key.algorithm + self.private_key.private_bytes_raw())
        return f"{_PREFIX}+{key.name}+{key.key_id.hex()}+{seed.decode()}\n"

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
        return read_key_file(self.path / "log.key")

    def read_verifier_keys(self) -> list[VerifierKey]:
        """Return the public keys in the folder, those put aside too."""
        files = sorted(self.path.glob("log.vkey*"))
        return [notes.read_verifier_key(file.read_text("utf-8")) for file in files]

    def create_key(self, *, name: str = "") -> LogKey:
        """Make a key, unless another process was quicker: then return that one."""
        name = name or f"countersign.local/{secrets.token_hex(8)}"
        key = LogKey.make(name)
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return create_key_file(self.path / "log.key", key)

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

    def read_last_notes(self) -> list[str]:
        """Return the last words of all keys, those put aside too."""
        files = sorted(self.path.glob("last-checkpoint*"))
        return [file.read_text(encoding="utf-8") for file in files]

    def write_last_note(self, note: str) -> None:
        """Keep a note as the last signed one; on return it survives a power cut."""
        replace(self.path / "last-checkpoint", note)


def read_key_file(file: Path, *, algorithm: bytes = notes.ED25519) -> LogKey | None:
    """Return the key in a file, or None where there is no file.

    Raises `KeyUnusable` where others may read it or it is not in its format.
    """
    try:
        text = file.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    if file.stat().st_mode & 0o077:
        raise KeyUnusable(f"Others may read {file}: run chmod 600 on it.")
    try:
        return _read_private_key(text, algorithm)
    except ValueError as error:
        raise KeyUnusable(f"{file} is not a signing key: {error}") from error


def create_key_file(file: Path, key: LogKey) -> LogKey:
    """Keep a key in a private file, with its public key beside it as `.vkey`.

    Returns the key that stands there: another process's, if it was quicker.
    """
    with suppress(FileExistsError):
        write_new(file, key.to_text())
    kept = read_key_file(file, algorithm=key.verifier.algorithm)
    if kept is None:
        raise KeyMissing(f"The key just made in {file.parent} has gone.")
    replace(file.with_suffix(".vkey"), f"{kept.verifier}\n")
    return kept


def _read_private_key(text: str, algorithm: bytes) -> LogKey:
    body = text.removeprefix(f"{_PREFIX}+")
    name, key_id, encoded = body.split("+", 2)
    seed = base64.b64decode(encoded, validate=True)
    if body == text or seed[:1] != algorithm:
        raise ValueError("it does not begin as one.")
    private = Ed25519PrivateKey.from_private_bytes(seed[1:])
    verifier = VerifierKey(name, private.public_key().public_bytes_raw(), algorithm)
    if verifier.key_id.hex() != key_id:
        raise ValueError("its id is not that of its key.")
    return LogKey(private_key=private, verifier=verifier)
