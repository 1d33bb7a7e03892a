"""The auditor's desk: limits, search, timeline, samples, papers, tests of controls."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from review.core.evidence.controls import REPERFORMANCE, Result
from review.core.evidence.facets import read_facets
from review.core.evidence.sampling import Method
from review.core.evidence.scopes import AuditScope
from review.core.evidence.selections import Selection
from review.core.states import Decision, Role
from review.dashboards import audit
from review.dashboards.audit_conditions import build_search
from review.models import (
    EvidenceBundle,
    Person,
    SampleItem,
    SamplePlan,
    Task,
    Verdict,
)
from review.operations.evidence import auditing, papers, samples
from review.operations.evidence.papers import Mark
from review.operations.people import people
from review.operations.tasks import claims
from review.operations.verdicts import verdicts
from review.permissions import get_rights
from tests.factories.desk import PASSWORD, World, build_world
from tests.factories.processes import TESTER
from workflows.core.commitments import commit
from workflows.models import AuditEntry
from workflows.operations.errors import Conflict, Invalid
from workflows.store import database_now

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    """Make the people, the queue and the process anew."""
    return build_world()


def decide(task: Task, person: Person, decision: Decision, **more: Any) -> None:
    lease = claims.claim(task_id=task.id, person=person)
    verdicts.submit(
        task_id=task.id,
        person=person,
        token=lease.token,
        payload_digest=task.payload_digest,
        decision=decision,
        **more,
    )


def make_auditor(name: str) -> Client:
    """Let somebody else audit; return his browser."""
    person = people.create_person(
        name=name.title(), username=name, password=PASSWORD, actor=TESTER
    )
    people.grant_role(person=person, role=Role.AUDITOR, actor=TESTER)
    browser = Client()
    assert browser.login(username=name, password=PASSWORD)
    return browser


def limit(world: World, **limits: Any) -> None:
    people.grant_role(
        person=world.people["dan"],
        role=Role.AUDITOR,
        actor=TESTER,
        scope=AuditScope(**limits),
    )


def notices(kind: str) -> list[dict[str, Any]]:
    rows = AuditEntry.objects.filter(kind=kind).order_by("id")
    return [json.loads(row.entry) for row in rows]


def find(world: World, **facets: str) -> list[Any]:
    scope = get_rights(world.people["dan"].id).audit
    assert scope is not None
    search = build_search(read_facets(facets), scope=scope)
    rows = audit.read_entries(search, before=None, limit=500).rows
    assert len(rows) == audit.count_entries(search).entries
    return rows


class TestSearch:
    def test_each_facet_finds_what_it_says(self, world: World) -> None:
        small = world.open_task(amount=Decimal(10))
        dual = world.open_task(quorum="dual")
        decide(small, world.people["alice"], Decision.APPROVE)
        decide(dual, world.people["alice"], Decision.APPROVE)
        decide(dual, world.people["bob"], Decision.REJECT, rationale="No.",
               reason_code="documents-missing")  # fmt: skip

        def cases(**facets: str) -> set[Any]:
            return {row.chain for row in find(world, **facets)}

        assert cases(decision="REJECT") == {dual.instance_id}
        assert cases(outcome="APPROVED") == {small.instance_id}
        assert cases(queue="desk") == {small.instance_id, dual.instance_id}
        assert cases(queue="senior") == set()
        assert cases(sla="no") == {small.instance_id, dual.instance_id}
        assert cases(sla="yes") == set()
        bare = world.open_task(proposal=None)
        decide(bare, world.people["alice"], Decision.APPROVE, rationale="As it says.")
        assert cases(overturned="yes") == set()
        every = {small.instance_id, dual.instance_id, bare.instance_id}
        assert cases(overturned="no", outcome="APPROVED") == every - {dual.instance_id}
        version = Verdict.objects.filter(task=small).get().policy_version
        assert small.instance_id in cases(policy=version)
        assert cases(definition="screens", version="9.9.9") == set()
        assert {row.actor for row in find(world, role="SYSTEM")} >= {"system:engine"}
        reviewers = {row.actor for row in find(world, role="REVIEWER")}
        assert reviewers == {
            f"person:{world.people[name].id}" for name in ("alice", "bob")
        }
        entry = AuditEntry.objects.filter(kind="verdict.submitted").earliest("id")
        (found,) = find(world, q=bytes(entry.hash).hex()[:20])
        assert found.id == entry.id
        shown = json.loads(entry.entry)["detail"]["shown"]
        assert entry.id in {row.id for row in find(world, q=shown)}
        today = f"{database_now():%Y-%m-%d}"
        assert len(find(world, since=today)) == AuditEntry.objects.count()
        assert find(world, until="2020-01-01") == []

    def test_a_kept_search_says_what_is_new(self, world: World) -> None:
        world.open_task()
        dan = world.browser("dan")
        dan.post(reverse("audit-save"), {"name": "Opened", "kind": "task.opened"})
        (kept,) = dan.get(reverse("audit-search")).context["kept"]
        assert kept["count"] == "1"
        world.start(2)
        answer = dan.post(reverse("audit-rerun", args=[kept["id"]]), follow=True)
        assert "was 1, now 3" in answer.content.decode()
        assert world.browser("alice").post(
            reverse("audit-rerun", args=[kept["id"]])
        ).status_code == 403  # fmt: skip
        dan.post(reverse("audit-forget", args=[kept["id"]]))
        assert dan.get(reverse("audit-search")).context["kept"] == []

    def test_searching_by_somebodys_data_is_an_entry_without_the_words(
        self, world: World
    ) -> None:
        task, other = world.open_task(applicant="Zoë Quist"), world.open_task()
        dan = world.browser("dan")
        answer = dan.post(
            reverse("audit-personal"),
            {"words": "zoë quist", "reason": "A request of hers"},
            follow=True,
        )
        (group,) = answer.context["groups"]
        assert group["url"] == reverse("audit-case", args=[task.instance_id])
        assert other.instance_id != task.instance_id
        (entry,) = notices("audit.personal_data_searched")
        assert "zo" not in json.dumps(entry["detail"]["words"]).lower().replace(
            "committed", ""
        )
        kept = world.people["dan"].audit_lists.get()
        salt = bytes.fromhex(kept.facets["salt"])
        committed = entry["detail"]["words"]["$committed"]
        assert commit(salt, "zoë quist") == committed
        assert entry["detail"]["found"] == 1

    def test_searching_by_data_reads_quotes_and_gives_up_in_words(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        task = world.open_task(applicant='Ann "Nan" Roe\\Lee')
        dan, alice = world.people["dan"], world.people["alice"]
        lease = claims.claim(task_id=task.id, person=alice)
        claims.release(
            task_id=task.id, person=alice, token=lease.token, reason='I know "Nan".'
        )
        for words in ('ann "NAN" roe', "Roe\\Lee", 'know "nan"'):
            found = auditing.search_personal_data(person=dan, words=words, reason="X")
            assert found.cases == [task.instance_id]
        monkeypatch.setattr(auditing, "PATIENCE", "20ms")
        slow = auditing._BY_DATA.replace("WHERE", ", pg_sleep(9) WHERE", 1)
        monkeypatch.setattr(auditing, "_BY_DATA", slow)
        with pytest.raises(Invalid, match="takes longer than 20ms"):
            auditing.search_personal_data(person=dan, words="Roe", reason="X")
        assert len(notices("audit.personal_data_searched")) == 3

    def test_what_nobody_could_mean_is_refused_in_words(self, world: World) -> None:
        task = world.open_task(applicant="Zoë Quist")
        plan = draw(world, Method.MONETARY_INTERVAL, size=1)
        dan, carla = world.browser("dan"), make_auditor("carla")
        dan.post(reverse("audit-personal"), {"words": "zoë quist", "reason": "Hers"})
        theirs = world.people["dan"].audit_lists.get()
        item = reverse("sample-item", args=[plan.id, 1])
        export = reverse("audit-export", args=[task.instance_id])
        case = reverse("audit-case", args=[task.instance_id])
        answers = [
            dan.post(reverse("audit-save"), {"name": "n" * 81}),
            dan.post(reverse("audit-save"), {"name": "a\0b"}),
            dan.get(f"{case}?actor=%00"),
            dan.post(item, {"result-reperformance": "APPROVED", "audited": "1e40"}),
            dan.post(item, {"result-reperformance": "APPROVED", "audited": "1e-7"}),
            dan.post(export, {"reason": "r" * 5_000}),
            carla.post(reverse("audit-save"), {"name": "x", "found": str(theirs.id)}),
            carla.post(reverse("control-runs"), {"found": str(theirs.id)}),
        ]
        assert [answer.status_code for answer in answers] == [422] * len(answers)
        # Which cases somebody found by personal data is his to know.
        found = carla.get(f"{reverse('audit-search')}?found={theirs.id}")
        assert (found.status_code, found.context["groups"]) == (200, [])
        assert "You found no such cases" in found.content.decode()
        assert dan.get(f"{reverse('audit-search')}?since=0001-01-01").status_code == 200
        run = dan.post(reverse("control-runs"), {"title": "t" * 300}, follow=True)
        assert run.context["run"].title == "t" * 200


class TestTimeline:
    def test_it_tells_what_each_judge_held_saw_and_changed(self, world: World) -> None:
        task = world.open_task()
        alice = world.people["alice"]
        lease = claims.claim(task_id=task.id, person=alice)
        verdicts.submit(
            task_id=task.id,
            person=alice,
            token=lease.token,
            payload_digest=task.payload_digest,
            decision=Decision.EDIT_AND_APPROVE,
            reason_code="misread",
            rationale="Page 3 says so.",
            edits={"/employer": "Noordzee Logistics"},
        )
        url = reverse("audit-case", args=[task.instance_id])
        page = world.browser("dan").get(url)
        (event,) = [one for one in page.context["events"] if one.changes]
        assert event.changes == (
            ("/employer", "Noordzee Transport", "Noordzee Logistics"),
        )
        assert any("stayed hidden" in fact for fact in event.facts)
        assert any(fact.startswith("Held for") for fact in event.facts)
        assert [name for name, _, _ in event.sources] == ["d1"]
        assert event.leaf == "not sealed yet"
        text = page.content.decode()
        assert f'id="event-{event.seq}"' in text
        mine = world.browser("dan").get(f"{url}?actor=person:{alice.id}")
        assert {one.by for one in mine.context["events"]} == {"Alice"}

    def test_opening_and_unmasking_are_entries(self, world: World) -> None:
        task = world.open_task()
        dan, url = world.browser("dan"), reverse("audit-case", args=[task.instance_id])
        dan.get(url)
        dan.get(url)
        assert len(notices("audit.case_opened")) == 1
        unmask = reverse("audit-unmask", args=[task.instance_id])
        assert dan.post(unmask, {"reason": ""}).status_code == 422
        dan.post(unmask, {"reason": "Complaint 17"})
        (entry,) = notices("audit.personal_data_unmasked")
        assert entry["detail"]["reason"] == "Complaint 17"
        assert entry["detail"]["instance"] == str(task.instance_id)
        assert dan.get(url).context["unmasked"]
        for name, until in (("dan", True), ("carol", False)):
            found = auditing.find_unmasked(
                person_id=world.people[name].id, instance_id=task.instance_id
            )
            assert bool(found) is until


def draw(world: World, method: Method = Method.RANDOM, **more: Any) -> SamplePlan:
    return samples.draw_sample(
        person=world.people["dan"],
        wanted=samples.Wanted(
            title="Q1", method=method, seed="2026-01-01", facets={}, **more
        ),
    )


class TestSamples:
    def test_what_was_drawn_can_be_drawn_again_and_never_changes(
        self, world: World
    ) -> None:
        started = world.start(12)
        left_out = started[0]
        plan = draw(world, size=5, exclusions={left_out: "Under dispute"})
        listing = samples.read_listing(plan)
        assert hashlib.sha256(listing).hexdigest() == plan.population_digest
        rows = list(csv.DictReader(io.StringIO(listing.decode())))
        assert {row["id"] for row in rows} == {str(one) for one in started[1:]}
        ranked = sorted(
            (row["id"] for row in rows),
            key=lambda case: hashlib.sha256(f"2026-01-01{case}".encode()).hexdigest(),
        )
        items = SampleItem.objects.filter(plan=plan).order_by("position")
        assert [str(item.instance_id) for item in items] == ranked[:5]
        assert plan.exclusions == [{"case": str(left_out), "why": "Under dispute"}]
        (entry,) = notices("audit.sample_drawn")
        assert entry["detail"]["population"] == plan.population_digest
        assert samples.select(plan).cases == tuple(item.instance_id for item in items)
        bundle_url = reverse("sample-bundle", args=[plan.id])
        answer = world.browser("dan").post(bundle_url, {"open": "yes"})
        assert answer.status_code == 422
        answer = world.browser("dan").post(bundle_url)
        ordered = EvidenceBundle.objects.get()
        assert answer["Location"] == reverse("bundle-detail", args=[ordered.id])
        assert Selection.from_json(ordered.selection) == samples.select(plan)
        assert ordered.redaction["without_disclosures"]
        for change in ({"seed": "another"}, {"size": 4}):
            with pytest.raises(DatabaseError), transaction.atomic():
                SamplePlan.objects.filter(id=plan.id).update(**change)

    def test_discovery_takes_59_or_all_there_are(self, world: World) -> None:
        world.start(4)
        plan = draw(world, Method.DISCOVERY)
        assert plan.size == 4
        assert plan.rationale.startswith("59 items: if 5 % of the cases deviated")
        assert "only 4, so all are looked at" in plan.rationale

    def test_a_paper_is_ticked_compared_projected_and_signed(
        self, world: World
    ) -> None:
        dan, alice = world.people["dan"], world.people["alice"]
        tasks = [world.open_task() for _ in range(3)]
        for task in tasks:
            decide(task, alice, Decision.APPROVE)
        plan = draw(world, Method.DISCOVERY)
        browser = world.browser("dan")
        first = browser.get(reverse("sample-item", args=[plan.id, 1]))
        assert "are shown after your own decision" in first.content.decode()
        for position in range(1, plan.size + 1):
            fields = {f"result-{one['code']}": "OK" for one in plan.controls}
            fields["result-reperformance"] = "REJECTED" if position == 2 else "APPROVED"
            answer = browser.post(
                reverse("sample-item", args=[plan.id, position]), fields
            )
            assert answer.status_code == 302
        second = browser.get(reverse("sample-item", args=[plan.id, 2]))
        assert second.context["compared"]["differs"]
        page = browser.get(reverse("sample-detail", args=[plan.id]))
        assert page.context["missing"] == 0
        figures = {one["name"]: one for one in page.context["figures"]}
        assert figures["Decided alike"]["failed"] == 1
        assert figures["Dual control held"]["failed"] == 0
        taken = browser.post(reverse("sample-paper", args=[plan.id]))
        table = list(csv.DictReader(io.StringIO(taken.content.decode())))
        assert [row["alike"] for row in table] == ["yes", "no", "yes"]
        sheet = browser.post(
            reverse("sample-paper", args=[plan.id]), {"format": "xlsx"}
        )
        with zipfile.ZipFile(io.BytesIO(sheet.content)) as book:
            assert "xl/worksheets/sheet1.xml" in book.namelist()
        browser.post(reverse("sample-sign", args=[plan.id]), {"conclusion": "Sound."})
        (entry,) = notices("audit.paper_signed")
        assert entry["detail"]["paper"] == plan.sign_off.paper_digest
        with pytest.raises(Conflict):
            papers.mark_item(
                person=dan,
                plan_id=plan.id,
                position=1,
                marks=[Mark(REPERFORMANCE, Result.REJECTED)],
            )
        assert world.browser("alice").get(
            reverse("sample-detail", args=[plan.id])
        ).status_code == 403  # fmt: skip

    def test_a_paper_with_gaps_is_not_signed(self, world: World) -> None:
        world.start(2)
        plan, dan = draw(world, size=2), world.people["dan"]
        with pytest.raises(Invalid, match="14 ticks are missing"):
            papers.sign_off(person=dan, plan_id=plan.id, conclusion="Fine.")
        for mark in (
            Mark("dual_control", Result.APPROVED),
            Mark("clock", Result.EXCEPTION),
            Mark("astrology", Result.OK),
        ):
            with pytest.raises(Invalid):
                papers.mark_item(person=dan, plan_id=plan.id, position=1, marks=[mark])
