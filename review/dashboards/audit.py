"""Audit entries by facets, newest first, and all entries of one instance."""

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from review.dashboards.sql import read_rows

PAGE: Final = 50

_SEARCH: Final = """
    SELECT e.id, e.chain, e.seq, e.kind, e.actor, e.at, e.occurred_at, e.step_id,
        e.entry, encode(e.hash, 'hex') AS hash, i.business_key,
        d.key AS definition_key
    FROM workflows_auditentry e
    LEFT JOIN workflows_instance i ON i.id = e.chain
    LEFT JOIN workflows_definition d ON d.id = i.definition_id
    WHERE {conditions}
    ORDER BY e.id DESC
    LIMIT %(limit)s
"""
_CONDITIONS: Final = {
    "chain": "e.chain = %(chain)s",
    "kind": "e.kind LIKE %(kind)s",
    "actor": "e.actor = %(actor)s",
    "definition": "d.key = %(definition)s",
    "since": "e.at >= %(since)s",
    "until": "e.at < %(until)s",
    "before": "e.id < %(before)s",
}
_OF_CHAIN: Final = """
    SELECT id, chain, seq, kind, actor, at, occurred_at, step_id, entry,
        encode(hash, 'hex') AS hash
    FROM workflows_auditentry
    WHERE chain = %(chain)s AND seq > %(after)s
    ORDER BY seq LIMIT %(limit)s
"""
_CASE: Final = """
    SELECT id FROM workflows_instance
    WHERE business_key = %(case)s ORDER BY started_at DESC LIMIT %(limit)s
"""
_PEOPLE: Final = """
    SELECT id, name FROM review_person
    WHERE lower(name) LIKE %(q)s ORDER BY name, id LIMIT 20
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Facets:
    """What to search by; an empty facet leaves everything in.

    `kind` may end in "*" ("verdict.*"). Times are UTC, `until` is excluded.
    """

    chain: UUID | None = None
    case: str = ""
    kind: str = ""
    actor: str = ""
    definition: str = ""
    since: dt.datetime | None = None
    until: dt.datetime | None = None


def search_entries(
    facets: Facets, *, before: int | None, limit: int = PAGE
) -> list[Any]:
    """Return entries, the newest first, one more than `limit` if there are.

    A case is looked up first, so that the search runs along its chains.
    """
    given: dict[str, object] = {
        name: value for name, value in dataclasses.asdict(facets).items() if value
    }
    conditions = [_CONDITIONS[name] for name in given if name in _CONDITIONS]
    if facets.case:
        chains = [
            row.id for row in read_rows(_CASE, {"case": facets.case, "limit": 50})
        ]
        given["chains"] = chains
        conditions.append("e.chain = ANY(%(chains)s)")
    if facets.kind:
        given["kind"] = _escape_like(facets.kind).replace("*", "%")
    if before is not None:
        given["before"] = before
        conditions.append(_CONDITIONS["before"])
    statement = _SEARCH.format(conditions=" AND ".join(conditions) or "true")
    return read_rows(statement, {**given, "limit": limit + 1})


def list_entries(chain: UUID, *, after: int = 0, limit: int = 500) -> list[Any]:
    """Return one chain's entries in order, from the one after `after` on."""
    return read_rows(_OF_CHAIN, {"chain": chain, "after": after, "limit": limit})


def find_people(name: str) -> Mapping[str, str]:
    """Return actor refs and names of persons whose name contains the text."""
    rows = read_rows(_PEOPLE, {"q": f"%{_escape_like(name.lower())}%"})
    return {f"person:{row.id}": row.name for row in rows}


def _escape_like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
