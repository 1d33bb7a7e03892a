"""Anchors as they are named in the settings, and when they are due."""

from __future__ import annotations

import datetime as dt
import hashlib
import re

import pytest

from workflows.core import timestamps, witness
from workflows.core.anchors import (
    file_name,
    longest_gap,
    pause_after,
    pause_between,
    read_targets,
)
from workflows.core.merkle import (
    EMPTY_ROOT,
    consistency_proof,
    leaf_hash,
    tree_root,
)
from workflows.core.notes import (
    COSIGNATURE,
    Checkpoint,
    NoteError,
    VerifierKey,
    check_cosignature,
    cosign,
    keep_signatures,
    read_verifier_key,
)
from workflows.core.witness import Refusal, Request, check_growth, read_request

WITNESS = VerifierKey("witness.example/w1", bytes(range(32)), COSIGNATURE)
MINUTE = dt.timedelta(seconds=60)


def test_anchors_of_every_kind_are_read() -> None:
    words = [
        "file:/mnt/worm/",
        "mailto:audit@example.com?every=3600",
        f"witness+https://w.example:7380/#{WITNESS}",
        "tsa+https://tsa.example/tsr",
    ]
    folder, mail, other, tsa = read_targets(words)
    assert (folder.kind, folder.name, folder.address) == (
        "file", "file:/mnt/worm", "/mnt/worm"
    )  # fmt: skip
    assert (mail.name, mail.every) == (
        "mailto:audit@example.com",
        dt.timedelta(hours=1),
    )
    assert (other.name, other.address, other.witness) == (
        "witness:witness.example/w1", "https://w.example:7380", WITNESS
    )  # fmt: skip
    assert (tsa.name, tsa.address) == ("tsa:tsa.example/tsr", "https://tsa.example/tsr")
    assert [pause_between(one, window=MINUTE).seconds for one in (folder, mail)] == [
        45,
        3600,
    ]
    assert longest_gap(mail, window=MINUTE) == dt.timedelta(hours=2)


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("ftp://host/", "is no anchor"),
        ("folder", "is no anchor"),
        ("file:worm", "from the root on"),
        ("mailto:nobody", "no mail address"),
        ("mailto:a@b?often=1", "only ?every=SECONDS"),
        ("mailto:a@b?every=soon", "only ?every=SECONDS"),
        ("witness+https://w.example/", "needs its public key"),
        (f"witness+https:///#{WITNESS}", "no address of the form"),
        (
            f"witness+https://w.example/#{VerifierKey('w', bytes(32))}",
            "no Ed25519 cosignature key",
        ),
        ("tsa+https:///tsr", "names no host"),
        ("tsa+http://tsa.example/", "is no anchor"),
    ],
)
def test_words_that_are_no_anchors_are_refused(word: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        read_targets([word])


def test_an_anchor_named_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="named twice"):
        read_targets(["file:/worm", "file:/worm/"])


def test_failures_are_tried_again_later_and_later() -> None:
    assert [pause_after(n).seconds for n in (1, 2, 3, 8, 100)] == [5, 10, 20, 600, 600]


def test_files_sort_by_size_and_tell_keys_apart() -> None:
    other = VerifierKey("other", bytes(32))
    names = [file_name(other, size=size) for size in (9, 10, 200_000)]
    assert names == sorted(names)
    assert file_name(WITNESS, size=9) != names[0]
    assert file_name(other, size=9, copy=1).endswith("000000000009.1.note")


# --- cosignatures ---------------------------------------------------------------------


def _sign(data: bytes) -> bytes:
    return hashlib.sha512(data).digest()


def _verify(signature: bytes, data: bytes) -> bool:
    return signature == _sign(data)


TEXT = "log.example\n3\n" + "A" * 43 + "=\n"
NOTE = f"{TEXT}\n\u2014 log.example AAAAAA==\n"


def test_cosignature_is_over_time_and_checkpoint() -> None:
    line = cosign(TEXT, key=WITNESS, timestamp=1679315147, sign=_sign)
    assert line.startswith("\u2014 witness.example/w1 ")
    assert check_cosignature(NOTE + line, key=WITNESS, verify=_verify) == 1679315147
    other = (NOTE + line).replace("\n3\n", "\n4\n")
    with pytest.raises(NoteError, match="not good"):
        check_cosignature(other, key=WITNESS, verify=_verify)
    with pytest.raises(NoteError, match="not signed by"):
        check_cosignature(NOTE, key=WITNESS, verify=_verify)


def test_key_of_a_witness_is_told_from_a_logs() -> None:
    assert read_verifier_key(str(WITNESS), algorithm=COSIGNATURE) == WITNESS
    with pytest.raises(NoteError, match="no Ed25519 key"):
        read_verifier_key(str(WITNESS))
    assert VerifierKey(WITNESS.name, WITNESS.public_key).key_id != WITNESS.key_id


def test_lines_of_others_are_left_out() -> None:
    mine = cosign(TEXT, key=WITNESS, timestamp=1, sign=_sign)
    theirs = mine.replace("w1", "w2")
    assert keep_signatures(theirs + mine + "noise\n", key=WITNESS) == mine


# --- a witness's rules ----------------------------------------------------------------

LEAVES = [leaf_hash(b"%d" % n) for n in range(12)]


def _at(size: int) -> Checkpoint:
    return Checkpoint("log.example", size, tree_root(LEAVES[:size]))


def _proof(old: int, size: int) -> tuple[bytes, ...]:
    proof = consistency_proof(
        old_size=old, size=size, stretch=lambda a, b: tree_root(LEAVES[a:b])
    )
    return tuple(proof)


def test_request_is_read_as_it_was_written() -> None:
    proof = _proof(5, 12)
    body = witness.write_request(old_size=5, proof=proof, note=NOTE)
    assert read_request(body) == Request(5, proof, NOTE)
    assert body.startswith(b"old 5\n")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 5\n",
        b"old 05\n\nx",
        b"old -1\n\nx",
        b"old 18446744073709551616\n\nx",
        b"old " + b"9" * 5000 + b"\n\nx",
        b"new 5\n\nx",
        b"old 5\n!\n\nx",
        b"old 5\nAAAA\n\nx",
        b"\xff\n\nx",
        b"old 5\n" + b"A" * 43 + b"=\n" * 64 + b"\nx",
    ],
)
def test_broken_request_is_refused(body: bytes) -> None:
    with pytest.raises(Refusal) as refusal:
        read_request(body)
    assert refusal.value.status == 400


def test_growth_is_accepted() -> None:
    check_growth(Request(0, (), ""), _at(5), last=None)
    check_growth(Request(5, _proof(5, 12), ""), _at(12), last=_at(5))
    check_growth(Request(5, (), ""), _at(5), last=_at(5))
    check_growth(
        Request(0, (), ""), Checkpoint("log.example", 0, EMPTY_ROOT), last=None
    )


FORK = Checkpoint("log.example", 5, bytes(32))


@pytest.mark.parametrize(
    ("request_", "checkpoint", "last", "answer"),
    [
        (Request(6, (), ""), _at(5), _at(5), (400, "old size")),
        (Request(0, (), ""), _at(12), _at(5), (409, "5\n")),
        (Request(5, (), ""), _at(12), None, (409, "0\n")),
        (Request(4, (), ""), _at(4), _at(5), (409, "5\n")),  # back
        (Request(5, (), ""), FORK, _at(5), (409, "5\n")),  # fork of the same size
        (Request(5, _proof(4, 12), ""), _at(12), _at(5), (422, "proof")),
        (Request(5, _proof(5, 12), ""), _at(12), FORK, (422, "proof")),
        (Request(5, (), ""), _at(12), _at(5), (422, "proof")),
        (Request(5, (bytes(32),), ""), _at(5), _at(5), (422, "no proof")),
        (Request(0, (bytes(32),), ""), _at(5), None, (422, "nothing to prove")),
    ],
)
def test_what_did_not_grow_is_refused(
    request_: Request,
    checkpoint: Checkpoint,
    last: Checkpoint | None,
    answer: tuple[int, str],
) -> None:
    with pytest.raises(Refusal, match=answer[1]) as refusal:
        check_growth(request_, checkpoint, last=last)
    assert refusal.value.status == answer[0]


# --- time stamps ----------------------------------------------------------------------


def test_question_for_a_time_stamp_is_der() -> None:
    asked = timestamps.ask(digest=bytes(32), nonce=255)
    assert asked.hex() == (
        "303d020101" "3031300d06096086480165030402010500" "0420" + "00" * 32
        + "020200ff" "0101ff"
    )  # fmt: skip


@pytest.mark.parametrize(
    "answer", [b"", b"\x30", b"\x30\x03\x02\x01\x02", b"\x30\x84\xff"]
)
def test_what_is_no_time_stamp_is_refused(answer: bytes) -> None:
    with pytest.raises(timestamps.StampError):
        timestamps.read_answer(answer, digest=bytes(32), nonce=1)
