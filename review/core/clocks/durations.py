"""Where the time of a task went: waiting, handling, touch and paused, apart. No storage.

As the screens define them (UX.md, section 3): the lead time is from opening to the end;
paused is what its clock stood; handling is what somebody's lease held it; waiting is
the rest, and the queue time is the part of it before the first claim. Touch is the
handling that led to an act: a lease is held on only by a visible page with input, and
one that lapsed led to nothing. The cycle is from the first claim to the end.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

Measure = Callable[[dt.datetime, dt.datetime], dt.timedelta]
Stretch = tuple[dt.datetime, dt.datetime]

_NONE: Final = dt.timedelta()


class Turn(StrEnum):
    """What happens to a task's hold: taken, let go by an act, or taken from a person."""

    TAKEN = "TAKEN"
    ACTED = "ACTED"
    LOST = "LOST"


@dataclass(frozen=True, slots=True)
class Happening:
    """One turn of somebody's hold; `holder` "" is whoever has it."""

    turn: Turn
    at: dt.datetime
    holder: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """A stretch in which one person held the task; `acted` if an act came of it."""

    since: dt.datetime
    until: dt.datetime
    acted: bool


@dataclass(frozen=True, slots=True)
class Halt:
    """A stretch in which the clock stood, and for what."""

    since: dt.datetime
    until: dt.datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Times:
    """The parts of a task's life by one measure; the first three are the whole lead."""

    waiting: dt.timedelta
    handling: dt.timedelta
    paused: dt.timedelta
    queue: dt.timedelta
    cycle: dt.timedelta
    touch: dt.timedelta
    paused_by: dict[str, dt.timedelta] = field(default_factory=dict)

    @property
    def lead(self) -> dt.timedelta:
        """Return the whole time from opening to end."""
        return self.waiting + self.handling + self.paused

    @property
    def efficiency(self) -> float | None:
        """Return touch as a share of the lead time, None for no time at all."""
        return self.touch / self.lead if self.lead else None


def find_holds(
    happenings: Sequence[Happening], *, ended_at: dt.datetime, lease: dt.timedelta
) -> list[Hold]:
    """Return who held a task when; one who is held by somebody else loses it first.

    A lease that somebody lost without an act held at most `lease` from when it was
    taken: where it was extended is not kept.
    """
    open_holds: dict[str, dt.datetime] = {}
    holds: list[Hold] = []

    def close(holder: str, at: dt.datetime, *, acted: bool) -> None:
        for name in [holder] if holder else list(open_holds):
            since = open_holds.pop(name, None)
            if since is not None:
                until = at if acted else min(at, since + lease)
                holds.append(Hold(since, max(since, until), acted))

    for one in happenings:
        match one.turn:
            case Turn.TAKEN:
                close(one.holder, one.at, acted=False)
                open_holds[one.holder] = one.at
            case Turn.ACTED:
                close(one.holder, one.at, acted=True)
            case Turn.LOST:
                close(one.holder, one.at, acted=False)
    for name in list(open_holds):
        close(name, ended_at, acted=True)
    return sorted(holds, key=lambda hold: (hold.since, hold.until))


def split(
    *,
    opened_at: dt.datetime,
    ended_at: dt.datetime,
    holds: Iterable[Hold],
    halts: Sequence[Halt],
    measure: Measure,
) -> Times:
    """Return where the time from opening to end went, by a measure of stretches.

    A stretch in which the clock stood is paused, whoever held the task then.
    """
    kept = list(holds)
    whole = [(opened_at, max(opened_at, ended_at))]
    standing = _clip(((halt.since, halt.until) for halt in halts), whole)
    running = _without(whole, standing)
    held = _clip(((hold.since, hold.until) for hold in kept), running)
    touched = _clip(((h.since, h.until) for h in kept if h.acted), running)
    first = min((hold.since for hold in kept), default=None)
    before = [(opened_at, first or whole[0][1])]
    since = [] if first is None else [(first, whole[0][1])]
    return Times(
        waiting=_sum(_without(running, held), measure),
        handling=_sum(held, measure),
        paused=_sum(standing, measure),
        queue=_sum(_clip(before, running), measure),
        cycle=_sum(_clip(since, running), measure),
        touch=_sum(touched, measure),
        paused_by=_by_reason(halts, whole, measure),
    )


def _by_reason(
    halts: Sequence[Halt], whole: Sequence[Stretch], measure: Measure
) -> dict[str, dt.timedelta]:
    found: dict[str, dt.timedelta] = {}
    for halt in halts:
        span = _sum(_clip([(halt.since, halt.until)], whole), measure)
        found[halt.reason] = found.get(halt.reason, _NONE) + span
    return found


def _clip(stretches: Iterable[Stretch], inside: Sequence[Stretch]) -> list[Stretch]:
    """Return the union of stretches as far as it lies inside others."""
    merged: list[Stretch] = []
    for since, until in sorted(stretches):
        if merged and since <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], until))
        else:
            merged.append((since, until))
    return [
        (max(since, low), min(until, high))
        for since, until in merged
        for low, high in inside
        if max(since, low) < min(until, high)
    ]


def _without(whole: Sequence[Stretch], off: Sequence[Stretch]) -> list[Stretch]:
    """Return the rest of some stretches; `off` is sorted and does not overlap."""
    rest: list[Stretch] = []
    for low, high in whole:
        at = low
        for since, until in off:
            if since > at:
                rest.append((at, min(since, high)))
            at = max(at, until)
        if at < high:
            rest.append((at, high))
    return [(since, until) for since, until in rest if since < until]


def _sum(stretches: Iterable[Stretch], measure: Measure) -> dt.timedelta:
    return sum((measure(since, until) for since, until in stretches), _NONE)
