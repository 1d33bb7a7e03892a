"""Where checkpoints are left for outsiders to hold us to. No network, no clock.

    file:/mnt/worm                        a folder that nobody can change files in
    mailto:audit@example.com              a mailbox of the auditors'
    witness+https://host/path#VKEY        a witness that cosigns (c2sp.org/tlog-witness)
    tsa+https://host/path                 a time-stamping authority (RFC 3161)

`?every=SECONDS` behind a mail address makes mails rarer than the window.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, Literal
from urllib.parse import parse_qs, unquote, urlsplit

from workflows.core.notes import COSIGNATURE, NoteError, VerifierKey, read_verifier_key

Kind = Literal["file", "mail", "witness", "tsa"]

SHARE: Final = 0.75
"""An anchor is due after this share of the window, so that the rest covers the call."""

FIRST_PAUSE: Final = dt.timedelta(seconds=5)
LONGEST_PAUSE: Final = dt.timedelta(minutes=10)
MOST_NAME: Final = 300


@dataclass(frozen=True, slots=True)
class Target:
    """One anchor; `name` is what rows and sentences call it, without secrets."""

    kind: Kind
    name: str
    address: str
    witness: VerifierKey | None = None
    every: dt.timedelta | None = None


def read_targets(words: Sequence[str]) -> tuple[Target, ...]:
    """Read a list of anchors; raises `ValueError` with one sentence that says why."""
    targets = tuple(_read_target(word) for word in words)
    names = [target.name for target in targets]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{name} is named twice.")
        if len(name) > MOST_NAME:
            raise ValueError(f"{name[:40]}... is longer than {MOST_NAME} characters.")
    return targets


def _read_target(word: str) -> Target:
    scheme, colon, rest = word.partition(":")
    match scheme if colon else "":
        case "file":
            return _read_folder(unquote(urlsplit(word).path), word=word)
        case "mailto":
            return _read_mailbox(rest, word=word)
        case "witness+https" | "witness+http":
            return _read_witness(word.removeprefix("witness+"))
        case "tsa+https":
            url = word.removeprefix("tsa+")
            parts = urlsplit(url)
            if not parts.hostname or parts.username is not None:
                raise ValueError(f"{word!r} names no host to ask for time stamps.")
            return Target("tsa", f"tsa:{parts.netloc}{parts.path}", url)
        case _:
            raise ValueError(
                f"{word!r} is no anchor; write file:/folder, mailto:address,"
                " witness+https://host/#VKEY or tsa+https://host/path."
            )


def _read_folder(path: str, *, word: str) -> Target:
    if not PurePosixPath(path).is_absolute():
        raise ValueError(f"{word!r} must name a folder from the root on: file:/folder.")
    folder = str(PurePosixPath(path))
    return Target("file", f"file:{folder}", folder)


def _read_mailbox(rest: str, *, word: str) -> Target:
    address, _, query = rest.partition("?")
    name, at, host = address.rpartition("@")
    wishes = parse_qs(query, strict_parsing=bool(query))
    every = wishes.pop("every", ["0"])[-1]
    if not (name and at and host) or any(mark.isspace() for mark in address):
        raise ValueError(f"{word!r} holds no mail address.")
    if wishes or not (every.isascii() and every.isdecimal()):
        raise ValueError(f"{word!r}: only ?every=SECONDS may follow a mail address.")
    pause = dt.timedelta(seconds=int(every)) if int(every) else None
    return Target("mail", f"mailto:{address}", address, every=pause)


def _read_witness(url: str) -> Target:
    prefix, _, vkey = url.partition("#")
    parts = urlsplit(prefix)
    try:
        key = read_verifier_key(unquote(vkey), algorithm=COSIGNATURE)
    except NoteError as error:
        raise ValueError(
            f"The witness at {parts.hostname or 'no host'} needs its public key after"
            f" a #, as `manage.py witness` prints it: {error}"
        ) from error
    if not parts.hostname or parts.username is not None or parts.query:
        raise ValueError(
            f"The witness {key.name} has no address of the form https://host/."
        )
    return Target("witness", f"witness:{key.name}", prefix.rstrip("/"), witness=key)


def pause_after(attempts: int) -> dt.timedelta:
    """Return how long to wait after so many attempts that failed: doubling, up to 10 min."""
    doubled: int = 2 ** min(max(attempts - 1, 0), 10)
    return min(LONGEST_PAUSE, FIRST_PAUSE * doubled)


def pause_between(target: Target, *, window: dt.timedelta) -> dt.timedelta:
    """Return how long after one checkpoint the next one is due at an anchor."""
    return max(window * SHARE, target.every or dt.timedelta())


def longest_gap(target: Target, *, window: dt.timedelta) -> dt.timedelta:
    """Return the age at which a checkpoint that an anchor does not hold is late."""
    return 2 * max(window, target.every or dt.timedelta())


def file_name(key: VerifierKey, *, size: int, copy: int = 0) -> str:
    """Return the name of a checkpoint's file: sorted by size, apart by signing key."""
    mark = f".{copy}" if copy else ""
    return f"checkpoint-{key.key_id.hex()}-{size:012d}{mark}.note"
