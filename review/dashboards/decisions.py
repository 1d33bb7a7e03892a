"""How often the rules of decision tables matched, and where a decision was explained."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Final

from review.dashboards.sql import read_json, read_row, read_rows
from workflows.core.engine.evaluations import MAX_NAME
from workflows.core.outline import Table

COUNTED: Final = 10_000
"""Counts are over the newest evaluations of a table, at most so many."""
LISTED: Final = 1_000
"""A list counts no further; it says "1,000+" then."""

# Rule 0 stands for the evaluation itself. Under FIRST the first of the rules that
# matched decided; the others are no hits.
_HITS: Final = """
    SELECT w.decision, w.table_id, rule, count(*) AS hits
    FROM unnest(%(decisions)s::text[], %(tables)s::text[], %(firsts)s::bool[])
        AS w(decision, table_id, first_only)
    CROSS JOIN LATERAL (
        SELECT matched FROM workflows_evaluation e
        WHERE e.definition_id = %(definition)s AND e.decision = w.decision
            AND e.table_id = w.table_id
        ORDER BY e.id DESC LIMIT %(limit)s) n
    CROSS JOIN LATERAL
        unnest(0 || CASE WHEN w.first_only THEN n.matched[1:1] ELSE n.matched END)
        AS rule
    GROUP BY 1, 2, 3
"""
_STEP: Final = """
    SELECT s.id, s.name, i.id AS instance_id, i.definition_id, i.business_key,
        a.entry
    FROM workflows_step s
    JOIN workflows_instance i ON i.id = s.instance_id
    JOIN workflows_auditentry a ON a.chain = s.instance_id AND a.seq = s.audit_seq
    WHERE s.id = %(id)s AND a.kind = 'step.completed'
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Hits:
    """Evaluations of one table that were counted, and hits by rule number."""

    evaluations: int = 0
    by_rule: Mapping[int, int] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class Explained:
    """A decision as it was once made for a step; `explanation` as it was stored."""

    step_name: str
    instance_id: Any
    definition_id: int
    case: str
    explanation: Mapping[str, Any]
    messages: Sequence[str]


def count_hits(
    definition_id: int,
    tables: Sequence[tuple[str, Table]],
    *,
    limit: int = COUNTED,
) -> dict[tuple[str, str], Hits]:
    """Return hits by owner's name and table id, in one statement.

    `tables` come with the name of the decision or knowledge model that owns them.
    """
    rows = read_rows(
        _HITS,
        {
            "definition": definition_id,
            "decisions": [owner[:MAX_NAME] for owner, _ in tables],
            "tables": [table.id[:MAX_NAME] for _, table in tables],
            "firsts": [table.counts_first_only for _, table in tables],
            "limit": limit,
        },
    )
    counted: dict[tuple[str, str], dict[int, int]] = {}
    for row in rows:
        counted.setdefault((row.decision, row.table_id), {})[row.rule] = row.hits
    return {
        (owner, table.id): _hits(counted.get((owner[:MAX_NAME], table.id[:MAX_NAME])))
        for owner, table in tables
    }


def find_explained_step(step_id: int) -> Explained | None:
    """Return how a step's decision was made, or None where the step made none."""
    row = read_row(_STEP, {"id": step_id})
    detail = {} if row is None else read_json(row.entry)["detail"]
    if row is None or "explanation" not in detail:
        return None
    return Explained(
        step_name=row.name,
        instance_id=row.instance_id,
        definition_id=row.definition_id,
        case=row.business_key or str(row.instance_id)[:13],
        explanation=detail["explanation"],
        messages=detail.get("messages") or (),
    )


def _hits(counts: Mapping[int, int] | None) -> Hits:
    if counts is None:
        return Hits()
    by_rule = {rule: hits for rule, hits in counts.items() if rule}
    return Hits(evaluations=counts.get(0, 0), by_rule=by_rule)
