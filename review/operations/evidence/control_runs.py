"""Run the control tests over all cases of a search, and keep what they found.

Many cases take their time: control_orders.py lets workers run them.
"""

import functools
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import transaction

from review.core.evidence.selections import Selection
from review.dashboards.control_tests import (
    TESTS,
    ControlTest,
    Result,
    add_up,
    run_test,
)
from review.dashboards.sql import read_row
from review.evidence.selecting import resolve
from review.models import ControlException, ControlRun, Person
from review.operations.clocks import calendars
from review.operations.people.people import actor_of
from review.permissions import audit_scope_of, get_rights
from workflows import audit
from workflows.core.calendars import BusinessCalendar
from workflows.models import Checkpoint
from workflows.operations.errors import Invalid
from workflows.operations.snapshots import snapshot
from workflows.store import database_now

LONGEST_TITLE: Final = 200
AT_ONCE = 500
"""Cases that one statement looks at: what is in memory does not grow with a run."""
_ENTRIES: Final = """
    SELECT count(*) AS count FROM workflows_auditentry WHERE chain = ANY(%(cases)s)
"""


class NothingFound(Invalid):
    """This search finds no case whose controls could be tested."""

    code = "nothing-found"

    def __init__(self) -> None:
        super().__init__("This search finds no case whose controls could be tested.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """All that a run keeps of what its tests looked at."""

    results: Sequence[Result]
    cases: int
    entries: int
    seconds: Decimal
    tree_size: int | None
    tree_root: str


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
            raise NothingFound
        size, root = read_tree()
        lots = cut(cases)
        tested = Tested(
            results=add_up(run_tests(lots, tests=tests)),
            cases=len(cases),
            entries=sum(count_entries(lot) for lot in lots),
            seconds=tell_seconds(time.monotonic() - started),
            tree_size=size,
            tree_root=root,
        )
    with transaction.atomic():
        return keep_run(person, selection, tested)


def cut(cases: Sequence[UUID]) -> list[Sequence[UUID]]:
    """Cut cases into lots for one statement each."""
    return [cases[at : at + AT_ONCE] for at in range(0, len(cases), AT_ONCE)]


def run_tests(
    lots: Sequence[Sequence[UUID]], *, tests: Sequence[ControlTest] = TESTS
) -> Iterator[list[Result]]:
    """Yield what the tests find in one lot of cases after the other."""
    find = functools.cache(_find_calendar)
    for lot in lots:
        yield [run_test(test, lot, find_calendar=find) for test in tests]


def _find_calendar(label: str) -> BusinessCalendar:
    return calendars.find_labeled(label).hours


def count_entries(cases: Sequence[UUID]) -> int:
    """Return how many entries these cases have."""
    row = read_row(_ENTRIES, {"cases": list(cases)})
    return int(row.count) if row else 0


def read_tree() -> tuple[int | None, str]:
    """Return size and root of the last checkpoint; None and "" before the first."""
    last = Checkpoint.objects.order_by("-size").first()
    return (last.size, bytes(last.root).hex()) if last else (None, "")


def tell_seconds(seconds: float) -> Decimal:
    """Return a duration as a run keeps it."""
    return Decimal(seconds).quantize(Decimal("0.001"))


def keep_run(person: Person, selection: Selection, tested: Tested) -> ControlRun:
    """Write a run, its exceptions and its entry, in the caller's transaction."""
    run = ControlRun.objects.create(
        owner=person,
        title=selection.title[:LONGEST_TITLE] or "All cases",
        selection=selection.to_json(),
        tests=[_tell_test(result.test) for result in tested.results],
        results=[_tell_result(result) for result in tested.results],
        cases=tested.cases,
        entries=tested.entries,
        tree_size=tested.tree_size,
        tree_root=tested.tree_root,
        seconds=tested.seconds,
        run_at=database_now(),
    )
    ControlException.objects.bulk_create(
        [
            ControlException(run=run, test=result.test.code, **fault._asdict())
            for result in tested.results
            for fault in result.exceptions
        ],
        batch_size=1000,
    )
    _record(run, person)
    return run


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
