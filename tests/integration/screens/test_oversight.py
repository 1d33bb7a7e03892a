"""Instances, processes, incidents and the audit search."""

import datetime as dt
import io
import zipfile

import pytest
from django.urls import reverse

import tests.factories.handlers  # noqa: F401  registers the handlers
from review.core.states import Role
from review.operations.people import people
from review.operations.tasks import claims
from tests.factories.desk import World
from tests.factories.processes import TESTER, chain, deploy, process
from tests.integration.screens.test_task import approve
from workflows.models import AuditEntry, Incident, Instance
from workflows.operations import instances
from workflows.operations.advance import advance_batch


def _incident(world: World, *, amount: int = -5) -> Incident:
    deploy(
        process(
            '<startEvent id="start"/><serviceTask id="book" name="Book"'
            ' cs:handler="test.broken"/><endEvent id="end"/>'
            + chain("start", "book", "end")
        ),
        key="booking",
    )
    instances.start(
        definition_key="booking",
        business_key="BOOK-1",
        initiator=TESTER,
        variables={"amount": amount},
    )
    advance_batch(worker="test")
    return Incident.objects.get()


class TestInstances:
    def test_the_list_narrows_by_state_and_key(self, world: World) -> None:
        approve(world, "alice", world.open_task())
        open_one = world.open_task()
        browser = world.browser("carol")
        running = browser.get(reverse("instance-list"), {"state": "ACTIVE"})
        assert [row["case"] for row in running.context["rows"]] == [
            open_one.business_key
        ]
        done = browser.get(reverse("instance-list"), {"state": "COMPLETED"})
        assert len(done.context["rows"]) == 1

    def test_the_page_tells_steps_in_order_and_where_it_stands(
        self, world: World
    ) -> None:
        task = world.open_task()
        url = reverse("instance-detail", args=[task.instance_id])
        context = world.browser("carol").get(url).context
        assert [step["node_id"] for step in context["steps"]] == ["start", "how", "one"]
        assert context["steps"][-1]["mark"] == "active"
        assert context["history"][-1].text == "Instance started"

    def test_the_picture_is_the_deployed_file(self, world: World) -> None:
        task = world.open_task()
        answer = world.browser("carol").get(
            reverse("instance-diagram", args=[task.instance_id])
        )
        assert answer["Content-Type"] == "application/xml"
        assert b'id="how"' in answer.content

    def test_an_auditor_takes_the_evidence_away(self, world: World) -> None:
        task = world.open_task()
        approve(world, "alice", task)
        url = reverse("audit-export", args=[task.instance_id])
        answer = world.browser("dan").post(url)
        bundle = zipfile.ZipFile(io.BytesIO(b"".join(answer)))
        assert any(name.endswith("verify.py") for name in bundle.namelist())
        assert world.browser("carol").post(url).status_code == 403


class TestIncidents:
    def test_the_desk_shows_what_went_wrong(self, world: World) -> None:
        incident = _incident(world)
        page = world.browser("olga").get(reverse("incident-list")).content.decode()
        assert "A negative amount cannot be booked." in page
        assert reverse("incident-detail", args=[incident.pk]) in page

    def test_corrected_input_lets_the_case_go_on(self, world: World) -> None:
        incident = _incident(world)
        answer = world.browser("olga").post(
            reverse("incident-edit", args=[incident.pk]),
            {"edit-values": '{"amount": 5}', "edit-reason": "A typing error."},
        )
        assert answer.status_code == 302
        while advance_batch(worker="test").more:
            pass
        assert Instance.objects.get(pk=incident.instance_id).state == "COMPLETED"

    def test_settling_by_hand_needs_a_reason(self, world: World) -> None:
        incident = _incident(world)
        url = reverse("incident-resolve", args=[incident.pk])
        browser = world.browser("olga")
        refused = browser.post(url, {"resolve-values": "{}", "resolve-reason": ""})
        assert refused.status_code == 422
        assert "Say why" in refused.content.decode()
        browser.post(
            url, {"resolve-values": "{}", "resolve-reason": "Booked on paper."}
        )
        incident.refresh_from_db()
        assert (incident.resolution, incident.reason) == ("BY_HAND", "Booked on paper.")

    def test_values_that_are_no_object_are_said_at_the_field(
        self, world: World
    ) -> None:
        incident = _incident(world)
        answer = world.browser("olga").post(
            reverse("incident-edit", args=[incident.pk]),
            {"edit-values": '{"amount": NaN}', "edit-reason": "A typing error."},
        )
        assert answer.status_code == 422
        assert "NaN is no JSON number" in answer.content.decode()

    def test_an_auditor_may_look_and_not_act(self, world: World) -> None:
        incident = _incident(world)
        browser = world.browser("dan")
        page = browser.get(reverse("incident-detail", args=[incident.pk]))
        assert page.status_code == 200
        assert "What to do" not in page.content.decode()
        url = reverse("incident-retry", args=[incident.pk])
        assert browser.post(url, {"retry-reason": "Try."}).status_code == 403

    def test_an_incident_somebody_resolved_is_a_conflict(self, world: World) -> None:
        incident = _incident(world)
        url = reverse("incident-resolve", args=[incident.pk])
        fields = {"resolve-values": "{}", "resolve-reason": "Booked on paper."}
        world.browser("olga").post(url, fields)
        answer = world.browser("carol").post(url, fields)
        assert answer.status_code == 409
        assert "resolved already" in answer.content.decode()


class TestAudit:
    @pytest.mark.parametrize(
        ("facets", "kinds"),
        [
            ({"kind": "task.claimed"}, {"task.claimed"}),
            ({"kind": "verdict.*"}, {"verdict.submitted"}),
            ({"actor": "alice"}, {"task.claimed", "verdict.submitted", "task.decided"}),
            ({"actor": "Nobody"}, set()),
            ({"since": "2999-01-01"}, set()),
        ],
    )
    def test_facets_narrow_the_entries(
        self, facets: dict[str, str], kinds: set[str], world: World
    ) -> None:
        approve(world, "alice", world.open_task())
        page = world.browser("dan").get(reverse("audit-search"), facets).context
        found = {row["line"].kind for group in page["groups"] for row in group["rows"]}
        assert kinds <= found if "actor" in facets and kinds else found == kinds

    def test_a_case_is_found_by_its_key_and_by_its_id(self, world: World) -> None:
        task, _ = world.open_task(), world.open_task()
        browser = world.browser("dan")
        for case in (task.business_key, str(task.instance_id)):
            page = browser.get(reverse("audit-search"), {"q": case}).context
            (group,) = page["groups"]
            entries = AuditEntry.objects.filter(chain=task.instance_id)
            assert group["case"] == task.business_key
            assert len(group["rows"]) == entries.count()

    def test_pages_follow_each_other(self, world: World) -> None:
        world.start(15)
        browser = world.browser("dan")
        url = reverse("audit-search")
        seen = []
        query = "?"
        while query:
            context = browser.get(url + query).context
            seen += [
                row["line"].hash for group in context["groups"] for row in group["rows"]
            ]
            query = context["pages"].next_url
        assert len(seen) == len(set(seen)) == AuditEntry.objects.count()


def test_a_manager_who_may_judge_is_blind_on_the_instance_too(world: World) -> None:
    task = world.open_task(quorum="dual")
    approve(world, "alice", task)
    url = reverse("instance-detail", args=[task.instance_id])
    assert "Alice" in world.browser("carol").get(url).content.decode()
    people.grant_role(person=world.people["carol"], role=Role.REVIEWER, actor=TESTER)
    assert "Alice" not in world.browser("carol").get(url).content.decode()


def test_a_process_shows_versions_and_counts(world: World) -> None:
    approve(world, "alice", world.open_task())
    world.open_task()
    browser = world.browser("olga")
    (found,) = browser.get(reverse("definition-list")).context["processes"]
    (version,) = found["versions"]
    assert (version["active"], version["ended"]) == ("1", "1")
    nodes = browser.get(version["url"]).context["nodes"]
    assert [(node["node_id"], node["live"]) for node in nodes] == [("one", 1)]


PLAIN_PICTURES = {"blur": "0", "thumbnails": "medium"}


def test_settings_are_kept_and_shown_on_every_page(world: World) -> None:
    browser = world.browser("alice")
    browser.post(
        reverse("personal-settings"),
        {
            **PLAIN_PICTURES,
            "theme": "dark",
            "density": "compact",
            "zone": "Europe/Amsterdam",
        },
    )
    page = browser.get(reverse("my-work")).content.decode()
    assert 'data-bs-theme="dark"' in page
    assert 'data-density="compact"' in page
    assert 'data-keys="off"' in page


def test_times_are_shown_in_the_persons_zone(world: World) -> None:
    browser = world.browser("alice")
    browser.post(
        reverse("personal-settings"),
        {
            **PLAIN_PICTURES,
            "theme": "auto",
            "density": "standard",
            "zone": "Asia/Kathmandu",
        },
    )
    task = world.open_task()
    lease = claims.claim(task_id=task.pk, person=world.people["alice"])
    shown = browser.get(reverse("task-detail", args=[task.pk])).context["lease"]
    local = lease.until + dt.timedelta(hours=5, minutes=45)
    assert shown["until_label"].endswith(f"{local:%H:%M:%S}") or shown[
        "until_label"
    ].endswith(f"{local:%H:%M}")
