"""Votes whose effects are held: undone, released, and what comes in between."""

import datetime as dt

import pytest
from django.contrib.postgres.functions import TransactionNow

from review.core.states import Outcome, TaskState
from review.models import Task, Verdict
from review.operations import claims, settling
from review.operations.queues import QueueRules
from tests.factories.tasks import Desk, judge, open_task, set_rules
from workflows.models import AuditEntry, Instance, Timer
from workflows.operations import timers
from workflows.operations.errors import Conflict

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
