"""The only writer of audit rows. What an entry is and how it is hashed: core/chain.py.

Every function writes in the caller's transaction: an entry commits with the change it
tells of or not at all, and a failure to write it must be left to roll the change back.
Every entry of a case passes `link_case`, where what people typed becomes commitments
(core/typed.py); entries of the installation are written as they are.
"""

import datetime as dt
import secrets
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from django.db import connection

from workflows.core import wireformat as wire
from workflows.core.canonical import dumps
from workflows.core.chain import GENESIS, Draft, EntryTooLarge, Head, Row, link
from workflows.core.commitments import SALT_BYTES, Opening
from workflows.core.typed import hide_typed
from workflows.driver import FEW, Into, fetch, pipeline, run

__all__ = [
    "GENESIS",
    "INSTALLATION",
    "Draft",
    "EntryTooLarge",
    "Head",
    "Row",
    "UnknownChain",
    "disclose",
    "link",
    "link_case",
    "new_salt",
    "record",
    "record_installation",
    "record_rows",
]

INSTALLATION: Final = UUID("00000000-0000-8000-8000-000000000001")
"""The chain of definitions, people and exports: what belongs to no instance."""

_ENTRIES: Final = Into(
    "workflows_auditentry",
    {
        "chain": "uuid",
        "seq": "int4",
        "kind": "text",
        "actor": "text",
        "at": "timestamptz",
        "occurred_at": "timestamptz",
        "step_id": "int8",
        "entry": "text",
        "hash": "bytea",
    },
)


# A case whose content was erased keeps nothing that opens anything ever again.
_DISCLOSE: Final = """
    INSERT INTO workflows_disclosure (instance_id, committed, salt, value, what)
    SELECT * FROM unnest(%s::uuid[], %s::text[], %s::bytea[], %s::text[], %s::text[])
        AS v(instance_id, committed, salt, value, what)
    WHERE NOT EXISTS (
        SELECT FROM workflows_contentkey k
        WHERE k.instance_id = v.instance_id AND k.erased_at IS NOT NULL)
    ON CONFLICT DO NOTHING
"""
_HEAD: Final = "SELECT audit_seq, audit_head FROM workflows_instance WHERE id = %b"
_MOVE_HEAD: Final = """
    UPDATE workflows_instance
    SET audit_seq = %b, audit_head = %b, version = version + 1 WHERE id = %b
"""


class UnknownChain(LookupError):
    """An entry was to be recorded for an instance that does not exist."""


def record(*, instance_id: UUID, drafts: Sequence[Draft], now: dt.datetime) -> int:
    """Append entries to an instance's chain; return the seq of the last one.

    The caller has locked the instance's row, so nobody else can move its head; the
    instance's `version` goes up by one. Raises `UnknownChain`, `EntryTooLarge` and
    `CanonicalError`; nothing is written then.
    """
    found = fetch(_HEAD, [instance_id])
    if not found:
        raise UnknownChain(f"There is no instance {instance_id}.")
    head = Head(chain=instance_id, seq=found[0][0], hash=bytes(found[0][1]))
    rows, openings = link_case(head, drafts, now=now)
    with pipeline(when=len(rows) <= FEW):
        record_rows(rows)
        disclose(openings)
        run(_MOVE_HEAD, [head.seq, head.hash, instance_id])
    return head.seq


def link_case(
    head: Head, drafts: Sequence[Draft], *, now: dt.datetime
) -> tuple[list[Row], list[tuple[UUID, Opening]]]:
    """Append drafts to a case's chain as `link` does; return rows and what opens them.

    Words that people typed stand in the rows as commitments. The caller writes both.
    """
    hidden, openings = hide_typed(drafts, new_salt=new_salt)
    rows = link(head, hidden, now=now)
    return rows, [(head.chain, opening) for opening in openings]


def new_salt() -> bytes:
    """Return a salt, or a secret, that nobody can guess."""
    return secrets.token_bytes(SALT_BYTES)


def disclose(openings: Sequence[tuple[UUID, Opening]]) -> None:
    """Keep what opens commitments of entries, each with its case; nothing for none.

    Of a case whose content was erased nothing is kept.
    """
    if not openings:
        return
    run(
        _DISCLOSE,
        [
            [instance_id for instance_id, _ in openings],
            [one.committed for _, one in openings],
            [one.salt for _, one in openings],
            [dumps(one.value) for _, one in openings],
            [one.place[:200] for _, one in openings],
        ],
    )


def record_rows(rows: Sequence[Row]) -> None:
    """Insert linked rows of any number of chains in one go.

    The caller writes the heads it linked from in the same transaction. A row whose
    place in its chain is taken raises `IntegrityError`: somebody linked from a head
    that was not locked, and the whole transaction must go.
    """
    _ENTRIES.add(_pack(rows))


def _pack(rows: Sequence[Row]) -> list[tuple[bytes, ...]]:
    packed: list[tuple[bytes, ...]] = []
    last: UUID | None = None
    place = b""
    for chain, seq, kind, actor, at, occurred_at, step_id, entry, digest in rows:
        if chain is not last:  # entries come chain by chain
            last, place = chain, wire.uuid(chain)
        packed.append((
            place,
            wire.int4(4, seq),
            wire.word(kind),
            wire.word(actor),
            wire.moment(at),
            wire.moment_or_null(occurred_at),
            wire.int8_or_null(step_id),
            wire.text(entry),
            wire.binary(digest),
        ))
    return packed


def record_installation(*, drafts: Sequence[Draft], now: dt.datetime) -> int:
    """Append entries to the installation's chain; return the seq of the last one.

    Holds the chain's row until the transaction ends, so call it last: everything else
    of the installation's chain waits for it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO workflows_auditchain (id, name, seq, head)"
            " VALUES (%s, 'installation', 0, %s) ON CONFLICT DO NOTHING",
            [INSTALLATION, GENESIS],
        )
        cursor.execute(
            "SELECT seq, head FROM workflows_auditchain WHERE id = %s FOR UPDATE",
            [INSTALLATION],
        )
        seq, last = cursor.fetchone()
        head = Head(chain=INSTALLATION, seq=seq, hash=bytes(last))
        record_rows(link(head, drafts, now=now))
        cursor.execute(
            "UPDATE workflows_auditchain SET seq = %s, head = %s WHERE id = %s",
            [head.seq, head.hash, INSTALLATION],
        )
    return head.seq
