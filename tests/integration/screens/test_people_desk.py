"""The people desk: who is there, all of one person, rights changed, the access review."""

import csv
import datetime as dt
import io
from decimal import Decimal

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from review.models import Authority, RoleGrant, Skill
from review.operations.people import authorities, availability, people
from tests.factories.desk import World
from tests.factories.processes import TESTER
from workflows.models import AuditEntry
from workflows.store import database_now


def _names(world: World, query: str = "", *, who: str = "olga") -> list[str]:
    answer = world.browser(who).get(f"{reverse('people-list')}{query}")
    assert answer.status_code == 200
    return [row["name"] for row in answer.context["rows"]]


def test_the_list_is_searched_and_says_who_is_away(world: World) -> None:
    bob = world.people["bob"]
    availability.change_staff(
        person=bob,
        by=world.people["erin"],
        regions=["NL"],
        skills={"fraud": 3},
        wip_limit=4,
        calendar_key="",
    )
    now = database_now()
    availability.plan_absence(
        person=bob, by=bob, starts_at=now, ends_at=now + dt.timedelta(hours=2)
    )
    everybody = _names(world)
    assert everybody == sorted(everybody)
    assert {"Alice", "Bob", "Mallory"} <= set(everybody)
    assert _names(world, "?q=BO") == ["Bob"]
    assert _names(world, "?now=away") == ["Bob"]
    assert set(_names(world, "?role=REVIEWER&queue=desk")) >= {"Alice", "Bob"}
    assert _names(world, "?role=AUDITOR") == ["Dan"]
    assert _names(world, "?q=%25") == []
    page = world.browser("dan").get(reverse("people-list")).content.decode()
    assert "1 away now" in page
    assert world.browser("alice").get(reverse("people-list")).status_code == 403
    browser, url = world.browser("olga"), reverse("people-list")
    with CaptureQueriesContext(connection) as many:
        browser.get(url)
    with CaptureQueriesContext(connection) as few:
        browser.get(f"{url}?q=bob")
    assert len(many) == len(few) <= 20


def test_a_person_has_one_page_and_its_forms_change_rights(world: World) -> None:
    bob, erin = world.people["bob"], world.browser("erin")
    url = reverse("person-detail", args=[bob.pk])
    people.add_account(
        person=bob, username="bob.two", password="another-long-one", actor=TESTER
    )
    page = erin.get(url).content.decode()
    assert "bob.two" in page
    assert "four eyes count them once" in page
    propose = {"what": "grant", "role": "MANAGER", "queue": "desk"}
    assert erin.post(url, propose).status_code == 422
    sent = erin.post(url, {**propose, "reason": "Carol leaves in May."})
    change = sent["Location"]
    held = RoleGrant.objects.filter(person=bob, role="MANAGER", revoked_at=None)
    assert (sent.status_code, held.exists()) == (302, False)
    assert "waits for a second person" in erin.get(url).content.decode()
    olga = world.browser("olga")
    assert "Bob: role manager" in olga.get(reverse("people-list")).content.decode()
    assert world.browser("carol").get(change).status_code == 403
    assert erin.post(f"{change}approve/", {}).status_code == 403
    assert olga.post(f"{change}approve/", {}).status_code == 302
    assert held.get().granted_by == f"person:{world.people['olga'].pk}"
    erin.post(url, {"what": "limit", "amount": "2500", "queue": "desk"})
    assert Authority.objects.get(person=bob).amount == Decimal(2500)
    erin.post(url, {"what": "takes", "regions": "NL", "skills": "fraud 2"})
    assert Skill.objects.get(person=bob).level == 2
    erin.post(url, {"what": "revoke", "role": "MANAGER", "queue": "desk"})
    assert not RoleGrant.objects.filter(
        person=bob, role="MANAGER", revoked_at=None
    ).exists()
    erin.post(url, {"what": "unlimit", "queue": "desk"})
    assert Authority.objects.get(person=bob).revoked_at
    wrong = erin.post(url, {"what": "takes", "skills": "fraud"})
    assert (wrong.status_code, "needs its level" in wrong.content.decode()) == (
        422, True
    )  # fmt: skip


def test_nobody_changes_his_own_rights_and_managers_only_their_queues(
    world: World,
) -> None:
    erin, carol, bob = (world.people[name] for name in ("erin", "carol", "bob"))
    own = reverse("person-detail", args=[erin.pk])
    want = {"what": "grant", "role": "MANAGER", "reason": "I am all alone."}
    refused = world.browser("erin").post(own, want)
    assert refused.status_code == 403
    assert "Nobody changes the rights of himself" in refused.content.decode()
    his = reverse("person-detail", args=[bob.pk])
    manager = world.browser("carol")
    assert manager.post(his, {**want, "role": "ADMINISTRATOR"}).status_code == 403
    looked = world.browser("dan").get(his).content.decode()
    assert "Give or propose" not in looked
    assert (
        world
        .browser("dan")
        .post(his, {"what": "limit", "amount": "5", "queue": "desk"})
        .status_code
        == 403
    )
    assert not Authority.objects.exists()
    assert carol.pk != bob.pk


def test_the_access_review_is_of_its_moment_and_leaves_an_entry(world: World) -> None:
    bob = world.people["bob"]
    before = database_now()
    people.add_account(
        person=bob, username="=cmd", password="another-long-one", actor=TESTER
    )
    authorities.grant(person=bob, amount=Decimal(700), queue=world.queue, actor=TESTER)
    browser, url = world.browser("dan"), reverse("access-review")
    rows = _rows(browser.post(url, {"format": "csv"}).content)
    his = [row for row in rows if row["name"] == "Bob"]
    assert {(row["kind"], row["right"], row["limit"]) for row in his} >= {
        ("limit", "approves up to", "700")
    }
    assert his[0]["second accounts"] == "1"
    assert "=cmd" in his[0]["accounts"]
    assert any(row["right"] == "REVIEWER" for row in his)
    assert all(row["entry"].isdecimal() for row in his)
    held = RoleGrant.objects.filter(revoked_at=None).count()
    assert sum(row["kind"] == "role" for row in rows) == held
    entry = AuditEntry.objects.get(kind="access.exported")
    assert entry.actor == f"person:{world.people['dan'].pk}"
    past = (before - dt.timedelta(days=1)).date().isoformat()
    assert _rows(browser.post(url, {"format": "csv", "day": past}).content) == []
    book = browser.post(url, {"format": "xlsx"})
    assert book.content[:2] == b"PK"
    assert world.browser("carol").post(url, {"format": "csv"}).status_code == 403


def _rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))
