"""Clocks of whole instances whose process has a goal (`cs:sla` on the process).

They start with the instance, stand while it is suspended and end with it. Their rungs
tell the people of the queues where the instance has work, raise that work's class or
escalate it; work in somebody's hands is escalated when his lease is over.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.urls import reverse

from review import live
from review.core.clocks.clocks import Clock, Event, Reading
from review.core.clocks.ladders import BREACH, TEARS_AWAY, WARN, Step, list_due
from review.core.notices.notices import Notice
from review.core.states import ClockEventKind, InstanceClockState
from review.models import InstanceClock
from review.operations.clocks import calendars, clock_rows, clock_starts, clocks, rungs
from review.operations.clocks.clock_rows import Kept, Owner
from review.operations.clocks.clock_terms import Terms
from review.operations.notices.notifying import tell
from review.operations.tasks.locking import LockedTask, read_locked
from workflows import audit
from workflows.core.actors import SWEEPER, Actor
from workflows.core.canonical import dumps
from workflows.driver import fetch
from workflows.kinds import ClockTurn, TimedInstance, TimerRow
from workflows.operations import timers
from workflows.store import copy_in

KIND: Final = "review.sla_instance"

_COPY: Final = """
    COPY review_instanceclock (instance_id, state, terms, started_at, warn_at, due_at,
                               audit_seq)
    FROM STDIN
"""
_END: Final = """
    UPDATE review_instanceclock c
    SET state = 'STOPPED', ended_at = v.at, audit_seq = v.audit_seq,
        breached_at = CASE WHEN c.state = 'RUNNING' AND v.at > c.due_at THEN c.due_at ELSE c.breached_at END
    FROM unnest(%s::uuid[], %s::timestamptz[], %s::int[]) AS v(id, at, audit_seq)
    WHERE c.instance_id = v.id AND c.state <> 'STOPPED'
"""
_DISARM: Final = """
    UPDATE workflows_timer t SET state = 'CANCELED', audit_seq = v.audit_seq
    FROM unnest(%s::uuid[], %s::int[]) AS v(id, audit_seq)
    WHERE t.instance_id = v.id AND t.kind = %s AND t.state = 'ARMED'
"""
_TASKS: Final = """
    SELECT id FROM review_task
    WHERE instance_id = %s AND state IN ('OPEN', 'CLAIMED', 'WAITING') ORDER BY id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Starting(ClockTurn):
    """A clock that starts with its instance."""

    clock: Clock
    pinned: Mapping[str, object]
    is_replayed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending(ClockTurn):
    """A clock that ends with its instance; `breach` where nobody had noticed it."""

    at: dt.datetime
    breach: bool


class ProcessClocks:
    """The clocks of instances that the engine asks; see workflows.kinds."""

    def plan_many(
        self,
        *,
        begun: Sequence[TimedInstance],
        ended: Sequence[TimedInstance],
        now: dt.datetime,
    ) -> list[ClockTurn]:
        """Start and end clocks; words that mean nothing leave an instance without."""
        keys = {one.words["calendar"] for one in begun if one.words.get("calendar")}
        named = calendars.find_calendars(keys)
        turns: list[ClockTurn] = []
        for one in begun:
            calendar = named.get(one.words.get("calendar", ""), calendars.ALWAYS)
            started = _start(one, calendar=calendar, now=now)
            if started is not None:
                turns.append(started)
        rows = InstanceClock.objects.in_bulk([one.instance_id for one in ended])
        for one in ended:
            row = rows.get(one.instance_id)
            if row is not None and row.state != InstanceClockState.STOPPED:
                turns.append(_end(row, at=one.occurred_at or now, now=now))
        return turns

    def write_many(
        self,
        *,
        turns: Sequence[ClockTurn],
        audit_seqs: Mapping[UUID, int],
        now: dt.datetime,
    ) -> None:
        """Write rows, events and timers of all clocks, set-based."""
        starts = [turn for turn in turns if isinstance(turn, Starting)]
        ends = [turn for turn in turns if isinstance(turn, Ending)]
        if starts:
            _write_starts(starts, audit_seqs)
        if ends:
            _write_ends(ends, audit_seqs, now=now)

    def hold(self, *, instance_id: UUID, actor: Actor) -> None:
        """Halt the clocks of a suspended instance and of its tasks."""
        for task in _list_tasks(instance_id):
            clocks.pause(task, because=clocks.SUSPENDED, actor=actor)
        _turn(instance_id, ClockEventKind.PAUSE, actor=actor)

    def let_go(self, *, instance_id: UUID, actor: Actor) -> None:
        """Let them go on; what was parked for another reason stays so."""
        for task in _list_tasks(instance_id):
            clocks.resume(task, actor=actor, only_if=clocks.SUSPENDED)
        _turn(instance_id, ClockEventKind.RESUME, actor=actor)


def fire(timer: TimerRow, *, now: dt.datetime) -> None:
    """Do what is due on an instance's clock; the engine holds the instance's row."""
    if timer.instance_id is None:
        return
    row = InstanceClock.objects.filter(instance_id=timer.instance_id).first()
    kept = clock_rows.load(Owner(timer.instance_id))
    if row is None or kept is None or row.state != InstanceClockState.RUNNING:
        return
    reading = kept.read(now)
    waits_for: list[dt.datetime] = []
    done = set(kept.done)
    for step in list_due(kept.steps, elapsed=reading.elapsed, done=kept.done):
        if step.act.word == WARN and reading.remaining <= dt.timedelta():
            continue
        leases = _list_leases(timer.instance_id, now=now)
        if step.act.word in TEARS_AWAY and leases:
            waits_for.append(min(leases))
            _escalate_free(timer.instance_id, step)
            continue
        _do(row, kept, step, reading=reading, now=now)
        done.add(step.number)
    coming = [
        moment
        for step in kept.steps
        if step.number not in done
        and (moment := kept.when(step, reading)) is not None
        and moment > now
    ]
    if coming or waits_for:
        _arm(
            timer.instance_id, min([*coming, *waits_for]), seq=_head(timer.instance_id)
        )


def _start(
    one: TimedInstance, *, calendar: calendars.NamedCalendar, now: dt.datetime
) -> Starting | None:
    terms = Terms(
        sla=one.words["sla"],
        warn=one.words.get("warn", ""),
        ladder=one.words.get("ladder", ""),
        calendar=calendar,
    )
    begun = clock_starts.begin(terms, opened_at=one.occurred_at or now)
    if begun.clock is None:
        return None
    return Starting(
        instance_id=one.instance_id,
        drafts=[
            audit.Draft(
                kind="sla.started",
                actor=SWEEPER,
                detail={"clock": begun.terms},
                occurred_at=one.occurred_at,
            )
        ],
        clock=begun.clock,
        pinned=begun.pinned,
        is_replayed=one.occurred_at is not None,
    )


def _end(row: InstanceClock, *, at: dt.datetime, now: dt.datetime) -> Ending:
    late = at > row.due_at and row.breached_at is None
    standing = row.state == InstanceClockState.PAUSED
    unnoticed = late and not standing
    drafts = [_breach_draft(row.due_at, now=now)] if unnoticed else []
    return Ending(instance_id=row.instance_id, drafts=drafts, at=at, breach=unnoticed)


def _write_starts(starts: Sequence[Starting], seqs: Mapping[UUID, int]) -> None:
    copy_in(
        _COPY,
        (
            (
                one.instance_id,
                InstanceClockState.RUNNING.value,
                dumps(one.pinned),
                one.clock.started_at,
                one.clock.warn_at,
                one.clock.due_at,
                seqs[one.instance_id],
            )
            for one in starts
        ),
    )
    clock_rows.write_starts([
        (Owner(one.instance_id), one.clock, "", one.pinned, seqs[one.instance_id])
        for one in starts
    ])
    timers.arm_many([
        (
            one.instance_id,
            None,
            KIND,
            _ref(one.instance_id),
            "{}",
            one.clock.first_at,
            seqs[one.instance_id],
        )
        for one in starts
        if not one.is_replayed
    ])


def _write_ends(
    ends: Sequence[Ending], seqs: Mapping[UUID, int], *, now: dt.datetime
) -> None:
    ids = [one.instance_id for one in ends]
    places = [seqs[one.instance_id] for one in ends]
    with connection.cursor() as cursor:
        cursor.execute(_END, [ids, [one.at for one in ends], places])
        cursor.execute(_DISARM, [ids, places, KIND])
    for one in ends:
        event = Event(ClockEventKind.STOP, one.at, "ended")
        owner, seq = Owner(one.instance_id), seqs[one.instance_id]
        clock_rows.write_event(owner, event, seq=seq)
        kept = clock_rows.load(owner) if one.breach else None
        if kept is not None:
            reading = kept.read(now)
            due_at = reading.due_at or one.at
            _write_record(
                kept, kept.find(BREACH), reading, due_at, now=now, did="", seq=seq
            )


def _do(
    row: InstanceClock, kept: Kept, step: Step, *, reading: Reading, now: dt.datetime
) -> None:
    """Do one step, with its entry and its record."""
    reached = kept.when(step, reading) or now
    instance_id = kept.owner.instance_id
    match step.act.word:
        case word if word == WARN:
            seq = _record(instance_id, "sla.warned", {"rung": step.words}, now=now)
            _mark(instance_id, seq=seq, warned_at=now)
            did = _tell(kept, step, title="The case is due soon", late=False)
        case word if word == BREACH:
            draft = _breach_draft(row.due_at, now=now)
            seq = audit.record(instance_id=instance_id, drafts=[draft], now=now)
            _mark(instance_id, seq=seq, breached_at=row.due_at)
            did = _tell(kept, step, title="The case is late", late=True)
        case "notify":
            late = reading.remaining <= dt.timedelta()
            did = _tell(kept, step, title="The case needs you", late=late)
            seq = _note(kept, step, did, now=now)
        case "escalate":
            did = _escalate_free(instance_id, step)
            seq = _note(kept, step, did, now=now)
        case _:
            tasks = _list_tasks(instance_id)
            did = " ".join(rungs.do(task, step) for task in tasks) or "No open task."
            seq = _note(kept, step, did, now=now)
    _write_record(kept, step, reading, reached, now=now, did=did, seq=seq)
    live.publish(live.instance_topic(instance_id), live.DASHBOARD)


def _write_record(
    kept: Kept,
    step: Step,
    reading: Reading,
    reached: dt.datetime,
    *,
    now: dt.datetime,
    did: str,
    seq: int,
) -> None:
    clock_rows.write_record(
        kept,
        step,
        started_at=reading.started_at,
        due_at=reading.due_at or reached,
        reached_at=min(reached, now),
        noticed_at=now,
        did=did,
        seq=seq,
    )


def _escalate_free(instance_id: UUID, step: Step) -> str:
    """Escalate the tasks that nobody holds and nobody escalated; say what became."""
    done = [
        rungs.do(task, step)
        for task in _list_tasks(instance_id)
        if clocks.held_until(task) is None and not task.escalations
    ]
    return " ".join(done) or "No task was free to be escalated."


def _turn(instance_id: UUID, kind: ClockEventKind, *, actor: Actor) -> None:
    """Halt an instance's clock or let it go on, with its entry, event and timer."""
    kept = clock_rows.load(Owner(instance_id))
    row = InstanceClock.objects.filter(instance_id=instance_id).first()
    if kept is None or row is None or row.state == InstanceClockState.STOPPED:
        return
    ((now,),) = fetch("SELECT clock_timestamp()")
    halts = kind is ClockEventKind.PAUSE
    if kept.read(now).is_running is not halts:
        return
    if halts:
        _notice(row, kept, now=now)
    event = Event(kind, now, clocks.SUSPENDED if halts else "")
    kept = replace(kept, events=(*kept.events, event))
    reading = kept.read(now)
    word = "sla.paused" if halts else "sla.resumed"
    seq = _record(instance_id, word, {"because": event.reason}, now=now, actor=actor)
    clock_rows.write_event(kept.owner, event, seq=seq, due_at=reading.due_at)
    with connection.cursor() as cursor:
        cursor.execute(_DISARM, [[instance_id], [seq], KIND])
    due_at = reading.due_at or row.due_at
    warn_at = clock_rows.find_warning(kept, reading) or row.warn_at
    state = InstanceClockState.PAUSED if halts else InstanceClockState.RUNNING
    _mark(
        instance_id,
        seq=seq,
        state=state.value,
        due_at=due_at,
        warn_at=min(warn_at, due_at),
    )
    moments = [
        moment
        for step in kept.steps
        if step.number not in kept.done
        and (moment := kept.when(step, reading)) is not None
    ]
    if not halts and moments:
        _arm(instance_id, min(moments), seq=seq)


def _notice(row: InstanceClock, kept: Kept, *, now: dt.datetime) -> None:
    """Tell a breach nobody noticed yet before the clock stands: it stays one."""
    reading, breach = kept.read(now), kept.find(BREACH)
    if reading.remaining <= dt.timedelta() and breach.number not in kept.done:
        _do(row, kept, breach, reading=reading, now=now)


def _tell(kept: Kept, step: Step, *, title: str, late: bool) -> str:
    instance_id = kept.owner.instance_id
    persons: set[int] = set()
    for task in _list_tasks(instance_id):
        persons |= rungs.find_persons(task, who=step.act.argument)
    told = tell(
        persons=persons,
        kind=Notice.SLA_BREACHED if late else Notice.SLA_WARNED,
        title=title,
        text=f"Its clock reached {step.words}.",
        url=reverse("instance-detail", args=[instance_id]),
        instance_id=instance_id,
        key=f"clock:{instance_id}:{kept.cycle}:{step.number}",
    )
    return f"Told {told}."


def _list_tasks(instance_id: UUID) -> list[LockedTask]:
    with connection.cursor() as cursor:
        cursor.execute(_TASKS, [instance_id])
        ids = [row[0] for row in cursor.fetchall()]
    return [read_locked(task_id) for task_id in ids]


def _list_leases(instance_id: UUID, *, now: dt.datetime) -> list[dt.datetime]:
    held = (clocks.held_until(task) for task in _list_tasks(instance_id))
    return [until for until in held if until is not None and until > now]


def _breach_draft(due_at: dt.datetime, *, now: dt.datetime) -> audit.Draft:
    late = int((now - due_at).total_seconds())
    detail: dict[str, object] = {
        "due_at": due_at.astimezone(dt.UTC).isoformat(),
        "noticed_seconds_later": max(0, late),
    }
    return audit.Draft(kind="sla.breached", actor=SWEEPER, detail=detail)


def _note(kept: Kept, step: Step, did: str, *, now: dt.datetime) -> int:
    detail: dict[str, object] = {"rung": step.words, "did": did}
    return _record(kept.owner.instance_id, "sla.rung", detail, now=now)


def _record(
    instance_id: UUID,
    kind: str,
    detail: dict[str, object],
    *,
    now: dt.datetime,
    actor: Actor = SWEEPER,
) -> int:
    draft = audit.Draft(kind=kind, actor=actor, detail=detail)
    return audit.record(instance_id=instance_id, drafts=[draft], now=now)


def _mark(instance_id: UUID, *, seq: int, **values: Any) -> None:
    InstanceClock.objects.filter(instance_id=instance_id).update(
        audit_seq=seq, **values
    )


def _arm(instance_id: UUID, due_at: dt.datetime, *, seq: int) -> None:
    timers.arm(
        instance_id=instance_id,
        kind=KIND,
        ref=_ref(instance_id),
        due_at=due_at,
        audit_seq=seq,
    )


def _head(instance_id: UUID) -> int:
    ((seq,),) = fetch(
        "SELECT audit_seq FROM workflows_instance WHERE id = %s", [instance_id]
    )
    return int(seq)


def _ref(instance_id: UUID) -> str:
    return f"instance:{instance_id}"
