"""Clocks of tasks: start, pause, resume, stop, reset, and climb their ladder.

One timer per task goes from rung to rung. What is due when it fires is done in order,
each act once in a cycle of the clock (its record is the proof), and the timer is armed
for what comes next. The breach is the moment the goal passed (`due_at`), whenever it is
noticed; its record has both. Acts that take work out of somebody's hands wait until his
lease is over; the timer then comes back for them.

The row's `due_at` and `warn_at` say where the clock's last event put these moments. The
clock of a parked task stands: nothing is armed, and both move when it goes on.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from django.db import connection, transaction

from review.core.clocks.clocks import Event, Reading
from review.core.clocks.ladders import BREACH, TEARS_AWAY, WARN, Step
from review.core.states import LIVE_TASK_STATES, ClockEventKind, TaskState
from review.operations.clocks import clock_rows
from review.operations.clocks.clock_rows import Kept, Owner
from review.operations.clocks.ladder_steps import do_breach, do_step
from review.operations.tasks import moving
from review.operations.tasks.locking import LockedTask, lock_task, read_locked
from review.operations.tasks.telling import publish, record
from workflows.core.actors import SWEEPER, Actor
from workflows.core.states import InstanceState
from workflows.driver import fetch
from workflows.kinds import TimerRow
from workflows.operations import timers
from workflows.store import parse_json

KIND: Final = "review.sla"
_PATIENCE: Final = dt.timedelta(seconds=2)
SUSPENDED: Final = "suspended"
"""Why a clock stands whose whole instance is held."""

Statement = tuple[str, Sequence[object]]

_MOVED: Final = """
    UPDATE review_task SET warn_at = %s, due_at = %s, audit_seq = %s
    WHERE id = %s
"""
_RESET: Final = """
    UPDATE review_task
    SET warn_at = %s, due_at = %s, warned_at = NULL, breached_at = NULL,
        audit_seq = %s
    WHERE id = %s
"""
_TERMS: Final = """
    SELECT c.clock::text, t.opened_at, t.due_at
    FROM review_task t JOIN review_taskcontent c ON c.task_id = t.id WHERE t.id = %s
"""


class Given(NamedTuple):
    """The moments a task's row gives: what everybody saw, whatever events say."""

    warn_at: dt.datetime | None
    due_at: dt.datetime | None


def timer_ref(task_id: int) -> str:
    """Return the ref of a task's SLA timer."""
    return f"task:{task_id}"


def fire(timer: TimerRow, *, now: dt.datetime) -> None:
    """Do what is due on a task's clock; nothing where the task has ended.

    The engine holds the instance's row and has marked the timer as fired.
    """
    task = read_locked(int(timer.ref.partition(":")[2]))
    if task.due_at is None:
        return
    if task.state is TaskState.SETTLING and task.release_at is not None:
        # The vote may yet be taken back; its release stops the clock.
        _arm(task, due_at=max(task.release_at, now) + _PATIENCE, seq=task.audit_seq)
    elif task.state in LIVE_TASK_STATES:
        _climb(task)


def pause(task: LockedTask, *, because: str, actor: Actor) -> None:
    """Halt the clock of a locked task; one that stands already, or none, is left so.

    What the clock reached and nobody noticed yet is told first: a breach before the
    pause stays one.
    """
    kept = _load(task)
    if kept is None or not kept.read(task.now).is_running:
        return
    task = _notice(task, kept)
    detail: dict[str, object] = {"because": because, "remaining": _left(kept, task.now)}
    seq = record(task, "sla.paused", actor, detail)
    event = Event(ClockEventKind.PAUSE, task.now, because)
    clock_rows.write_event(kept.owner, event, seq=seq)
    _disarm(task, seq=seq)


def resume(task: LockedTask, *, actor: Actor, only_if: str = "") -> None:
    """Let a halted clock go on; due is later by the business time it stood.

    In a suspended instance it goes on standing, for that reason now. `only_if` leaves
    one alone that stands for another reason.
    """
    kept = _load(task)
    if kept is None:
        return
    standing = kept.read(task.now)
    if standing.is_running or (only_if and standing.halted_for != only_if):
        return
    if task.instance_state is InstanceState.SUSPENDED:
        _halt_for_instance(task, kept, actor=actor)
        return
    event = Event(ClockEventKind.RESUME, task.now)
    kept, reading = _turn(kept, event, now=task.now)
    due_at = reading.due_at or task.now
    seq = record(task, "sla.resumed", actor, {"due_at": _iso(due_at)})
    clock_rows.write_event(kept.owner, event, seq=seq, due_at=due_at)
    warn_at = min(clock_rows.find_warning(kept, reading) or due_at, due_at)
    with connection.cursor() as cursor:
        cursor.execute(_MOVED, [warn_at, due_at, seq, task.id])
    _arm_next(task, kept, reading, Given(warn_at, due_at), seq=seq)
    publish(task, task.queue_key)


def stop(
    task: LockedTask, *, because: str, actor: Actor, at: dt.datetime | None = None
) -> None:
    """End the clock of a locked task; `resume` would let it go on from here."""
    kept = _load(task)
    if kept is None:
        return
    task = _notice(task, kept)
    seq = record(task, "sla.stopped", actor, {"because": because})
    event = Event(ClockEventKind.STOP, at or task.now, because)
    clock_rows.write_event(kept.owner, event, seq=seq)
    _disarm(task, seq=seq)


def reset(task: LockedTask, *, reason: str, actor: Actor) -> None:
    """Begin a clock again under its own terms, as if the task had just opened.

    The records of earlier cycles stay, and a breach that nobody noticed yet is told
    first; the task's row tells of the new cycle. The reason stands with the entry
    alone, which opens it as long as the case has its content.
    """
    kept = _load(task)
    if kept is None:
        return
    task = _notice(task, kept)
    terms = _read_terms(kept.owner)
    event = Event(ClockEventKind.RESET, task.now)
    kept = clock_rows.unpack(
        kept.owner, events=(*kept.events, event), terms=terms, cycle=kept.cycle + 1
    )
    reading = kept.read(task.now)
    due_at = reading.due_at or task.now
    detail: dict[str, object] = {"reason": reason, "due_at": _iso(due_at)}
    seq = record(task, "sla.reset", actor, detail)
    clock_rows.write_event(kept.owner, event, seq=seq, due_at=due_at, terms=terms)
    warn_at = min(clock_rows.find_warning(kept, reading) or due_at, due_at)
    with connection.cursor() as cursor:
        cursor.execute(_RESET, [warn_at, due_at, seq, task.id])
    _disarm(task, seq=seq)
    _arm_next(task, kept, reading, Given(warn_at, due_at), seq=seq)
    publish(task, task.queue_key)


def list_ending(
    task: LockedTask, *, at: dt.datetime, breached: bool, seq: int
) -> list[Statement]:
    """Return what ends a decided task's clock, for the pipeline of its decision.

    `at` is when the vote was handed in, `seq` an entry of this transaction; `breached`
    says that the goal passed before it and nobody had noticed.
    """
    if task.due_at is None:
        return []
    owner = [task.instance_id, task.id]
    statements: list[Statement] = [
        (timers.CANCEL_FOR_REF, [seq, KIND, timer_ref(task.id)]),
        (clock_rows.STOP, [*owner, at, "decided", seq]),
    ]
    if breached:
        moments = [task.due_at, task.due_at, max(task.now, task.due_at)]
        statements.append((clock_rows.RECORD_BREACH, [*moments, seq, task.id]))
    return statements


def breach(task: LockedTask) -> None:
    """Mark a locked task as breached, once and for good."""
    kept = _load(task)
    if kept is not None and task.breached_at is None:
        do_breach(task, kept)


@transaction.atomic
def resume_clocks(*, task_ids: Collection[int]) -> int:
    """Start the timers of open tasks that were opened by a replay; return how many.

    A replayed past runs no clock of today. Whoever goes on with such tasks as living
    work calls this: what is past due then breaches at the next sweep.
    """
    started = 0
    for task_id in sorted(task_ids):
        task = lock_task(task_id)
        if task.due_at is None or task.state not in {
            TaskState.OPEN,
            TaskState.CLAIMED,
        }:
            continue
        kept = _load(task)
        if kept is None:
            continue
        seq = record(task, "sla.resumed", SWEEPER, {})
        given = _read_given(task)
        _arm_next(task, kept, kept.read(task.now), given, seq=seq)
        started += 1
    return started


@transaction.atomic
def catch_up(*, task_id: int, at: dt.datetime) -> str:
    """Do what a replayed task's clock reached by a moment of the past; return its queue.

    Nobody is told of what is long over, and nothing is decided that people decided.
    """
    task = lock_task(task_id)
    if task.due_at is not None and task.state in LIVE_TASK_STATES:
        # What was done at the very moment it was due was in time.
        _climb(task, at=at - dt.timedelta(microseconds=1))
    return read_locked(task_id).queue_key


def _climb(task: LockedTask, *, at: dt.datetime | None = None) -> None:
    """Do what is due and was not done, in order; arm for what comes next.

    `at` is a moment of a replayed past, for which nothing is armed.
    """
    kept = _load(task)
    if kept is None:
        return
    now = at or task.now
    reading = kept.read(now)
    if not reading.is_running:
        return
    given, done = _read_given(task), set(kept.done)
    waits_for: dt.datetime | None = None
    for step, moment in _list_reached(kept, reading, given, now=now):
        lease = held_until(task)
        if step.act.word in TEARS_AWAY and lease is not None:
            waits_for = lease
            _note_waiting(task, step, until=lease)
            continue
        do_step(
            task,
            kept,
            step,
            reached_at=moment,
            started_at=reading.started_at,
            is_past=at is not None,
        )
        done.add(step.number)
        task = read_locked(task.id)
        if task.state not in LIVE_TASK_STATES:
            return
    if at is not None:
        return
    coming = [
        due
        for step in kept.steps
        if step.number not in done
        and (due := _moment(kept, reading, step, given)) is not None
        and due > task.now
    ]
    if waits_for is not None:
        coming.append(waits_for)
    if coming:
        _arm(task, due_at=min(coming), seq=task.audit_seq)


def _list_reached(
    kept: Kept, reading: Reading, given: Given, *, now: dt.datetime
) -> list[tuple[Step, dt.datetime]]:
    """Return the steps whose moment has come and that were not done, in order.

    A warning that comes with the breach itself tells nobody anything: it is left out.
    """
    late = given.due_at is not None and given.due_at <= now
    return [
        (step, moment)
        for step in kept.steps
        if step.number not in kept.done
        and (moment := _moment(kept, reading, step, given)) is not None
        and moment <= now
        and not (late and step.act.word == WARN)
    ]


def _notice(task: LockedTask, kept: Kept) -> LockedTask:
    """Tell a breach that happened and was not noticed; return the task thereafter."""
    step = kept.find(BREACH)
    late = task.due_at is not None and task.due_at <= task.now
    if not late or task.breached_at is not None or step.number in kept.done:
        return task
    do_breach(task, kept)
    return read_locked(task.id)


def _note_waiting(task: LockedTask, step: Step, *, until: dt.datetime) -> None:
    detail: dict[str, object] = {
        "holder": task.holder,
        "rung": step.words,
        "until": _iso(until),
    }
    if step.act.word == "escalate":
        detail["to_queue"] = step.act.argument or moving.find_escalation(task)
    record(task, "sla.escalation_waits", SWEEPER, detail)


def held_until(task: LockedTask) -> dt.datetime | None:
    """Return until when somebody's lease holds the task, None for nobody's."""
    leases = [hold.lease_until for hold in task.holds]
    if task.is_held and task.lease_until is not None:
        leases.append(task.lease_until)
    return max((until for until in leases if until > task.now), default=None)


def _halt_for_instance(task: LockedTask, kept: Kept, *, actor: Actor) -> None:
    seq = record(task, "sla.paused", actor, {"because": SUSPENDED})
    events = (
        Event(ClockEventKind.RESUME, task.now),
        Event(ClockEventKind.PAUSE, task.now, SUSPENDED),
    )
    for event in events:
        clock_rows.write_event(kept.owner, event, seq=seq)


def _turn(kept: Kept, event: Event, *, now: dt.datetime) -> tuple[Kept, Reading]:
    """Return the clock after one more event, and how it then reads."""
    turned = replace(kept, events=(*kept.events, event))
    return turned, turned.read(now)


def _moment(
    kept: Kept, reading: Reading, step: Step, given: Given
) -> dt.datetime | None:
    """Return when a step is due; of warning and breach the row has the moment."""
    if not reading.is_running:
        return None
    if step.act.word == BREACH:
        return given.due_at
    if step.act.word == WARN and given.warn_at is not None:
        return given.warn_at
    moment = kept.when(step, reading)
    if moment is None or given.due_at is None or reading.due_at is None:
        return moment
    # Where the row's due moment was moved, the whole ladder moves along.
    return moment + (given.due_at - reading.due_at)


def _read_given(task: LockedTask) -> Given:
    found = fetch("SELECT warn_at, due_at FROM review_task WHERE id = %s", [task.id])
    return Given(*found[0])


def _arm_next(
    task: LockedTask, kept: Kept, reading: Reading, given: Given, *, seq: int
) -> None:
    """Arm for the first step that is not done; one that is past fires at once."""
    moments = [
        moment
        for step in kept.steps
        if step.number not in kept.done
        and (moment := _moment(kept, reading, step, given)) is not None
    ]
    if moments:
        _arm(task, due_at=min(moments), seq=seq)


def _load(task: LockedTask) -> Kept | None:
    """Return a task's clock; one opened before events were kept gets its START now."""
    if task.due_at is None:
        return None
    owner = Owner(task.instance_id, task.id)
    kept = clock_rows.load(owner)
    if kept is not None:
        return kept
    with connection.cursor() as cursor:
        cursor.execute(_TERMS, [task.id])
        terms, opened_at, due_at = cursor.fetchone()
    clock, pinned = clock_rows.adopt(
        terms=parse_json(terms), opened_at=opened_at, due_at=due_at
    )
    seq = record(task, "sla.adopted", SWEEPER, {"due_at": _iso(due_at)})
    clock_rows.write_starts([(owner, clock, "opened", pinned, seq)])
    return clock_rows.load(owner)


def _read_terms(owner: Owner) -> Mapping[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT terms::text FROM review_clockevent"
            " WHERE task_id = %s AND terms IS NOT NULL ORDER BY id DESC LIMIT 1",
            [owner.task_id],
        )
        terms: Mapping[str, Any] = parse_json(cursor.fetchone()[0])
    return terms


def _left(kept: Kept, now: dt.datetime) -> str:
    return str(kept.read(now).remaining)


def _arm(task: LockedTask, *, due_at: dt.datetime, seq: int) -> None:
    timers.arm(
        instance_id=task.instance_id,
        step_id=task.step_id,
        kind=KIND,
        ref=timer_ref(task.id),
        due_at=due_at,
        audit_seq=seq,
    )


def _disarm(task: LockedTask, *, seq: int) -> None:
    timers.cancel_for_ref(kind=KIND, ref=timer_ref(task.id), audit_seq=seq)


def _iso(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat()
