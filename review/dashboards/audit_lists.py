"""What an auditor has kept: searches, samples, runs of control tests."""

from typing import Any, Final

from review.core.evidence.scopes import AuditScope
from review.dashboards.sql import read_rows

_LISTS: Final = """
    SELECT id, name, facets::text AS facets, count, previous_count, counted_at
    FROM review_auditlist WHERE owner_id = %(person)s AND name <> ''
    ORDER BY name, id LIMIT 60
"""
_KNOWN: Final = """
    SELECT 'definition' AS kind, key FROM workflows_definition GROUP BY key
    UNION ALL SELECT 'queue', key FROM review_queue
    ORDER BY 1, 2 LIMIT 400
"""


def list_searches(person_id: int) -> list[Any]:
    """Return a person's kept searches by name."""
    return read_rows(_LISTS, {"person": person_id})


def list_known(scope: AuditScope) -> dict[str, list[str]]:
    """Return the keys of processes and queues, to be offered while typing.

    Of a limited auditor those his limits name: which others there are is none of his
    business.
    """
    if scope.is_limited:
        return {"definition": list(scope.definitions), "queue": list(scope.queues)}
    known: dict[str, list[str]] = {"definition": [], "queue": []}
    for row in read_rows(_KNOWN, {}):
        known[row.kind].append(row.key)
    return known
