"""Contents of large variables, written once and read when somebody asks."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings

from workflows.core import wireformat as wire
from workflows.core.engine.run import Run
from workflows.core.engine.variables import VARS
from workflows.core.payloads import (
    UnknownPayload,
    Values,
    find_references,
    holds_references,
)
from workflows.driver import columns, fetch, run
from workflows.store.sql import parse_json

KEPT = 16
"""Contents that a process keeps at hand; they never change."""

# A content that is there already is touched: erasing it waits for us, or we for it.
_KEEP = """
    INSERT INTO workflows_payload (digest, content, size, created_at, checked_at)
    SELECT digest, content, octet_length(content), clock_timestamp(), clock_timestamp()
    FROM unnest(%b::text[], %b::text[]) AS v(digest, content)
    ON CONFLICT (digest) DO UPDATE SET checked_at = EXCLUDED.checked_at
"""
_USE = """
    INSERT INTO workflows_payloaduse (digest, instance_id)
    SELECT * FROM unnest(%b::text[], %b::uuid[]) ON CONFLICT DO NOTHING
"""
_READ = "SELECT content FROM workflows_payload WHERE digest = %b"
_READ_USED = """
    SELECT p.content FROM workflows_payload p
    JOIN workflows_payloaduse u ON u.digest = p.digest
    WHERE u.instance_id = %b AND p.digest = %b
"""
_LIST = "SELECT digest FROM workflows_payloaduse WHERE instance_id = %b ORDER BY digest"


@lru_cache(maxsize=KEPT)
def read(digest: str) -> Any:
    """Return the value of a digest. Raises UnknownPayload."""
    found = fetch(_READ, [digest])
    if not found:
        raise UnknownPayload(digest)
    return parse_json(found[0][0])


def read_used(instance_id: UUID, digest: str) -> str:
    """Return the canonical JSON of a payload of this instance. Raises UnknownPayload."""
    found = fetch(_READ_USED, [instance_id, digest])
    if not found:
        raise UnknownPayload(digest)
    text: str = found[0][0]
    return text


def list_used(instance_id: UUID) -> list[str]:
    """Return the digests of the payloads that an instance holds or held."""
    return [row[0] for row in fetch(_LIST, [instance_id])]


def new_values(values: Mapping[str, Any]) -> Values:
    """Return variables whose large values are folded."""
    return Values(values, read=read, limit=settings.PAYLOAD_BYTES)


def stored_values(stored: Mapping[str, Any]) -> Values:
    """Return variables of their stored form; large values are read when asked for."""
    return Values.from_stored(stored, read=read, limit=settings.PAYLOAD_BYTES)


def shown_values(instance_id: UUID, stored: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what was kept of an instance's variables, large values read when asked.

    Only what the instance uses is read: a value that merely looks like a reference, as
    somebody may have sent one, stays what it is.
    """
    wanted = {payload.digest for payload in find_references(stored).values()}
    if not wanted or not wanted.issubset(list_used(instance_id)):
        return stored
    return stored_values(stored)


def scope_data(text: str) -> dict[str, Any]:
    """Return what a scope keeps, its own variables unfolded only where they are."""
    data: dict[str, Any] = parse_json(text)
    if VARS in data and holds_references(text):
        data[VARS] = stored_values(data[VARS])
    return data


def save(runs: Iterable[Run]) -> None:
    """Fold what became large, keep the contents, and note who uses them.

    Written in the order of their digests: two transactions with the same contents
    wait for each other in one direction only.
    """
    written: dict[str, str] = {}
    uses: set[tuple[str, UUID]] = set()
    for one in runs:
        for values in _fold(one):
            written.update(values.written)
            used = {payload.digest for payload in values.payloads()}
            uses.update((digest, one.instance.id) for digest in used)
    if written:
        kept = [(wire.text(key), wire.text(written[key])) for key in sorted(written)]
        run(_KEEP, columns(("text", "text"), kept))
    if uses:
        noted = [(wire.text(digest), wire.uuid(who)) for digest, who in sorted(uses)]
        run(_USE, columns(("text", "uuid"), noted))


def _fold(one: Run) -> Sequence[Values]:
    row = one.instance
    if not isinstance(row.variables, Values):
        row.variables = new_values(row.variables)
    found = [row.variables] if row.new or row.variables_changed else []
    for step in one.touched:
        own = step.data.get(VARS)
        if own:
            values = own if isinstance(own, Values) else new_values(own)
            if values.payloads():
                step.data = {**step.data, VARS: values}
            found.append(values)
    return found
