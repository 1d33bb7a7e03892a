"""The limits of an auditor as conditions of a statement. Every reading of cases has them."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from review.core.scopes import AuditScope
from review.dashboards.sql import read_rows

_DEFINITIONS: Final = """
    i.definition_id IN (
        SELECT id FROM workflows_definition WHERE key = ANY(%(scope_definitions)s))
"""
_QUEUES: Final = """
    EXISTS (
        SELECT FROM review_task st JOIN review_queue sq ON sq.id = st.queue_id
        WHERE st.instance_id = i.id AND sq.key = ANY(%(scope_queues)s))
"""
_OPENED: Final = "coalesce(i.occurred_at, i.started_at)"
_WITHIN: Final = """
    SELECT i.id FROM workflows_instance i
    WHERE i.id = ANY(%(cases)s::uuid[]) AND {conditions}
"""


def limit_cases(scope: AuditScope) -> tuple[list[str], dict[str, Any]]:
    """Return conditions on `workflows_instance i`, and their parameters.

    None where the auditor may see every case. Moments are those of opening, for a
    replayed case those it was opened at where it comes from.
    """
    conditions: list[str] = []
    parameters: dict[str, Any] = {}
    if scope.definitions:
        conditions.append(_DEFINITIONS)
        parameters["scope_definitions"] = list(scope.definitions)
    if scope.queues:
        conditions.append(_QUEUES)
        parameters["scope_queues"] = list(scope.queues)
    if scope.opened_from is not None:
        conditions.append(f"{_OPENED} >= %(scope_from)s")
        parameters["scope_from"] = scope.opened_from
    if scope.opened_until is not None:
        conditions.append(f"{_OPENED} < %(scope_until)s")
        parameters["scope_until"] = scope.opened_until
    return conditions, parameters


def find_within(scope: AuditScope, cases: Sequence[UUID]) -> set[UUID]:
    """Return which of the cases there are and the auditor may look at."""
    conditions, parameters = limit_cases(scope)
    statement = _WITHIN.format(conditions=" AND ".join(conditions) or "true")
    rows = read_rows(statement, {**parameters, "cases": list(cases)})
    return {row.id for row in rows}
