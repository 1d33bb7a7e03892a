"""What can be done at a task besides deciding it, and what comes after a decision."""

import datetime as dt
import json
from typing import Any

from django.urls import reverse

from review.core.states import Reveal, Role, Signature
from review.evidence.case import read_case
from review.models import Draft, Presence, Queue, Task, Verdict
from review.operations.people import people
from review.operations.tasks import claims, presence
from tests.factories.desk import World, payload
from tests.factories.processes import TESTER
from tests.integration.screens.test_task import claim, hand_in
from workflows.core.canonical import digest
from workflows.models import AuditEntry
from workflows.store import database_now

JSON = {"Accept": "application/json"}


def _slow(world: World, **rules: Any) -> None:
    """Let the queue's verdicts settle for a while."""
    Queue.objects.filter(pk=world.queue.pk).update(
        undo_seconds=60, claim_ahead=1, **rules
    )


def _page(world: World, name: str, task: Task) -> str:
    url = reverse("task-detail", args=[task.pk])
    return " ".join(world.browser(name).get(url).content.decode().split())


def test_entry_names_what_the_page_showed_and_evidence_has_it(world: World) -> None:
    letter = {"id": "letter", "name": "letter.txt", "text": "Please."}
    task = world.open_task(documents=[letter])
    fields = claim(world, "alice", task)
    browser, url = world.browser("alice"), reverse("task-detail", args=[task.pk])
    form = browser.get(url).context["form"]
    given = {**fields, "view_digest": form["view_digest"].value()}
    browser.post(
        reverse("task-reveal", args=[task.pk]), {"token": fields["token"]}, headers=JSON
    )
    given |= {"decision": "APPROVE", "sources_opened": "letter"}
    browser.post(reverse("task-verdict", args=[task.pk]), given, headers=JSON)
    verdict = Verdict.objects.get()
    entry = AuditEntry.objects.get(chain=task.instance_id, kind="verdict.submitted")
    detail = json.loads(entry.entry)["detail"]
    case = read_case(task.instance_id)
    assert case is not None
    assert detail["seen"] in case.contents
    assert detail["view"] == form["view_digest"].value()
    assert detail["view"] in case.contents
    assert detail["shown"] in case.contents
    assert detail["payload"] == digest(
        json.loads(case.contents[detail["shown"]])["payload"]
    )
    assert detail["proposal"] == digest(payload()["proposal"])
    assert detail["sources"] == digest({"letter": digest(letter)})
    assert (detail["sources_opened"], detail["policy"]) == (1, verdict.policy_version)
    assert detail["revealed_at"] == verdict.shown["revealed_at"]
    assert verdict.shown["revealed_at"]


def test_a_verdict_can_be_taken_back_and_is_the_draft_again(world: World) -> None:
    _slow(world)
    task = world.open_task(proposal=None)
    fields = claim(world, "alice", task)
    browser = world.browser("alice")
    answer = browser.post(
        reverse("task-verdict", args=[task.pk]),
        {
            **fields,
            "decision": "REJECT",
            "reason_code": "documents-missing",
            "sources_opened": "d1\nd1",
        },
        headers=JSON,
    )
    told = answer.json()
    verdict = Verdict.objects.get()
    assert (told["verdict"], told["seconds"]) == (verdict.pk, 60)
    assert verdict.shown["sources_opened"] == ["d1"]
    listed = browser.get(reverse("my-decisions")).content.decode()
    assert "Undo until" in listed
    assert told["undo_url"] in listed
    assert "Take it back" in browser.get(told["url"]).content.decode()
    assert "Recorded: reject" in browser.get(reverse("my-decisions")).content.decode()
    back = browser.post(told["undo_url"], follow=True).content.decode()
    assert "Taken back" in back
    assert 'value="REJECT"' in back
    assert "taken back" in browser.get(reverse("my-decisions")).content.decode()
    assert world.browser("bob").post(told["undo_url"]).status_code == 403


def test_a_reason_alone_disagrees_in_as_few_steps_as_agreeing(world: World) -> None:
    task = world.open_task(proposal=None)
    fields = {**claim(world, "alice", task), "reason_code": "documents-missing"}
    assert hand_in(world, "alice", task, fields).status_code == 302
    assert Verdict.objects.get().decision == "REJECT"


def test_nothing_is_decided_without_a_choice(world: World) -> None:
    task = world.open_task()
    answer = hand_in(world, "alice", task, claim(world, "alice", task))
    assert answer.status_code == 422
    assert "Choose what you decide" in answer.content.decode()
    page = _page(world, "alice", task)
    assert "checked" not in page[page.index("verdict-choices") : page.index("nexts")]


def test_the_model_is_hidden_until_asked_for_and_that_is_kept(world: World) -> None:
    task = world.open_task(proposal={"action": "approve", "because": "NEWER-PAYSLIP"})
    fields = claim(world, "alice", task)
    assert "NEWER-PAYSLIP" not in _page(world, "alice", task)
    world.browser("alice").post(
        reverse("task-reveal", args=[task.pk]), {"token": fields["token"]}
    )
    page = _page(world, "alice", task)
    assert "NEWER-PAYSLIP" in page
    assert "too few cases like this" in page
    assert "Task model view revealed" in page


def test_the_model_waits_for_the_verdict_where_that_comes_first(world: World) -> None:
    _slow(world)
    task = world.open_task(proposal={"action": "decline", "because": "OLD-PAYSLIP"})
    Task.objects.filter(pk=task.pk).update(reveal=Reveal.VERDICT_FIRST.value)
    fields = claim(world, "alice", task)
    assert "OLD-PAYSLIP" not in _page(world, "alice", task)
    early = world.browser("alice").post(
        reverse("task-reveal", args=[task.pk]), {"token": fields["token"]}
    )
    assert early.status_code == 409
    url = reverse("task-verdict", args=[task.pk])
    given = {**fields, "decision": "APPROVE", "rationale": "Looked at all of it."}
    told = world.browser("alice").post(url, given, headers=JSON).json()
    assert "The model's view: decline." in told["text"]
    page = _page(world, "alice", task)
    assert "OLD-PAYSLIP" in page
    assert "Your verdict: <strong>approve</strong>. The model's:" in page


def test_a_signed_queue_asks_for_the_password_each_time(world: World) -> None:
    meaning = "I checked this case."
    Queue.objects.filter(pk=world.queue.pk).update(
        signature=Signature.PASSWORD.value, signature_meaning=meaning
    )
    task = world.open_task()
    fields = {**claim(world, "alice", task), "decision": "APPROVE"}
    assert meaning in _page(world, "alice", task)
    answer = hand_in(world, "alice", task, fields)
    assert (answer.status_code, "asked each time" in answer.content.decode()) == (
        422,
        True,
    )
    assert not any("password" in draft.fields for draft in Draft.objects.all())


def test_acts_besides_a_verdict_park_skip_pass_on_and_say(world: World) -> None:
    browser = world.browser("alice")
    people.grant_role(person=world.people["carol"], role=Role.REVIEWER, actor=TESTER)
    held, asked, skipped, handed, passed = (world.open_task() for _ in range(5))

    def act(name: str, task: Task, **fields: Any) -> str:
        token = claim(world, "alice", task)["token"]
        answer = browser.post(
            reverse(name, args=[task.pk]),
            {"token": token, "hand-token": token, **fields},
        )
        assert answer.status_code == 302, answer.content.decode()[:3000]
        task.refresh_from_db()
        return str(task.state)

    assert act("task-hold", held, reason="Who knows this bank?") == "WAITING"
    assert "Go on with it" in _page(world, "alice", held)
    browser.post(reverse("task-resume", args=[held.pk]))
    held.refresh_from_db()
    assert held.state == "CLAIMED"
    bob = world.people["bob"].pk
    reason = {"hand-to_person": bob, "hand-reason": "You know the bank."}
    assert act("task-hand-over", handed, **reason) == "OPEN"
    assert handed.assigned_to_id == bob
    assert "You know the bank." in _page(world, "bob", handed)
    assert act("task-skip", skipped) == "OPEN"
    question = {"decision": "REQUEST_INFORMATION", "rationale": "Which account?"}
    digest = {"payload_digest": asked.payload_digest}
    assert act("task-verdict", asked, **digest, **question) == "WAITING"
    conflict = {"decision": "ABSTAIN", "rationale": "I know the applicant."}
    assert act("task-verdict", passed, **digest, **conflict) == "OPEN"
    assert world.people["alice"].pk in passed.excluded
    browser.post(reverse("task-comment", args=[held.pk]), {"note-text": "Seen twice."})
    assert "Seen twice." in _page(world, "bob", held)


def test_a_lost_draft_becomes_a_comment_for_who_holds_it(world: World) -> None:
    task = world.open_task()
    fields = claim(world, "alice", task)
    alice = world.browser("alice")
    notice = alice.get(reverse("task-detail", args=[task.pk])).context["notice_url"]
    alice.post(
        reverse("task-draft", args=[task.pk]), {**fields, "rationale": "Half done."}
    )
    claims.release(task_id=task.pk, person=world.people["alice"], token=fields["token"])
    free = alice.get(notice, headers={"HX-Request": "true"}).content.decode()
    assert "Claim it again" in free
    claim(world, "bob", task)
    taken = alice.get(notice, headers={"HX-Request": "true"}).content.decode()
    assert "Bob has it until" in taken
    alice.post(reverse("task-hand-draft", args=[task.pk]))
    assert "Half done." in _page(world, "bob", task)


def test_the_next_task_is_taken_ahead_and_begun_when_it_is_looked_at(
    world: World,
) -> None:
    _slow(world)
    first, second = world.open_task(), world.open_task()
    claim(world, "alice", first)
    browser = world.browser("alice")
    told = browser.post(reverse("task-ahead"), {"queue": "desk"}).json()
    assert told["task"] == second.pk
    page = browser.get(told["url"])
    assert "data-begin-url" in page.content.decode()
    token = page.context["form"]["token"].value()
    begun = browser.post(
        reverse("task-begin", args=[second.pk]), {"token": token}, headers=JSON
    )
    assert begun.json().keys() == {"expires_at"}
    second.refresh_from_db()
    assert not second.is_ahead
    assert browser.post(reverse("task-ahead-release")).json() == {}


def test_presence_names_others_but_nobody_who_has_judged(world: World) -> None:
    task = world.open_task(quorum="dual")
    url = reverse("task-presence", args=[task.pk])
    alice, bob = world.browser("alice"), world.browser("bob")
    assert alice.post(url, {"mode": "VIEWING"}).json() == {"others": []}
    assert bob.post(url, {"mode": "EDITING"}).json() == {"others": ["Alice is viewing"]}
    hand_in(
        world, "alice", task, {**claim(world, "alice", task), "decision": "APPROVE"}
    )
    alice.post(url, {"mode": "AWAY"})
    assert bob.post(url, {"mode": "VIEWING"}).json() == {"others": []}
    assert world.browser("mallory").post(url, {"mode": "VIEWING"}).status_code == 403
    assert bob.post(url, {"mode": "DANCING"}).status_code == 422
    bob.post(url, {"mode": "GONE"})
    assert Presence.objects.filter(person=world.people["bob"]).count() == 0


def test_the_width_of_the_sources_is_kept_for_the_person(world: World) -> None:
    task = world.open_task()
    browser = world.browser("alice")
    assert 'data-split="45"' in _page(world, "alice", task)
    assert (
        browser.post(reverse("task-layout"), {"split": "60"}, headers=JSON).json() == {}
    )
    assert 'data-split="60"' in _page(world, "alice", task)
    assert 'data-split="45"' in _page(world, "bob", task)
    assert browser.post(reverse("task-layout"), {"split": "61"}).status_code == 422


def test_who_left_without_a_word_is_forgotten_by_the_sweep(world: World) -> None:
    task = world.open_task()
    url = reverse("task-presence", args=[task.pk])
    for name in ("alice", "bob"):
        world.browser(name).post(url, {"mode": "VIEWING"}, headers=JSON)
    two_hours_ago = database_now() - dt.timedelta(hours=2)
    Presence.objects.filter(person=world.people["bob"]).update(seen_at=two_hours_ago)
    presence.forget_gone()
    assert Presence.objects.get().person == world.people["alice"]
