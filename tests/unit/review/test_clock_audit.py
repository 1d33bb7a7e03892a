"""A clock worked out again: what is right passes, and whatever was moved is named."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from review.core.clocks.clock_audit import Marks, Turn, find_fault
from review.core.clocks.clocks import Event, read_clock
from review.core.states import ClockEventKind as Kind
from workflows.core.calendars import (
    AROUND_THE_CLOCK,
    BusinessCalendar,
    CalendarError,
    read_calendar,
)

MONDAY = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
GOAL = 8 * HOUR
OFFICE = read_calendar(
    zone="Europe/Berlin", hours={str(day): [["09:00", "17:00"]] for day in range(5)}
)


def find_calendar(label: str) -> BusinessCalendar:
    if label not in {"", "office v3"}:
        raise CalendarError(f"There is no calendar {label!r} any more.")
    return OFFICE if label else AROUND_THE_CLOCK


def live(*told: tuple[Kind, float], calendar: str = "office v3") -> list[Turn]:
    """Return the turns of a sound clock, its due moments worked out by the product."""
    events: list[Event] = []
    turns = []
    for kind, hours in told:
        event = Event(kind, MONDAY + hours * HOUR)
        if kind in {Kind.START, Kind.RESET}:
            events.clear()
        events.append(event)
        begins = kind in {Kind.START, Kind.RESET}
        due = None
        if kind not in {Kind.PAUSE, Kind.STOP}:
            reading = read_clock(
                events, goal=GOAL, calendar=find_calendar(calendar), now=event.at
            )
            due = reading.due_at or event.at
        turns.append(Turn(kind, event.at, "", due, GOAL if begins else None, calendar))
    return turns


def marks_of(turns: list[Turn], *, late: bool = False) -> Marks:
    due = [turn.due_at for turn in turns if turn.due_at][-1]
    return Marks(due, due if late else None)


def judge(turns: list[Turn], marks: Marks) -> str:
    return find_fault(turns, marks, find_calendar=find_calendar)


SOUND: dict[str, tuple[list[tuple[Kind, float]], bool]] = {
    "running": ([(Kind.START, 0)], False),
    "in time": ([(Kind.START, 0), (Kind.STOP, 7)], False),
    "over a night": ([(Kind.START, 4), (Kind.STOP, 25)], False),
    "late": ([(Kind.START, 0), (Kind.STOP, 26)], True),
    "late and running": ([(Kind.START, 0)], True),
    "paused over the due moment": (
        [(Kind.START, 0), (Kind.PAUSE, 2), (Kind.RESUME, 26), (Kind.STOP, 27)],
        False,
    ),
    "late before its pause": (
        [(Kind.START, 0), (Kind.PAUSE, 26), (Kind.RESUME, 27), (Kind.STOP, 28)],
        True,
    ),
    "withdrawn while it stood": (
        [(Kind.START, 0), (Kind.PAUSE, 2), (Kind.STOP, 50)],
        False,
    ),
    "reopened": (
        [(Kind.START, 0), (Kind.STOP, 3), (Kind.RESUME, 48), (Kind.STOP, 50)],
        False,
    ),
    "begun again after it was late": (
        [(Kind.START, 0), (Kind.PAUSE, 30), (Kind.RESET, 48), (Kind.STOP, 49)],
        False,
    ),
    "stopped at the very moment": ([(Kind.START, -1), (Kind.STOP, 7)], True),
}


@pytest.mark.parametrize("name", sorted(SOUND))
def test_sound_clock_has_no_fault(name: str) -> None:
    told, late = SOUND[name]
    for calendar in ("office v3",) if name != "running" else ("office v3", ""):
        turns = live(*told, calendar=calendar)
        assert judge(turns, marks_of(turns, late=late)) == ""


def test_clock_of_a_held_instance_gives_no_moment_between() -> None:
    turns = live((Kind.START, 0), (Kind.PAUSE, 2))
    row = marks_of(turns)
    for kind in (Kind.RESUME, Kind.PAUSE):
        turns.append(Turn(kind, MONDAY + 30 * HOUR, "suspended", None))
    assert judge(turns, row) == ""


def test_clock_that_was_late_when_it_was_held_may_name_its_moment() -> None:
    turns = live((Kind.START, 0), (Kind.PAUSE, 26))
    row = marks_of(turns, late=True)
    turns[1] = dataclasses.replace(turns[1], due_at=row.due_at)
    assert judge(turns, row) == ""
    turns[1] = dataclasses.replace(turns[1], due_at=row.due_at + HOUR)
    assert judge(turns, row) == "the pause gave a due moment"


def test_adopted_clock_keeps_the_moment_it_was_given() -> None:
    (turn,) = live((Kind.START, 0))
    sunday = MONDAY + dt.timedelta(days=6)
    turn = dataclasses.replace(turn, reason="opened", due_at=sunday)
    assert judge([turn], Marks(sunday, None)) == ""


def changed(turns: list[Turn], place: int, **what: Any) -> list[Turn]:
    return [
        dataclasses.replace(turn, **what) if number == place else turn
        for number, turn in enumerate(turns)
    ]


def test_whatever_was_moved_is_named() -> None:
    told = live((Kind.START, 0), (Kind.PAUSE, 2), (Kind.RESUME, 26), (Kind.STOP, 27))
    row = marks_of(told)
    later = row.due_at + HOUR
    late = live((Kind.START, 0), (Kind.STOP, 26))
    cases = (
        (told[1:], row, "the clock never started"),
        (changed(told, 0, goal=None), row, "the start has no terms"),
        (changed(told, 0, goal=9 * HOUR), row, "the start put the due moment at"),
        (changed(told, 0, calendar=""), row, "2026-01-05 17:00:00 UTC"),
        (changed(told, 0, calendar="x v1"), row, "no calendar 'x v1' any more"),
        (changed(told, 2, due_at=later), row, "the resume put the due moment at"),
        (changed(told, 1, at=MONDAY + HOUR), row, "the resume put the due moment at"),
        (changed(told, 1, due_at=later), row, "the pause gave a due moment"),
        ([*told[:2], *told[1:]], row, "pauses and resumptions do not match"),
        ([told[0], told[2]], row, "pauses and resumptions do not match"),
        (told, Marks(later, None), "its clock gives"),
        (told, Marks(row.due_at, row.due_at), "stopped before the due moment"),
        (told, Marks(row.due_at, MONDAY - HOUR), "late before the clock began"),
        (told, Marks(row.due_at, MONDAY + HOUR), "due only at"),
        (late, marks_of(late), "stopped after the due moment, not marked late"),
        (
            live((Kind.START, 0), (Kind.PAUSE, 26)),
            marks_of(late),
            "halted after the due moment, not marked late",
        ),
    )
    for turns, marks, words in cases:
        assert words in judge(turns, marks), words
