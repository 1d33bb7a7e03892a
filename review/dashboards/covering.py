"""What covers the personal data of a case for an auditor who has not unmasked it."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from review.dashboards.sql import read_row, read_rows
from review.evidence.masking import COVER, Mask, mask_of
from review.permissions import Rights
from workflows.core.commitments import EVERY
from workflows.operations.errors import Forbidden

_UNMASKED: Final = """
    SELECT max(until_at) AS until FROM review_auditaccess
    WHERE instance_id = %(case)s AND person_id = %(person)s AND kind = 'UNMASKED'
      AND until_at > statement_timestamp()
"""
_PERSONAL: Final = """
    SELECT task_id FROM review_taskcontent
    WHERE task_id = ANY(%(tasks)s) AND jsonb_array_length(
        coalesce(policy -> 'personal', '[]')) > 0
"""


def cover_of(rights: Rights, instance_id: UUID) -> Mask | None:
    """Return the cover of a case for an auditor; None where there is none to draw.

    Nobody else's sight is covered here: what reviewers see is the case's own matter.
    """
    if rights.audit is None:
        return None
    row = read_row(_UNMASKED, {"case": instance_id, "person": rights.person_id})
    if row is not None and row.until is not None:
        return None
    mask = mask_of(instance_id)
    return mask if mask.covers else None


def check_uncovered(rights: Rights, instance_id: UUID) -> None:
    """Refuse what cannot be covered, such as a file. Raises Forbidden."""
    if cover_of(rights, instance_id) is not None:
        raise Forbidden(
            "This may hold personal data. Unmask the case on its timeline first; that"
            " you did is an entry.",
            code="masked",
        )


def cover_words(told: Any, mask: Mask | None) -> Any:
    """Return a text or anything told of a case, covered where there is a cover."""
    return told if mask is None else mask.words(told)


def cover_cells(
    row: Mapping[str, Any], names: Sequence[str], mask: Mask | None
) -> dict[str, Any]:
    """Return a row of a page with these of its cells covered."""
    return {**row, **{name: cover_words(row[name], mask) for name in names}}


def cover_titles(rights: Rights, rows: Sequence[Any], *, sought: str = "") -> list[Any]:
    """Return rows of tasks as lists show them to an auditor; to all others as they are.

    Titles of cases with personal fields are covered, unmasked or not: a list is of many.
    Where words are sought, rows that a covered title alone led to are left out, for
    looking for somebody's data is an act of its own. One statement, however many rows.
    """
    if rights.audit is None or not rows:
        return list(rows)
    ids = [row.id for row in rows]
    personal = {row.task_id for row in read_rows(_PERSONAL, {"tasks": ids})}
    return [
        _retitle(row) if row.id in personal else row
        for row in rows
        if not sought
        or row.id not in personal
        or sought.lower() in row.business_key.lower()
    ]


def _retitle(row: Any) -> Any:
    if dataclasses.is_dataclass(row) and not isinstance(row, type):
        return dataclasses.replace(row, title=COVER)
    return row._replace(title=COVER)


def is_personal(pointer: str, mask: Mask) -> bool:
    """Tell whether a JSON Pointer leads to a personal field, into one or above one."""
    parts = pointer.strip("/").split("/")
    return any(
        all(wanted in {EVERY, part} for wanted, part in zip(path, parts, strict=False))
        for path in mask.paths
    )


def cover_payload(payload: Any, policy: Any, mask: Mask) -> Any:
    """Return what a task shows, covered and without files: those cannot be covered."""
    return _without_files(mask.payload(payload, policy))


def cover_variables(values: Any, mask: Mask) -> Any:
    """Return what a case knows, covered and without files."""
    return _without_files(mask.variables(values))


def _without_files(covered: Any) -> Any:
    if isinstance(covered, dict):
        covered.pop("documents", None)
    return covered
