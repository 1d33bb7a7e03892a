"""Signed notes and checkpoints as C2SP writes them. No keys kept, no cryptography.

Formats: c2sp.org/signed-note (text, blank line, lines of signatures),
c2sp.org/tlog-checkpoint (origin, tree size, root in base64, each on its line) and
c2sp.org/tlog-cosignature (a signature over a time and a checkpoint).
Who signs and who verifies is passed in as a function over bytes.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

ED25519: Final = b"\x01"
"""The algorithm's byte in key ids and encoded keys."""

COSIGNATURE: Final = b"\x04"
"""The same for keys of witnesses, whose Ed25519 signatures state a time as well."""

_ALGORITHMS: Final = {ED25519: "Ed25519", COSIGNATURE: "Ed25519 cosignature"}

_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,19}")
_SIGNATURE_MARK: Final = "\u2014 "


class NoteError(ValueError):
    """A note, checkpoint or key is not in its format; the message says where."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with the name of its holder; text form `name+id+key` (vkey)."""

    name: str
    public_key: bytes
    algorithm: bytes = ED25519

    @property
    def key_id(self) -> bytes:
        """Return the four bytes that mark this key's signatures."""
        data = self.name.encode() + b"\n" + self.algorithm + self.public_key
        return hashlib.sha256(data).digest()[:4]

    def __str__(self) -> str:
        encoded = base64.b64encode(self.algorithm + self.public_key).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How large a log was and what its root was; `root` has 32 bytes."""

    origin: str
    size: int
    root: bytes

    def __str__(self) -> str:
        root = base64.b64encode(self.root).decode()
        return f"{self.origin}\n{self.size}\n{root}\n"


def check_name(name: str) -> None:
    """Raise `NoteError` where a key's name could not stand in a note."""
    if not name or "+" in name or any(mark.isspace() for mark in name):
        raise NoteError(f"{name!r} is no name of a key: no blanks, no plus sign.")


def read_verifier_key(text: str, *, algorithm: bytes = ED25519) -> VerifierKey:
    """Read a vkey; raises `NoteError` where it is not one or its id is wrong."""
    name, _, rest = text.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    check_name(name)
    data = _decode(encoded, what="public key")
    if data[:1] != algorithm or len(data) != 33:
        raise NoteError(f"The key of {name} is no {_ALGORITHMS[algorithm]} key.")
    key = VerifierKey(name=name, public_key=data[1:], algorithm=algorithm)
    if key.key_id.hex() != key_id:
        raise NoteError(f"The key of {name} does not have the id {key_id}.")
    return key


def sign_note(text: str, *, key: VerifierKey, sign: Callable[[bytes], bytes]) -> str:
    """Return the note of a text that ends in a newline, with one signature."""
    if not text.endswith("\n"):
        raise NoteError("The text of a note ends in a newline.")
    return f"{text}\n{_signature_line(key, sign(text.encode()))}"


def _signature_line(key: VerifierKey, signature: bytes) -> str:
    encoded = base64.b64encode(key.key_id + signature).decode()
    return f"{_SIGNATURE_MARK}{key.name} {encoded}\n"


def cosign(
    text: str, *, key: VerifierKey, timestamp: int, sign: Callable[[bytes], bytes]
) -> str:
    """Return the line by which a witness cosigns a checkpoint's text at a time."""
    signature = sign(_cosigned(text.encode(), timestamp))
    return _signature_line(key, timestamp.to_bytes(8, "big") + signature)


def check_cosignature(
    note: str, *, key: VerifierKey, verify: Callable[[bytes, bytes], bool]
) -> int:
    """Return when (seconds since 1970) a witness cosigned a note; raises `NoteError`."""
    found: list[int] = []

    def verify_timed(signature: bytes, text: bytes) -> bool:
        timestamp = int.from_bytes(signature[:8], "big")
        found.append(timestamp)
        return len(signature) == 72 and verify(
            signature[8:], _cosigned(text, timestamp)
        )

    open_note(note, key=key, verify=verify_timed)
    return found[-1]


def keep_signatures(lines: str, *, key: VerifierKey) -> str:
    """Return those of a note's lines of signatures that bear a key's name and id."""
    kept = [
        line
        for line in lines.splitlines()
        if line.startswith(f"{_SIGNATURE_MARK}{key.name} ")
        and _decode(line.rpartition(" ")[2], what="signature")[:4] == key.key_id
    ]
    return "".join(f"{line}\n" for line in kept)


def _cosigned(text: bytes, timestamp: int) -> bytes:
    return b"cosignature/v1\ntime %d\n" % timestamp + text


def open_note(
    note: str, *, key: VerifierKey, verify: Callable[[bytes, bytes], bool]
) -> str:
    """Return the text of a note whose signature by `key` is good.

    `verify(signature, text)` answers for the key's bytes. Signatures of others are
    passed over. Raises `NoteError` where there is none of this key, or a bad one.
    """
    text, blank, signatures = note.rpartition("\n\n")
    if not blank or not signatures.endswith("\n"):
        raise NoteError("The note has no signatures after a blank line.")
    text += "\n"
    for line in signatures.splitlines():
        if not line.startswith(_SIGNATURE_MARK):
            raise NoteError(f"{line!r} is no line of a signature.")
        name, _, encoded = line.removeprefix(_SIGNATURE_MARK).partition(" ")
        data = _decode(encoded, what="signature")
        if name == key.name and data[:4] == key.key_id:
            if verify(data[4:], text.encode()):
                return text
            raise NoteError(f"The signature of {name} is not good.")
    raise NoteError(f"The note is not signed by {key.name} ({key.key_id.hex()}).")


def read_checkpoint(text: str) -> Checkpoint:
    """Read a checkpoint's text; extension lines are refused, as they are not proven."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0]:
        raise NoteError("A checkpoint is three lines: origin, size and root.")
    origin, size, root = lines[:3]
    if not is_size(size):
        raise NoteError(f"{size!r} is no size of a tree.")
    data = _decode(root, what="root")
    if len(data) != 32:
        raise NoteError("The root of a checkpoint has 32 bytes.")
    return Checkpoint(origin=origin, size=int(size), root=data)


def is_size(text: str) -> bool:
    """Tell whether a text is a tree's size as C2SP writes it: no leading zeros, 64 bits."""
    return _SIZE.fullmatch(text) is not None and int(text) < 2**64


def _decode(text: str, *, what: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError(f"The {what} is not base64.") from error
