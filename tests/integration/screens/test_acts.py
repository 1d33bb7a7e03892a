"""Acts on instances by their pages: forms, refusals in place, approvals, many at once."""

import json
from typing import Any, Final
from uuid import UUID

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from review.models import Intervention
from tests.factories.desk import ROLES, World
from tests.factories.processes import TESTER
from tests.integration.screens.test_oversight import _incident
from workflows.models import AuditEntry, Instance, Step
from workflows.operations import interventions

WHY: Final = "The paper form was found."
MAY: Final = {"olga", "erin"}
HTMX: Final = {"HX-Request": "true"}


@pytest.fixture
def case(world: World) -> UUID:
    """One case that waits for a person."""
    return world.start()[0]


def act_url(instance_id: UUID, act: str, **query: object) -> str:
    url = reverse("instance-act", args=[instance_id, act])
    return f"{url}?{'&'.join(f'{k}={v}' for k, v in query.items())}" if query else url


def step_of(instance_id: UUID, node: str = "one") -> int:
    return Step.objects.get(instance_id=instance_id, node_id=node, state="WAITING").pk


def send(client: Client, instance_id: UUID, act: str, **given: Any) -> HttpResponse:
    """Fill in the form as the page gave it, with these changes."""
    asked = {name: given[name] for name in ("step", "incident") if name in given}
    form = client.get(act_url(instance_id, act, **asked)).context["form"]
    data = {
        name: form[name].value() if form[name].value() is not None else ""
        for name in form.fields
        if name not in {"to", "fire", "compensate"}
    }
    answer: HttpResponse = client.post(
        act_url(instance_id, act), {**data, "reason": WHY, **given}
    )  # type: ignore[assignment]
    return answer


def page_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


class TestWho:
    @pytest.mark.parametrize(
        "act", ["suspend", "cancel", "edit", "skip", "move", "nonsense"]
    )
    def test_forms_open_for_their_roles_alone(
        self, act: str, case: UUID, world: World
    ) -> None:
        url = act_url(case, act, step=step_of(case))
        opened = {
            who for who in ROLES if world.browser(who).get(url).status_code == 200
        }
        more = {"carol"} if act == "cancel" else set()
        assert opened == (set() if act == "nonsense" else MAY | more)

    @pytest.mark.parametrize("act", ["suspend", "cancel", "edit", "skip", "move"])
    def test_mallory_and_reviewers_change_nothing(
        self, act: str, case: UUID, world: World
    ) -> None:
        given = {
            "reason": WHY,
            "seen": interventions.get_standing(case),
            "step": step_of(case),
            "to": "end",
            "values": "{}",
            "base": '{"amount": "x"}',
        }
        for who in ("mallory", "alice", "dan"):
            answer = world.browser(who).post(act_url(case, act), given)
            assert answer.status_code == 403
        assert Instance.objects.get().state == "ACTIVE"
        assert step_of(case)

    def test_a_stranger_signs_in_first(self, case: UUID, world: World) -> None:
        for url in (
            act_url(case, "cancel"),
            reverse("instance-bulk"),
            reverse("approval-list"),
        ):
            assert Client().post(url)["Location"].startswith(reverse("sign-in"))

    def test_the_instance_page_offers_what_its_viewer_may(
        self, case: UUID, world: World
    ) -> None:
        url = reverse("instance-detail", args=[case])
        labels = {
            who: [item.label for item in world.browser(who).get(url).context["menu"]]
            for who in ("olga", "carol", "alice")
        }
        assert labels == {
            "olga": ["Suspend…", "Edit variables…", "Cancel…"],
            "carol": ["Cancel…"],
            "alice": [],
        }
        steps = world.browser("olga").get(url).context["steps"]
        assert [len(step["acts"]) for step in steps] == [0, 0, 2]


class TestDoing:
    def test_cancel_can_take_back_first(self, case: UUID, world: World) -> None:
        send(world.browser("olga"), case, "cancel", compensate="on")
        kinds = AuditEntry.objects.filter(chain=case).values_list("kind", flat=True)
        assert "instance.compensating" in set(kinds)
        assert Instance.objects.get(pk=case).state == "CANCELED"

    def test_suspend_then_resume_then_cancel(self, case: UUID, world: World) -> None:
        browser = world.browser("erin")
        for act, state in (
            ("suspend", "SUSPENDED"),
            ("resume", "ACTIVE"),
            ("cancel", "CANCELED"),
        ):
            answer = send(browser, case, act)
            assert answer["Location"] == reverse("instance-detail", args=[case])
            assert Instance.objects.get().state == state
        assert browser.get(act_url(case, "suspend")).status_code == 409

    def test_skip_with_variables(self, case: UUID, world: World) -> None:
        send(
            world.browser("olga"),
            case,
            "skip",
            step=step_of(case),
            values='{"one": {"outcome": "APPROVED"}}',
        )
        found = Instance.objects.get()
        assert found.state == "COMPLETED"
        assert found.variables["one"] == {"outcome": "APPROVED"}

    def test_move_offers_nodes_and_refuses_others(
        self, case: UUID, world: World
    ) -> None:
        browser, step = world.browser("olga"), step_of(case)
        answer = browser.get(act_url(case, "move", step=step))
        (group,) = answer.context["groups"]
        offered = {node.id for node in group.nodes}
        assert {"start", "how", "two", "end"} <= offered
        refused = send(browser, case, "move", step=step, to=["nowhere"])
        assert refused.status_code == 422
        assert "cannot be moved to nowhere" in page_of(refused)
        assert send(browser, case, "move", step=step, to=["two"]).status_code == 302
        assert step_of(case, "two")

    def test_edit_writes_only_what_differs(self, case: UUID, world: World) -> None:
        browser = world.browser("olga")
        form = browser.get(act_url(case, "edit")).context["form"]
        values = json.loads(form["values"].value())
        del values["employer"]
        values["amount"] = 7
        send(browser, case, "edit", values=json.dumps(values))
        found = Instance.objects.get()
        assert found.variables["amount"] == 7
        assert "employer" not in found.variables
        entry = json.loads(_last(case, "instance.variables_edited"))["detail"]
        assert set(entry["set"]) == {"amount"}
        assert entry["removed"] == ["employer"]

    def test_retry_of_an_incident(self, world: World) -> None:
        incident = _incident(world)
        page = world.browser("carol").get(
            reverse("instance-detail", args=[incident.instance_id])
        )
        assert [item.label for item in page.context["steps"][-1]["acts"]] == ["Retry"]
        send(
            world.browser("carol"), incident.instance_id, "retry", incident=incident.pk
        )
        incident.refresh_from_db()
        assert incident.resolution == "RETRIED"

    def test_a_dialog_gets_a_fragment_and_where_to_go(
        self, case: UUID, world: World
    ) -> None:
        browser = world.browser("olga")
        shown = browser.get(act_url(case, "cancel"), headers=HTMX)
        assert "<html" not in shown.content.decode()
        given = {"reason": WHY, "seen": shown.context["form"]["seen"].value()}
        answer = browser.post(act_url(case, "cancel"), given, headers=HTMX)
        assert answer.status_code == 204
        assert answer["HX-Redirect"] == reverse("instance-detail", args=[case])


class TestRefusals:
    @pytest.mark.parametrize(
        ("act", "given", "sentence"),
        [
            ("suspend", {"reason": ""}, "Say why; the reason is kept with the act."),
            ("edit", {"values": "[]"}, "Write an object"),
            ("edit", {"values": '{"a": NaN}'}, "This is not JSON"),
            ("edit", {"base": "[]"}, "This page is broken"),
            ("edit", {}, "Nothing differs"),
            ("skip", {"values": "nothing"}, "This is not JSON"),
            ("move", {}, "Choose at least one node"),
        ],
    )
    def test_faults_are_shown_in_place(
        self, world: World, act: str, given: dict[str, str], sentence: str
    ) -> None:
        (case,) = world.start()
        more = {"step": step_of(case)} if act in {"skip", "move"} else {}
        answer = send(world.browser("olga"), case, act, **more, **given)
        assert answer.status_code == 422
        assert sentence in page_of(answer)

    def test_what_happened_meanwhile_is_shown_and_the_edit_kept(
        self, case: UUID, world: World
    ) -> None:
        browser = world.browser("olga")
        form = browser.get(act_url(case, "edit")).context["form"]
        mine = {name: form[name].value() for name in ("seen", "base", "values")}
        values = {**json.loads(mine["values"]), "mine": 1}
        interventions.edit_variables(
            instance_id=case,
            actor=TESTER,
            reason="Meanwhile.",
            assign={"employer": "Somebody else"},
        )
        given = {**mine, "values": json.dumps(values), "reason": WHY, "scope": ""}
        answer = browser.post(act_url(case, "edit"), given)
        assert answer.status_code == 409
        assert "What happened since you opened this" in page_of(answer)
        assert "Instance variables edited" in page_of(answer)
        again = answer.context["form"]
        given = {
            **{name: again[name].value() for name in ("seen", "base", "values")},
            "reason": WHY,
            "scope": "",
        }
        assert browser.post(act_url(case, "edit"), given).status_code == 302
        found = Instance.objects.get().variables
        assert (found["mine"], found["employer"]) == (1, "Somebody else")

    def test_an_address_without_its_step_says_so(
        self, case: UUID, world: World
    ) -> None:
        browser = world.browser("olga")
        assert browser.get(act_url(case, "skip")).status_code == 422
        assert browser.get(act_url(case, "skip", step=1)).status_code == 404
        assert browser.get(act_url(case, "edit", scope=1)).status_code == 409
        started = Step.objects.get(instance_id=case, node_id="start").pk
        assert browser.get(act_url(case, "skip", step=started)).status_code == 409


class TestApprovals:
    @pytest.fixture(autouse=True)
    def _two_persons(self, settings: Settings) -> None:
        settings.DUAL_CONTROL = frozenset({"cancel", "edit", "retry"})

    def test_one_proposes_and_another_approves(self, case: UUID, world: World) -> None:
        olga, erin = world.browser("olga"), world.browser("erin")
        send(olga, case, "cancel")
        assert Instance.objects.get().state == "ACTIVE"
        proposal = Intervention.objects.get()
        page = page_of(erin.get(reverse("instance-detail", args=[case])))
        assert "Cancel the instance</strong> is proposed by Olga" in page
        rows = erin.get(reverse("approval-list")).context["rows"]
        assert [(row["id"], row["may_approve_here"]) for row in rows] == [
            (proposal.pk, True)
        ]
        url = reverse("approval-approve", args=[proposal.pk])
        refused = olga.post(url)
        assert refused.status_code == 403
        assert "You proposed this yourself" in page_of(refused)
        assert erin.post(url).status_code == 302
        assert Instance.objects.get().state == "CANCELED"
        assert "settled already" in page_of(erin.post(url))

    def test_values_are_looked_at_before_they_are_approved(
        self, case: UUID, world: World
    ) -> None:
        olga, erin = world.browser("olga"), world.browser("erin")
        form = olga.get(act_url(case, "edit")).context["form"]
        values = {**json.loads(form["values"].value()), "amount": 7}
        send(olga, case, "edit", values=json.dumps(values))
        proposal = Intervention.objects.get()
        (row,) = erin.get(reverse("approval-list")).context["rows"]
        assert not row["may_approve_here"]
        page = page_of(erin.get(reverse("approval-detail", args=[proposal.pk])))
        assert "<del>38,500.5</del>" in page
        assert "<ins>7</ins>" in page

    def test_declining_and_withdrawing(self, case: UUID, world: World) -> None:
        olga, erin = world.browser("olga"), world.browser("erin")
        for who, name, state in (
            (erin, "decline", "DECLINED"),
            (olga, "withdraw", "WITHDRAWN"),
        ):
            send(olga, case, "cancel")
            proposal = Intervention.objects.latest("pk")
            url = reverse(f"approval-{name}", args=[proposal.pk])
            assert who.post(url).status_code == 422
            assert who.post(url, {f"{name}-reason": WHY}).status_code == 302
            proposal.refresh_from_db()
            assert proposal.state == state
        page = page_of(erin.get(reverse("approval-list")))
        assert "Declined" in page
        assert "Withdrawn" in page

    def test_the_list_asks_as_often_for_one_as_for_many(self, world: World) -> None:
        olga, erin = world.browser("olga"), world.browser("erin")
        counts = []
        for more in (1, 9):
            for case in world.start(more):
                send(olga, case, "cancel")
            with CaptureQueriesContext(connection) as captured:
                answer = erin.get(reverse("approval-list"))
            counts.append((len(answer.context["rows"]), len(captured)))
        assert [rows for rows, _ in counts] == [1, 10]
        assert counts[0][1] == counts[1][1]

    def test_who_sees_and_who_decides(self, case: UUID, world: World) -> None:
        send(world.browser("olga"), case, "cancel")
        proposal = Intervention.objects.get()
        pages = (
            reverse("approval-list"),
            reverse("approval-detail", args=[proposal.pk]),
        )
        for url in pages:
            seen = {
                who for who in ROLES if world.browser(who).get(url).status_code == 200
            }
            assert seen == {"carol", "olga", "erin", "dan"}
        for name in ("approve", "decline", "withdraw"):
            url = reverse(f"approval-{name}", args=[proposal.pk])
            for who in ("alice", "dan", "mallory"):
                given = {f"{name}-reason": WHY}
                assert world.browser(who).post(url, given).status_code == 403
            assert world.browser("erin").get(url).status_code == 405
        assert Intervention.objects.get().state == "PROPOSED"
        missing = reverse("approval-detail", args=[0])
        assert world.browser("olga").get(missing).status_code == 404

    def test_the_incident_page_leads_around_nothing(self, world: World) -> None:
        incident = _incident(world)
        browser = world.browser("olga")
        for name, given in (
            ("retry", {"retry-reason": WHY}),
            ("edit", {"edit-reason": WHY, "edit-values": '{"amount": 5}'}),
        ):
            url = reverse(f"incident-{name}", args=[incident.pk])
            assert "Proposed." in page_of(browser.post(url, given, follow=True))
        incident.refresh_from_db()
        assert incident.state == "OPEN"
        assert Instance.objects.get().variables == {"amount": -5}
        acts = Intervention.objects.values_list("act", flat=True)
        assert set(acts) == {"RETRY", "MEND"}


class TestMany:
    def url(self, **words: str) -> str:
        query = "&".join(f"{name}={word}" for name, word in words.items())
        return f"{reverse('instance-bulk')}?{query}"

    def test_preview_then_act_on_what_is_ticked(self, world: World) -> None:
        first, second, third = world.start(3)
        browser = world.browser("olga")
        url = self.url(op="skip", definition="screens", node="one")
        shown = browser.get(url)
        assert shown.context["total"] == "3 instances"
        assert {row["id"] for row in shown.context["rows"]} == {first, second, third}
        given = {"op": "skip", "node": "one", "reason": WHY, "id": [first, second]}
        done = browser.post(url, given)
        assert [row["fate"].label for row in done.context["rows"]] == ["Done", "Done"]
        states = dict(Instance.objects.values_list("pk", "state"))
        assert states == {first: "COMPLETED", second: "COMPLETED", third: "ACTIVE"}

    def test_what_cannot_be_done_is_said_before(self, world: World) -> None:
        (case,) = world.start()
        browser = world.browser("olga")
        assert "which instances" in browser.get(self.url(op="cancel")).context["hint"]
        hint = browser.get(self.url(op="move", definition="screens")).context["hint"]
        assert "needs the node" in hint
        nothing = page_of(browser.get(self.url(op="cancel", node="nowhere")))
        assert "No running instance fits" in nothing
        url = self.url(op="cancel", definition="screens")
        for given, status in (
            ({"op": "cancel", "reason": WHY}, 422),
            ({"op": "cancel", "id": [case]}, 422),
            ({"op": "cancel", "reason": WHY, "id": ["x"]}, 422),
            ({"op": "destroy", "reason": WHY, "id": [case]}, 422),
        ):
            assert browser.post(url, given).status_code == status
        assert Instance.objects.get().state == "ACTIVE"

    def test_roles_hold_for_each_act(self, world: World) -> None:
        (case,) = world.start()
        opened = {
            who
            for who in ROLES
            if world.browser(who).get(reverse("instance-bulk")).status_code == 200
        }
        assert opened == {"carol", "olga", "erin"}
        given = {"op": "suspend", "reason": WHY, "id": [case]}
        answer = world.browser("carol").post(self.url(op="suspend"), given)
        assert answer.status_code == 403
        assert world.browser("mallory").post(self.url(), given).status_code == 403
        assert Instance.objects.get().state == "ACTIVE"

    def test_the_list_leads_there_with_its_filters(self, world: World) -> None:
        url = reverse("instance-list")
        shown = world.browser("olga").get(url, {"definition": "screens"})
        assert shown.context["bulk_url"] == self.url(definition="screens")
        assert world.browser("alice").get(url).context["bulk_url"] == ""


def _last(instance_id: UUID, kind: str) -> str:
    return AuditEntry.objects.filter(chain=instance_id, kind=kind).latest("seq").entry
