"""Clocks turn: parked, suspended, reset; ladders climb; whole instances have clocks."""

import datetime as dt
from functools import partial
from typing import Literal

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError

from review.core.states import Decision, Role
from review.models import ClockEvent, ClockRecord, InstanceClock, Notification, Task
from review.operations import queues
from review.operations.clocks import clocks
from review.operations.people import people
from review.operations.tasks import claims
from review.operations.tasks.locking import lock_task
from tests.factories.processes import TESTER, chain, package, process
from tests.factories.tasks import AT_ONCE, Desk, judge, lapse, make_desk, make_person
from workflows.models import AuditEntry, Instance, Timer
from workflows.operations import definitions, instances, timers
from workflows.operations.instances import Start
from workflows.store import database_now

HOUR = dt.timedelta(hours=1)


def open_ago(desk: Desk, hours: float) -> Task:
    """Open a task some hours ago, with a clock that runs today."""
    start = Start(
        variables={"name": "Ada", "amount": 5},
        initiator=TESTER,
        occurred_at=database_now() - hours * HOUR,
    )
    (instance_id,) = instances.start_and_advance(
        definition_id=desk.definition_id, starts=[start]
    )
    task = Task.objects.get(instance_id=instance_id)
    clocks.resume_clocks(task_ids=[task.id])
    return task


def fire() -> None:
    while timers.fire_due():
        pass


def done(task: Task) -> list[str]:
    records = ClockRecord.objects.filter(task=task).order_by("id")
    return list(records.values_list("words", flat=True))


@transaction.atomic
def turn(task: Task, word: Literal["pause", "resume", "reset", "stop"]) -> None:
    locked = lock_task(task.id)
    match word:
        case "pause":
            clocks.pause(locked, because="information", actor=TESTER)
        case "resume":
            clocks.resume(locked, actor=TESTER)
        case "reset":
            clocks.reset(locked, reason="reopened", actor=TESTER)
        case "stop":
            clocks.stop(locked, because="done", actor=TESTER)


@pytest.fixture
def seniors(db: None) -> None:
    queues.define_queue(key="senior", name="Senior", actor=TESTER, rules=AT_ONCE)


def test_ladder_climbs_from_rung_to_rung_and_each_once(seniors: None) -> None:
    desk = make_desk(
        sla="PT8H",
        warn="60%",
        priority="C",
        ladder="25%: notify; 50%: raise; 100%: escalate; +PT4H: reject",
        escalate_to="senior",
    )
    task = open_ago(desk, 5)
    fire()
    fire()
    assert done(task) == ["25%: notify", "50%: raise", "60%: warn"]
    task.refresh_from_db()
    assert (task.priority_class, task.breached_at) == ("B", None)
    assert task.serve_at == task.opened_at + dt.timedelta(
        seconds=task.queue.aging_seconds
    )
    armed = Timer.objects.get(ref=clocks.timer_ref(task.id), state="ARMED")
    assert armed.due_at == task.due_at
    late = open_ago(desk, 13)
    fire()
    late.refresh_from_db()
    assert (late.state, late.outcome, late.decided_by) == (
        "DECIDED",
        "REJECTED",
        "CLOCK",
    )
    assert done(late)[-3:] == ["100%: breach", "100%: escalate", "+PT4H: reject"]
    assert late.queue.key == "senior"
    ended = Instance.objects.get(id=late.instance_id)
    assert (ended.state, ended.variables["review"]["by"]) == ("COMPLETED", "clock")
    assert ended.end_node_id == "refused"
    record = ClockRecord.objects.get(task=late, is_breach=True)
    assert record.due_at == record.reached_at == late.opened_at + 8 * HOUR
    assert record.noticed_at > record.reached_at


def test_work_in_hands_is_decided_by_the_clock_after_the_lease(seniors: None) -> None:
    desk = make_desk(sla="PT8H", ladder="100%: widen; 110%: return")
    task = open_ago(desk, 7)
    claims.claim(task_id=task.id, person=desk.alice)
    late = database_now() - 2 * HOUR
    Task.objects.filter(id=task.id).update(warn_at=late, due_at=late)
    Timer.objects.filter(ref=clocks.timer_ref(task.id), state="ARMED").update(
        due_at=database_now() - HOUR
    )
    fire()
    task.refresh_from_db()
    assert (task.state, task.claimed_by_id) == ("CLAIMED", desk.alice.id)
    assert done(task) == ["100%: breach", "100%: widen"]
    armed = Timer.objects.get(ref=clocks.timer_ref(task.id), state="ARMED")
    assert armed.due_at == task.lease_until
    lapse(task)
    Timer.objects.filter(id=armed.id).update(due_at=database_now())
    fire()
    task.refresh_from_db()
    assert (task.outcome, task.decided_by) == ("RETURNED", "CLOCK")
    assert not Timer.objects.filter(
        state="ARMED", ref=clocks.timer_ref(task.id)
    ).exists()


def test_reassign_gives_to_another_and_tells_the_owner_where_nobody_is_left(
    seniors: None,
) -> None:
    desk = make_desk(sla="PT8H", ladder="50%: reassign; 75%: reassign")
    owner = make_person("Olga", Role.MANAGER)
    queues.define_queue(
        key="desk", name="Desk", actor=TESTER, rules=AT_ONCE, owner=owner
    )
    for name in ("carol", "dave"):
        people.disable_person(person=desk.staff[name], actor=TESTER, reason="Left.")
    task = open_ago(desk, 5)
    token = claims.claim(task_id=task.id, person=desk.alice).token
    claims.release(task_id=task.id, person=desk.alice, token=token)
    fire()
    task.refresh_from_db()
    assert (task.state, task.assigned_to) == ("OPEN", desk.bob)
    did = ClockRecord.objects.get(task=task, words="50%: reassign").did
    assert did.startswith("Taken from Alice; given to Bob.")
    told = dict(
        Notification.objects.exclude(person=owner).values_list("person_id", "kind")
    )
    assert told == {desk.alice.id: "WORK_MOVED", desk.bob.id: "ASSIGNED"}
    # Bob has it now, and Alice is gone: nobody is left who could take it.
    people.disable_person(person=desk.alice, actor=TESTER, reason="Left.")
    late = database_now() - HOUR
    Timer.objects.filter(ref=clocks.timer_ref(task.id), state="ARMED").update(
        due_at=late
    )
    Task.objects.filter(id=task.id).update(due_at=late + 2 * HOUR)
    fire()
    task.refresh_from_db()
    assert (task.state, task.assigned_to) == ("OPEN", None)
    why = Notification.objects.filter(person=owner).latest("id")
    assert (why.kind, "of 1 reviewer 1 just had it" in why.text) == ("STUCK", True)


def test_parked_clock_stands_and_due_moves_by_what_it_stood(seniors: None) -> None:
    desk = make_desk(sla="PT8H", ladder="50%: raise A; 100%: escalate")
    task = open_ago(desk, 2)
    turn(task, "pause")
    turn(task, "pause")
    assert not Timer.objects.filter(state="ARMED").exists()
    # Six hours ago it was parked: the events' times are the only thing that is moved.
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE review_clockevent DISABLE TRIGGER ALL")
        cursor.execute(
            "UPDATE review_clockevent SET at = at - interval '1 hour'"
            " WHERE task_id = %s",
            [task.id],
        )
        cursor.execute("ALTER TABLE review_clockevent ENABLE TRIGGER ALL")
    before = Task.objects.get(id=task.id)
    turn(task, "resume")
    turn(task, "resume")
    task.refresh_from_db()
    assert before.due_at is not None
    assert task.due_at is not None
    # Started an hour earlier, stood for one: due where it was, to the moment it took.
    assert abs(task.due_at - before.due_at) < dt.timedelta(seconds=30)
    assert Timer.objects.get(state="ARMED").due_at < task.due_at
    events = ClockEvent.objects.filter(task=task).order_by("id")
    assert [event.kind for event in events] == ["START", "PAUSE", "RESUME"]
    assert events[2].due_at == task.due_at
    turn(task, "stop")
    assert not Timer.objects.filter(state="ARMED").exists()


def test_pause_after_the_goal_keeps_the_breach(seniors: None) -> None:
    task = open_ago(make_desk(sla="PT8H"), 9)
    turn(task, "pause")
    task.refresh_from_db()
    assert task.breached_at == task.due_at
    due_at = task.due_at
    turn(task, "resume")
    task.refresh_from_db()
    assert task.due_at == due_at
    assert done(task) == ["100%: breach"]


def test_reset_begins_again_and_the_records_stay(seniors: None) -> None:
    task = open_ago(make_desk(sla="PT8H", ladder="100%: notify"), 9)
    fire()
    assert done(task) == ["100%: breach", "100%: notify"]
    turn(task, "reset")
    task.refresh_from_db()
    assert task.breached_at is None
    assert task.due_at is not None
    assert task.due_at > database_now() + 7 * HOUR
    assert ClockRecord.objects.filter(task=task, cycle=1).count() == 2
    with (
        pytest.raises(IntegrityError, match="rows are only ever added"),
        transaction.atomic(),
    ):
        ClockRecord.objects.filter(task=task).update(is_breach=False)


def test_suspended_instance_halts_its_clocks(seniors: None) -> None:
    task = open_ago(make_desk(sla="PT8H"), 1)
    suspend = partial(instances.suspend, instance_id=task.instance_id, actor=TESTER)
    resume = partial(instances.resume, instance_id=task.instance_id, actor=TESTER)
    suspend(reason="Look at it.")
    assert not Timer.objects.filter(state="ARMED").exists()
    resume(reason="Seen.")
    assert Timer.objects.filter(state="ARMED").count() == 1
    turn(task, "pause")
    suspend(reason="Look again.")
    resume(reason="Seen.")
    last = ClockEvent.objects.filter(task=task).latest("id")
    assert (last.kind, last.reason) == ("PAUSE", "information")
    suspend(reason="Once more.")
    turn(task, "resume")
    last = ClockEvent.objects.filter(task=task).latest("id")
    assert (last.kind, last.reason) == ("PAUSE", clocks.SUSPENDED)


def test_verdict_and_cancellation_stop_the_clock(seniors: None) -> None:
    desk = make_desk(sla="PT8H")
    late = open_ago(desk, 9)
    judge(late, desk.alice, Decision.APPROVE)
    assert done(late) == ["100%: breach"]
    kinds = ClockEvent.objects.filter(task=late).order_by("id")
    assert [event.kind for event in kinds] == ["START", "STOP"]
    gone = open_ago(desk, 1)
    instances.cancel(instance_id=gone.instance_id, actor=TESTER, reason="Not needed.")
    last = ClockEvent.objects.filter(task=gone).latest("id")
    assert (last.kind, last.reason) == ("STOP", "withdrawn")


def test_whole_instance_has_a_clock_that_ends_with_it(seniors: None) -> None:
    queue = queues.define_queue(key="desk", name="Desk", actor=TESTER, rules=AT_ONCE)
    alice = make_person("Alice", Role.REVIEWER, queue=queue)
    body = process(
        '<startEvent id="s"/><userTask id="review" cs:queue="desk"'
        ' cs:escalate_to="senior"/><endEvent id="e"/>' + chain("s", "review", "e")
    ).replace("<process ", '<process cs:sla="P1D" cs:ladder="100%: escalate" ', 1)
    deployed = definitions.deploy(files=package(body), actor=TESTER)
    ids = instances.start_and_advance(
        definition_id=deployed.definition_id,
        starts=[Start(variables={}, initiator=TESTER)] * 2,
    )
    late, done_in_time = (Task.objects.get(instance_id=one) for one in ids)
    row = InstanceClock.objects.get(instance_id=late.instance_id)
    assert (row.state, row.due_at - row.started_at) == ("RUNNING", 24 * HOUR)
    judge(done_in_time, alice)
    ended = InstanceClock.objects.get(instance_id=done_in_time.instance_id)
    assert (ended.state, ended.breached_at) == ("STOPPED", None)
    assert Timer.objects.filter(state="ARMED").count() == 1
    instances.suspend(instance_id=late.instance_id, actor=TESTER, reason="Wait.")
    row.refresh_from_db()
    assert (row.state, Timer.objects.filter(state="ARMED").count()) == ("PAUSED", 0)
    instances.resume(instance_id=late.instance_id, actor=TESTER, reason="Go on.")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE review_clockevent DISABLE TRIGGER ALL")
        cursor.execute("UPDATE review_clockevent SET at = at - interval '25 hours'")
        cursor.execute("ALTER TABLE review_clockevent ENABLE TRIGGER ALL")
        cursor.execute("UPDATE workflows_timer SET due_at = clock_timestamp()")
    fire()
    row.refresh_from_db()
    late.refresh_from_db()
    assert row.breached_at == row.due_at
    assert late.queue.key == "senior"
    records = ClockRecord.objects.filter(instance_id=late.instance_id, task=None)
    assert [one.words for one in records.order_by("id")] == [
        "100%: breach",
        "100%: escalate",
    ]
    kinds = AuditEntry.objects.filter(chain=late.instance_id).values_list("kind")
    assert ("sla.started",) in kinds
