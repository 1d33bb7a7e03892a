"""The cases that a selection means, for whom it is asked. Nothing is written here."""

import dataclasses
from typing import Final
from uuid import UUID

from review.core.facets import UnreadableFacet, read_facets
from review.core.scopes import EVERYTHING, AuditScope
from review.core.selections import Selection
from review.dashboards.audit_conditions import FROM, build_search
from review.dashboards.audit_scope import find_within
from review.dashboards.sql import read_rows
from workflows.operations.errors import Invalid

MOST_CASES: Final = 200_000
OUTSIDE: Final = "outside of what the auditor may look at"
UNKNOWN: Final = "there is no such case"
_FOUND: Final = """
    SELECT i.id FROM workflows_instance i
    WHERE i.id IN (SELECT e.chain {source} WHERE {where} AND i.id IS NOT NULL)
    ORDER BY coalesce(i.occurred_at, i.started_at), i.id
    LIMIT %(limit)s
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Resolved:
    """The cases to give out, in their order, and those asked for that are not, and why.

    The order of a query is that of opening, then of the id; else as it was asked.
    """

    cases: list[UUID]
    withheld: list[tuple[UUID, str]]


def resolve(selection: Selection, *, scope: AuditScope = EVERYTHING) -> Resolved:
    """Return the cases of a selection within a scope.

    A query finds only what its asker may see, so nothing is withheld from it. Raises
    Invalid for facets that cannot be read, and for a query of more than MOST_CASES.
    """
    if selection.kind == "query":
        return Resolved(cases=_find(selection, scope), withheld=[])
    asked = list(dict.fromkeys(selection.cases))
    within = find_within(scope, asked)
    left = [case for case in asked if case not in within]
    there = find_within(EVERYTHING, left) if left and scope.is_limited else set()
    return Resolved(
        cases=[case for case in asked if case in within],
        withheld=[(case, OUTSIDE if case in there else UNKNOWN) for case in left],
    )


def _find(selection: Selection, scope: AuditScope) -> list[UUID]:
    try:
        facets = read_facets(selection.facets)
    except UnreadableFacet as error:
        raise Invalid(f"The facet {error.name!r} cannot be read. {error}") from error
    search = build_search(facets, scope=scope)
    if search.is_empty:
        return []
    statement = _FOUND.format(source=FROM, where=search.where)
    rows = read_rows(statement, {**search.parameters, "limit": MOST_CASES + 1})
    if len(rows) > MOST_CASES:
        raise Invalid(
            f"These are more than {MOST_CASES:,} cases; narrow the search, for instance"
            " to a month."
        )
    return [row.id for row in rows]
