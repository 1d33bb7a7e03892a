"""Leave a signed checkpoint with somebody else, and bring back what he gave for it.

Each function leaves one note at one anchor and returns the receipt. All raise
`NotLeft` with one sentence where it was not taken; trying again later is always right.
Nothing is ever taken back or written over at an anchor.
"""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings

from workflows.connectors import egress
from workflows.connectors.durable import write_once
from workflows.connectors.mail import Letter, MailLine
from workflows.connectors.outcomes import Later, Rejected
from workflows.core import timestamps, witness
from workflows.core.anchors import Target, file_name
from workflows.core.notes import (
    Checkpoint,
    NoteError,
    VerifierKey,
    check_cosignature,
    is_size,
    keep_signatures,
)

_MOST_COPIES: Final = 10
_CALL_SECONDS: Final = 10.0


class NotLeft(Exception):
    """An anchor did not take a checkpoint; the text is one sentence that says why."""


@dataclass(frozen=True, slots=True)
class Errand:
    """One checkpoint on its way: what it says, its note as signed, by whose key.

    `prove(old_size)` gives the consistency proof from an older size to this one, and
    `old_size` is what the anchor is thought to hold.
    """

    checkpoint: Checkpoint
    note: str
    key: VerifierKey
    old_size: int
    prove: Callable[[int], Sequence[bytes]]


def leave(target: Target, errand: Errand) -> bytes:
    """Leave a checkpoint at an anchor; return the receipt. Raises `NotLeft`."""
    match target.kind:
        case "file":
            return _leave_file(Path(target.address), errand).encode()
        case "mail":
            return _leave_mail(target.address, errand).encode()
        case "witness":
            return _ask_witness(target, errand).encode()
        case "tsa":
            return _ask_stamp(target.address, errand)


# --- a folder -------------------------------------------------------------------------


def _leave_file(folder: Path, errand: Errand) -> str:
    """Write the note into a file of its own; return the file's name.

    A file that stands is never opened for writing: the same note in it is enough (a
    crash came before the receipt was kept), the beginning of it was torn by a crash
    and stays beside the whole one, anything else convicts somebody.
    """
    note = errand.note.encode()
    try:
        for copy in range(_MOST_COPIES):
            name = file_name(errand.key, size=errand.checkpoint.size, copy=copy)
            if write_once(folder / name, note):
                return name
            standing = (folder / name).read_bytes()
            if standing == note:
                return name
            if not note.startswith(standing):
                raise NotLeft(
                    f"{folder / name} holds another checkpoint of"
                    f" {errand.checkpoint.size} entries: the log was forked."
                )
    except OSError as error:
        raise NotLeft(f"{folder} cannot be used: {error.strerror}.") from error
    raise NotLeft(f"{folder} holds {_MOST_COPIES} broken files of this checkpoint.")


# --- a mailbox ------------------------------------------------------------------------


def _leave_mail(address: str, errand: Errand) -> str:
    checkpoint = errand.checkpoint
    host = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    message_id = f"<checkpoint-{errand.key.key_id.hex()}-{checkpoint.size}@{host}>"
    letter = Letter(
        to=address,
        subject=f"Checkpoint of {checkpoint.origin}: {checkpoint.size} entries",
        text=(
            "Keep this mail. It says what the audit log held when it was sent, and\n"
            "`manage.py verify_audit --anchor FILE` compares it with what it holds.\n"
            f"The key that signed it: {errand.key}\n\n{errand.note}"
        ),
        message_id=message_id,
    )
    try:
        with MailLine() as line:
            line.send(letter)
    except (Later, Rejected) as error:
        raise NotLeft(str(error)) from error
    return message_id


# --- a witness ------------------------------------------------------------------------

_WITNESS_REFUSALS: Final = {
    403: "does not trust the key that signed the checkpoint",
    404: "does not know this log; start it with --log and this log's public key",
    422: "says that the log did not grow out of what it cosigned before",
}


def _ask_witness(target: Target, errand: Errand) -> str:
    """Return the witness's own lines of signatures over the checkpoint."""
    old_size = errand.old_size
    answer = _add_checkpoint(target, errand, old_size)
    if answer.status == 409:
        # It stands elsewhere than we thought: a receipt was lost, or it is new.
        old_size = _read_size(target, answer.body)
        if old_size > errand.checkpoint.size:
            raise NotLeft(
                f"{target.name} has cosigned {old_size} entries and this log has"
                f" {errand.checkpoint.size}: it was cut, or restored from a backup."
            )
        answer = _add_checkpoint(target, errand, old_size)
    if answer.status != 200:
        what = _WITNESS_REFUSALS.get(answer.status, f"answered {answer.status}")
        if answer.status == 409:
            what = f"holds another root for {old_size} entries: the log was forked"
        raise NotLeft(f"{target.name} {what}.")
    return _read_cosignatures(target, errand, answer.body)


def _add_checkpoint(target: Target, errand: Errand, old_size: int) -> egress.Answer:
    proof: Sequence[bytes] = ()
    if 0 < old_size < errand.checkpoint.size:
        proof = errand.prove(old_size)
    body = witness.write_request(old_size=old_size, proof=proof, note=errand.note)
    # Both ways are signed and tell no secret, so a witness may do without TLS.
    return _post(f"{target.address}/add-checkpoint", body, "text/plain", plain=True)


def _read_size(target: Target, body: bytes) -> int:
    text = body.decode("ascii", "replace").strip()
    if not is_size(text):
        raise NotLeft(f"{target.name} answered 409 without a size.")
    return int(text)


def _read_cosignatures(target: Target, errand: Errand, body: bytes) -> str:
    key = target.witness
    if key is None:
        raise NotLeft(f"{target.name} has no key to check its answer with.")
    public = Ed25519PublicKey.from_public_bytes(key.public_key)

    def verify(signature: bytes, data: bytes) -> bool:
        try:
            public.verify(signature, data)
        except InvalidSignature:
            return False
        return True

    try:
        lines = keep_signatures(body.decode(), key=key)
        check_cosignature(errand.note + lines, key=key, verify=verify)
    except (NoteError, UnicodeDecodeError) as error:
        raise NotLeft(f"{target.name} gave no good cosignature: {error}") from error
    return lines


# --- a time-stamping authority --------------------------------------------------------


def _ask_stamp(url: str, errand: Errand) -> bytes:
    """Return the authority's answer over the SHA-256 of the note, byte for byte."""
    digest = hashlib.sha256(errand.note.encode()).digest()
    nonce = secrets.randbits(63)
    query = timestamps.ask(digest=digest, nonce=nonce)
    answer = _post(url, query, "application/timestamp-query")
    if answer.status != 200:
        raise NotLeft(f"The time-stamping authority answered {answer.status}.")
    try:
        timestamps.read_answer(answer.body, digest=digest, nonce=nonce)
    except timestamps.StampError as error:
        raise NotLeft(f"The time-stamping authority: {error}") from error
    return answer.body


def _post(url: str, body: bytes, kind: str, *, plain: bool = False) -> egress.Answer:
    try:
        return egress.post(
            url,
            body=body,
            headers={"Content-Type": kind},
            seconds=_CALL_SECONDS,
            plain=plain,
        )
    except (egress.NotAllowed, egress.Unreachable) as error:
        raise NotLeft(str(error)) from error
