"""Work a clock out again from its turns and its calendar, and compare with what is kept.

Pure. What is compared: the due moment after each start, reset and resumption, the due
moment and the mark of lateness of the row of the task, or of the whole case. A turn
without a due moment where the clock stands is right; so is one that names the due moment
it has passed, and a resumption that the instance's own halt follows at once.
Where the terms name the queue's policies, goal and ladder are what these versions say.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from review.core.clocks.clocks import Event, read_clock
from review.core.clocks.goals import read_duration
from review.core.policies.ladder_policy import write_words
from review.core.states import ClockEventKind
from workflows.core.calendars import BusinessCalendar, CalendarError

BEGINS: Final = frozenset({ClockEventKind.START, ClockEventKind.RESET})
HALTS: Final = frozenset({ClockEventKind.PAUSE, ClockEventKind.STOP})
ADOPTED: Final = "opened"
"""Why a clock started that was older than its events: its goal was worked out back."""

FindCalendar = Callable[[str], BusinessCalendar]


class Text(NamedTuple):
    """A version of a policy as kept; only what came into force may rule a clock."""

    digest: str
    body: Mapping[str, Any]
    was_in_force: bool


FindPolicy = Callable[[int], Text | None]


@dataclass(frozen=True, slots=True)
class Turn:
    """One event as kept: `due_at` as it stood thereafter; `goal` and `calendar` of a
    start or reset, as pinned, with `sla` and `ladder` in words and the policies that
    these come from, if any."""

    kind: ClockEventKind
    at: dt.datetime
    reason: str
    due_at: dt.datetime | None
    goal: dt.timedelta | None = None
    calendar: str = ""
    sla: str = ""
    ladder: str = ""
    clock_policy: Mapping[str, Any] | None = None
    ladder_policy: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Marks:
    """What the row of the task or the case says."""

    due_at: dt.datetime
    breached_at: dt.datetime | None


@dataclass(slots=True)
class _Cycle:
    """A clock from a start or reset on, under its pinned terms.

    `due_at` is what its events come to, `given_at` what they last told the row.
    `is_late`: a halt came after the due moment; `is_reached`: then, or at that moment.
    """

    goal: dt.timedelta
    calendar: BusinessCalendar
    events: list[Event] = field(default_factory=list)
    due_at: dt.datetime | None = None
    given_at: dt.datetime | None = None
    is_late: bool = False
    is_reached: bool = False

    @property
    def is_running(self) -> bool:
        """Tell whether the clock runs after its last event."""
        return bool(self.events) and self.events[-1].kind not in HALTS


def find_fault(
    turns: Sequence[Turn],
    marks: Marks,
    *,
    find_calendar: FindCalendar,
    find_policy: FindPolicy = lambda _: None,
) -> str:
    """Return the first thing that is not as it should be, "" where all is right.

    `turns` are all events of one clock, oldest first; `find_calendar` gives the
    hours of a pinned label and raises CalendarError where there are none, `find_policy`
    the version of an id.
    """
    if not turns or turns[0].kind is not ClockEventKind.START:
        return "the clock never started"
    cycle: _Cycle | None = None
    try:
        for number, turn in enumerate(turns):
            if turn.kind in BEGINS:
                if turn.goal is None:
                    return f"the {_name(turn)} has no terms"
                cycle = _Cycle(turn.goal, find_calendar(turn.calendar))
                fault = _check_terms(turn, cycle.calendar, find_policy)
                if fault:
                    return fault
            if cycle is not None:
                is_halted_at_once = (
                    number + 1 < len(turns) and turns[number + 1].kind in HALTS
                )
                fault = _take(cycle, turn, is_halted_at_once=is_halted_at_once)
                if fault:
                    return fault
    except CalendarError as error:
        return f"its time cannot be worked out: {error}"
    return _compare(cycle, turns[-1], marks) if cycle else ""


def _take(cycle: _Cycle, turn: Turn, *, is_halted_at_once: bool) -> str:
    """Let a turn happen; say what of it is not right."""
    if turn.kind in HALTS:
        return _halt(cycle, turn)
    if turn.kind is ClockEventKind.RESUME and cycle.is_running:
        return "pauses and resumptions do not match"
    cycle.events.append(Event(turn.kind, turn.at, turn.reason))
    reading = read_clock(
        cycle.events, goal=cycle.goal, calendar=cycle.calendar, now=turn.at
    )
    cycle.due_at = reading.due_at or turn.at
    if turn.kind is ClockEventKind.START and turn.reason == ADOPTED:
        cycle.due_at = turn.due_at or cycle.due_at
    if turn.due_at is None and is_halted_at_once:
        return ""
    cycle.given_at = turn.due_at
    if turn.due_at != cycle.due_at:
        return (
            f"the {_name(turn)} put the due moment at {_tell(turn.due_at)}, its calendar"
            f" gives {_tell(cycle.due_at)}"
        )
    return ""


def _halt(cycle: _Cycle, turn: Turn) -> str:
    if cycle.is_running and cycle.due_at is not None:
        cycle.is_late |= turn.at > cycle.due_at
        cycle.is_reached |= turn.at >= cycle.due_at
    if not cycle.is_running and turn.kind is ClockEventKind.PAUSE:
        return "pauses and resumptions do not match"
    cycle.events.append(Event(turn.kind, turn.at, turn.reason))
    if turn.due_at is None or (cycle.is_reached and turn.due_at == cycle.due_at):
        return ""
    return f"the {_name(turn)} gave a due moment"


def _compare(cycle: _Cycle, last: Turn, marks: Marks) -> str:
    """Compare the row with what its clock came to."""
    late, due, is_over = (
        marks.breached_at,
        cycle.due_at,
        last.kind is ClockEventKind.STOP,
    )
    if late is None:
        if cycle.is_late:
            word = "stopped" if is_over else "halted"
            return f"{word} after the due moment, not marked late"
    elif late < cycle.events[0].at:
        return "marked late before the clock began"
    elif due is not None and late < due:
        return f"marked late at {_tell(late)}, due only at {_tell(due)}"
    elif is_over and not cycle.is_reached:
        return "marked late, stopped before the due moment"
    if cycle.given_at is not None and marks.due_at != cycle.given_at:
        return (
            f"its row says due {_tell(marks.due_at)}, its clock gives"
            f" {_tell(cycle.given_at)}"
        )
    return ""


def _check_terms(
    turn: Turn, calendar: BusinessCalendar, find_policy: FindPolicy
) -> str:
    """Return where goal or ladder are not what the named versions say, or ""."""
    if turn.clock_policy is not None:
        named = f"row {turn.clock_policy['row']} of the queue's clocks"
        text = _find_text(turn.clock_policy, find_policy)
        rows = text.body.get("rows", ()) if text else ()
        number = int(turn.clock_policy["row"])
        goal = rows[number - 1]["goal"] if 0 < number <= len(rows) else ""
        if goal != turn.sla or read_duration(goal, calendar=calendar) != turn.goal:
            return f"the {_name(turn)} does not have the goal of {named}"
    if turn.ladder_policy is not None:
        text = _find_text(turn.ladder_policy, find_policy)
        if text is None or write_words(text.body) != turn.ladder:
            version = turn.ladder_policy["version"]
            return f"the {_name(turn)} does not have the queue's ladder {version}"
    return ""


def _find_text(pinned: Mapping[str, Any], find_policy: FindPolicy) -> Text | None:
    """Return a named version, None for one that is another or never was in force."""
    text = find_policy(int(pinned["id"]))
    if text is None or not text.was_in_force or text.digest != pinned["digest"]:
        return None
    return text


def _name(turn: Turn) -> str:
    return turn.kind.value.lower()


def _tell(moment: dt.datetime | None) -> str:
    if moment is None:
        return "no moment"
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
