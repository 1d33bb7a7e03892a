"""SLA clocks: a clock is its events against a business calendar. No storage, no now.

Business time runs while the clock does, and only in the calendar's hours. A pause or a
stop halts it; going on moves the due moment by the business time that passed meanwhile.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from review.core.clocks.goals import ClockError, read_duration
from review.core.clocks.ladders import DEFAULT_RUNG, WARN, Step, place_steps
from review.core.states import ClockEventKind
from workflows.core.calendars import (
    BusinessCalendar,
    add_business_time,
    business_time_between,
)

NO_TIME: Final = dt.timedelta()


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock as started: all moments in UTC, durations in business time.

    `ladder` is the text in force, `steps` what it means for this goal; the first of
    them lies at `first_at`.
    """

    started_at: dt.datetime
    goal: dt.timedelta
    warn_at: dt.datetime
    due_at: dt.datetime
    first_at: dt.datetime
    ladder: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """One turn of a clock, at an aware moment; `reason` says why it was halted."""

    kind: ClockEventKind
    at: dt.datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a clock's life: running, or halted for `reason`. `business` is its
    business time; `until` None goes on."""

    since: dt.datetime
    until: dt.datetime | None
    is_running: bool
    reason: str
    business: dt.timedelta


@dataclass(frozen=True, slots=True)
class Reading:
    """Where a clock stands; names as in Jira's SLA cycles, durations business time.

    `due_at` is None while a halted clock has not reached its goal: it lies as far
    ahead as the halt lasts. `remaining` goes below zero after the goal. `spans` are
    those of the present cycle, oldest first.
    """

    cycle: int
    started_at: dt.datetime
    is_running: bool
    halted_for: str
    goal: dt.timedelta
    elapsed: dt.timedelta
    paused: dt.timedelta
    due_at: dt.datetime | None
    spans: tuple[Span, ...]

    @property
    def remaining(self) -> dt.timedelta:
        """Return the business time that is left, negative when the goal has passed."""
        return self.goal - self.elapsed

    @property
    def paused_by_reason(self) -> dict[str, dt.timedelta]:
        """Return the business time of the halts, by what they were for."""
        found: dict[str, dt.timedelta] = {}
        for span in self.spans:
            if not span.is_running:
                found[span.reason] = found.get(span.reason, NO_TIME) + span.business
        return found


@dataclass(frozen=True, slots=True)
class Placed:
    """What a clock goes by wherever it begins: its goal, and its ladder placed on it."""

    goal: dt.timedelta
    ladder: str
    steps: tuple[Step, ...]


def place_clock(
    *, sla: str, warn: str, calendar: BusinessCalendar, ladder: str = ""
) -> Placed:
    """Read a goal and place its warning and its ladder ("": the default one).

    Raises ClockError and LadderError for words that cannot be read.
    """
    goal = read_duration(sla, calendar=calendar)
    if not goal:
        raise ClockError(f"The goal {sla!r} is no time at all.")
    words = ladder or DEFAULT_RUNG
    steps = place_steps(words=words, warn=warn, goal=goal, calendar=calendar)
    return Placed(goal, words, steps)


def start_clock(
    *,
    started_at: dt.datetime,
    sla: str,
    warn: str,
    calendar: BusinessCalendar,
    ladder: str = "",
) -> Clock:
    """Start a clock for a goal such as "PT8H" or "P2D" of business time.

    `warn` is a duration before the goal ("PT1H") or a share of it ("75%", "0.75").
    Raises ClockError and LadderError for words that cannot be read, CalendarError when
    the calendar never holds that much time.
    """
    placed = place_clock(sla=sla, warn=warn, calendar=calendar, ladder=ladder)
    steps = placed.steps
    until_warning = next(step.elapsed for step in steps if step.act.word == WARN)
    return Clock(
        started_at=started_at,
        goal=placed.goal,
        warn_at=add_business_time(calendar, started_at, until_warning),
        due_at=add_business_time(calendar, started_at, placed.goal),
        first_at=add_business_time(calendar, started_at, steps[0].elapsed),
        ladder=placed.ladder,
        steps=steps,
    )


def read_clock(
    events: Sequence[Event],
    *,
    goal: dt.timedelta,
    calendar: BusinessCalendar,
    now: dt.datetime,
) -> Reading:
    """Read a clock at a moment; `events` are all of its turns, oldest first.

    A turn that says what already is (a pause of a halted clock) changes nothing.
    Raises ClockError for a clock that was never started.
    """
    spans, cycle = _spans(events, calendar=calendar, now=now)
    if not spans:
        raise ClockError("The clock was never started.")
    running = [span for span in spans if span.is_running]
    halted = [span for span in spans if not span.is_running]
    last = spans[-1]
    return Reading(
        cycle=cycle,
        started_at=spans[0].since,
        is_running=last.is_running,
        halted_for="" if last.is_running else last.reason,
        goal=goal,
        elapsed=sum((span.business for span in running), NO_TIME),
        paused=sum((span.business for span in halted), NO_TIME),
        due_at=find_moment(spans, goal, calendar=calendar),
        spans=tuple(spans),
    )


def list_cycles(
    events: Sequence[Event],
) -> list[tuple[tuple[Event, ...], dt.datetime | None]]:
    """Return the turns of each cycle of a clock, and when the next one began, if any."""
    begins = [
        place
        for place, event in enumerate(events)
        if event.kind in {ClockEventKind.START, ClockEventKind.RESET}
    ]
    return [
        (tuple(events[since:until]), events[until].at if until < len(events) else None)
        for since, until in zip(begins, [*begins[1:], len(events)], strict=True)
    ]


def list_halts(
    events: Sequence[Event],
) -> list[tuple[dt.datetime, dt.datetime | None, str]]:
    """Return since when, until when (None: still) and why a clock stood, in all cycles."""
    halts: list[tuple[dt.datetime, dt.datetime | None, str]] = []
    since: Event | None = None
    running = False
    for event in events:
        match event.kind:
            case ClockEventKind.PAUSE | ClockEventKind.STOP:
                since, running = (event if running else since), False
            case _:
                if since is not None:
                    halts.append((since.at, event.at, since.reason))
                since, running = None, True
    if since is not None:
        halts.append((since.at, None, since.reason))
    return halts


def find_moment(
    spans: Sequence[Span], elapsed: dt.timedelta, *, calendar: BusinessCalendar
) -> dt.datetime | None:
    """Return the moment a clock had run, or will have run, for so much business time.

    None where it is halted before. Raises CalendarError when the calendar never holds
    that much time.
    """
    left = elapsed
    for span in spans:
        if not span.is_running:
            continue
        if span.until is None or left <= span.business:
            return add_business_time(calendar, span.since, left)
        left -= span.business
    return None


def _spans(
    events: Sequence[Event], *, calendar: BusinessCalendar, now: dt.datetime
) -> tuple[list[Span], int]:
    """Return the spans of the last cycle, the last one open, and the cycle's number."""
    cycle = 0
    # (since, is running, reason) of every stretch, and where each one ends.
    stretches: list[tuple[dt.datetime, bool, str]] = []
    for event in events:
        running = bool(stretches) and stretches[-1][1]
        match event.kind:
            case ClockEventKind.START | ClockEventKind.RESET:
                cycle += 1
                stretches = [(event.at, True, "")]
            case ClockEventKind.PAUSE | ClockEventKind.STOP if running:
                stretches.append((event.at, False, event.reason))
            case ClockEventKind.RESUME if stretches and not running:
                stretches.append((event.at, True, ""))
            case _:
                pass
    ends: list[dt.datetime | None] = [since for since, _, _ in stretches[1:]]
    return [
        Span(
            since=since,
            until=until,
            is_running=running,
            reason=reason,
            business=business_time_between(
                calendar, since, until if until is not None else max(now, since)
            ),
        )
        for (since, running, reason), until in zip(
            stretches, [*ends, None], strict=True
        )
    ], cycle
