"""Audit entries that a search finds, newest first, and all entries of one chain."""

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from review.dashboards.audit_conditions import FROM, Search
from review.dashboards.sql import read_row, read_rows

PAGE: Final = 50
MOST_COUNTED: Final = 100_000
FACETED: Final = 10_000
"""Entries, the newest, that the counts per facet are taken over."""
MOST_READ: Final = 200_000
"""Entries that one statement reads back at most, where no index leads to what is sought."""
MOST_SEARCHED: Final = 2_000_000
"""Entries, the newest, that a kept search counts its own among then."""

_SEARCH: Final = """
    SELECT e.id, e.chain, e.seq, e.kind, e.actor, e.at, e.occurred_at, e.step_id,
        e.entry, encode(e.hash, 'hex') AS hash, i.business_key, i.state AS case_state,
        d.key AS definition_key, d.version AS definition_version
    {source}
    WHERE {where}
    ORDER BY e.id DESC
    LIMIT %(limit)s
"""
_ENDS: Final = """
    SELECT (SELECT min(id) FROM workflows_auditentry) AS oldest,
        (SELECT max(id) FROM workflows_auditentry) AS newest
"""
_MOMENT: Final = """
    SELECT at FROM workflows_auditentry WHERE id >= %(floor)s ORDER BY id LIMIT 1
"""
_COUNT: Final = """
    SELECT count(*) AS entries
    FROM (SELECT e.chain {source} WHERE {where} LIMIT %(limit)s) found
"""
_FACETS: Final = """
    WITH found AS MATERIALIZED (
        SELECT e.kind, e.actor, d.key AS definition {source}
        WHERE {where} ORDER BY e.id DESC LIMIT %(limit)s)
    SELECT facet, value, count FROM (
        SELECT 'kind' AS facet, kind AS value, count(*) AS count
        FROM found GROUP BY kind
        UNION ALL SELECT 'actor', actor, count(*) FROM found GROUP BY actor
        UNION ALL SELECT 'definition', definition, count(*) FROM found
        WHERE definition IS NOT NULL GROUP BY definition
        UNION ALL SELECT 'all', '', count(*) FROM found) counted
    ORDER BY facet, count DESC, value
"""
_NAMES: Final = """
    SELECT 'person:' || id AS ref, name FROM review_person
    WHERE id = ANY(%(ids)s)
"""
_OF_CHAIN: Final = """
    SELECT id, chain, seq, kind, actor, at, occurred_at, step_id, entry,
        encode(hash, 'hex') AS hash
    FROM workflows_auditentry
    WHERE chain = %(chain)s AND seq > %(after)s
    ORDER BY seq LIMIT %(limit)s
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Count:
    """How many entries; `is_capped` where there may be more."""

    entries: int
    is_capped: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """Entries, the newest first, one more than a page if there are.

    `goes_on`: where fewer were found and older entries were not looked at, the number
    to go on before, and `reached` the moment of the last one looked at.
    """

    rows: list[Any]
    goes_on: int | None = None
    reached: dt.datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class FacetCounts:
    """How often each value occurs among the newest entries found.

    `seen` says over how many; all of them, unless that is FACETED, or the search
    `is_cut`: older entries than MOST_READ were not looked at.
    """

    seen: int
    of: Mapping[str, list[tuple[str, int]]]
    names: Mapping[str, str]
    is_cut: bool = False


def read_entries(search: Search, *, before: int | None, limit: int = PAGE) -> Found:
    """Return a page of entries; it reads MOST_READ of them where no index helps."""
    if search.is_empty:
        return Found([])
    where = search.where
    parameters = {**search.parameters, "limit": limit + 1}
    if before is not None:
        where += " AND e.id < %(before)s"
        parameters["before"] = before
    floor = _find_floor(search, before=before)
    if floor is None:
        return Found(read_rows(_SEARCH.format(source=FROM, where=where), parameters))
    parameters["floor"] = floor
    bounded = _SEARCH.format(source=FROM, where=f"{where} AND e.id >= %(floor)s")
    rows = read_rows(bounded, parameters)
    if len(rows) > limit:
        return Found(rows)
    if search.named and before is None:
        # An index led to these, however old they are.
        older = f"{where} AND e.id = ANY(%(named)s) AND e.id < %(floor)s"
        rows += read_rows(_SEARCH.format(source=FROM, where=older), parameters)
    last = read_row(_MOMENT, {"floor": floor})
    return Found(rows, goes_on=floor, reached=last.at if last else None)


def _find_floor(search: Search, *, before: int | None) -> int | None:
    """Return the number down to which a long search reads; None where that is all."""
    if not search.is_long:
        return None
    least, end = find_ends(search)
    floor = (end if before is None else min(before, end)) - MOST_READ
    return floor if floor > least else None


def find_ends(search: Search) -> tuple[int, int]:
    """Return the number of the first entry that a search may find, and that after the last.

    Both are 0 for an empty log.
    """
    row = read_row(_ENDS, {})
    if row is None or row.newest is None:
        return 0, 0
    least = max(row.oldest, search.parameters.get("first_id", 0))
    end = min(row.newest + 1, search.parameters.get("end_id", row.newest + 1))
    return int(least), int(max(end, least))


def count_entries(search: Search, *, most: int = MOST_COUNTED) -> Count:
    """Return how many entries are found, up to a number where counting ends.

    Where no index leads to them, among the newest MOST_SEARCHED: no statement reads
    more than MOST_READ.
    """
    if search.is_empty:
        return Count(0, is_capped=False)
    statement = _COUNT.format(source=FROM, where=search.where)
    parameters = {**search.parameters, "limit": most + 1}
    if not search.is_long:
        row = read_row(statement, parameters)
        entries = row.entries if row else 0
        return Count(min(entries, most), is_capped=entries > most)
    least, end = find_ends(search)
    statement = _COUNT.format(
        source=FROM, where=f"{search.where} AND e.id >= %(floor)s AND e.id < %(top)s"
    )
    entries, top, last = 0, end, max(least, end - MOST_SEARCHED)
    while top > last and entries <= most:
        floor = max(last, top - MOST_READ)
        row = read_row(statement, {**parameters, "floor": floor, "top": top})
        entries += row.entries if row else 0
        top = floor
    return Count(min(entries, most), is_capped=entries > most or last > least)


def count_facets(search: Search) -> FacetCounts:
    """Return the counts of kinds, actors and processes among the newest found."""
    if search.is_empty:
        return FacetCounts(0, {}, {})
    where, parameters = search.where, {**search.parameters, "limit": FACETED}
    floor = _find_floor(search, before=None)
    if floor is not None:
        where += " AND e.id >= %(floor)s"
        parameters["floor"] = floor
    rows = read_rows(_FACETS.format(source=FROM, where=where), parameters)
    counts: dict[str, list[tuple[str, int]]] = {}
    for row in rows:
        counts.setdefault(row.facet, []).append((row.value, row.count))
    seen = counts.pop("all", [("", 0)])[0][1]
    actors = [actor for actor, _ in counts.get("actor", [])[:12]]
    return FacetCounts(
        seen=seen, of=counts, names=name_actors(actors), is_cut=floor is not None
    )


def name_actors(refs: list[str]) -> dict[str, str]:
    """Return the names of those among these actors who are persons."""
    ids = [
        int(ref[7:])
        for ref in refs
        if ref.startswith("person:") and ref[7:].isdecimal()
    ]
    rows = read_rows(_NAMES, {"ids": ids}) if ids else []
    return {row.ref: row.name for row in rows}


def list_entries(chain: UUID, *, after: int = 0, limit: int = 500) -> list[Any]:
    """Return one chain's entries in order, from the one after `after` on."""
    return read_rows(_OF_CHAIN, {"chain": chain, "after": after, "limit": limit})
