"""Let workers test the controls of many cases, part by part, until it is a run.

Note [An order's lease]
As with bundles (building.py): who tests holds a lease under a token that rises with
each claim. The cases are listed once, in parts; each part is read at one moment of the
database and what was found is kept with the part, in one transaction that also puts the
lease off and fails where the token is another's. A worker that was killed costs the part
it was at. The run and its entry are written with the order's end, in one transaction.
"""

import datetime as dt
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import transaction

from review.core.evidence.controls import MOST_ATTEMPTS, UNDER_WAY, OrderState
from review.core.evidence.selections import Selection
from review.dashboards.control_tests import TESTS, Fault, Result, add_up
from review.evidence.selecting import (
    check_count,
    is_long,
    list_windows,
    put_in_order,
    resolve,
)
from review.live import publish, send_now
from review.models import ControlOrder, ControlPart, ControlRun, Person
from review.operations.evidence import control_runs
from review.operations.evidence.bundles import BELL
from review.operations.evidence.control_runs import Tested
from review.permissions import audit_scope_of, get_rights
from workflows import dispatch, failpoints
from workflows.driver import fetch
from workflows.operations.errors import Conflict, NotFound, Refused
from workflows.operations.snapshots import snapshot
from workflows.store import database_now

BELOW: Final = "below"
"""Beside a stored selection: below which entry its search goes on."""
SMALL: Final = 1_000
"""Cases that are tested while their auditor waits: a second or two."""
LEASE_SECONDS = 60
SLICE_SECONDS: Final = 10.0
"""How long one job tests before it lets what else waits for its worker go first."""
HERE_SECONDS: Final = 2.0
PAUSE_SECONDS: Final = 10
"""After a failure, times the attempts so far."""
TOPIC: Final = "controls"
"""What the pages of control tests hear."""

log = structlog.get_logger(__name__)

_IS_DUE: Final = """
    SELECT EXISTS (SELECT FROM review_controlorder
        WHERE next_at <= clock_timestamp())
"""
_CLAIM: Final = """
    UPDATE review_controlorder
    SET state = 'TESTING', token = token + 1, attempts = attempts + 1,
        next_at = clock_timestamp() + %s * interval '1 second'
    WHERE id = (
        SELECT id FROM review_controlorder WHERE next_at <= clock_timestamp()
        ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, token
"""


class LeaseLost(Exception):
    """Another worker has the order, or it was called off."""


@dataclass(frozen=True, slots=True)
class Claim:
    """An order that is ours to work on until its lease ends."""

    order_id: int
    token: int


# --- asking -----------------------------------------------------------------------


def begin(
    *, person: Person, title: str, facets: Mapping[str, str]
) -> ControlRun | ControlOrder:
    """Test the controls of what a search finds: at once, or by workers where it is much.

    Raises as `control_runs.run_controls`.
    """
    scope = audit_scope_of(get_rights(person.id))
    selection = Selection(kind="query", title=title.strip(), facets=dict(facets))
    if is_long(selection, scope=scope):
        return order(person=person, selection=selection)
    if len(resolve(selection, scope=scope).cases) <= SMALL:
        return control_runs.run_controls(person=person, title=title, facets=facets)
    return order(person=person, selection=selection)


@transaction.atomic
def order(*, person: Person, selection: Selection) -> ControlOrder:
    """Order the tests of a selection; a worker takes them up at once."""
    now = database_now()
    made = ControlOrder.objects.create(
        owner=person,
        title=selection.title[: control_runs.LONGEST_TITLE] or "All cases",
        selection=selection.to_json(),
        state=OrderState.WAITING.value,
        ordered_at=now,
        next_at=now,
    )
    publish(TOPIC)
    dispatch.ring_after_commit(BELL)
    return made


def get_order(order_id: int, *, person_id: int) -> ControlOrder:
    """Return one's own order. Raises NotFound."""
    found = ControlOrder.objects.filter(pk=order_id, owner_id=person_id).first()
    if found is None:
        raise NotFound("You ordered no such tests.")
    return found


@transaction.atomic
def cancel(*, order_id: int, person: Person) -> None:
    """Call tests off; what was found goes. Raises NotFound, Conflict."""
    rows = ControlOrder.objects.select_for_update()
    found = rows.filter(pk=order_id, owner=person).first()
    if found is None:
        raise NotFound("You ordered no such tests.")
    if found.state not in UNDER_WAY:
        raise Conflict(f"These tests are {found.state.lower()}; nothing is under way.")
    _end(found.pk, OrderState.CANCELED, token=found.token + 1)


# --- working ----------------------------------------------------------------------


def drain(*, seconds: float = SLICE_SECONDS) -> int:
    """Test what is due for about so long; return how many orders became runs.

    One that is not finished is handed back after its current part, and rung for again.
    """
    until = time.monotonic() + min(seconds, SLICE_SECONDS)
    finished = 0
    while claimed := claim():
        finished += work(claimed, until=until)
        if time.monotonic() >= until:
            dispatch.ring(BELL)
            break
    return finished


def sweep() -> None:
    """Ring for orders that are due; test here where no broker is."""
    ((due,),) = fetch(_IS_DUE)
    if due and not dispatch.ring(BELL):
        drain(seconds=HERE_SECONDS)


@transaction.atomic
def claim() -> Claim | None:
    """Take up an order that is due; None for none."""
    rows = fetch(_CLAIM, [LEASE_SECONDS])
    return Claim(*rows[0]) if rows else None


def work(claimed: Claim, *, until: float | None) -> bool:
    """Go on with a claimed order; return whether it has become a run.

    What breaks is tried again later, and given up when it broke too often.
    """
    found = ControlOrder.objects.get(pk=claimed.order_id)
    if found.attempts > MOST_ATTEMPTS:
        words = found.error or "The workers that ran it died one after the other."
        _give_up(claimed, words)
        return False
    try:
        return _work(found, claimed, until=until)
    except LeaseLost:
        log.warning("control_order_lease_lost", order=claimed.order_id)
    except Refused as refusal:
        _give_up(claimed, refusal.message)
    except Exception as error:
        # Whatever it is: other orders must go on behind it.
        log.exception("control_order_broke", order=claimed.order_id)
        _put_off(claimed, f"{type(error).__name__}: {error}", found.attempts)
    return False


def _work(found: ControlOrder, claimed: Claim, *, until: float | None) -> bool:
    if found.parts_total is None and not _plan(found, claimed, until=until):
        return False
    for part in _list_open(found):
        if until is not None and time.monotonic() >= until:
            _hand_back(claimed)
            return False
        _test(part, claimed)
        failpoints.reach("controls.part")
        send_now(TOPIC)
    _finish(found, claimed)
    return True


def _plan(found: ControlOrder, claimed: Claim, *, until: float | None) -> bool:
    """List the cases, in parts: what comes later is not of this run.

    Each window of the log (evidence/selecting.py) is one transaction: a crash costs the
    window it was at. Returns whether all are listed, else it was handed back.
    """
    selection = Selection.from_json(found.selection)
    scope = audit_scope_of(get_rights(found.owner_id))
    lists = ControlPart.objects.filter(order=found).values_list("cases", flat=True)
    known = {case for cases in lists for case in cases}
    parts, below = len(lists), found.selection.get(BELOW)
    if below is None:
        found.tree_size, found.tree_root = control_runs.read_tree()
    for window in list_windows(selection, scope=scope, below=below):
        fresh = put_in_order(set(window.cases) - known, scope=scope)
        known.update(fresh)
        check_count(known)
        is_last = window.below is None
        if is_last and not known:
            raise control_runs.NothingFound
        lots = control_runs.cut(fresh)
        with transaction.atomic():
            _update(
                claimed,
                selection={**selection.to_json(), BELOW: window.below},
                cases=len(known),
                parts_total=parts + len(lots) if is_last else None,
                tree_size=found.tree_size,
                tree_root=found.tree_root,
                next_at=_lease_end(),
                attempts=found.attempts if is_last else 0,
            )
            ControlPart.objects.bulk_create(
                [
                    ControlPart(order=found, number=number, cases=lot)
                    for number, lot in enumerate(lots, start=parts + 1)
                ],
                batch_size=100,
            )
        parts += len(lots)
        is_over = until is not None and time.monotonic() >= until
        if is_over and not is_last:
            _hand_back(claimed)
            return False
    return True


def _hand_back(claimed: Claim) -> None:
    _update(claimed, state="WAITING", next_at=database_now(), attempts=0)


def _list_open(found: ControlOrder) -> Iterator[ControlPart]:
    """Yield the parts that were not tested, each read when its turn comes."""
    last = 0
    rows = ControlPart.objects.filter(order=found, found__isnull=True).order_by(
        "number"
    )
    while part := rows.filter(number__gt=last).first():
        yield part
        last = part.number


def _test(part: ControlPart, claimed: Claim) -> None:
    started = time.monotonic()
    with snapshot():
        (results,) = control_runs.run_tests([part.cases])
        entries = control_runs.count_entries(part.cases)
    told = {
        "entries": entries,
        "seconds": str(control_runs.tell_seconds(time.monotonic() - started)),
        "results": {one.test.code: _to_json(one) for one in results},
    }
    with transaction.atomic():
        # A crash before this costs the part; it is tested again.
        done = ControlOrder.objects.values_list("cases_done", flat=True)
        _update(
            claimed,
            cases_done=done.get(pk=claimed.order_id) + len(part.cases),
            next_at=_lease_end(),
            attempts=0,
            error="",
        )
        ControlPart.objects.filter(pk=part.pk).update(found=told)


def _finish(found: ControlOrder, claimed: Claim) -> None:
    """Write the run, with the order's end."""
    with transaction.atomic():
        # Who lost his role meanwhile gets nothing.
        audit_scope_of(get_rights(found.owner_id))
        entries, seconds = 0, Decimal()
        for part in _list_found(found):
            entries += part["entries"]
            seconds += Decimal(part["seconds"])
        found.refresh_from_db()
        tested = Tested(
            results=add_up(
                _read_results(part["results"]) for part in _list_found(found)
            ),
            cases=found.cases,
            entries=entries,
            seconds=seconds,
            tree_size=found.tree_size,
            tree_root=found.tree_root,
        )
        selection = Selection.from_json(found.selection)
        run = control_runs.keep_run(found.owner, selection, tested)
        failpoints.reach("controls.uncommitted")
        if not _end(found.pk, OrderState.DONE, held=claimed, run=run):
            raise LeaseLost


def _list_found(order: ControlOrder) -> Iterator[Mapping[str, Any]]:
    """Yield what was found in each part, a few read at a time."""
    rows = ControlPart.objects.filter(order=order).order_by("number")
    found: Any = rows.values_list("found", flat=True)
    yield from found.iterator(chunk_size=20)


def _to_json(result: Result) -> dict[str, Any]:
    return {
        "looked": result.looked,
        "failed": result.failed,
        "exceptions": [
            [str(one.instance_id), one.task_id, one.seq, one.why]
            for one in result.exceptions
        ],
    }


def _read_results(told: Mapping[str, Mapping[str, Any]]) -> Sequence[Result]:
    return [
        Result(
            test=test,
            looked=told[test.code]["looked"],
            failed=told[test.code]["failed"],
            exceptions=[
                Fault(UUID(case), task, seq, why)
                for case, task, seq, why in told[test.code]["exceptions"]
            ],
        )
        for test in TESTS
        if test.code in told
    ]


# --- ends -------------------------------------------------------------------------


def _lease_end() -> dt.datetime:
    return database_now() + dt.timedelta(seconds=LEASE_SECONDS)


def _ours(claimed: Claim) -> Any:
    return ControlOrder.objects.filter(
        pk=claimed.order_id, token=claimed.token, state=OrderState.TESTING.value
    )


def _update(claimed: Claim, **values: object) -> None:
    """Change the row as long as it is ours; raises LeaseLost."""
    if not _ours(claimed).update(**values):
        raise LeaseLost


def _end(
    order_id: int, state: OrderState, *, held: Claim | None = None, **values: object
) -> bool:
    """End an order and let its parts go; with `held` only while it is ours."""
    rows = _ours(held) if held else ControlOrder.objects.filter(pk=order_id)
    now = database_now()
    if not rows.update(state=state.value, next_at=None, finished_at=now, **values):
        return False
    ControlPart.objects.filter(order_id=order_id).delete()
    publish(TOPIC)
    return True


@transaction.atomic
def _give_up(claimed: Claim, words: str) -> None:
    _end(claimed.order_id, OrderState.FAILED, held=claimed, error=words[:500])


def _put_off(claimed: Claim, words: str, attempts: int) -> None:
    wait = dt.timedelta(seconds=PAUSE_SECONDS * attempts)
    _ours(claimed).update(
        state="WAITING", error=words[:500], next_at=database_now() + wait
    )
