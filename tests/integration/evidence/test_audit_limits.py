"""An auditor's limits: cases, a time, and what was made when they were wider."""

from __future__ import annotations

import datetime as dt
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.urls import reverse

from review.core.evidence.scopes import AuditScope
from review.core.evidence.selections import Selection
from review.core.states import Role
from review.dashboards.control_tests import ControlTest
from review.evidence.selecting import OUTSIDE, UNKNOWN, resolve
from review.models import RoleGrant, SampleItem
from review.operations.evidence import building, bundles
from review.operations.evidence.control_runs import run_controls
from review.operations.people import people
from review.permissions import get_rights
from tests.audit_tables import owner_without_triggers
from tests.factories.desk import World, build_world
from tests.factories.processes import TESTER
from tests.integration.evidence.test_audit_desk import draw, find, limit, notices
from workflows.models import AuditEntry
from workflows.operations.errors import Invalid
from workflows.store import database_now

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    """Make the people, the queue and the process anew."""
    return build_world()


def _always_wrong() -> ControlTest:
    """Return a test of controls that no case passes."""
    statement = """
        SELECT id AS instance_id, NULL::bigint AS task_id, NULL::integer AS seq,
            'so it is' AS why FROM cases
    """
    return ControlTest("never", "Never", "Nothing.", "cases", statement)


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
        page = dan.get(reverse("audit-search"))
        assert "You audit: The second half, opened from" in page.content.decode()
        assert page.context["known"] == {"definition": [], "queue": []}

        asked = (after.instance_id, before.instance_id, uuid4())
        scope = get_rights(world.people["dan"].id).audit
        assert scope is not None
        resolved = resolve(Selection("case", "", {}, asked), scope=scope)
        assert resolved.cases == [after.instance_id]
        assert resolved.withheld == [(asked[1], OUTSIDE), (asked[2], UNKNOWN)]

    def test_limits_that_became_narrower_hold_for_what_was_made_before(
        self, world: World
    ) -> None:
        before, after = world.open_task(), world.open_task()
        dan, person = world.browser("dan"), world.people["dan"]
        limit(world, definitions=("screens",))
        plan = draw(world, size=2)
        position = SampleItem.objects.get(plan=plan, instance_id=before.instance_id)
        run = run_controls(person=person, title="", facets={}, tests=[_always_wrong()])
        selection = Selection("query", "All", {})
        bundle_id = bundles.order_bundle(selection=selection, doer=person)
        assert building.build_now(bundle_id)
        file = reverse("bundle-download", args=[bundle_id])
        assert b"".join(dan.get(file)).startswith(b"PK")
        limit(world, definitions=("screens",), opened_from=after.instance.started_at)
        key = before.instance.business_key
        assert dan.get(file).status_code == 403
        item = reverse("sample-item", args=[plan.id, position.position])
        assert dan.get(item).status_code == 403
        for url in (
            reverse("sample-detail", args=[plan.id]),
            reverse("control-run", args=[run.id]),
        ):
            page = dan.get(url).content.decode()
            assert after.instance.business_key in page
            assert key not in page
        paper = dan.post(reverse("sample-paper", args=[plan.id]))
        assert key not in paper.content.decode()
        # Limits that were put off in time alone take nothing away.
        limit(world, definitions=("screens",), ends_at=database_now() + dt.timedelta(9))
        assert b"".join(dan.get(file)).startswith(b"PK")

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
