"""What a verdict leads to, and every rule that refuses one."""

import pytest
from django.db import IntegrityError, transaction

from review.core.states import Decision, Outcome, TaskState
from review.models import Task, TaskRevision, Verdict
from review.operations.tasks import claims
from review.operations.verdicts import verdicts
from tests.factories.processes import TESTER
from tests.factories.tasks import (
    Desk,
    judge,
    lapse,
    make_desk,
    open_task,
    task_at,
)
from workflows.models import AuditEntry, Instance, Step
from workflows.operations import instances
from workflows.operations.errors import Conflict, Forbidden, Invalid, Stale


def kinds(task: Task) -> list[str]:
    entries = AuditEntry.objects.filter(chain=task.instance_id).order_by("seq")
    return list(entries.values_list("kind", flat=True))


def test_approval_moves_the_instance_on_in_the_same_transaction(desk: Desk) -> None:
    task = open_task(desk)
    answer = judge(task, desk.alice)
    assert answer == verdicts.Submitted(TaskState.DECIDED, Outcome.APPROVED, 1)
    instance = Instance.objects.get(id=task.instance_id)
    assert (instance.state, instance.end_node_id) == ("COMPLETED", "granted")
    assert instance.variables["review"]["by"] == "people"
    assert Step.objects.get(id=task.step_id).state == "COMPLETED"
    assert kinds(task) == [
        "instance.started",
        "step.completed",
        "step.waiting",
        "task.opened",
        "task.claimed",
        "verdict.submitted",
        "task.decided",
        "step.completed",
        "step.completed",
        "step.completed",
        "step.completed",
        "instance.completed",
    ]


def test_verdict_points_at_its_own_entry(desk: Desk) -> None:
    task = task_at("DECIDED", desk)
    verdict = Verdict.objects.get(task=task)
    entry = AuditEntry.objects.get(chain=task.instance_id, seq=verdict.audit_seq)
    assert entry.kind == "verdict.submitted"
    assert entry.actor == f"person:{desk.alice.id}"
    assert verdict.payload_digest in entry.entry
    assert verdict.policy_version == "test-process 1.0.0"


def test_rejection_takes_the_other_way(desk: Desk) -> None:
    task = task_at("REJECTED", desk)
    instance = Instance.objects.get(id=task.instance_id)
    assert (task.outcome, instance.end_node_id) == ("REJECTED", "refused")


def test_dual_control_needs_two_different_persons(dual_desk: Desk) -> None:
    task = open_task(dual_desk)
    first = judge(task, dual_desk.alice)
    assert first == verdicts.Submitted(TaskState.OPEN, None, 1)
    with pytest.raises(Forbidden, match="already judged"):
        claims.claim(task_id=task.id, person=dual_desk.alice)
    second = judge(task, dual_desk.bob)
    assert second.outcome is Outcome.APPROVED


def test_two_rejections_reject(dual_desk: Desk) -> None:
    task = open_task(dual_desk)
    judge(task, dual_desk.alice, Decision.REJECT)
    assert judge(task, dual_desk.bob, Decision.REJECT).outcome is Outcome.REJECTED


@pytest.mark.parametrize("last", [Decision.APPROVE, Decision.REJECT])
def test_disagreement_is_settled_by_a_third(dual_desk: Desk, last: Decision) -> None:
    task = task_at("DISPUTED", dual_desk)
    assert task.stage == "ADJUDICATION"
    assert "task.disputed" in kinds(task)
    for person in (dual_desk.alice, dual_desk.bob):
        with pytest.raises(Forbidden, match="already judged"):
            claims.claim(task_id=task.id, person=person)
    answer = judge(task, dual_desk.carol, last)
    assert answer.outcome is (
        Outcome.REJECTED if last is Decision.REJECT else Outcome.APPROVED
    )


def test_initiator_cannot_judge_his_own_case(desk: Desk) -> None:
    task = open_task(desk, initiator=desk.alice)
    with pytest.raises(Forbidden, match="You started this case") as refusal:
        claims.claim(task_id=task.id, person=desk.alice)
    assert refusal.value.code == "four-eyes-initiator"
    assert claims.claim_next(queue_keys=["desk"], person=desk.alice) is None
    assert judge(task, desk.bob).outcome is Outcome.APPROVED


def test_edit_voids_the_earlier_approval(dual_desk: Desk) -> None:
    task = open_task(dual_desk)
    shown = task.payload_digest
    judge(task, dual_desk.alice)
    edited = judge(
        task, dual_desk.bob, Decision.EDIT_AND_APPROVE, edits={"/amount": 450}
    )
    assert edited == verdicts.Submitted(TaskState.OPEN, None, 2)
    task.refresh_from_db()
    assert task.payload_digest != shown
    assert task.content.payload["amount"] == 450
    assert TaskRevision.objects.get(task=task).payload["amount"] == 500
    with pytest.raises(Forbidden, match="already judged"):
        claims.claim(task_id=task.id, person=dual_desk.bob)
    assert judge(task, dual_desk.alice).outcome is Outcome.APPROVED
    instance = Instance.objects.get(id=task.instance_id)
    assert instance.variables["amount"] == 450


def test_edit_while_settling_a_dispute_needs_a_second_person_again(
    dual_desk: Desk,
) -> None:
    task = task_at("DISPUTED", dual_desk)
    answer = judge(
        task, dual_desk.carol, Decision.EDIT_AND_APPROVE, edits={"/amount": 7}
    )
    assert answer == verdicts.Submitted(TaskState.OPEN, None, 2)
    task.refresh_from_db()
    assert (task.stage, task.excluded) == ("SECOND", [dual_desk.carol.id])
    assert judge(task, dual_desk.bob).outcome is Outcome.APPROVED


def test_rejection_ends_a_dual_task_where_the_step_says_so(db: None) -> None:
    desk = make_desk(quorum="dual", reject="ends")
    answer = judge(open_task(desk), desk.alice, Decision.REJECT)
    assert answer.outcome is Outcome.REJECTED


def test_suspended_instance_takes_no_outcome(desk: Desk) -> None:
    task = open_task(desk)
    lease = claims.claim(task_id=task.id, person=desk.alice)
    instances.suspend(
        instance_id=task.instance_id, actor=TESTER, reason="Under inquiry."
    )
    with pytest.raises(Conflict, match="suspended"), transaction.atomic():
        judge(task, desk.alice, lease=lease)
    assert not Verdict.objects.exists()


def test_edit_by_a_single_reviewer_decides(desk: Desk) -> None:
    task = open_task(desk)
    answer = judge(
        task,
        desk.alice,
        Decision.EDIT_AND_APPROVE,
        edits={"/amount": 1, "/name": "Bea"},
    )
    assert (answer.outcome, answer.round) == (Outcome.APPROVED, 2)
    variables = Instance.objects.get(id=task.instance_id).variables
    assert (variables["amount"], variables["name"]) == (1, "Bea")
    patch = Verdict.objects.get(task=task).edits
    assert patch is not None
    assert patch[:2] == [
        {"op": "test", "path": "/amount", "value": 500},
        {"op": "replace", "path": "/amount", "value": 1},
    ]


def test_handing_in_twice_gets_the_first_answer(dual_desk: Desk) -> None:
    task = open_task(dual_desk)
    lease = claims.claim(task_id=task.id, person=dual_desk.alice)
    digest = task.payload_digest
    first = judge(task, dual_desk.alice, lease=lease)
    judge(task, dual_desk.bob)
    again = judge(task, dual_desk.alice, lease=lease, payload_digest=digest)
    assert first == again
    assert Verdict.objects.filter(task=task).count() == 2


def test_same_lease_cannot_decide_otherwise_the_second_time(desk: Desk) -> None:
    task = open_task(desk)
    lease = claims.claim(task_id=task.id, person=desk.alice)
    judge(task, desk.alice, lease=lease)
    with pytest.raises(Conflict, match="recorded already: approve") as refusal:
        judge(task, desk.alice, Decision.REJECT, lease=lease)
    assert refusal.value.code == "already-submitted"


def test_lapsed_lease_is_refused(desk: Desk) -> None:
    task = open_task(desk)
    lease = claims.claim(task_id=task.id, person=desk.alice)
    lapse(task)
    with pytest.raises(Stale, match="lapsed") as refusal:
        judge(task, desk.alice, lease=lease)
    assert refusal.value.code == "lease-lapsed"
    assert not Verdict.objects.exists()


def test_stolen_lease_is_refused_with_the_holders_name(desk: Desk) -> None:
    task = open_task(desk)
    lease = claims.claim(task_id=task.id, person=desk.alice)
    lapse(task)
    claims.claim(task_id=task.id, person=desk.bob)
    with pytest.raises(Stale, match="Bob holds this task"):
        judge(task, desk.alice, lease=lease)


def test_token_of_an_older_claim_of_ones_own_is_refused(desk: Desk) -> None:
    task = open_task(desk)
    old = claims.claim(task_id=task.id, person=desk.alice)
    claims.release(task_id=task.id, person=desk.alice, token=old.token)
    new = claims.claim(task_id=task.id, person=desk.alice)
    with pytest.raises(Stale, match="another tab"):
        judge(task, desk.alice, lease=old)
    assert judge(task, desk.alice, lease=new).outcome is Outcome.APPROVED


def test_verdict_on_a_changed_payload_is_refused(dual_desk: Desk) -> None:
    task = open_task(dual_desk)
    shown = task.payload_digest
    judge(task, dual_desk.alice, Decision.EDIT_AND_APPROVE, edits={"/amount": 9})
    lease = claims.claim(task_id=task.id, person=dual_desk.bob)
    with pytest.raises(Stale, match="look at it again") as refusal:
        judge(task, dual_desk.bob, lease=lease, payload_digest=shown)
    assert refusal.value.code == "payload-changed"
    assert judge(task, dual_desk.bob, lease=lease).outcome is Outcome.APPROVED


def test_decided_and_canceled_tasks_take_no_verdict(desk: Desk) -> None:
    task = open_task(desk)
    old = claims.claim(task_id=task.id, person=desk.bob)
    claims.release(task_id=task.id, person=desk.bob, token=old.token)
    judge(task, desk.alice)
    with pytest.raises(Conflict, match=r"was decided \(approved\)"):
        judge(task, desk.bob, lease=old)
    canceled = task_at("CANCELED", desk)
    with pytest.raises(Conflict, match="is canceled"):
        claims.claim(task_id=canceled.id, person=desk.alice)


def test_rejection_and_edit_need_a_reason(desk: Desk) -> None:
    task = open_task(desk)
    lease = claims.claim(task_id=task.id, person=desk.alice)
    with pytest.raises(Invalid, match="Rejecting needs a reason"):
        judge(task, desk.alice, Decision.REJECT, lease=lease, rationale="  ")
    with pytest.raises(Invalid, match="not for this decision"):
        judge(task, desk.alice, Decision.REJECT, lease=lease, reason_code="unheard")
    with pytest.raises(Invalid, match="longer than"):
        judge(task, desk.alice, lease=lease, rationale="x" * 10_001)
    task.refresh_from_db()
    assert task.state == "CLAIMED"


@pytest.mark.parametrize(
    ("edits", "sentence"),
    [
        ({}, "No field was changed"),
        ({"/amount": 500}, "No field was changed"),
        ({"amount": 1}, "must be named like"),
        ({"/nobody/knows": 1}, "has no field /nobody/knows"),
        ({"/amount": float("nan")}, "nan has no JSON form"),
    ],
)
def test_unusable_edits_are_refused(
    desk: Desk, edits: dict[str, object], sentence: str
) -> None:
    task = open_task(desk)
    with pytest.raises(Invalid, match=sentence):
        judge(task, desk.alice, Decision.EDIT_AND_APPROVE, edits=edits)


def test_edits_without_edit_and_approve_are_refused(desk: Desk) -> None:
    task = open_task(desk)
    with pytest.raises(Invalid, match="Only edit-and-approve"):
        judge(task, desk.alice, edits={"/amount": 1})


def test_failing_audit_takes_the_verdict_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = open_task(desk)
    lease = claims.claim(task_id=task.id, person=desk.alice)

    def fail(*arguments: object, **options: object) -> None:
        raise IntegrityError("the audit table is full")

    monkeypatch.setattr("workflows.audit.record_rows", fail)
    with pytest.raises(IntegrityError), transaction.atomic():
        judge(task, desk.alice, lease=lease)
    task.refresh_from_db()
    assert (task.state, Verdict.objects.count()) == ("CLAIMED", 0)
