"""SLA timers of tasks: warnings, breaches, escalation, and clocks of a replayed past."""

import datetime as dt
from typing import Any

import pytest
from django.db.models import F

from review.core.states import Decision
from review.models import Task, Verdict
from review.operations import queues
from review.operations.clocks import clocks
from review.operations.tasks import claims
from tests.factories.policies import set_calendar
from tests.factories.processes import TESTER, chain, package, process
from tests.factories.tasks import AT_ONCE, Desk, judge, lapse, make_desk, open_task
from workflows.models import AuditEntry, Timer
from workflows.operations import definitions, instances, timers
from workflows.operations.instances import Start
from workflows.store import database_now

OFFICE = {str(day): [["09:00", "17:00"]] for day in range(5)}


@pytest.fixture
def timed(db: None) -> Desk:
    """A desk with eight hours around the clock that escalates to the seniors."""
    queues.define_queue(key="senior", name="Senior", actor=TESTER, rules=AT_ONCE)
    return make_desk(sla="PT8H", warn="PT2H", escalate_to="senior")


def bring_forward(task: Task, **moments: dt.timedelta) -> None:
    """Let a task's moments, and its timer's, have come earlier by so much."""
    for name, earlier in moments.items():
        Task.objects.filter(id=task.id).update(**{name: F(name) - earlier})
    Timer.objects.filter(ref=clocks.timer_ref(task.id), state="ARMED").update(
        due_at=F("due_at") - max(moments.values())
    )


def open_task_at(desk: Desk, moment: dt.datetime) -> Task:
    """Open a task whose case is said to have come in at some moment."""
    (instance_id,) = instances.start_and_advance(
        definition_id=desk.definition_id,
        starts=[
            Start(
                variables={"name": "Ada", "amount": 5},
                initiator=TESTER,
                occurred_at=moment,
            )
        ],
    )
    return Task.objects.get(instance_id=instance_id)


def fire() -> None:
    while timers.fire_due():
        pass


def kinds(task: Task) -> list[str]:
    entries = AuditEntry.objects.filter(chain=task.instance_id).order_by("seq")
    return list(entries.values_list("kind", flat=True))


def test_opening_starts_the_clock_and_arms_one_timer(timed: Desk) -> None:
    task = open_task(timed)
    assert task.due_at is not None
    assert task.warn_at is not None
    assert task.due_at - task.opened_at == dt.timedelta(hours=8)
    assert task.due_at - task.warn_at == dt.timedelta(hours=2)
    timer = Timer.objects.get(ref=clocks.timer_ref(task.id))
    assert (timer.kind, timer.due_at) == ("review.sla", task.warn_at)
    assert task.content.clock["due_at"] == task.due_at.isoformat()


def test_calendar_of_the_queue_counts(db: None) -> None:
    calendar = queues.define_calendar(
        key="office",
        name="Office",
        zone="Europe/Berlin",
        hours=OFFICE,
        country="DE",
        actor=TESTER,
    )
    desk = make_desk(sla="P1D")
    queues.define_queue(
        key="desk", name="Desk", calendar=calendar, actor=TESTER, rules=AT_ONCE
    )
    task = open_task_at(desk, dt.datetime(2026, 12, 24, 14, tzinfo=dt.UTC))
    # 15:00 to 17:00 on Christmas Eve; then two holidays and a weekend are off.
    assert task.due_at == dt.datetime(2026, 12, 28, 14, tzinfo=dt.UTC)
    assert task.content.clock["calendar"] == "office v1"


def test_changed_calendar_leaves_running_clocks_alone(db: None) -> None:
    given: dict[str, Any] = {"key": "c", "name": "C", "zone": "UTC", "actor": TESTER}
    around = {str(day): [["00:00", "24:00"]] for day in range(7)}
    calendar = queues.define_calendar(hours=around, **given)
    desk = make_desk(sla="PT10H", calendar="c")
    before = open_task(desk)
    due_at = before.due_at
    set_calendar(calendar, {"zone": "UTC", "mon": "9-10"})
    before.refresh_from_db()
    after = open_task(desk)
    calendar.refresh_from_db()
    assert (calendar.version, before.due_at) == (2, due_at)
    assert after.due_at is not None
    assert due_at is not None
    assert after.due_at > due_at + dt.timedelta(days=20)


def test_warning_marks_the_task_and_arms_the_breach(timed: Desk) -> None:
    task = open_task(timed)
    bring_forward(task, warn_at=dt.timedelta(hours=7))
    fire()
    task.refresh_from_db()
    assert task.warned_at is not None
    assert task.breached_at is None
    assert kinds(task)[-2:] == ["timer.fired", "sla.warned"]
    armed = Timer.objects.get(ref=clocks.timer_ref(task.id), state="ARMED")
    assert armed.due_at == task.due_at


def test_breach_is_the_goals_moment_and_escalates(timed: Desk) -> None:
    task = open_task(timed)
    bring_forward(task, warn_at=dt.timedelta(hours=9), due_at=dt.timedelta(hours=9))
    fire()
    task.refresh_from_db()
    assert task.breached_at == task.due_at
    assert (task.queue.key, task.escalations) == ("senior", 1)
    assert kinds(task)[-3:] == ["timer.fired", "sla.breached", "task.escalated"]
    entry = AuditEntry.objects.get(chain=task.instance_id, kind="sla.breached")
    assert '"noticed_seconds_later":36' in entry.entry
    assert not Timer.objects.filter(state="ARMED").exists()


def test_breach_is_written_once(timed: Desk) -> None:
    task = open_task(timed)
    bring_forward(task, warn_at=dt.timedelta(hours=9), due_at=dt.timedelta(hours=9))
    fire()
    task.refresh_from_db()
    first = task.breached_at
    clocks.resume_clocks(task_ids=[task.id])
    fire()
    task.refresh_from_db()
    assert task.breached_at == first
    assert kinds(task).count("sla.breached") == 1
    assert kinds(task).count("task.escalated") == 1


def test_held_task_is_not_taken_away_at_the_breach(timed: Desk) -> None:
    task = open_task(timed)
    lease = claims.claim(task_id=task.id, person=timed.alice)
    bring_forward(task, warn_at=dt.timedelta(hours=9), due_at=dt.timedelta(hours=9))
    fire()
    task.refresh_from_db()
    assert task.breached_at is not None
    assert (task.queue.key, task.state) == ("desk", "CLAIMED")
    waiting = Timer.objects.get(ref=clocks.timer_ref(task.id), state="ARMED")
    assert waiting.due_at == lease.until
    lapse(task)
    Timer.objects.filter(id=waiting.id).update(
        due_at=F("due_at") - dt.timedelta(hours=1)
    )
    fire()
    task.refresh_from_db()
    assert (task.queue.key, task.state) == ("senior", "OPEN")


def test_breach_without_anywhere_to_go_stays(db: None) -> None:
    task = open_task(make_desk(sla="PT1H"))
    bring_forward(task, warn_at=dt.timedelta(hours=2), due_at=dt.timedelta(hours=2))
    fire()
    task.refresh_from_db()
    assert task.breached_at is not None
    assert task.queue.key == "desk"


def test_decision_stops_the_clock(timed: Desk) -> None:
    task = open_task(timed)
    judge(task, timed.alice)
    assert Timer.objects.get(ref=clocks.timer_ref(task.id)).state == "CANCELED"
    bring_forward(task, warn_at=dt.timedelta(hours=9), due_at=dt.timedelta(hours=9))
    fire()
    task.refresh_from_db()
    assert task.breached_at is None


def test_late_verdict_before_the_sweep_is_a_breach(timed: Desk) -> None:
    task = open_task(timed)
    Task.objects.filter(id=task.id).update(
        warn_at=F("warn_at") - dt.timedelta(hours=9),
        due_at=F("due_at") - dt.timedelta(hours=9),
    )
    judge(task, timed.alice)
    task.refresh_from_db()
    assert task.breached_at == task.due_at
    assert kinds(task).count("sla.breached") == 1


def test_cancellation_withdraws_task_and_clock(timed: Desk) -> None:
    task = open_task(timed)
    claims.claim(task_id=task.id, person=timed.alice)
    instances.cancel(instance_id=task.instance_id, actor=TESTER, reason="A mistake.")
    task.refresh_from_db()
    assert (task.state, task.claimed_by, task.lease_until) == ("CANCELED", None, None)
    assert Timer.objects.get(ref=clocks.timer_ref(task.id)).state == "CANCELED"


def test_boundary_timer_withdraws_the_task(db: None) -> None:
    queues.define_queue(key="desk", name="Desk", actor=TESTER, rules=AT_ONCE)
    body = process(
        '<startEvent id="s"/><userTask id="review" cs:queue="desk" cs:sla="PT8H"/>'
        '<boundaryEvent id="late" attachedToRef="review"><timerEventDefinition>'
        "<timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>"
        '<endEvent id="e"/><endEvent id="gone"/>'
        + chain("s", "review", "e")
        + chain("late", "gone")
    )
    found = definitions.deploy(files=package(body), actor=TESTER)
    (instance_id,) = instances.start_and_advance(
        definition_id=found.definition_id,
        starts=[Start(variables={}, initiator=TESTER)],
    )
    task = Task.objects.get(instance_id=instance_id)
    Timer.objects.filter(kind="engine.boundary").update(
        due_at=F("due_at") - dt.timedelta(hours=2)
    )
    fire()
    task.refresh_from_db()
    assert task.state == "CANCELED"
    assert not Timer.objects.filter(state="ARMED").exists()


def test_replayed_past_runs_no_clock_of_today(timed: Desk) -> None:
    long_ago = dt.datetime(2018, 3, 1, 9, tzinfo=dt.UTC)
    task = open_task_at(timed, long_ago)
    assert (task.opened_at, task.recorded_at > long_ago) == (long_ago, True)
    assert task.due_at == long_ago + dt.timedelta(hours=8)
    assert not Timer.objects.exists()


@pytest.mark.parametrize(("hours", "breached"), [(7, False), (9, True)])
def test_replayed_verdict_settles_the_clock(
    timed: Desk, hours: int, breached: bool
) -> None:
    long_ago = dt.datetime(2018, 3, 1, 9, tzinfo=dt.UTC)
    task = open_task_at(timed, long_ago)
    at = long_ago + dt.timedelta(hours=hours)
    judge(task, timed.alice, Decision.APPROVE, occurred_at=at)
    task.refresh_from_db()
    assert (task.decided_at, task.breached_at is not None) == (at, breached)
    verdict = Verdict.objects.get(task=task)
    assert verdict.occurred_at == at
    assert verdict.submitted_at > at


def test_resumed_clock_of_the_past_breaches_at_the_next_sweep(timed: Desk) -> None:
    task = open_task_at(timed, database_now() - dt.timedelta(days=2))
    assert clocks.resume_clocks(task_ids=[task.id]) == 1
    fire()
    task.refresh_from_db()
    assert task.breached_at == task.due_at
    assert task.queue.key == "senior"
