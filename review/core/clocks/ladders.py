"""Ladders placed on a clock: which step is due after how much of its time. No storage.

The words are in workflows.core.ladders. Two steps nobody writes: `warn` (from cs:warn)
and `breach`, which lies where the time is over and comes before what else lies there.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from review.core.clocks.goals import read_duration, read_share
from workflows.core.calendars import BusinessCalendar
from workflows.core.ladders import Act, Rung, When, read_ladder

DEFAULT_WARNING: Final = "75%"
DEFAULT_RUNG: Final = "100%: escalate"
BREACH: Final = "breach"
WARN: Final = "warn"
TEARS_AWAY: Final = frozenset({"reassign", "escalate", "reject", "return"})
"""Acts that take work out of somebody's hands; they wait until his lease is over."""


@dataclass(frozen=True, slots=True)
class Step:
    """One act of a ladder, due after `elapsed` business time; done once in a cycle."""

    number: int
    words: str
    act: Act
    elapsed: dt.timedelta


def place_steps(
    *, words: str, warn: str, goal: dt.timedelta, calendar: BusinessCalendar
) -> tuple[Step, ...]:
    """Place a ladder's acts on a goal's time, in the order in which they are due.

    `warn` is cs:warn: the moment of the warning; without it the first rung before the
    due moment warns, else three quarters of the time. Raises LadderError and
    ClockError.
    """
    rungs = read_ladder(words)
    placed = [(_elapsed(rung.when, goal, calendar), rung) for rung in rungs]
    early = [each for each in placed if each[0] < goal]
    label = warn or DEFAULT_WARNING
    if early and not warn:
        warned, first = min(early, key=lambda each: each[0])
        label = first.words.partition(":")[0]
    else:
        warned = read_share(label, goal=goal, calendar=calendar)
    acts: list[tuple[dt.timedelta, int, str, Act]] = [
        (warned, -2, f"{label}: warn", Act(WARN)),
        (goal, -1, "100%: breach", Act(BREACH)),
        *(
            (elapsed, order, name_act(rung, act), act)
            for order, (elapsed, rung) in enumerate(placed)
            for act in rung.acts
        ),
    ]
    # Stable: the acts of one rung stay in the order in which they were written.
    acts.sort(key=lambda each: (each[0], each[1]))
    return tuple(
        Step(number, text, act, elapsed)
        for number, (elapsed, _, text, act) in enumerate(acts)
    )


def list_due(
    steps: Sequence[Step], *, elapsed: dt.timedelta, done: frozenset[int]
) -> list[Step]:
    """Return the steps whose time has come and that were not done, in order."""
    return [
        step for step in steps if step.number not in done and step.elapsed <= elapsed
    ]


def find_next(
    steps: Sequence[Step], *, elapsed: dt.timedelta, done: frozenset[int]
) -> Step | None:
    """Return the next step that is still to come, None at the ladder's end."""
    coming = (
        step for step in steps if step.number not in done and step.elapsed > elapsed
    )
    return next(coming, None)


def name_act(rung: Rung, act: Act) -> str:
    """Return an act with its moment, as its step is called."""
    when = rung.words.partition(":")[0]
    return f"{when}: {act.word} {act.argument}".strip()[:100]


def _elapsed(
    when: When, goal: dt.timedelta, calendar: BusinessCalendar
) -> dt.timedelta:
    if when.share is not None:
        microseconds = Decimal(goal // dt.timedelta(microseconds=1))
        return dt.timedelta(microseconds=int(microseconds * when.share / 100))
    if when.after:
        return goal + read_duration(when.after, calendar=calendar)
    return max(goal - read_duration(when.before, calendar=calendar), dt.timedelta())
