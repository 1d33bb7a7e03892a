"""The limits of an auditor as conditions of a statement. Every reading of cases has them."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from review.core.evidence.scopes import AuditScope
from review.dashboards.sql import read_rows
from review.permissions import Rights
from workflows.operations.errors import Forbidden

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


def check_case(rights: Rights, instance_id: UUID) -> None:
    """Refuse an auditor a case outside of his limits; everybody else passes.

    Raises Forbidden, for a case that does not exist as well: which there are is none
    of his business.
    """
    scope = rights.audit
    if scope is None or not scope.is_limited:
        return
    if not find_within(scope, [instance_id]):
        raise Forbidden(
            f"This case is not part of what {rights.name} audits"
            f"{f' ({scope.matter})' if scope.matter else ''}.",
            code="outside-scope",
        )
