"""Read and write what a clock leaves behind: its events and the rungs it reached.

Policy is pinned: the terms of a START or RESET hold the goal, every step of the ladder
and the calendar's version, so that nothing that changes later moves a running clock.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import connection

from review.core.clocks.clocks import Clock, Event, Reading, find_moment, read_clock
from review.core.clocks.ladders import BREACH, WARN, Step, place_steps
from review.core.states import ClockEventKind
from review.operations.clocks import calendars
from review.operations.clocks.calendars import NamedCalendar
from workflows.core.calendars import business_time_between
from workflows.core.canonical import dumps
from workflows.core.ladders import Act
from workflows.driver import run
from workflows.store import copy_in, parse_json

_COPY: Final = """
    COPY review_clockevent (instance_id, task_id, kind, at, reason, terms, due_at,
                            audit_seq)
    FROM STDIN
"""
_EVENTS: Final = """
    SELECT kind, at, reason, terms::text FROM review_clockevent
    WHERE {owner} ORDER BY id
"""
_DONE: Final = """
    SELECT rung FROM review_clockrecord
    WHERE instance_id = %s AND task_id IS NOT DISTINCT FROM %s AND cycle = %s
"""
_RECORD: Final = """
    INSERT INTO review_clockrecord
        (instance_id, task_id, cycle, rung, words, is_breach, goal, started_at, due_at,
         reached_at, noticed_at, calendar, did, audit_seq)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT DO NOTHING
"""
RECORD_BREACH: Final = """
    INSERT INTO review_clockrecord
        (instance_id, task_id, cycle, rung, words, is_breach, goal, started_at, due_at,
         reached_at, noticed_at, calendar, did, audit_seq)
    SELECT e.instance_id, e.task_id,
        (SELECT count(*) FROM review_clockevent s
         WHERE s.task_id = e.task_id AND s.kind IN ('START', 'RESET')),
        (e.terms ->> 'breach')::int, '100%%: breach', true, e.terms ->> 'sla', e.at,
        %s, %s, %s, e.terms ->> 'calendar', '', %s
    FROM review_clockevent e
    WHERE e.task_id = %s AND e.kind IN ('START', 'RESET')
    ORDER BY e.id DESC LIMIT 1
    ON CONFLICT DO NOTHING
"""
"""Takes due_at, reached_at, noticed_at, the entry's place and the task; for pipelines."""
STOP: Final = """
    INSERT INTO review_clockevent (instance_id, task_id, kind, at, reason, audit_seq)
    VALUES (%s, %s, 'STOP', %s, %s, %s)
"""
"""Takes instance, task, moment, reason and the entry's place; for pipelines."""


PINS: Final = ("clock_policy", "ladder_policy")
"""Under these names terms and explanations keep which version of a policy answered."""


class Owner(NamedTuple):
    """Whose clock: a task's, or its whole instance's where `task_id` is None."""

    instance_id: UUID
    task_id: int | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A clock as stored: its events and terms, and the steps done in this cycle.

    `pins` name the policies that its goal and its ladder come from.
    """

    owner: Owner
    events: tuple[Event, ...]
    goal: dt.timedelta
    sla: str
    steps: tuple[Step, ...]
    calendar: NamedCalendar
    cycle: int
    done: frozenset[int]
    pins: Mapping[str, Any] = field(default_factory=dict)

    def read(self, now: dt.datetime) -> Reading:
        """Read the clock at a moment."""
        return read_clock(
            self.events, goal=self.goal, calendar=self.calendar.hours, now=now
        )

    def when(self, step: Step, reading: Reading) -> dt.datetime | None:
        """Return the moment a step is due, None while the clock is halted before."""
        return find_moment(reading.spans, step.elapsed, calendar=self.calendar.hours)

    def find(self, word: str) -> Step:
        """Return the step that warns or breaches; every clock has both."""
        return next(step for step in self.steps if step.act.word == word)


def describe(
    clock: Clock, *, sla: str, warn: str, calendar: NamedCalendar
) -> dict[str, object]:
    """Return the terms of a clock as its task shows and its entry keeps them."""
    return {
        "sla": sla,
        "warn": warn,
        "ladder": clock.ladder,
        **({"calendar": calendar.label} if calendar.key else {}),
        "started_at": clock.started_at.isoformat(),
        "warn_at": clock.warn_at.isoformat(),
        "due_at": clock.due_at.isoformat(),
    }


def pin(clock: Clock, *, sla: str, calendar: NamedCalendar) -> dict[str, object]:
    """Return all that a started clock is counted by, as a START or RESET keeps it."""
    return {
        "sla": sla,
        "goal": _micro(clock.goal),
        "calendar": calendar.label,
        "zone": calendar.hours.zone,
        "ladder": clock.ladder,
        "steps": [
            [step.words, step.act.word, step.act.argument, _micro(step.elapsed)]
            for step in clock.steps
        ],
        "breach": next(s.number for s in clock.steps if s.act.word == BREACH),
    }


def write_starts(
    rows: Sequence[tuple[Owner, Clock, str, Mapping[str, object], int]],
) -> None:
    """Write START events; rows are (owner, clock, reason, terms, entry's place)."""
    copy_in(
        _COPY,
        (
            (
                owner.instance_id,
                owner.task_id,
                ClockEventKind.START.value,
                clock.started_at,
                reason,
                dumps(terms),
                clock.due_at,
                seq,
            )
            for owner, clock, reason, terms, seq in rows
        ),
    )


def write_event(
    owner: Owner,
    event: Event,
    *,
    seq: int,
    due_at: dt.datetime | None = None,
    terms: Mapping[str, object] | None = None,
) -> None:
    """Write one turn of a clock; `seq` is this transaction's entry about it."""
    copy_in(
        _COPY,
        [
            (
                owner.instance_id,
                owner.task_id,
                event.kind.value,
                event.at,
                event.reason[:200],
                None if terms is None else dumps(terms),
                due_at,
                seq,
            )
        ],
    )


def write_record(
    kept: Kept,
    step: Step,
    *,
    started_at: dt.datetime,
    due_at: dt.datetime,
    reached_at: dt.datetime,
    noticed_at: dt.datetime,
    did: str,
    seq: int,
) -> None:
    """Write that a rung was reached and what came of it, once for its cycle."""
    run(
        _RECORD,
        [
            kept.owner.instance_id,
            kept.owner.task_id,
            kept.cycle,
            step.number,
            step.words,
            step.act.word == BREACH,
            kept.sla[:40],
            started_at,
            due_at,
            reached_at,
            noticed_at,
            kept.calendar.label,
            did[:300],
            seq,
        ],
    )


def load(owner: Owner) -> Kept | None:
    """Return a clock as stored, None where no event of it is kept."""
    if owner.task_id is None:
        where = "task_id IS NULL AND instance_id = %s"
    else:
        where = "task_id = %s"
    with connection.cursor() as cursor:
        cursor.execute(
            _EVENTS.format(owner=where), [owner.task_id or owner.instance_id]
        )
        rows = cursor.fetchall()
        terms = [row[3] for row in rows if row[3] is not None]
        if not terms:
            return None
        cursor.execute(_DONE, [owner.instance_id, owner.task_id, len(terms)])
        done = frozenset(row[0] for row in cursor.fetchall())
    return unpack(
        owner,
        events=tuple(Event(ClockEventKind(kind), at, why) for kind, at, why, _ in rows),
        terms=parse_json(terms[-1]),
        cycle=len(terms),
        done=done,
    )


def unpack(
    owner: Owner,
    *,
    events: tuple[Event, ...],
    terms: Mapping[str, Any],
    cycle: int = 1,
    done: frozenset[int] = frozenset(),
) -> Kept:
    """Return a clock from its pinned terms."""
    return Kept(
        owner=owner,
        events=events,
        goal=dt.timedelta(microseconds=int(terms["goal"])),
        sla=str(terms["sla"]),
        steps=tuple(
            Step(number, words, Act(word, argument), _span(elapsed))
            for number, (words, word, argument, elapsed) in enumerate(terms["steps"])
        ),
        calendar=calendars.find_labeled(str(terms["calendar"])),
        cycle=cycle,
        done=done,
        pins={name: terms[name] for name in PINS if name in terms},
    )


def adopt(
    *, terms: Mapping[str, Any], opened_at: dt.datetime, due_at: dt.datetime
) -> tuple[Clock, dict[str, object]]:
    """Return the clock of a task that was opened before events were kept.

    Its goal is the business time from its opening to the due moment it was given.
    """
    calendar = calendars.find_labeled(str(terms.get("calendar", "")))
    goal = business_time_between(calendar.hours, opened_at, due_at)
    warn, words = str(terms.get("warn", "")), str(terms.get("ladder", ""))
    ladder = words or "100%: escalate"
    steps = place_steps(words=ladder, warn=warn, goal=goal, calendar=calendar.hours)
    clock = Clock(
        started_at=opened_at,
        goal=goal,
        warn_at=due_at,
        due_at=due_at,
        first_at=due_at,
        ladder=ladder,
        steps=steps,
    )
    return clock, pin(clock, sla=str(terms.get("sla", "")), calendar=calendar)


def find_warning(kept: Kept, reading: Reading) -> dt.datetime | None:
    """Return the moment of the warning as the clock stands, None while halted."""
    return kept.when(kept.find(WARN), reading)


def _micro(span: dt.timedelta) -> int:
    return span // dt.timedelta(microseconds=1)


def _span(microseconds: object) -> dt.timedelta:
    return dt.timedelta(microseconds=int(str(microseconds)))
