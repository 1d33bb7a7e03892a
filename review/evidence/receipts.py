"""Judge cosignatures of witnesses and time stamps over a checkpoint of the log.

A witness signs `cosignature/v1`, the time, and the checkpoint's text (c2sp.org/
tlog-cosignature). Of a time stamp (RFC 3161) this judges what it is over, and that it
was granted; whose signature it bears is for openssl and a certificate you trust.
Ships in every bundle: Python 3.9 or newer, nothing else needed.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence

from review.evidence.ed25519 import verify_ed25519
from review.evidence.files import (
    ANCHORED,
    ANCHORED_NOTE,
    RECEIPTS,
    Bundle,
    Finding,
    judge,
    wrong,
)
from review.evidence.tree import Key, read_key
from workflows.core.timestamps import StampError, read_stamp

COSIGNATURE = b"\x04"
_TIME_BYTES = 8
_SIGNATURE_BYTES = 64
_DASH = "\u2014"
_HOW = "signature: use the openssl line in README.txt, 6"


def read_witness_key(text: str) -> Key:
    """Read a witness's public key `name+id+key`; ValueError where it is none."""
    return read_key(text, algorithm=COSIGNATURE)


def judge_receipts(
    bundle: Bundle, *, log: Key, witnesses: Sequence[Key]
) -> Iterator[Finding]:
    """Return a verdict for each receipt, and for each witness that gave none."""
    names = sorted(name for name in bundle.files if name.startswith(RECEIPTS))
    receipts = [name for name in names if name not in {ANCHORED, ANCHORED_NOTE}]
    note = _read_note(bundle)
    if ANCHORED_NOTE in bundle.files:
        same = bundle.read(ANCHORED_NOTE).decode() == note
        bad = f"is not the checkpoint of {ANCHORED}"
        yield judge("checkpoint of the receipts", same, "as in the proof", bad)
    found: set[Key] = set()
    for name in receipts:
        if name.endswith(".tsr"):
            yield _judge_stamp(name, bundle.read(name), note=note)
        else:
            lines = _read_lines(bundle.read(name).decode(), note=note)
            for line in lines:
                signer, data = _read_line(line)
                if (signer, data[:4]) == (log.name, log.mark):
                    continue
                key = _find(witnesses, signer, data[:4])
                found |= {key} if key else set()
                yield _judge_cosignature(signer, data, key=key, note=note)
    for key in witnesses:
        if key not in found:
            yield wrong(f"cosignature of {key.name}", "there is none by this key")


def _read_note(bundle: Bundle) -> str:
    """Return the checkpoint that the receipts are for, "" where there are none."""
    told = bundle.read_json(ANCHORED)
    return str(told["from"]) if told else ""


def _read_lines(cosigned: str, *, note: str) -> list[str]:
    """Return the lines of signatures below a note; ValueError if it is another."""
    text, _, lines = cosigned.partition("\n\n")
    if text != note.partition("\n\n")[0]:
        raise ValueError("a cosignature is of another checkpoint")
    return lines.splitlines()


def _read_line(line: str) -> tuple[str, bytes]:
    dash, signer, blob = line.split(" ")
    if dash != _DASH:
        raise ValueError("a line is no signature")
    return signer, base64.b64decode(blob, validate=True)


def _find(keys: Sequence[Key], signer: str, mark: bytes) -> Key | None:
    return next((key for key in keys if (key.name, key.mark) == (signer, mark)), None)


def _judge_cosignature(
    signer: str, data: bytes, *, key: Key | None, note: str
) -> Finding:
    subject = f"cosignature of {signer}"
    time, signature = data[4 : 4 + _TIME_BYTES], data[4 + _TIME_BYTES :]
    if len(time) != _TIME_BYTES or len(signature) != _SIGNATURE_BYTES:
        return wrong(subject, "it is no cosignature/v1")
    if key is None:
        words = "unknown key; give the one you have from the witness: --witness-key"
        return Finding(subject, ok=True, words=f"{words} {signer}+{data[:4].hex()}+...")
    seconds = int.from_bytes(time, "big")
    text = note.partition("\n\n")[0] + "\n"
    signed = b"cosignature/v1\ntime %d\n" % seconds + text.encode()
    good = verify_ed25519(key.public, signed, signature)
    bad = "wrong: the signature is not good"
    return judge(subject, good, f"good; it saw this log at {_tell(seconds)}", bad)


def _judge_stamp(name: str, answer: bytes, *, note: str) -> Finding:
    subject = f"time stamp {name[len(RECEIPTS) :]}"
    try:
        stamp = read_stamp(answer)
    except StampError as error:
        return wrong(subject, str(error))
    same = stamp.digest == hashlib.sha256(note.encode()).digest()
    at = stamp.at.strftime("%Y-%m-%dT%H:%M:%SZ")
    good = f"granted at {at}, imprint checked; {_HOW}"
    return judge(subject, same, good, "it is over something else")


def _tell(seconds: int) -> str:
    try:
        at = dt.datetime.fromtimestamp(seconds, tz=dt.timezone.utc)  # noqa: UP017
    except (ValueError, OverflowError, OSError):
        return f"{seconds} seconds after 1970"
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
