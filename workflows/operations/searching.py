"""Check and rebuild the values by which instances are found. Writing them is the store's.

Where they differ from the variables the variables are right.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from workflows.core.searching import Searchable, Value, list_values
from workflows.driver import fetch
from workflows.models import Definition
from workflows.operations import definitions
from workflows.operations.packages import PackageRefused
from workflows.operations.plans import plan_for
from workflows.store import parse_json, searching

BATCH = 500

# Locked, so that nobody changes the variables between our look and our write; rows that
# somebody holds now are written by him.
_NEXT = """
    SELECT i.id, CASE WHEN k.erased_at IS NULL THEN i.variables::text END
    FROM workflows_instance i
    LEFT JOIN workflows_contentkey k ON k.instance_id = i.id
    WHERE i.definition_id = %s AND i.process_id = %s
      AND (%s::uuid IS NULL OR i.id > %s)
    ORDER BY i.id LIMIT %s FOR UPDATE OF i SKIP LOCKED
"""


@dataclass(slots=True)
class Report:
    """How many instances were looked at, and how many had other values."""

    looked_at: int = 0
    differing: int = 0


def list_searchable(definition_id: int) -> tuple[Searchable, ...]:
    """Return by which variables instances of a version are found; none where it is gone."""
    try:
        package = definitions.compiled(definition_id)
        return plan_for(definition_id, package.main.id).searchable
    except PackageRefused:
        return ()


def rebuild(*, write: bool = True) -> Report:
    """Compare the values of all instances with their variables, and mend them.

    A batch is a transaction: a crash leaves the batches before it mended.
    """
    report = Report()
    for definition_id, process_id in _processes():
        declared = plan_for(definition_id, process_id).searchable
        after: UUID | None = None
        while True:
            last = _take_batch(
                definition_id,
                process_id,
                declared=declared,
                after=after,
                report=report,
                write=write,
            )
            if last is None:
                break
            after = last
    return report


def _processes() -> Iterator[tuple[int, str]]:
    for definition_id in Definition.objects.values_list("id", flat=True).order_by("id"):
        try:
            package = definitions.compiled(definition_id)
        except PackageRefused:
            continue
        for process_id in package.processes:
            yield definition_id, process_id


@transaction.atomic
def _take_batch(
    definition_id: int,
    process_id: str,
    *,
    declared: tuple[Searchable, ...],
    after: UUID | None,
    report: Report,
    write: bool,
) -> UUID | None:
    """Mend one batch; return its last instance, None where there is no more."""
    rows = fetch(_NEXT, [definition_id, process_id, after, after, BATCH])
    wanted = {instance_id: _values(text, declared) for instance_id, text in rows}
    standing = searching.read(list(wanted))
    wrong = {one: kept for one, kept in wanted.items() if set(kept) != standing[one]}
    report.looked_at += len(rows)
    report.differing += len(wrong)
    if wrong and write:
        searching.keep(wrong)
    return rows[-1][0] if rows else None


def _values(text: str | None, declared: tuple[Searchable, ...]) -> list[Value]:
    """Return what is kept of variables; of content that was erased, nothing."""
    return [] if text is None else list(list_values(parse_json(text), declared))
