"""Taking a vote back against its release, and two tabs of one person. Real commits."""

import datetime as dt
from collections.abc import Iterator
from functools import partial as act

import pytest
from django.db.models.functions import Now

from review.core.states import Decision
from review.core.tasks.leases import Lease
from review.models import Task, VerdictUndo
from review.operations.queues import QueueRules
from review.operations.tasks import claims
from review.operations.verdicts import settling, verdicts
from review.operations.verdicts.verdicts import Submitted
from tests.factories.tasks import judge, make_desk, set_rules, start_cases
from tests.integration.review.racing import Track, refusals, track
from workflows.models import AuditEntry, Instance, Timer
from workflows.operations import timers

pytestmark = pytest.mark.django_db(transaction=True)

TRIALS = 12
HELD = QueueRules(undo_seconds=60, wip_limit=None, claim_ahead=0)


@pytest.fixture
def table(transactional_db: None) -> Iterator[Track]:
    with track(4) as laid:
        yield laid


def test_vote_is_either_taken_back_or_takes_effect(table: Track) -> None:
    """Never both, never neither, whoever comes first; nobody fails."""
    desk = make_desk()
    set_rules(desk, HELD)
    start_cases(desk, count=TRIALS)
    undone = 0
    for task in Task.objects.order_by("id"):
        answer = judge(task, desk.alice)
        past = Now() - dt.timedelta(seconds=1)
        Timer.objects.filter(kind=settling.KIND, state="ARMED").update(due_at=past)
        undo = act(settling.undo, verdict_id=answer.verdict_id, person=desk.alice)
        said = table.race(undo, timers.fire_due, undo, timers.fire_due)
        task.refresh_from_db()
        leases = [one for one in said if isinstance(one, Lease)]
        codes = {one.code for one in refusals(said)}
        instance = Instance.objects.get(id=task.instance_id)
        if leases:
            undone += 1
            assert len(leases) == 1
            assert (task.state, instance.state) == ("CLAIMED", "ACTIVE")
            assert codes == {"already-undone"}
        else:
            assert (task.state, instance.state) == ("DECIDED", "COMPLETED")
            assert codes == {"undo-too-late"}
    assert VerdictUndo.objects.count() == undone
    released = AuditEntry.objects.filter(kind="verdict.released").count()
    assert released == TRIALS - undone
    assert not Timer.objects.filter(kind=settling.KIND, state="ARMED").exists()
    assert not Timer.objects.filter(attempt__gt=0).exists()


def test_votes_side_by_side_are_taken_back_or_decide_together(table: Track) -> None:
    """Whoever takes one back, and whenever: never a decision without both."""
    desk = make_desk(quorum="dual parallel")
    set_rules(desk, HELD)
    start_cases(desk, count=TRIALS // 2)
    for task in Task.objects.order_by("id"):
        first, last = judge(task, desk.alice), judge(task, desk.bob)
        past = Now() - dt.timedelta(seconds=1)
        Timer.objects.filter(kind=settling.KIND, state="ARMED").update(due_at=past)
        undo = act(settling.undo, verdict_id=first.verdict_id, person=desk.alice)
        other = act(settling.undo, verdict_id=last.verdict_id, person=desk.bob)
        said = table.race(undo, timers.fire_due, other, undo)
        task.refresh_from_db()
        undone = VerdictUndo.objects.filter(verdict__task=task).count()
        codes = {one.code for one in refusals(said)}
        assert codes <= {"undo-too-late", "already-undone"}
        assert (task.state == "DECIDED") == (undone == 0)
        if undone:
            assert sum(isinstance(one, Lease) for one in said) == undone
            assert len(task.seated) == undone
            assert (task.state, task.release_at) == ("CLAIMED", None)
    assert not Timer.objects.filter(kind=settling.KIND, state="ARMED").exists()


def test_two_tabs_hand_in_one_vote(table: Track) -> None:
    desk = make_desk()
    set_rules(desk, HELD)
    start_cases(desk, count=TRIALS // 2)
    for task in Task.objects.order_by("id"):
        lease = claims.claim(task_id=task.id, person=desk.alice)
        tabs = [
            act(
                verdicts.submit,
                task_id=task.id,
                person=desk.alice,
                token=lease.token,
                payload_digest=task.payload_digest,
                decision=decision,
                rationale="As the papers say.",
            )
            for decision in (Decision.APPROVE, Decision.REJECT, Decision.APPROVE)
        ]
        said = table.race(*tabs)
        answers = {one for one in said if isinstance(one, Submitted)}
        assert len(answers) == 1
        assert {one.code for one in refusals(said)} == {"already-submitted"}
    submitted = AuditEntry.objects.filter(kind="verdict.submitted")
    assert submitted.count() == TRIALS // 2
