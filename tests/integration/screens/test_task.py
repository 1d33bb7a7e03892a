"""The task page: what it shows to whom, and every act on it."""

from decimal import Decimal
from typing import Any

from django.urls import reverse

from review.models import Task, Verdict
from review.operations.tasks import claims
from tests.factories.desk import World


def claim(world: World, name: str, task: Task) -> dict[str, Any]:
    """Claim a task and return the hidden fields of its form."""
    browser = world.browser(name)
    browser.post(reverse("task-claim", args=[task.pk]))
    form = browser.get(reverse("task-detail", args=[task.pk])).context["form"]
    return {
        "token": form["token"].value(),
        "payload_digest": form["payload_digest"].value(),
    }


def hand_in(world: World, name: str, task: Task, fields: dict[str, Any]) -> Any:
    url = reverse("task-verdict", args=[task.pk])
    return world.browser(name).post(url, fields)


def approve(world: World, name: str, task: Task) -> Any:
    fields = claim(world, name, task)
    return hand_in(world, name, task, {**fields, "decision": "APPROVE"})


def _page(world: World, name: str, task: Task) -> str:
    url = reverse("task-detail", args=[task.pk])
    return world.browser(name).get(url).content.decode()


def test_a_task_is_read_only_until_it_is_claimed(world: World) -> None:
    task = world.open_task()
    page = _page(world, "alice", task)
    assert "Claim it to decide" in page
    assert "Sign and take next" not in page
    claim(world, "alice", task)
    assert "Sign and take next" in _page(world, "alice", task)


def test_the_page_shows_sources_with_the_place_a_value_was_read(world: World) -> None:
    page = _page(world, "alice", world.open_task())
    mark = '<mark id="read-total" tabindex="-1" data-read="total">1210.00</mark>'
    assert mark in " ".join(page.split())
    assert "line 2" in page


def test_the_page_shows_what_is_proposed_as_a_difference(world: World) -> None:
    page = " ".join(_page(world, "alice", world.open_task()).split())
    assert "<del>Transport</del>" in page
    assert "<ins>Logistics</ins>" in page


def test_approving_decides_and_records_it(world: World) -> None:
    task = world.open_task()
    answer = approve(world, "alice", task)
    task.refresh_from_db()
    assert answer.status_code == 302
    assert (task.state, task.outcome) == ("DECIDED", "APPROVED")


def test_sign_and_take_next_opens_the_next_task(world: World) -> None:
    task, following = world.open_task(), world.open_task()
    fields = {**claim(world, "alice", task), "decision": "APPROVE", "then": "next"}
    answer = hand_in(world, "alice", task, fields)
    assert answer["Location"] == reverse("task-detail", args=[following.pk])


def test_rejecting_without_a_reason_keeps_what_was_typed(world: World) -> None:
    task = world.open_task()
    fields = {**claim(world, "alice", task), "decision": "REJECT"}
    answer = hand_in(world, "alice", task, fields)
    page = " ".join(answer.content.decode().split())
    assert answer.status_code == 422
    assert "Rejecting needs a reason" in page
    assert 'value="REJECT" data-key="r"' in page
    assert Verdict.objects.count() == 0


def test_an_edit_changes_the_value_with_its_type(world: World) -> None:
    task = world.open_task()
    fields = {
        **claim(world, "alice", task),
        "decision": "EDIT_AND_APPROVE",
        "reason_code": "misread",
        "edit-/fields/total/value": "1219.00",
        "edit-/verified": "no",
        "edit-/amount": "38500.5",
        "edit-/applicant": "Noor Visser",
        "edit-/employer": "Noordzee Transport",
        "edit-/quorum": "one",
    }
    assert hand_in(world, "alice", task, fields).status_code == 302
    edits = Verdict.objects.get().edits
    assert edits is not None
    changed = {each["path"]: each["value"] for each in edits if each["op"] != "test"}
    assert changed == {"/fields/total/value": Decimal("1219.00"), "/verified": False}


def test_an_edit_that_is_no_number_is_said_at_its_field(world: World) -> None:
    task = world.open_task()
    fields = {
        **claim(world, "alice", task),
        "decision": "EDIT_AND_APPROVE",
        "reason_code": "misread",
        "edit-/amount": "a lot",
    }
    answer = hand_in(world, "alice", task, fields)
    assert answer.status_code == 422
    assert "“a lot” is no number" in answer.content.decode()


def test_an_edit_without_a_change_is_refused(world: World) -> None:
    task = world.open_task()
    browser = world.browser("alice")
    fields = claim(world, "alice", task)
    form = browser.get(reverse("task-detail", args=[task.pk])).context["form"]
    same = {field.html_name: field.value() for field in form.edit_fields}
    answer = hand_in(
        world,
        "alice",
        task,
        {**fields, **same, "decision": "EDIT_AND_APPROVE", "reason_code": "misread"},
    )
    assert answer.status_code == 422
    assert "needs at least one changed value" in answer.content.decode()


def test_the_second_review_is_blind(world: World) -> None:
    task = world.open_task(quorum="dual")
    fields = claim(world, "alice", task)
    hand_in(
        world,
        "alice",
        task,
        {
            **fields,
            "decision": "REJECT",
            "reason_code": "documents-missing",
            "rationale": "The payslip of May is not there.",
        },
    )
    for url in (
        reverse("task-detail", args=[task.pk]),
        reverse("instance-detail", args=[task.instance_id]),
    ):
        page = world.browser("bob").get(url).content.decode()
        assert "Alice" not in page
        assert "documents-missing" not in page
        assert "payslip of May" not in page
        assert page.count("What others did here is hidden until your own") == 1
    assert "payslip of May" in _page(world, "carol", task)


def test_who_judged_first_may_not_judge_again(world: World) -> None:
    task = world.open_task(quorum="dual")
    approve(world, "alice", task)
    assert "Four eyes" in _page(world, "alice", task)
    answer = world.browser("alice").post(reverse("task-claim", args=[task.pk]))
    assert answer.status_code == 403
    told = answer.content.decode()
    assert "a second, different person must" in told
    assert "Check Noor Visser" in told


def test_a_decided_task_tells_who_decided_and_who_could_not(world: World) -> None:
    task = world.open_task(quorum="dual")
    approve(world, "alice", task)
    for name in ("alice", "bob", "carol"):
        assert "Who decided, who could have" not in _page(world, name, task)
    approve(world, "bob", task)
    found = world.browser("carol").get(reverse("task-detail", args=[task.pk]))
    proof = found.context["proof"]
    assert proof["said"].endswith("Approved: 2 for, 0 against.")
    names = [world.people[name].name for name in ("alice", "bob")]
    assert [vote["by"] for vote in proof["votes"]] == names
    assert {vote["shown"] for vote in proof["votes"]} == {task.payload_digest}
    assert not set(names) & set(proof["eligible"])
    assert proof["entry"] is not None
    assert proof["digest"] in found.content.decode()


def test_a_stale_lease_is_a_conflict_and_the_draft_is_kept(world: World) -> None:
    task = world.open_task()
    fields = claim(world, "alice", task)
    claims.release(task_id=task.pk, person=world.people["alice"], token=fields["token"])
    url = reverse("task-verdict", args=[task.pk])
    browser = world.browser("alice")
    answer = browser.post(
        url, {**fields, "decision": "APPROVE", "rationale": "Looked at all."}
    )
    assert answer.status_code == 409
    assert "claim it again" in answer.content.decode()
    browser.post(reverse("task-claim", args=[task.pk]))
    again = browser.get(reverse("task-detail", args=[task.pk])).content.decode()
    assert "Looked at all." in again


def test_a_verdict_on_a_changed_payload_shows_old_beside_new(world: World) -> None:
    task = world.open_task(quorum="dual")
    stale = claim(world, "bob", task)
    claims.release(task_id=task.pk, person=world.people["bob"], token=stale["token"])
    fields = claim(world, "alice", task)
    hand_in(
        world,
        "alice",
        task,
        {
            **fields,
            "decision": "EDIT_AND_APPROVE",
            "reason_code": "misread",
            "edit-/employer": "Noordzee Shipping",
            "edit-/applicant": "Noor Visser",
            "edit-/amount": "38500.5",
            "edit-/verified": "yes",
            "edit-/quorum": "dual",
            "edit-/fields/total/value": "1210",
        },
    )
    newer = claim(world, "bob", task)
    answer = hand_in(
        world,
        "bob",
        task,
        {
            "decision": "APPROVE",
            "token": newer["token"],
            "payload_digest": stale["payload_digest"],
        },
    )
    page = " ".join(answer.content.decode().split())
    assert answer.status_code == 409
    assert "What has changed since you looked" in page
    assert "<del>Transport</del>" in page
    assert "<ins>Shipping</ins>" in page


def test_two_submits_of_one_press_are_one_verdict(world: World) -> None:
    task = world.open_task()
    fields = {**claim(world, "alice", task), "decision": "APPROVE"}
    first = hand_in(world, "alice", task, fields)
    second = hand_in(world, "alice", task, fields)
    assert (first.status_code, second.status_code) == (302, 302)
    assert Verdict.objects.count() == 1


def test_the_heartbeat_extends_and_says_until_when(world: World) -> None:
    task = world.open_task()
    fields = claim(world, "alice", task)
    url = reverse("task-extend", args=[task.pk])
    headers = {"Accept": "application/json"}
    browser = world.browser("alice")
    answer = browser.post(url, {"token": fields["token"]}, headers=headers)
    assert answer.json().keys() == {"expires_at"}
    other = browser.post(url, {"token": fields["token"] + 1}, headers=headers)
    assert other.status_code == 409
    assert other.json()["message"]


def test_a_form_without_its_token_is_refused_in_words(world: World) -> None:
    task = world.open_task()
    claim(world, "alice", task)
    answer = world.browser("alice").post(reverse("task-release", args=[task.pk]))
    assert answer.status_code == 422
    assert "lacks the token of your claim" in answer.content.decode()


def test_escalating_moves_the_task_with_the_reason(world: World) -> None:
    task = world.open_task()
    fields = claim(world, "alice", task)
    hand_in(
        world,
        "alice",
        task,
        {
            **fields,
            "decision": "ESCALATE",
            "to_queue": "senior",
            "rationale": "The collateral is abroad.",
        },
    )
    task.refresh_from_db()
    assert (task.queue.key, task.state) == ("senior", "OPEN")
    assert "The collateral is abroad." in _page(world, "carol", task)


def test_an_open_page_learns_that_its_lease_is_gone(world: World) -> None:
    task = world.open_task()
    fields = claim(world, "alice", task)
    browser = world.browser("alice")
    url = browser.get(reverse("task-detail", args=[task.pk])).context["notice_url"]
    headers = {"HX-Request": "true"}
    assert "no longer" not in browser.get(url, headers=headers).content.decode()
    claims.release(task_id=task.pk, person=world.people["alice"], token=fields["token"])
    assert "You no longer hold" in browser.get(url, headers=headers).content.decode()
