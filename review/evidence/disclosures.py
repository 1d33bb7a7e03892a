"""What opens the commitments of cases, for whoever may see personal values.

Contents and entries hold commitments; a row here holds salt and value of one. Rows of
erased values do not exist.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from review.evidence.case import read_case
from workflows.models import Disclosure
from workflows.store import parse_json


def list_disclosures(instance_ids: Sequence[UUID]) -> Iterator[dict[str, Any]]:
    """Give what opens the commitments of cases: committed, salt, value and what it is.

    Case by case, those of contents first, each commitment once.
    """
    for instance_id in instance_ids:
        case = read_case(instance_id)
        if case is not None:
            yield from case.disclosures


def read_values(instance_id: UUID) -> dict[str, Any]:
    """Return the values of commitments in an instance's entries, by commitment."""
    rows = Disclosure.objects.filter(instance_id=instance_id)
    pairs = rows.values_list("committed", "value")
    return {committed: parse_json(value) for committed, value in pairs}
