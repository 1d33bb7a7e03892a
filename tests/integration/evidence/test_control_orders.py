"""Tests of controls that workers run: part by part, resumed, and one run in the end."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.urls import reverse

from review.core.evidence.controls import MOST_ATTEMPTS
from review.core.states import Role
from review.dashboards import audit
from review.models import ControlException, ControlOrder, ControlPart, ControlRun, Task
from review.operations.evidence import control_orders, control_runs, workshop
from review.operations.people import people
from tests.audit_tables import owner_without_triggers
from tests.factories.desk import World, build_world
from tests.factories.processes import TESTER
from tests.integration.evidence.test_audit_desk import notices
from workflows import dispatch, jobs
from workflows.models import AuditEntry
from workflows.operations.errors import Conflict, NotFound

pytestmark = pytest.mark.django_db


class Died(BaseException):
    """A worker's end, which no handler of his own catches."""


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two cases a part, and workers for more than two."""
    monkeypatch.setattr(control_runs, "AT_ONCE", 2)
    monkeypatch.setattr(control_orders, "SMALL", 2)


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note rings; None: no broker takes them."""
    heard: list[str] = []
    monkeypatch.setattr(dispatch, "ring", heard.append)
    return heard


@pytest.fixture
def world() -> World:
    """Make the desk, and five cases of it."""
    made = build_world()
    made.start(5)
    return made


def ask(world: World, **facets: str) -> ControlOrder:
    begun = control_orders.begin(
        person=world.people["dan"], title="All of them", facets=facets
    )
    assert isinstance(begun, ControlOrder)
    return begun


def lapse(order: ControlOrder) -> None:
    """Let the lease of whoever tests be over."""
    ControlOrder.objects.filter(pk=order.pk).update(
        next_at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    )


def test_tests_of_a_dead_worker_go_on_after_his_last_finished_part(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = Task.objects.order_by("id")[4]
    with owner_without_triggers("workflows_auditentry"):
        AuditEntry.objects.filter(chain=task.instance_id, seq=2).delete()
    looked_at: list[int] = []
    whole = control_runs.run_tests

    def run_tests(lots: Any, **rest: Any) -> Any:
        looked_at.append(len(lots[0]))
        if len(looked_at) == 2:
            raise Died
        return whole(lots, **rest)

    monkeypatch.setattr(control_runs, "run_tests", run_tests)
    order = ask(world)
    with pytest.raises(Died):
        jobs.drain_bundles()
    order.refresh_from_db()
    assert (order.state, order.cases, order.cases_done, order.parts_total) == (
        "TESTING", 5, 2, 3,
    )  # fmt: skip
    # What comes after the list was made is not of this run.
    world.start()
    assert workshop.Workshop().drain(seconds=9) == 0  # his lease holds
    lapse(order)
    assert workshop.Workshop().drain(seconds=9) == 1
    assert looked_at == [2, 2, 2, 1]
    order.refresh_from_db()
    assert (order.state, order.token, order.cases_done) == ("DONE", 2, 5)
    assert not ControlPart.objects.exists()
    run = ControlRun.objects.get()
    assert (order.run_id, run.cases, run.title) == (run.pk, 5, "All of them")
    failed = {one["code"]: (one["looked"], one["failed"]) for one in run.results}
    assert failed["chain"] == (5, 1)
    assert failed["clock"] == (5, 0)
    assert (
        run.entries
        == AuditEntry.objects.filter(
            chain__in=Task.objects.order_by("id")[:5].values("instance_id")
        ).count()
    )
    (broken,) = ControlException.objects.filter(run=run)
    assert broken.instance_id == task.instance_id
    (entry,) = notices("audit.controls_tested")
    assert entry["detail"]["results"] == run.results
    assert entry["actor"] == f"person:{world.people['dan'].id}"
    # The same as looked at in one go.
    at_once = control_runs.run_controls(
        person=world.people["dan"], title="", facets={"chain": ""}
    )
    assert at_once.tests == run.tests


def test_worker_whose_lease_was_taken_writes_nothing_more(world: World) -> None:
    order = ask(world)
    old = control_orders.claim()
    assert old is not None
    lapse(order)
    new = control_orders.claim()
    assert new is not None
    assert control_orders.work(old, until=None) is False
    order.refresh_from_db()
    assert (order.parts_total, order.token) == (None, 2)
    assert control_orders.work(new, until=None) is True
    assert ControlRun.objects.count() == 1


def test_slice_of_time_is_handed_back_and_a_sweep_goes_on_without_a_broker(
    world: World, rung: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    order = ask(world)
    assert control_orders.drain(seconds=0) == 0
    order.refresh_from_db()
    assert (order.state, order.attempts, order.parts_total) == ("WAITING", 0, 3)
    monkeypatch.setattr(control_orders, "HERE_SECONDS", 60)
    control_orders.sweep()
    order.refresh_from_db()
    assert order.state == "DONE"
    assert set(rung) == {"bundles"}


def test_cases_that_no_index_leads_to_are_listed_window_by_window(
    world: World, rung: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "MOST_READ", 2)
    monkeypatch.setattr(control_orders, "SMALL", 1_000)
    order = ask(world, queue="desk")  # few, but it takes long to find them
    begun = AuditEntry.objects.count()
    for _ in range(2):
        assert control_orders.drain(seconds=0) == 0
    order.refresh_from_db()
    assert (order.state, order.parts_total) == ("WAITING", None)
    assert order.selection["below"] == AuditEntry.objects.latest("id").id + 1 - 4
    listed = order.cases
    assert 0 < listed < 5
    page = world.browser("dan").get(reverse("control-order", args=[order.pk]))
    assert f"Looking for the cases: {listed} so far" in page.content.decode()
    assert AuditEntry.objects.count() == begun
    assert control_orders.drain() == 1
    run = ControlRun.objects.get()
    assert (run.cases, run.selection["facets"]) == (5, {"queue": "desk"})
    assert "below" not in run.selection
    assert {one["code"]: one["looked"] for one in run.results}["chain"] == 5


def test_what_breaks_is_tried_again_and_given_up_at_last(
    world: World, rung: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_(*_: object, **__: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(control_runs, "run_tests", break_)
    order = ask(world)
    for _ in range(MOST_ATTEMPTS + 1):
        lapse(order)
        assert control_orders.drain() == 0
    order.refresh_from_db()
    assert (order.state, order.next_at) == ("FAILED", None)
    assert "No space left" in order.error
    assert not ControlPart.objects.exists()
    assert notices("audit.controls_tested") == []


def test_who_is_no_auditor_any_more_gets_no_run(world: World) -> None:
    order = ask(world)
    people.revoke_role(person=world.people["dan"], role=Role.AUDITOR, actor=TESTER)
    assert control_orders.drain() == 0
    order.refresh_from_db()
    assert order.state == "FAILED"
    assert not ControlRun.objects.exists()


def test_pages_tell_how_far_it_is_and_lead_to_the_run(world: World) -> None:
    dan = world.browser("dan")
    asked = dan.post(reverse("control-runs"), {"title": "Yearly"})
    order = ControlOrder.objects.get()
    url = reverse("control-order", args=[order.pk])
    assert asked["Location"] == url
    assert "Looking for the cases" in dan.get(url).content.decode()
    claimed = control_orders.claim()
    assert claimed is not None
    assert control_orders.work(claimed, until=0) is False
    page = dan.get(url).content.decode()
    assert "0 of 5 cases" in page
    assert "Yearly" in dan.get(reverse("control-runs")).content.decode()
    assert world.browser("alice").get(url).status_code == 403
    with pytest.raises(NotFound):
        control_orders.get_order(order.pk, person_id=world.people["alice"].id)
    other = ask(world)
    cancel = reverse("control-order-cancel", args=[other.pk])
    assert dan.post(cancel).status_code == 302
    canceled = reverse("control-order", args=[other.pk])
    assert "Called off" in dan.get(canceled).content.decode()
    with pytest.raises(Conflict, match="are canceled"):
        control_orders.cancel(order_id=other.pk, person=world.people["dan"])
    assert control_orders.drain() == 1
    run = ControlRun.objects.get()
    assert dan.get(url)["Location"] == reverse("control-run", args=[run.pk])
    part = dan.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "What was found" in part
