"""Votes whose effects are held: undone, released, and what comes in between."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.postgres.functions import TransactionNow
from django.db import transaction

from review.core.states import Decision, Outcome, TaskState
from review.models import Task, Verdict, VerdictUndo
from review.operations.queues import QueueRules
from review.operations.tasks import claims, drafts, tasks
from review.operations.verdicts import settling, verdicts
from tests.factories.processes import TESTER
from tests.factories.tasks import Desk, judge, make_desk, open_task, set_rules
from workflows.models import AuditEntry, Instance, Timer
from workflows.operations import instances, timers
from workflows.operations.errors import Conflict, Forbidden, NotFound, Stale

HELD = QueueRules(undo_seconds=8, wip_limit=None, claim_ahead=0)


@pytest.fixture
def slow(desk: Desk) -> Desk:
    """A desk that holds the effects of its verdicts."""
    set_rules(desk, HELD)
    return desk


def kinds(task: Task) -> list[str]:
    entries = AuditEntry.objects.filter(chain=task.instance_id).order_by("seq")
    return list(entries.values_list("kind", flat=True))


def let_time_pass(task: Task) -> int:
    """Move the end of the held seconds into the past, and let timers fire."""
    past = TransactionNow() - dt.timedelta(seconds=1)
    Task.objects.filter(id=task.id, state="SETTLING").update(release_at=past)
    Timer.objects.filter(
        instance_id=task.instance_id, kind=settling.KIND, state="ARMED"
    ).update(due_at=past)
    fired = timers.fire_due()
    task.refresh_from_db()
    return fired


def test_held_vote_takes_effect_when_its_time_is_over(slow: Desk) -> None:
    task = open_task(slow)
    answer = judge(task, slow.alice)
    assert (answer.task_state, answer.outcome) == (
        TaskState.SETTLING,
        Outcome.APPROVED,
    )
    task.refresh_from_db()
    assert task.release_at == answer.undo_until
    assert Instance.objects.get(id=task.instance_id).state == "ACTIVE"
    with pytest.raises(Conflict, match="can be taken back"):
        claims.claim(task_id=task.id, person=slow.bob)
    assert claims.claim_next(queue_keys=["desk"], person=slow.bob) is None
    let_time_pass(task)
    assert (task.state, task.outcome) == ("DECIDED", "APPROVED")
    verdict = Verdict.objects.get(task=task)
    assert task.decided_at == verdict.submitted_at
    assert Instance.objects.get(id=task.instance_id).end_node_id == "granted"
    assert kinds(task)[5:9] == [
        "verdict.submitted",
        "timer.fired",
        "verdict.released",
        "task.decided",
    ]
    assert timers.fire_due() == 0


def test_author_takes_his_vote_back_and_holds_the_task_again(slow: Desk) -> None:
    task = open_task(slow)
    lease = claims.claim(task_id=task.id, person=slow.alice)
    answer = judge(
        task,
        slow.alice,
        Decision.EDIT_AND_APPROVE,
        lease=lease,
        edits={"/amount": 450},
        rationale="Misread.",
    )
    with pytest.raises(Forbidden, match="Only who handed"):
        settling.undo(verdict_id=answer.verdict_id, person=slow.bob)
    again = settling.undo(verdict_id=answer.verdict_id, person=slow.alice)
    task.refresh_from_db()
    assert (task.state, task.claimed_by_id, task.round) == (
        "CLAIMED",
        slow.alice.id,
        1,
    )
    assert again is not None
    assert again.token == lease.token + 1
    assert task.content.payload["amount"] == 500
    kept = drafts.read(task_id=task.id, person_id=slow.alice.id)
    assert kept is not None
    assert kept.fields == {
        "decision": "EDIT_AND_APPROVE",
        "rationale": "Misread.",
        "edit-/amount": "450",
    }
    with pytest.raises(Conflict, match="already"):
        settling.undo(verdict_id=answer.verdict_id, person=slow.alice)
    with pytest.raises(Stale, match="newer claim"):
        judge(task, slow.alice, Decision.EDIT_AND_APPROVE, lease=lease)
    assert VerdictUndo.objects.get().verdict_id == answer.verdict_id
    assert kinds(task)[-2:] == ["verdict.submitted", "verdict.undone"]
    second = judge(task, slow.alice, lease=again)
    assert Verdict.objects.get(id=second.verdict_id).attempt == 1
    let_time_pass(task)
    assert task.outcome == "APPROVED"
    assert Instance.objects.get(id=task.instance_id).variables["amount"] == 500


def test_held_edit_takes_effect_on_release(slow: Desk) -> None:
    task = open_task(slow)
    judge(task, slow.alice, Decision.EDIT_AND_APPROVE, edits={"/amount": 450})
    task.refresh_from_db()
    assert (task.round, task.content.payload["amount"]) == (1, 500)
    let_time_pass(task)
    assert (task.round, task.outcome) == (2, "APPROVED")
    assert Instance.objects.get(id=task.instance_id).variables["amount"] == 450


def test_first_of_two_votes_opens_the_task_when_released(dual_desk: Desk) -> None:
    set_rules(dual_desk, HELD)
    task = open_task(dual_desk)
    judge(task, dual_desk.alice)
    let_time_pass(task)
    assert (task.state, task.stage, task.excluded) == (
        "OPEN",
        "SECOND",
        [dual_desk.alice.id],
    )
    first = Verdict.objects.get()
    with pytest.raises(Conflict, match="too late"):
        settling.undo(verdict_id=first.id, person=dual_desk.alice)
    judge(task, dual_desk.bob)
    with pytest.raises(Conflict, match="too late"):
        settling.undo(verdict_id=first.id, person=dual_desk.alice)
    let_time_pass(task)
    assert task.outcome == "APPROVED"


def test_handing_in_twice_while_settling_gets_the_first_answer(slow: Desk) -> None:
    task = open_task(slow)
    lease = claims.claim(task_id=task.id, person=slow.alice)
    first = judge(task, slow.alice, lease=lease)
    assert judge(task, slow.alice, lease=lease) == first
    assert first.undo_until is not None
    let_time_pass(task)
    assert judge(task, slow.alice, lease=lease).undo_until is None
    assert Verdict.objects.count() == 1


def test_time_to_undo_is_over_though_the_timer_is_late(slow: Desk) -> None:
    task = open_task(slow)
    answer = judge(task, slow.alice)
    past = TransactionNow() - dt.timedelta(seconds=1)
    Task.objects.filter(id=task.id).update(release_at=past)
    with pytest.raises(Conflict, match="too late"):
        settling.undo(verdict_id=answer.verdict_id, person=slow.alice)
    with pytest.raises(NotFound):
        settling.undo(verdict_id=0, person=slow.alice)


def test_suspended_instance_holds_the_vote_until_it_is_resumed(slow: Desk) -> None:
    task = open_task(slow)
    judge(task, slow.alice)
    at: dict[str, Any] = {
        "instance_id": task.instance_id,
        "actor": TESTER,
        "reason": "Inquiry.",
    }
    instances.suspend(**at)
    assert let_time_pass(task) == 0
    assert task.state == "SETTLING"
    instances.resume(**at)
    let_time_pass(task)
    assert task.state == "DECIDED"


def test_suspended_instance_takes_no_deciding_vote(slow: Desk) -> None:
    task = open_task(slow)
    lease = claims.claim(task_id=task.id, person=slow.alice)
    at: dict[str, Any] = {
        "instance_id": task.instance_id,
        "actor": TESTER,
        "reason": "Inquiry.",
    }
    instances.suspend(**at)
    with pytest.raises(Conflict, match="suspended"):
        judge(task, slow.alice, lease=lease)


def test_canceled_instance_takes_the_held_vote_with_it(slow: Desk) -> None:
    task = open_task(slow)
    answer = judge(task, slow.alice)
    instances.cancel(instance_id=task.instance_id, actor=TESTER, reason="Not needed.")
    assert let_time_pass(task) == 0
    assert task.state == "CANCELED"
    with pytest.raises(Conflict, match="too late"):
        settling.undo(verdict_id=answer.verdict_id, person=slow.alice)


def test_breach_while_effects_are_held_is_nobodys(db: None) -> None:
    desk = make_desk(sla="PT1H")
    set_rules(desk, HELD)
    task = open_task(desk)
    judge(task, desk.alice)
    # The goal passes after the vote and before the release.
    due_at = Verdict.objects.get().submitted_at + dt.timedelta(milliseconds=1)
    Task.objects.filter(id=task.id).update(warn_at=due_at, due_at=due_at)
    Timer.objects.filter(kind="review.sla").update(due_at=due_at)
    let_time_pass(task)
    assert (task.state, task.breached_at) == ("DECIDED", None)
    assert not Timer.objects.filter(state="ARMED").exists()


def test_settling_task_is_moved_by_nobody(slow: Desk) -> None:
    task = open_task(slow)
    lease = claims.claim(task_id=task.id, person=slow.alice)
    judge(task, slow.alice, lease=lease)
    with pytest.raises(Conflict, match="can be taken back"):
        tasks.escalate(task_id=task.id, person=slow.alice, token=99, reason="Not mine.")
    with pytest.raises(Conflict, match="can be taken back"):
        claims.release(task_id=task.id, person=slow.alice, token=lease.token)


def test_replayed_votes_take_effect_at_once(slow: Desk) -> None:
    task = open_task(slow)
    answer = judge(task, slow.alice, occurred_at=task.opened_at)
    assert answer == verdicts.Submitted(TaskState.DECIDED, Outcome.APPROVED, 1)


class Died(Exception):
    """A process died here, as far as its transaction is concerned."""


@pytest.fixture
def die_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let whoever reaches this failpoint end, with all it has not committed."""

    def arm(name: str) -> None:
        def reach(reached: str) -> None:
            if reached == name:
                raise Died

        monkeypatch.setattr("workflows.failpoints.reach", reach)

    return arm


def test_death_before_the_vote_is_committed_leaves_the_lease(
    slow: Desk, die_at: Callable[[str], None]
) -> None:
    task = open_task(slow)
    lease = claims.claim(task_id=task.id, person=slow.alice)
    before = kinds(task)
    die_at("verdict.held")
    with pytest.raises(Died), transaction.atomic():
        judge(task, slow.alice, lease=lease)
    task.refresh_from_db()
    assert (task.state, task.lease_token) == ("CLAIMED", lease.token)
    assert not Verdict.objects.exists()
    assert not Timer.objects.filter(kind=settling.KIND).exists()
    assert kinds(task) == before
    die_at("")
    assert judge(task, slow.alice, lease=lease).task_state is TaskState.SETTLING


def test_death_before_the_release_is_committed_leaves_it_armed(
    slow: Desk, die_at: Callable[[str], None]
) -> None:
    task = open_task(slow)
    judge(task, slow.alice)
    before = kinds(task)
    die_at("settle.uncommitted")
    with pytest.raises(Died), transaction.atomic():
        let_time_pass(task)
    task.refresh_from_db()
    assert task.state == "SETTLING"
    assert Timer.objects.get(kind=settling.KIND).state == "ARMED"
    assert Instance.objects.get(id=task.instance_id).state == "ACTIVE"
    assert kinds(task) == before
    die_at("")
    let_time_pass(task)
    assert task.state == "DECIDED"
    assert kinds(task).count("verdict.released") == 1
