"""Time stamps of RFC 3161: what is asked, and what an answer says. No network, no keys.

Just enough DER (X.690) to ask for a stamp over a SHA-256 digest and to see that the
answer is over that digest and for that question. Whether the stamp's signature is by
an authority one trusts, `openssl ts -verify` tells.
Ships in every bundle of evidence: Python 3.9 or newer, nothing else needed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final, NamedTuple

_INTEGER, _OCTETS, _OID, _SEQUENCE, _SET = 0x02, 0x04, 0x06, 0x30, 0x31
_GENERALIZED_TIME: Final = 0x18
_EXPLICIT_0: Final = 0xA0
_SHA256: Final = bytes.fromhex("608648016503040201")  # 2.16.840.1.101.3.4.2.1
_SIGNED_DATA: Final = bytes.fromhex("2a864886f70d010702")  # 1.2.840.113549.1.7.2
_TST_INFO: Final = bytes.fromhex("2a864886f70d0109100104")  # ...1.9.16.1.4
_GRANTED: Final = (0, 1)


class StampError(ValueError):
    """An answer is no time stamp, or not the one that was asked for."""


class Stamp(NamedTuple):
    """A time stamp: when, over which digest, for which question."""

    at: dt.datetime
    digest: bytes
    nonce: int
    token: bytes


def _write(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def _write_integer(number: int) -> bytes:
    return _write(_INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def ask(*, digest: bytes, nonce: int) -> bytes:
    """Return a TimeStampReq over a SHA-256 digest; the authority adds its certificate."""
    algorithm = _write(_SEQUENCE, _write(_OID, _SHA256), b"\x05\x00")
    imprint = _write(_SEQUENCE, algorithm, _write(_OCTETS, digest))
    wants_certificate = b"\x01\x01\xff"
    return _write(
        _SEQUENCE, _write_integer(1), imprint, _write_integer(nonce), wants_certificate
    )


def _read(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield (tag, body, whole) of each element that stands in `data`."""
    at = 0
    while at < len(data):
        head = at
        tag, length, at = data[at], data[at + 1], at + 2
        if length & 0x80:
            count = length & 0x7F
            length, at = int.from_bytes(data[at : at + count], "big"), at + count
        if at + length > len(data):
            raise StampError("The answer breaks off.")
        yield tag, data[at : at + length], data[head : at + length]
        at += length


def read_answer(answer: bytes, *, digest: bytes, nonce: int) -> Stamp:
    """Return the stamp of a TimeStampResp; raises `StampError` unless it is the one.

    `Stamp.token` is the CMS token by itself, as `openssl ts -verify -token_in` reads it.
    """
    stamp = read_stamp(answer)
    if stamp.digest != digest or stamp.nonce != nonce:
        raise StampError("The time stamp is for another question.")
    return stamp


def read_stamp(answer: bytes) -> Stamp:
    """Return the stamp of a TimeStampResp that was granted; raises `StampError`."""
    try:
        return _read_answer(answer)
    except (IndexError, ValueError, StopIteration, RuntimeError) as error:
        if isinstance(error, StampError):
            raise
        raise StampError("The answer is no time stamp.") from error


def _read_answer(answer: bytes) -> Stamp:
    ((_, body, _),) = _read(answer)
    status, *token = _read(body)
    (_, code, _), *_ = _read(status[1])
    if int.from_bytes(code, "big") not in _GRANTED or not token:
        raise StampError("The authority granted no time stamp.")
    whole = token[0][2]
    return _read_token(whole)


def _read_token(token: bytes) -> Stamp:
    ((_, content_info, _),) = _read(token)
    (_, kind, _), (_, explicit, _) = _read(content_info)
    if kind != _SIGNED_DATA:
        raise StampError("The answer holds no signed data.")
    ((_, signed, _),) = _read(explicit)
    (_, encapsulated, _) = list(_read(signed))[2]
    (_, content_kind, _), (_, content, _) = _read(encapsulated)
    if content_kind != _TST_INFO:
        raise StampError("The signed data is no time stamp.")
    ((_, octets, _),) = _read(content)
    ((_, info, _),) = _read(octets)
    return _read_info(info, token)


def _read_info(info: bytes, token: bytes) -> Stamp:
    _version, _policy, (_, imprint, _), _serial, (tag, time, _), *rest = _read(info)
    (_, algorithm, _), (_, digest, _) = _read(imprint)
    ((_, name, _), *_) = _read(algorithm)
    if name != _SHA256 or tag != _GENERALIZED_TIME:
        raise StampError("The time stamp is over another kind of digest.")
    # genTime is UTC and ends in Z; fractions of a second may follow (RFC 3161 2.4.2).
    seconds = time.decode("ascii").removesuffix("Z").partition(".")[0]
    at = dt.datetime.strptime(f"{seconds}+0000", "%Y%m%d%H%M%S%z")
    nonces = [int.from_bytes(body, "big") for tag, body, _ in rest if tag == _INTEGER]
    return Stamp(at=at, digest=digest, nonce=nonces[0] if nonces else -1, token=token)
