"""The population a sample is drawn from: each case with its amount and stratum."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from review.core.evidence.scopes import AuditScope
from review.dashboards.audit_scope import limit_cases
from review.dashboards.sql import read_rows

# What a case may be put in a stratum by; the amount is the largest of its tasks.
STRATA: Final = {
    "definition": "d.key",
    "outcome": "coalesce(max(t.outcome), 'none')",
    "control": "coalesce(max(t.control), 'none')",
    "queue": "coalesce(min(q.key), 'none')",
    "month": "to_char(coalesce(i.occurred_at, i.started_at) AT TIME ZONE 'UTC',"
    " 'YYYY-MM')",
}
_POPULATION: Final = """
    SELECT i.id, i.business_key, max(t.impact) AS amount, {stratum} AS stratum
    FROM workflows_instance i
    JOIN workflows_definition d ON d.id = i.definition_id
    LEFT JOIN review_task t ON t.instance_id = i.id
    LEFT JOIN review_queue q ON q.id = t.queue_id
    WHERE i.id = ANY(%(cases)s)
    GROUP BY i.id, d.key ORDER BY i.id
"""
_KEYS: Final = """
    SELECT i.id, i.business_key FROM workflows_instance i
    WHERE i.id = ANY(%(cases)s::uuid[]) AND i.business_key <> '' AND {conditions}
"""


def find_keys(cases: Sequence[UUID], *, scope: AuditScope) -> dict[UUID, str]:
    """Return the keys of those among these cases that have one and are within a scope.

    What an auditor drew or tested stays his; cases that are none of his business by
    now are told by their ids alone.
    """
    if not cases:
        return {}
    conditions, parameters = limit_cases(scope)
    statement = _KEYS.format(conditions=" AND ".join(conditions) or "true")
    rows = read_rows(statement, {**parameters, "cases": list(cases)})
    return {row.id: row.business_key for row in rows}


def list_population(cases: Sequence[UUID], *, stratify: str = "") -> list[Any]:
    """Return the cases by id, with amount and stratum ("" where none is asked for)."""
    stratum = STRATA[stratify] if stratify else "''"
    return read_rows(_POPULATION.format(stratum=stratum), {"cases": list(cases)})
