"""The population a sample is drawn from: each case with its amount and stratum."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

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
    SELECT id, business_key FROM workflows_instance
    WHERE id = ANY(%(cases)s) AND business_key <> ''
"""


def find_keys(cases: Sequence[UUID]) -> dict[UUID, str]:
    """Return the keys of those among these cases that have one."""
    rows = read_rows(_KEYS, {"cases": list(cases)}) if cases else []
    return {row.id: row.business_key for row in rows}


def list_population(cases: Sequence[UUID], *, stratify: str = "") -> list[Any]:
    """Return the cases by id, with amount and stratum ("" where none is asked for)."""
    stratum = STRATA[stratify] if stratify else "''"
    return read_rows(_POPULATION.format(stratum=stratum), {"cases": list(cases)})
