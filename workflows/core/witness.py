"""What a witness of a log is asked and answers (c2sp.org/tlog-witness). No network.

A witness remembers, for each log it knows, the last checkpoint it cosigned. It signs
another one only where that begins with all the entries it saw before.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from workflows.core import merkle
from workflows.core.notes import Checkpoint, is_size

MOST_PROOF_LINES: Final = 63
MOST_BODY: Final = 64 * 1024


class Refusal(Exception):
    """A request that is not cosigned: the status, and what the body says."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class SizeConflict(Refusal):
    """The log and the witness do not stand at the same size (409)."""

    def __init__(self, size: int) -> None:
        super().__init__(409, f"{size}\n")
        self.size = size


@dataclass(frozen=True, slots=True)
class Request:
    """An `add-checkpoint`: the size proven from, the proof, and the signed note."""

    old_size: int
    proof: tuple[bytes, ...]
    note: str


def write_request(*, old_size: int, proof: Sequence[bytes], note: str) -> bytes:
    """Return the body of an `add-checkpoint`."""
    lines = [f"old {old_size}", *(base64.b64encode(one).decode() for one in proof)]
    return ("\n".join(lines) + "\n\n" + note).encode()


def read_request(body: bytes) -> Request:
    """Read the body of an `add-checkpoint`; raises `Refusal` (400)."""
    try:
        head, blank, note = body.decode().partition("\n\n")
    except UnicodeDecodeError as error:
        raise Refusal(400, "The body is not UTF-8.\n") from error
    first, *proof = head.split("\n")
    word, _, size = first.partition(" ")
    if not blank or word != "old" or not is_size(size):
        raise Refusal(
            400, "The body begins with 'old SIZE', a proof and a blank line.\n"
        )
    if len(proof) > MOST_PROOF_LINES:
        raise Refusal(400, f"A proof has at most {MOST_PROOF_LINES} lines.\n")
    try:
        hashes = tuple(base64.b64decode(line, validate=True) for line in proof)
    except (binascii.Error, ValueError) as error:
        raise Refusal(400, "A line of the proof is not base64.\n") from error
    if any(len(one) != merkle.HASH_BYTES for one in hashes):
        raise Refusal(400, "A line of the proof is no hash.\n")
    return Request(old_size=int(size), proof=hashes, note=note)


def check_growth(
    request: Request, checkpoint: Checkpoint, *, last: Checkpoint | None
) -> None:
    """Raise `Refusal` unless a checkpoint grew out of the last one cosigned.

    `checkpoint` is what the request's note says, its signature already found good.
    """
    if request.old_size > checkpoint.size:
        raise Refusal(400, "The old size is larger than the checkpoint's.\n")
    known = last.size if last else 0
    if request.old_size != known:
        raise SizeConflict(known)
    if last is not None and last.size == checkpoint.size:
        if last.root != checkpoint.root:
            raise SizeConflict(known)
        if request.proof:
            raise Refusal(422, "Equal sizes need no proof.\n")
        return
    if last is None:
        if request.proof:
            raise Refusal(422, "From size 0 on there is nothing to prove.\n")
        if checkpoint.size == 0 and checkpoint.root != merkle.EMPTY_ROOT:
            raise Refusal(422, "That is not the root of an empty tree.\n")
        return
    if not merkle.verify_consistency(
        old_size=last.size,
        size=checkpoint.size,
        old_root=last.root,
        root=checkpoint.root,
        proof=request.proof,
    ):
        raise Refusal(422, "The proof does not lead from the last root to this one.\n")
