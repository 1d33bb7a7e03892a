"""Signed notes: the format of the Go example, and what is not accepted."""

import base64
from collections.abc import Callable

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from workflows.core.notes import (
    Checkpoint,
    NoteError,
    VerifierKey,
    open_note,
    read_checkpoint,
    read_verifier_key,
    sign_note,
)

# The example of Go's golang.org/x/mod/sumdb/note documentation.
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZ"
    "SNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = VerifierKey(
    name="log.example/1", public_key=PRIVATE.public_key().public_bytes_raw()
)


def verifier(key: VerifierKey) -> Callable[[bytes, bytes], bool]:
    public = Ed25519PublicKey.from_public_bytes(key.public_key)

    def verify(signature: bytes, text: bytes) -> bool:
        try:
            public.verify(signature, text)
        except InvalidSignature:
            return False
        return True

    return verify


def test_note_of_go_documentation_opens() -> None:
    key = read_verifier_key(GO_VKEY)
    text = open_note(GO_NOTE, key=key, verify=verifier(key))
    assert text.endswith("what your problem is.\n")
    assert str(key) == GO_VKEY


def test_signed_note_opens_beside_signatures_of_others() -> None:
    note = sign_note("hello\n\nworld\n", key=KEY, sign=PRIVATE.sign)
    other = GO_NOTE.splitlines()[-1] + "\n"
    assert open_note(note + other, key=KEY, verify=verifier(KEY)) == "hello\n\nworld\n"


def test_changed_text_is_refused() -> None:
    note = sign_note("hello\n", key=KEY, sign=PRIVATE.sign).replace("hello", "hallo")
    with pytest.raises(NoteError, match="not good"):
        open_note(note, key=KEY, verify=verifier(KEY))


@pytest.mark.parametrize(
    ("note", "words"),
    [
        ("hello\n", "no signatures"),
        ("hello\n\n- a b\n", "no line of a signature"),
        ("hello\n\n\u2014 a !!\n", "not base64"),
        (GO_NOTE, "not signed by log.example/1"),
    ],
)
def test_note_without_our_signature_is_refused(note: str, words: str) -> None:
    with pytest.raises(NoteError, match=words):
        open_note(note, key=KEY, verify=verifier(KEY))


def test_note_must_end_in_newline() -> None:
    with pytest.raises(NoteError, match="newline"):
        sign_note("hello", key=KEY, sign=PRIVATE.sign)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "na me+00000000+AA==",
        "name+00000000+!",
        "name+00000000+AA==",
        GO_VKEY.replace("c74f", "c74e"),
    ],
)
def test_text_that_is_no_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        read_verifier_key(text)


def test_checkpoint_reads_back() -> None:
    checkpoint = Checkpoint(origin="log.example/1", size=20_852_163, root=bytes(32))
    assert read_checkpoint(str(checkpoint)) == checkpoint
    assert str(checkpoint).splitlines()[1] == "20852163"


@pytest.mark.parametrize(
    "text",
    [
        "log\n1\n",
        "log\n01\n" + base64.b64encode(bytes(32)).decode() + "\n",
        "log\n-1\n" + base64.b64encode(bytes(32)).decode() + "\n",
        "log\n1\nAAAA\n",
        "log\n1\n" + base64.b64encode(bytes(32)).decode() + "\nextension\n",
    ],
)
def test_text_that_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        read_checkpoint(text)
