"""The auditor's desk: limits, search, timeline, samples, papers, tests of controls."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import zipfile
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import DatabaseError, transaction
from django.urls import reverse

from review.core.controls import REPERFORMANCE, Result
from review.core.facets import read_facets
from review.core.sampling import Method
from review.core.scopes import AuditScope
from review.core.selections import Selection
from review.core.states import Decision, Role
from review.dashboards import audit
from review.dashboards.audit_conditions import build_search
from review.evidence.selecting import OUTSIDE, UNKNOWN, resolve
from review.models import (
    EvidenceBundle,
    Person,
    RoleGrant,
    SampleItem,
    SamplePlan,
    Task,
    Verdict,
)
from review.operations import auditing, claims, papers, people, samples, verdicts
from review.operations.papers import Mark
from review.permissions import get_rights
from tests.audit_tables import owner_without_triggers
from tests.factories.desk import World, build_world
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


class TestLimits:
    def test_a_limited_auditor_sees_his_matter_alone(self, world: World) -> None:
        before, after = world.open_task(), world.open_task()
        began = after.instance.started_at
        limit(world, matter="The second half", opened_from=began)
        dan = world.browser("dan")

        assert {row.chain for row in find(world)} == {after.instance_id}
        inside = [
            reverse("audit-case", args=[after.instance_id]),
            reverse("instance-detail", args=[after.instance_id]),
            reverse("instance-diagram", args=[after.instance_id]),
            reverse("task-detail", args=[after.pk]),
            reverse("audit-search"),
        ]
        assert [dan.get(url).status_code for url in inside] == [200] * len(inside)
        outside = [
            dan.get(reverse("audit-case", args=[before.instance_id])),
            dan.get(reverse("instance-detail", args=[before.instance_id])),
            dan.get(reverse("instance-diagram", args=[before.instance_id])),
            dan.get(reverse("task-detail", args=[before.pk])),
            dan.get(reverse("source-file", args=[before.pk, 0])),
            dan.post(reverse("audit-export", args=[before.instance_id])),
            dan.post(
                reverse("audit-unmask", args=[before.instance_id]), {"reason": "x"}
            ),
            dan.get(reverse("instance-list")),
            dan.get(reverse("dashboard")),
            dan.get(reverse("queue-detail", args=["desk"])),
            dan.get(reverse("incident-list")),
            dan.get(reverse("policy-list")),
        ]
        assert [answer.status_code for answer in outside] == [403] * len(outside)
        page = dan.get(reverse("audit-search")).content.decode()
        assert "You audit: The second half, opened from" in page

        asked = (after.instance_id, before.instance_id, uuid4())
        scope = get_rights(world.people["dan"].id).audit
        assert scope is not None
        resolved = resolve(Selection("case", "", {}, asked), scope=scope)
        assert resolved.cases == [after.instance_id]
        assert resolved.withheld == [(asked[1], OUTSIDE), (asked[2], UNKNOWN)]

    def test_limits_by_process_and_queue_hold_for_each_reading(
        self, world: World
    ) -> None:
        task = world.open_task()
        for limits, cases in (
            ({"definitions": ("screens",)}, {task.instance_id}),
            ({"queues": ("desk",)}, {task.instance_id}),
            ({"queues": ("senior",)}, set()),
        ):
            limit(world, **limits)
            assert {row.chain for row in find(world)} == cases
        assert len(notices("role.revoked")) == 3
        assert notices("role.granted")[-1]["detail"]["scope"] == {"queues": ["senior"]}

    def test_the_role_ends_by_itself(self, world: World) -> None:
        now = database_now()
        limit(world, ends_at=now + dt.timedelta(hours=1))
        dan = world.browser("dan")
        assert dan.get(reverse("audit-search")).status_code == 200
        with owner_without_triggers("review_rolegrant"):
            RoleGrant.objects.filter(role="AUDITOR", revoked_at=None).update(
                granted_at=now - dt.timedelta(hours=2),
                ends_at=now - dt.timedelta(minutes=1),
            )
        assert get_rights(world.people["dan"].id).audit is None
        assert dan.get(reverse("audit-search")).status_code == 403

    def test_the_command_gives_changes_and_revokes_it(self, world: World) -> None:
        call_command(
            "grant_audit", "dan", "--until", "2999-12-31", "--process", "screens",
            "--opened-from", "2026-01-01", "--matter", "Annual audit",
        )  # fmt: skip
        scope = get_rights(world.people["dan"].id).audit
        assert scope is not None
        assert (scope.matter, scope.definitions) == ("Annual audit", ("screens",))
        call_command("grant_audit", "dan", "--revoke")
        assert get_rights(world.people["dan"].id).audit is None

    def test_limits_that_cannot_be_are_refused(self, world: World) -> None:
        person, past = world.people["alice"], dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
        for role, scope in (
            (Role.REVIEWER, AuditScope(matter="x")),
            (Role.AUDITOR, AuditScope(ends_at=past)),
        ):
            with pytest.raises(Invalid):
                people.grant_role(person=person, role=role, actor=TESTER, scope=scope)
        with pytest.raises(Exception, match="There is no queue"):
            limit(world, queues=("nowhere",))

    def test_an_auditor_changes_nothing_in_a_case(self, world: World) -> None:
        task = world.open_task()
        answer = world.browser("dan").post(
            reverse("task-comment", args=[task.pk]), {"note-text": "Look here"}
        )
        assert answer.status_code == 403
        assert AuditEntry.objects.filter(kind="task.commented").count() == 0


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
        assert cases(overturned="yes") == set()
        assert cases(overturned="no") == {small.instance_id, dual.instance_id}
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
