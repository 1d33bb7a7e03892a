"""Run the control tests over all cases of a search, and keep what they found."""

import time
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import transaction

from review.core.selections import Selection
from review.dashboards.control_tests import TESTS, ControlTest, Result, run_test
from review.dashboards.sql import read_row
from review.evidence.selecting import resolve
from review.models import ControlException, ControlRun, Person
from review.operations.people import actor_of
from review.permissions import audit_scope_of, get_rights
from workflows import audit
from workflows.models import Checkpoint
from workflows.operations.errors import Invalid
from workflows.operations.snapshots import snapshot
from workflows.store import database_now

_ENTRIES: Final = """
    SELECT count(*) AS count FROM workflows_auditentry WHERE chain = ANY(%(cases)s)
"""


def run_controls(
    *,
    person: Person,
    title: str,
    facets: Mapping[str, str],
    tests: Sequence[ControlTest] = TESTS,
) -> ControlRun:
    """Test the controls of all cases that a search finds within the auditor's limits.

    One moment of the database is read throughout; the run names the last checkpoint of
    that moment. Raises Forbidden, Invalid (a search that cannot be read or finds
    nothing).
    """
    scope = audit_scope_of(get_rights(person.id))
    selection = Selection(kind="query", title=title.strip(), facets=dict(facets))
    started = time.monotonic()
    with snapshot():
        cases = resolve(selection, scope=scope).cases
        if not cases:
            raise Invalid("This search finds no case whose controls could be tested.")
        results = [run_test(test, cases) for test in tests]
        counted = read_row(_ENTRIES, {"cases": cases})
        last = Checkpoint.objects.order_by("-size").first()
    seconds = Decimal(time.monotonic() - started).quantize(Decimal("0.001"))
    with transaction.atomic():
        run = ControlRun.objects.create(
            owner=person,
            title=selection.title or "All cases",
            selection=selection.to_json(),
            tests=[_tell_test(result.test) for result in results],
            results=[_tell_result(result) for result in results],
            cases=len(cases),
            entries=counted.count if counted else 0,
            tree_size=last.size if last else None,
            tree_root=bytes(last.root).hex() if last else "",
            seconds=seconds,
            run_at=database_now(),
        )
        _keep(run, results)
        _record(run, person)
    return run


def _keep(run: ControlRun, results: Sequence[Result]) -> None:
    ControlException.objects.bulk_create(
        [
            ControlException(
                run=run,
                test=result.test.code,
                instance_id=UUID(str(row.instance_id)),
                task_id=row.task_id,
                seq=row.seq,
                why=row.why,
            )
            for result in results
            for row in result.exceptions
        ],
        batch_size=1000,
    )


def _tell_test(test: ControlTest) -> dict[str, str]:
    return {
        "code": test.code,
        "name": test.name,
        "asks": test.asks,
        "of": test.of,
        "statement": test.digest,
    }


def _tell_result(result: Result) -> dict[str, object]:
    return {
        "code": result.test.code,
        "looked": result.looked,
        "failed": result.failed,
        "kept": len(result.exceptions),
    }


def _record(run: ControlRun, person: Person) -> None:
    detail = {
        "run": run.id,
        "cases": run.cases,
        "entries": run.entries,
        "results": run.results,
        "tree_size": run.tree_size,
        "tree_root": run.tree_root,
    }
    draft = audit.Draft("audit.controls_tested", actor_of(person), detail)
    audit.record_installation(drafts=[draft], now=run.run_at)
