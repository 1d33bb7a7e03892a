"""The incidents desk: groups, acts on many, orders that go on where a worker died."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

import tests.factories.handlers  # noqa: F401  registers the handlers
from review.core.incident_orders import OrderAct
from review.core.states import Role
from review.models import IncidentOrder, IncidentOrderItem
from review.operations.instances import incident_orders
from review.operations.people import people
from tests.factories.desk import World
from tests.factories.processes import TESTER, chain, deploy, process
from workflows.models import AuditEntry, Incident
from workflows.operations import instances
from workflows.operations.advance import advance_batch
from workflows.operations.instances import Start

WHY = "The bank is back."


@pytest.fixture
def broken(world: World) -> list[Incident]:
    """Return three incidents of one fault and two of another at the same step."""
    definition_id = deploy(
        process(
            '<startEvent id="s"/><serviceTask id="book" name="Book"'
            ' cs:handler="test.broken"/><endEvent id="e"/>' + chain("s", "book", "e")
        ),
        key="booking",
    )
    # One fault after the other: among those due at once, the order is anybody's.
    for amounts in ((-5, -7, -9), ("no", "none")):
        instances.start_many(
            definition_id=definition_id,
            starts=[
                Start(
                    variables={"amount": amount},
                    initiator=TESTER,
                    business_key=f"B{amount}",
                )
                for amount in amounts
            ],
        )
        while advance_batch(worker="test").more:
            pass
    return list(Incident.objects.order_by("pk"))


def _form(**changes: object) -> dict[str, object]:
    return {
        "act": "RETRY", "which": "all", "until": 10**9, "reason": WHY, **changes
    }  # fmt: skip


def _groups(world: World, query: str = "") -> list[dict[str, object]]:
    answer = world.browser("olga").get(f"{reverse('incident-list')}{query}")
    assert answer.status_code == 200
    groups: list[dict[str, object]] = answer.context["groups"]
    return groups


def test_one_fault_is_one_line_with_its_runbook(
    world: World, broken: list[Incident], settings: Settings
) -> None:
    settings.RUNBOOKS = {"test.broken": "https://wiki.example/broken"}
    first, second = _groups(world)
    assert [first["count"], second["count"]] == ["3", "2"]
    assert first["handler"] == "test.broken"
    assert first["runbook"] == "https://wiki.example/broken"
    (by_step,) = _groups(world, "?by=step")
    assert by_step["count"] == "5"
    assert _groups(world, "?definition=other") == []
    shown = world.browser("dan").get(str(first["url"]))
    page = shown.content.decode()
    assert [row["id"] for row in shown.context["rows"]] == [x.pk for x in broken[:3]]
    assert 'href="https://wiki.example/broken"' in page
    assert "What to do" not in page
    # Messages come to an auditor's lists without what names the case.
    for who, is_told in (("olga", True), ("dan", False)):
        rows = world.browser(who).get(str(second["url"])).context["rows"]
        assert all(("1.0.0" in row["message"]) is is_told for row in rows), who
        url = reverse("incident-list")
        found = world.browser(who).get(url, {"q": "1.0.0"}).context["groups"]
        assert bool(found) is is_told, who
    assert "https://wiki.example/broken" in (
        world
        .browser("olga")
        .get(reverse("incident-detail", args=[broken[0].pk]))
        .content.decode()
    )


def test_the_desk_asks_no_more_where_more_is_open(
    world: World, broken: list[Incident]
) -> None:
    browser = world.browser("olga")
    url = reverse("incident-list")
    browser.get(url)
    with CaptureQueriesContext(connection) as many:
        browser.get(url)
    Incident.objects.exclude(pk=broken[0].pk).update(state="RESOLVED")
    with CaptureQueriesContext(connection) as few:
        browser.get(url)
    assert len(many) == len(few) <= 24


def test_a_group_is_retried_but_what_nobody_saw_and_what_ended(
    world: World, broken: list[Incident]
) -> None:
    key = _groups(world)[0]["key"]
    instances.cancel(instance_id=broken[1].instance_id, actor=TESTER, reason="Gone.")
    act = reverse("incident-act", args=[key])
    browser = world.browser("olga")
    assert world.browser("dan").post(act, _form()).status_code == 403
    nothing = browser.post(act, _form(which="ticked"))
    assert nothing.status_code == 422
    # One of three is ticked: all of them cannot be meant, and the tick stays.
    some = browser.post(act, _form(incident=[str(broken[0].pk)]))
    assert some.status_code == 422
    assert "Only some are ticked" in some.content.decode()
    assert some.content.decode().count("checked") == 1
    again = browser.get(f"{act}?by=error")
    group = reverse("incident-group", args=[key])
    assert again.headers["Location"] == f"{group}?by=error"
    done = browser.post(act, _form(until=broken[1].pk), follow=True)
    assert re.search(r"1 retried\.", done.content.decode())
    order = IncidentOrder.objects.get()
    assert (order.total, order.finished_at is not None) == (1, True)
    kinds = AuditEntry.objects.filter(kind__startswith="incidents.").order_by("pk")
    assert [one.kind for one in kinds] == ["incidents.ordered", "incidents.settled"]
    assert Incident.objects.get(pk=broken[0].pk).resolution == "RETRIED"
    assert Incident.objects.get(pk=broken[2].pk).state == "OPEN"
    resolved = browser.get(reverse("incident-list")).context["resolved"]
    names = {row["id"]: row["resolved_by"] for row in resolved}
    assert names[broken[0].pk] == world.people["olga"].name


def test_the_ticked_are_settled_and_refusals_say_why(
    world: World, broken: list[Incident]
) -> None:
    two = [broken[0], broken[1]]
    order = incident_orders.place(
        person=world.people["olga"],
        act=OrderAct.SETTLE,
        incidents=[(one.pk, one.instance_id) for one in [*two, broken[0]][:2]],
        title="Two",
        reason=WHY,
        output={"booked": True},
    )
    assert order.finished_at
    assert order.output == {}
    again = world.browser("olga").post(
        reverse("incident-act", args=["all"]),
        _form(act="SETTLE", which="ticked", incident=[broken[2].pk, two[0].pk]),
        follow=True,
    )
    assert "1 settled by hand." in again.content.decode()
    gone = incident_orders.place(
        person=world.people["olga"],
        act=OrderAct.RETRY,
        incidents=[(two[0].pk, two[0].instance_id)],
        title="Gone",
        reason=WHY,
    )
    page = world.browser("dan").get(reverse("incident-order", args=[gone.pk]))
    assert "1 refused because: " in page.content.decode()


def test_a_large_order_goes_on_by_itself_and_asks_for_rights_each_time(
    world: World, broken: list[Incident], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incident_orders, "AT_ONCE", 1)
    olga = world.people["olga"]
    order = incident_orders.place(
        person=olga,
        act=OrderAct.RETRY,
        incidents=[(one.pk, one.instance_id) for one in broken],
        title="All",
        reason=WHY,
    )
    page = world.browser("olga").get(reverse("incident-order", args=[order.pk]))
    assert "0 of 5 had their turn" in page.content.decode()
    assert incident_orders.work_off(seconds=0) == 1
    people.revoke_role(person=olga, role=Role.PROCESS_OWNER, actor=TESTER)
    assert incident_orders.work_off(seconds=5) == 4
    fates = IncidentOrderItem.objects.filter(order=order).order_by("pk")
    assert [one.fate for one in fates] == ["DONE"] + ["REFUSED"] * 4
    order.refresh_from_db()
    assert order.finished_at


def test_dual_control_proposes_each(
    world: World, broken: list[Incident], settings: Settings
) -> None:
    settings.DUAL_CONTROL = frozenset({"retry"})
    key = _groups(world)[0]["key"]
    done = world.browser("olga").post(
        reverse("incident-act", args=[key]), _form(), follow=True
    )
    assert "3 proposed to a second person." in done.content.decode()
    assert Incident.objects.filter(state="OPEN").count() == 5
