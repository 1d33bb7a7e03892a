"""What one task adds to managers' figures. No storage.

A task is counted where it stands now, or where it ended: with its present queue, class
and lane. Work that the grid decided alone was nobody's and is not counted.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from review.core.clocks.durations import Halt, Hold, Times, split
from review.core.clocks.durations import Measure as Ruler
from review.core.figures.histograms import find_bucket
from review.core.figures.metrics import Measure

NONE: Final = -1
"""Stands for a duration that the task does not have."""
_MILLISECOND: Final = dt.timedelta(milliseconds=1)

GIVEN: Final = frozenset({"task.reassigned", "task.rebalanced", "task.handed_over"})
"""Entries that give a task from one person to another."""
RELEASED: Final = frozenset({"task.decided", "task.decided_by_clock"})
"""Entries written when the effects of the outcome happen."""
DISPUTED: Final = "task.disputed"


@dataclass(frozen=True, slots=True)
class Lengths:
    """Milliseconds by Measure, in its order, and the bucket of each; NONE for none."""

    milliseconds: tuple[int, ...] = ()
    buckets: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One task's part in the figures; see models/rollups.py."""

    task_id: int
    cell_id: int
    task_class: str
    state: str
    opened_at: dt.datetime
    begun_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    breached_at: dt.datetime | None = None
    is_decided: bool = False
    is_reworked: bool = False
    is_first_pass: bool = False
    is_suggested: bool = False
    is_overturned: bool = False
    reassigned: int = 0
    wall: Lengths = Lengths()
    business: Lengths = Lengths()
    pauses: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """A decided task's life: who held it, when its clock stood, when effects happened."""

    opened_at: dt.datetime
    ended_at: dt.datetime
    released_at: dt.datetime
    was_claimed: bool
    holds: Sequence[Hold]
    halts: Sequence[Halt]


def measure_life(
    life: Life, *, business: Ruler | None
) -> tuple[Lengths, Lengths, dict[str, tuple[int, int]]]:
    """Return its durations by the wall clock and in business time, and its pauses.

    `business` measures a stretch in the hours of its calendar, None: every hour counts.
    """
    wall = _split(life, _wall)
    lengths = _lengths(life, wall, _wall)
    if business is None:
        own, pauses = lengths, wall
    else:
        pauses = _split(life, business)
        own = _lengths(life, pauses, business)
    return (
        lengths,
        own,
        {
            reason: (_ms(span), _ms(pauses.paused_by.get(reason, dt.timedelta())))
            for reason, span in wall.paused_by.items()
            if span
        },
    )


def _wall(since: dt.datetime, until: dt.datetime) -> dt.timedelta:
    return until - since


def _split(life: Life, ruler: Ruler) -> Times:
    return split(
        opened_at=life.opened_at,
        ended_at=life.ended_at,
        holds=life.holds,
        halts=life.halts,
        measure=ruler,
    )


def _lengths(life: Life, times: Times, ruler: Ruler) -> Lengths:
    settling = (
        ruler(life.ended_at, life.released_at)
        if life.released_at > life.ended_at
        else dt.timedelta()
    )
    lead = times.waiting + times.handling + settling
    spans: dict[Measure, dt.timedelta | None] = {
        Measure.QUEUE_WAIT: times.queue if life.was_claimed else None,
        Measure.HANDLING: times.handling if life.was_claimed else None,
        Measure.CYCLE: times.cycle if life.was_claimed else None,
        Measure.LEAD: lead,
        Measure.TOUCH: times.touch if life.was_claimed else None,
        Measure.PAUSED: times.paused,
        Measure.WHOLE: lead + times.paused,
    }
    found = [spans[measure] for measure in Measure]
    return Lengths(
        tuple(NONE if span is None else _ms(span) for span in found),
        tuple(
            NONE if span is None else find_bucket(_ms(span) / 1000) for span in found
        ),
    )


def _ms(span: dt.timedelta) -> int:
    return span // _MILLISECOND


# --- what a fact adds to the rollups ---------------------------------------------

HOURLY: Final = (
    "arrivals",
    "live",
    "begun",
    "breaches",
    "closed",
    "decided",
    "late",
    "reworked",
    "reassigned",
    "first_pass",
    "suggested",
    "overturned",
)
"""The counts of an hour, as its columns are named."""
EVERYTHING: Final = 0
"""The cell that all tasks are in besides their own."""
CLASS_CELLS: Final = {"A": -1, "B": -2, "C": -3}
"""The cells of whole classes, which tasks are in too."""

Add = Callable[[tuple[object, ...], tuple[int, ...]], None]


def contribute(fact: Fact, sign: int, add: Add) -> None:
    """Tell `add` each key and amounts of a fact: 1 to count it, -1 to take it back.

    Keys begin with "hour", "spread", "pause" or "state", and the cell.
    """
    for cell in (EVERYTHING, CLASS_CELLS[fact.task_class], fact.cell_id):
        _add_hours(fact, cell, sign, add)
        if fact.ended_at is None:
            add(("state", cell, fact.state), (sign,))
            continue
        day = fact.ended_at.date()
        for hours, lengths in enumerate((fact.wall, fact.business)):
            for measure, (length, bucket) in enumerate(
                zip(lengths.milliseconds, lengths.buckets, strict=True), start=1
            ):
                if bucket != NONE:
                    add(
                        ("spread", cell, day, hours, measure, bucket),
                        (sign, sign * length),
                    )
        for reason, (wall, business) in fact.pauses.items():
            add(("pause", cell, day, reason), (sign, sign * wall, sign * business))


def _add_hours(fact: Fact, cell: int, sign: int, add: Add) -> None:
    is_open = fact.ended_at is None
    _count(add, cell, fact.opened_at, sign, arrivals=1, live=int(is_open))
    if fact.begun_at is not None:
        _count(add, cell, fact.begun_at, sign, begun=1)
    if fact.breached_at is not None:
        _count(add, cell, fact.breached_at, sign, breaches=1)
    if fact.ended_at is not None:
        _count(
            add,
            cell,
            fact.ended_at,
            sign,
            closed=1,
            decided=int(fact.is_decided),
            late=int(fact.breached_at is not None),
            reworked=int(fact.is_reworked),
            reassigned=fact.reassigned,
            first_pass=int(fact.is_first_pass),
            suggested=int(fact.is_suggested),
            overturned=int(fact.is_overturned),
        )


def _count(add: Add, cell: int, at: dt.datetime, sign: int, **amounts: int) -> None:
    hour = at.replace(minute=0, second=0, microsecond=0)
    add(
        ("hour", cell, hour),
        tuple(sign * amounts.get(name, 0) for name in HOURLY),
    )
