"""Hash chains of audit entries: link them, verify them. No storage, no clock.

An entry is the canonical JSON (RFC 8785) of

    {"actor": "person:42", "actor_name": "Ada", "at": "2026-01-05T09:00:00.000000Z",
     "chain": "<uuid>", "detail": {...}, "kind": "task.claimed",
     "occurred_at": "...Z" (only for replayed facts), "prev": "<64 hex digits>",
     "seq": 7, "step": 12 (only where one is meant), "v": 1}

and its hash is SHA-256 over its UTF-8 bytes. `prev` is the hash of the entry before,
64 zeros for the first; `seq` counts from 1 without a gap.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple
from uuid import UUID

from workflows.core.actors import Actor
from workflows.core.canonical import dumps, quote

GENESIS: Final = bytes(32)
"""The head of an empty chain."""

MAX_ENTRY_BYTES: Final = 65_535
"""C2SP tlog-tiles writes an entry's length in 16 bits."""


class EntryTooLarge(ValueError):
    """An entry exceeds 65,535 bytes: put a digest into it instead of the content."""


class Draft(NamedTuple):
    """An entry before it has its place in a chain.

    `kind` is dotted past tense (`task.claimed`); `detail` is JSON-able (Decimals
    allowed) and names digests, not payloads; `occurred_at` is the business time of a
    replayed fact, beside the true time of the entry.
    """

    kind: str
    actor: Actor
    detail: Mapping[str, object]
    step_id: int | None = None
    occurred_at: dt.datetime | None = None


@dataclass(slots=True)
class Head:
    """Where a chain ends now; `link` moves it on."""

    chain: UUID
    seq: int = 0
    hash: bytes = GENESIS


class Row(NamedTuple):
    """A stored entry: its canonical text and hash, and what is searched by."""

    chain: UUID
    seq: int
    kind: str
    actor: str
    at: dt.datetime
    occurred_at: dt.datetime | None
    step_id: int | None
    entry: str
    hash: bytes


class Fault(NamedTuple):
    """One thing wrong with a chain; `message` is a sentence that names the place."""

    chain: UUID
    seq: int
    code: str
    message: str


def link(head: Head, drafts: Sequence[Draft], *, now: dt.datetime) -> list[Row]:
    """Append drafts to a chain: move `head` on and return the rows to store.

    `now` is the database's clock, aware. Raises `CanonicalError` where a detail has no
    JSON form and `EntryTooLarge`; the head then still fits the rows before.
    """
    chain, at = head.chain, format_time(now)
    before_detail = f'"at":"{at}","chain":"{chain}","detail":'
    seq, last = head.seq, head.hash
    # Most entries of one advance have the same actor: ask what he is written as once.
    actor: Actor | None = None
    actor_text = actor_ref = ""
    rows: list[Row] = []
    for draft in drafts:
        seq += 1
        if draft.actor is not actor:
            actor = draft.actor
            actor_text, actor_ref = _actor_text(actor), actor.ref
        occurred_at, step_id = draft.occurred_at, draft.step_id
        occurred = f',"occurred_at":"{format_time(occurred_at)}"' if occurred_at else ""
        step = f',"step":{step_id:d}' if step_id is not None else ""
        entry = (
            f"{actor_text}{before_detail}{_detail_text(draft.detail)},"
            f'"kind":{_quoted(draft.kind)}{occurred},"prev":"{last.hex()}",'
            f'"seq":{seq}{step},"v":1}}'
        )
        data = entry.encode()
        if len(data) > MAX_ENTRY_BYTES:
            raise EntryTooLarge(
                f"Entry {seq} of chain {chain} ({draft.kind}) has {len(data)} bytes, "
                f"more than {MAX_ENTRY_BYTES}: name a digest instead of the content."
            )
        last = hashlib.sha256(data).digest()
        rows.append(
            Row(
                chain,
                seq,
                draft.kind,
                actor_ref,
                now,
                occurred_at,
                step_id,
                entry,
                last,
            )
        )
    head.seq, head.hash = seq, last
    return rows


_quoted = lru_cache(maxsize=1024)(quote)


def _detail_text(detail: Mapping[str, object]) -> str:
    """Write a detail; most name a node and nothing else, and nodes come again."""
    if len(detail) == 1:
        node = detail.get("node")
        if type(node) is str:
            return _node_text(node)
    return dumps(detail)


@lru_cache(maxsize=4096)
def _node_text(node: str) -> str:
    return dumps({"node": node})


@lru_cache(maxsize=1024)
def _actor_text(actor: Actor) -> str:
    return f'{{"actor":{dumps(actor.ref)},"actor_name":{dumps(actor.name)},'


@lru_cache(maxsize=256)
def format_time(moment: dt.datetime) -> str:
    """Return an aware datetime in UTC with microseconds: `2026-01-05T09:00:00.000000Z`.

    Raises `ValueError` for a naive one.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone.")
    utc = moment.astimezone(dt.UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="microseconds") + "Z"


def verify_chain(rows: Iterable[Row], *, head: Head) -> list[Fault]:
    """Check stored rows of one chain, in order, from where `head` stands.

    Moves `head` on to the last row. Returns a fault for every hash that is not the
    entry's, every `prev` that is not the hash before, every gap, and every column
    that says other than the entry. Nothing is raised for bad content.
    """
    faults: list[Fault] = []
    for row in rows:
        if not _is_sound(row, head):
            faults.extend(_find_faults(row, head))
        head.seq, head.hash = row.seq, bytes(row.hash)
    return faults


_decode = json.JSONDecoder(parse_float=str).decode


def _parse(entry: str) -> dict[str, Any] | None:
    try:
        fields = _decode(entry)
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


def _hash(entry: str) -> bytes:
    return hashlib.sha256(entry.encode("utf-8", "surrogatepass")).digest()


def _is_sound(row: Row, head: Head) -> bool:
    fields = _parse(row.entry)
    return (
        fields is not None
        and row.seq == head.seq + 1
        and _hash(row.entry) == row.hash
        and fields.get("prev") == head.hash.hex()
        and not _differing_columns(row, fields, head)
    )


def _find_faults(row: Row, head: Head) -> Iterator[Fault]:
    def fault(code: str, what: str) -> Fault:
        where = f"Chain {head.chain}, entry {row.seq}"
        return Fault(head.chain, row.seq, code, f"{where}: {what}.")

    if row.seq != head.seq + 1:
        yield fault("gap", f"entry {head.seq + 1} should stand here")
    if _hash(row.entry) != row.hash:
        yield fault("hash", "the stored hash is not that of the stored text")
    fields = _parse(row.entry)
    if fields is None:
        yield fault("form", "the stored text is not a JSON object")
        return
    if fields.get("prev") != head.hash.hex():
        yield fault("prev", "it does not follow the entry before it")
    for name in _differing_columns(row, fields, head):
        yield fault("column", f"the column {name} says other than the text")


def _differing_columns(row: Row, fields: Mapping[str, Any], head: Head) -> list[str]:
    occurred_at = format_time(row.occurred_at) if row.occurred_at else None
    said = (
        ("chain", (fields.get("chain"), row.chain), (str(head.chain), head.chain)),
        ("seq", fields.get("seq"), row.seq),
        ("kind", fields.get("kind"), row.kind),
        ("actor", fields.get("actor"), row.actor),
        ("at", fields.get("at"), format_time(row.at)),
        ("occurred_at", fields.get("occurred_at"), occurred_at),
        ("step_id", fields.get("step"), row.step_id),
    )
    return [name for name, first, second in said if first != second]
