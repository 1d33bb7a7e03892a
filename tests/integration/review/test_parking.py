"""Tasks that wait, change hands by name, are stepped back from, or come back."""

import datetime as dt
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from review.core.states import Decision, Role
from review.models import InformationRequest, Note, Task, Verdict
from review.operations import queues
from review.operations.people import people
from review.operations.queues import QueueRules
from review.operations.tasks import claims, drafts, handing, notes, parking, tasks
from review.operations.verdicts import verdicts
from tests.factories.processes import TESTER
from tests.factories.tasks import (
    AT_ONCE,
    Desk,
    judge,
    make_desk,
    make_person,
    open_task,
    set_rules,
)
from workflows.models import AuditEntry, Timer
from workflows.operations import instances
from workflows.operations.errors import Conflict, Forbidden, Invalid, Stale


def kinds(task: Task) -> list[str]:
    entries = AuditEntry.objects.filter(chain=task.instance_id).order_by("seq")
    return list(entries.values_list("kind", flat=True))


def ask(task: Task, desk: Desk) -> None:
    lease = claims.claim(task_id=task.id, person=desk.alice)
    parking.ask_information(
        task_id=task.id,
        person=desk.alice,
        token=lease.token,
        question="Which of the two employers pays?",
        asked_of="The applicant",
    )
    task.refresh_from_db()


def test_question_parks_the_task_and_the_answer_brings_it_back(db: None) -> None:
    desk = make_desk(sla="PT2H")
    task = open_task(desk)
    ask(task, desk)
    assert (task.state, task.parking, task.parked_for_id) == (
        "WAITING",
        "INFORMATION",
        desk.alice.id,
    )
    assert not Timer.objects.filter(kind="review.sla", state="ARMED").exists()
    asked = InformationRequest.objects.get(task=task)
    assert (asked.asked_of, asked.asked_by_id) == ("The applicant", desk.alice.id)
    verdict = Verdict.objects.get(task=task)
    assert (verdict.decision, verdict.answer_state) == (
        "REQUEST_INFORMATION",
        "WAITING",
    )
    with pytest.raises(Conflict, match="waits for an answer"):
        claims.claim(task_id=task.id, person=desk.bob)
    assert claims.claim_next(queue_keys=["desk"], person=desk.bob) is None
    outsider = people.actor_of(make_person("Mallory"))
    with pytest.raises(Forbidden):
        parking.answer(task_id=task.id, answer="Mine.", by=outsider)
    out = StringIO()
    call_command("answer_information", str(task.id), "The first one.", stdout=out)
    assert "is answered" in out.getvalue()
    task.refresh_from_db()
    assert (task.state, task.assigned_to_id) == ("OPEN", desk.alice.id)
    asked.refresh_from_db()
    assert (asked.answer, asked.answered_by) == ("The first one.", "Command line")
    assert Timer.objects.filter(kind="review.sla", state="ARMED").exists()
    with pytest.raises(CommandError, match="no answer"):
        call_command("answer_information", str(task.id), "Again.")
    # A question is no vote: who asked may still judge.
    assert judge(task, desk.alice).outcome == "APPROVED"


def test_same_question_of_the_same_lease_is_asked_once(desk: Desk) -> None:
    task = open_task(desk)
    lease = claims.claim(task_id=task.id, person=desk.alice)
    for _ in range(2):
        parking.ask_information(
            task_id=task.id, person=desk.alice, token=lease.token, question="Who?"
        )
    assert InformationRequest.objects.count() == 1
    with pytest.raises(Conflict, match="recorded already: request information"):
        judge(task, desk.alice, lease=lease)


def test_holder_resumes_without_the_answer(desk: Desk) -> None:
    task = open_task(desk)
    ask(task, desk)
    lease = parking.resume(task_id=task.id, person=desk.alice)
    assert lease is not None
    assert InformationRequest.objects.get().withdrawn_at is not None
    assert kinds(task)[-2:] == ["task.question_withdrawn", "task.resumed"]
    assert judge(task, desk.alice, lease=lease).outcome == "APPROVED"


def test_help_waits_for_its_holder_and_a_manager_can_free_it(desk: Desk) -> None:
    task = open_task(desk)
    carla = make_person("Carla", Role.MANAGER, queue=desk.queue)
    lease = claims.claim(task_id=task.id, person=desk.alice)
    with pytest.raises(Invalid, match="Write something"):
        parking.hold_for_help(
            task_id=task.id, person=desk.alice, token=lease.token, reason=" "
        )
    parking.hold_for_help(
        task_id=task.id,
        person=desk.alice,
        token=lease.token,
        reason="Two payslips differ.",
    )
    assert Note.objects.get(task=task).kind == "HELP"
    notes.comment(task_id=task.id, person=desk.bob, text="Ask the older one.")
    with pytest.raises(Stale):
        judge(task, desk.alice, lease=lease)
    with pytest.raises(Conflict, match="waits for a colleague"):
        claims.claim(task_id=task.id, person=desk.bob)
    with pytest.raises(Forbidden, match="Only who parked"):
        parking.resume(task_id=task.id, person=desk.bob)
    freed = parking.resume(task_id=task.id, person=carla, reason="Alice is ill.")
    task.refresh_from_db()
    assert (freed, task.state, task.parking) == (None, "OPEN", None)
    with pytest.raises(Conflict, match="not parked"):
        parking.resume(task_id=task.id, person=desk.alice)


def test_parked_task_can_be_reassigned_and_canceled(desk: Desk) -> None:
    carla = make_person("Carla", Role.MANAGER, queue=desk.queue)
    first, second = open_task(desk), open_task(desk)
    ask(first, desk)
    ask(second, desk)
    tasks.reassign(
        task_id=first.id, manager=carla, to_person=desk.bob, reason="Alice left."
    )
    first.refresh_from_db()
    assert (first.state, first.claimed_by_id) == ("CLAIMED", desk.bob.id)
    instances.cancel(instance_id=second.instance_id, actor=TESTER, reason="Not needed.")
    assert not InformationRequest.objects.filter(withdrawn_at=None).exists()


def test_task_is_handed_to_a_named_colleague(desk: Desk) -> None:
    task = open_task(desk, initiator=desk.carol)
    lease = claims.claim(task_id=task.id, person=desk.alice)

    def hand_to(person_id: int) -> None:
        handing.hand_over(
            task_id=task.id,
            person=desk.alice,
            token=lease.token,
            to_person_id=person_id,
            reason="You know the applicant's bank.",
        )

    with pytest.raises(Invalid, match="choose a colleague"):
        hand_to(desk.alice.id)
    with pytest.raises(Forbidden, match="not a reviewer"):
        hand_to(make_person("Mallory").id)
    with pytest.raises(Forbidden):
        hand_to(desk.carol.id)
    hand_to(desk.bob.id)
    task.refresh_from_db()
    assert (task.state, task.assigned_to_id) == ("OPEN", desk.bob.id)
    assert task.assigned_until is not None
    assert task.assigned_at is not None
    assert task.assigned_until - task.assigned_at == dt.timedelta(seconds=900)
    assert Note.objects.get(task=task).kind == "HAND_OVER"
    with pytest.raises(Stale):
        judge(task, desk.alice, lease=lease)
    assert judge(task, desk.bob).outcome == "APPROVED"


def test_abstention_frees_the_task_for_others_only(dual_desk: Desk) -> None:
    task = open_task(dual_desk)
    judge(task, dual_desk.bob)
    lease = claims.claim(task_id=task.id, person=dual_desk.alice)
    with pytest.raises(Invalid, match="Abstaining needs a reason"):
        verdicts.abstain(
            task_id=task.id, person=dual_desk.alice, token=lease.token, reason=" "
        )
    verdicts.abstain(
        task_id=task.id,
        person=dual_desk.alice,
        token=lease.token,
        reason="He is my brother.",
    )
    task.refresh_from_db()
    assert (task.state, task.stage) == ("OPEN", "SECOND")
    assert sorted(task.excluded) == sorted([dual_desk.alice.id, dual_desk.bob.id])
    routing = Task.objects.get(id=task.id).content.routing
    assert "He is my brother" in routing["excluded"][str(dual_desk.alice.id)]
    with pytest.raises(Forbidden):
        claims.claim(task_id=task.id, person=dual_desk.alice)
    # An edit opens a new round; who abstained stays out of it.
    judge(task, dual_desk.carol, Decision.EDIT_AND_APPROVE, edits={"/amount": 1})
    task.refresh_from_db()
    assert sorted(task.excluded) == sorted([dual_desk.alice.id, dual_desk.carol.id])


def test_escalation_is_kept_as_a_verdict_and_can_be_hidden(desk: Desk) -> None:
    queues.define_queue(key="senior", name="Senior", actor=TESTER, rules=AT_ONCE)
    task = open_task(desk)
    lease = claims.claim(task_id=task.id, person=desk.alice)
    wish: dict[str, Any] = {
        "task_id": task.id,
        "person": desk.alice,
        "to_queue": "senior",
    }
    hidden = QueueRules(undo_seconds=0, wip_limit=None, hidden_decisions=["ESCALATE"])
    set_rules(desk, hidden)
    with pytest.raises(Forbidden, match="does not offer escalate"):
        tasks.escalate(**wish, token=lease.token, reason="Too large for me.")
    set_rules(desk, AT_ONCE)
    for _ in range(2):
        moved = tasks.escalate(**wish, token=lease.token, reason="Too large for me.")
        assert moved == "senior"
    assert Verdict.objects.get(task=task).decision == "ESCALATE"
    assert kinds(task)[-2:] == ["verdict.submitted", "task.escalated"]


def test_draft_survives_and_is_left_as_a_comment(desk: Desk) -> None:
    task = open_task(desk)
    alice: dict[str, Any] = {"task_id": task.id, "person_id": desk.alice.id}
    drafts.keep(**alice, payload_digest="x", fields={"rationale": "Page 2 is old."})
    drafts.keep(
        **alice,
        payload_digest="y",
        fields={"decision": "REJECT", "rationale": "Page 3 is old."},
    )
    kept = drafts.read(**alice)
    assert kept is not None
    assert (kept.payload_digest, kept.fields["rationale"]) == ("y", "Page 3 is old.")
    with pytest.raises(Invalid, match="at most"):
        drafts.keep(**alice, payload_digest="y", fields={"rationale": "x" * 50_000})
    drafts.hand_over_as_comment(task_id=task.id, person=desk.alice)
    text = Note.objects.get(task=task).text
    assert "Page 3 is old." in text
    assert "REJECT" not in text
    assert drafts.read(**alice) is None
    assert not drafts.drop(**alice)
