"""The cases that a selection means, for whom it is asked. Nothing is written here.

Note [Windows of the log]
A query whose entries no index leads to is answered by reading the log back from the
newest entry, MOST_READ entries by one statement, however long the log is. Who has time
(bundles.py, control_orders.py) keeps what each window found and goes on below it, in
another job if need be; who waits on a page is told when it takes too long. Entries that
came after the first window are not looked at.
"""

import dataclasses
import time
from collections.abc import Collection, Iterator
from typing import Final
from uuid import UUID

from review.core.evidence.facets import Facets, UnreadableFacet, read_facets
from review.core.evidence.scopes import EVERYTHING, AuditScope
from review.core.evidence.selections import Selection
from review.dashboards import audit
from review.dashboards.audit_conditions import FROM, Search, build_search
from review.dashboards.audit_scope import find_within, limit_cases
from review.dashboards.sql import read_rows
from workflows.operations.errors import Invalid

MOST_CASES: Final = 200_000
OUTSIDE: Final = "outside of what the auditor may look at"
UNKNOWN: Final = "there is no such case"
# What is asked of cases alone is asked of them, and not of their many entries.
_OF_CASES: Final = """
    SELECT i.id FROM workflows_instance i
    JOIN workflows_definition d ON d.id = i.definition_id
    WHERE {where} LIMIT %(limit)s
"""
# A case has many entries: what an index leads to is found once for each case.
_LED_TO: Final = """
    SELECT i.id FROM workflows_instance i
    WHERE i.id IN (SELECT e.chain {source} WHERE {where} AND i.id IS NOT NULL)
    LIMIT %(limit)s
"""
_WINDOW: Final = """
    SELECT DISTINCT i.id {source}
    WHERE {where} AND i.id IS NOT NULL AND e.id >= %(floor)s AND e.id < %(top)s
"""
_IN_ORDER: Final = """
    SELECT i.id FROM workflows_instance i
    WHERE i.id = ANY(%(cases)s::uuid[]) AND {conditions}
    ORDER BY coalesce(i.occurred_at, i.started_at), i.id
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Resolved:
    """The cases to give out, in their order, and those asked for that are not, and why.

    The order of a query is that of opening, then of the id; else as it was asked.
    """

    cases: list[UUID]
    withheld: list[tuple[UUID, str]]


@dataclasses.dataclass(frozen=True, slots=True)
class Window:
    """The cases of one stretch of the log, which other stretches may have as well.

    What is older than the entry `below` is still to be read; None: nothing is. `done`
    of `total` entries are.
    """

    cases: list[UUID]
    below: int | None = None
    done: int = 0
    total: int = 0


def resolve(
    selection: Selection,
    *,
    scope: AuditScope = EVERYTHING,
    patience: float | None = None,
) -> Resolved:
    """Return the cases of a selection within a scope.

    A query finds only what its asker may see, so nothing is withheld from it. Raises
    Invalid for facets that cannot be read, for a query of more than MOST_CASES, and for
    one that takes longer than so many seconds of `patience`.
    """
    if selection.kind == "query":
        cases = _find(selection, scope, patience)
        return Resolved(cases=put_in_order(cases, scope=scope), withheld=[])
    asked = list(dict.fromkeys(selection.cases))
    within = find_within(scope, asked)
    left = [case for case in asked if case not in within]
    there = find_within(EVERYTHING, left) if left and scope.is_limited else set()
    return Resolved(
        cases=[case for case in asked if case in within],
        withheld=[(case, OUTSIDE if case in there else UNKNOWN) for case in left],
    )


def list_windows(
    selection: Selection, *, scope: AuditScope, below: int | None = None
) -> Iterator[Window]:
    """Yield what a query finds, the newest entries first; see Note [Windows of the log].

    `below` goes on where an earlier window ended. Raises Invalid for facets that cannot
    be read.
    """
    search, facets = _build(selection, scope)
    if search.is_empty:
        yield Window([])
        return
    if _is_of_cases(facets) or not search.is_long:
        template = _OF_CASES if _is_of_cases(facets) else _LED_TO
        statement = template.format(source=FROM, where=search.where)
        rows = read_rows(statement, {**search.parameters, "limit": MOST_CASES + 1})
        yield Window([row.id for row in rows])
        return
    least, end = audit.find_ends(search)
    top = end if below is None else min(below, end)
    statement = _WINDOW.format(source=FROM, where=search.where)
    while True:
        floor = max(least, top - audit.MOST_READ)
        rows = read_rows(statement, {**search.parameters, "floor": floor, "top": top})
        is_last = floor <= least
        yield Window(
            [row.id for row in rows],
            below=None if is_last else floor,
            done=end - floor,
            total=end - least,
        )
        if is_last:
            return
        top = floor


def is_long(selection: Selection, *, scope: AuditScope) -> bool:
    """Tell whether a query takes more than one window of the log."""
    search, facets = _build(selection, scope)
    if search.is_empty or not search.is_long or _is_of_cases(facets):
        return False
    least, end = audit.find_ends(search)
    return end - least > audit.MOST_READ


def check_count(cases: Collection[UUID]) -> None:
    """Refuse more cases than one selection may have. Raises Invalid."""
    if len(cases) > MOST_CASES:
        raise Invalid(
            f"These are more than {MOST_CASES:,} cases; narrow the search, for instance"
            " to a month."
        )


def put_in_order(cases: Collection[UUID], *, scope: AuditScope) -> list[UUID]:
    """Return cases by when they were opened; without those that a scope leaves out."""
    conditions, parameters = limit_cases(scope)
    statement = _IN_ORDER.format(conditions=" AND ".join(conditions) or "true")
    rows = read_rows(statement, {**parameters, "cases": list(cases)})
    return [row.id for row in rows]


def _find(
    selection: Selection, scope: AuditScope, patience: float | None
) -> Collection[UUID]:
    until = None if patience is None else time.monotonic() + patience
    found: set[UUID] = set()
    for window in list_windows(selection, scope=scope):
        found.update(window.cases)
        check_count(found)
        is_over = until is not None and time.monotonic() >= until
        if is_over and window.below is not None:
            raise Invalid(
                f"After {patience:.0f} seconds {window.done:,} of {window.total:,}"
                " entries were read, and no index leads to what is sought. Narrow the"
                " search to some days, to people or to a rare kind of entry."
            )
    return found


def _build(selection: Selection, scope: AuditScope) -> tuple[Search, Facets]:
    try:
        facets = read_facets(selection.facets)
    except UnreadableFacet as error:
        raise Invalid(f"The facet {error.name!r} cannot be read. {error}") from error
    return build_search(facets, scope=scope), facets


def _is_of_cases(facets: Facets) -> bool:
    """Tell whether a query asks for all cases, or those of a process or a version."""
    return facets == Facets(definition=facets.definition, version=facets.version)
