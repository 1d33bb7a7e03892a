"""What a change of a grid would have done to the work of some weeks. Pure.

The cases come with what the grid in force and the proposed one make of them; here they
are counted, and what moving them costs and risks is worked out.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Final, NamedTuple

from review.core.states import Control

ENOUGH: Final = 30
"""Judged cases below which a share says nothing: its interval is wider than 35 points."""
Z_95: Final = 1.959964
HOURS_A_DAY: Final = 6
"""Hours of casework in one person's working day."""
DAYS_A_WEEK: Final = 5


class Case(NamedTuple):
    """One task of the past: what it would be under each grid, and what people made of it.

    `was` is the control it was handled under at the time. `persons` judged it for `seconds` in all (0 and None where nobody did);
    `overturned` when they rejected it or changed it.
    """

    before: Control
    after: Control
    was: Control = Control.REVIEW
    persons: int = 0
    seconds: float | None = None
    overturned: bool = False


@dataclass(frozen=True, slots=True)
class Interval:
    """A share with its 95 % interval, of `n` cases."""

    share: float
    low: float
    high: float
    n: int


@dataclass(slots=True)
class Move:
    """The cases of one cell of the matrix, from one control to another."""

    count: int = 0
    judged: int = 0
    overturned: int = 0

    @property
    def error(self) -> Interval | None:
        """Return the share that people overturned, or None with too few judged."""
        if self.judged < ENOUGH:
            return None
        return wilson(self.overturned, self.judged)


@dataclass(frozen=True, slots=True)
class Preview:
    """The whole answer. Counts are of the cases looked at, `scale` makes them all.

    `aside` are tasks left out, since their steps name a grid of their own.

    `people_a_day` is the change in persons needed on a working day, None where nobody
    has been seen at work; `minutes` is what one judgement takes, `per_case` how many
    judgements a case of one control needs.
    """

    weeks: int
    seen: int
    total: int
    aside: int = 0
    moves: Mapping[tuple[Control, Control], Move] = field(default_factory=dict)
    minutes: float | None = None
    per_case: Mapping[Control, float] = field(default_factory=dict)
    people_before: float | None = None
    people_after: float | None = None

    @property
    def scale(self) -> float:
        """Return how many cases each one looked at stands for."""
        return self.total / self.seen if self.seen else 0.0

    @property
    def moved(self) -> int:
        """Return how many cases looked at would go elsewhere."""
        return sum(one.count for (a, b), one in self.moves.items() if a is not b)

    @property
    def people_a_day(self) -> float | None:
        """Return the change in persons needed on a working day."""
        if self.people_before is None or self.people_after is None:
            return None
        return self.people_after - self.people_before


def wilson(hits: int, n: int, *, z: float = Z_95) -> Interval:
    """Return a share with its Wilson score interval.

    E. B. Wilson, "Probable inference, the law of succession, and statistical
    inference", JASA 22 (1927) 209-212: centre (p + z²/2n) / (1 + z²/n), half width
    z / (1 + z²/n) * sqrt(p(1-p)/n + z²/4n²). It stays within 0 to 1 and holds for
    few hits, where the textbook's normal interval does not.
    """
    if n <= 0:
        raise ValueError("A share needs at least one case.")
    share = hits / n
    weight = 1 + z * z / n
    centre = (share + z * z / (2 * n)) / weight
    half = z / weight * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(share, max(0.0, centre - half), min(1.0, centre + half), n)


def preview(
    cases: Iterable[Case], *, weeks: int, total: int, aside: int = 0
) -> Preview:
    """Count moves and work out what they cost; `total` is how many cases there were.

    The work of a case is the judgements its control took in those weeks (one for
    review, two for dual where none was seen) times the median of one judgement's time.
    Cases that nobody looks at take none.
    """
    moves: dict[tuple[Control, Control], Move] = {}
    worked: list[Worked] = []
    seen = 0
    for case in cases:
        seen += 1
        move = moves.setdefault((case.before, case.after), Move())
        move.count += 1
        if not case.persons:
            continue
        move.judged += 1
        move.overturned += case.overturned
        worked.append(Worked(case.was, case.persons, case.seconds))
    pace = measure(worked, weeks=weeks)
    before, after = _judgements(moves, pace.per_case)
    scale = total / seen if seen else 0
    return Preview(
        weeks=weeks,
        seen=seen,
        total=total,
        aside=aside,
        moves=moves,
        minutes=pace.minutes,
        per_case=pace.per_case,
        people_before=pace.people(before * scale),
        people_after=pace.people(after * scale),
    )


class Worked(NamedTuple):
    """What people did with one case of a control: how many judged it, for how long."""

    was: Control
    persons: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Pace:
    """How people worked in some weeks: `minutes` of a judgement (its median), None
    where too few were timed, and how many judgements a case of a control took."""

    weeks: int
    minutes: float | None
    per_case: Mapping[Control, float]

    def people(self, judgements: float) -> float | None:
        """Return how many people so many judgements in these weeks take a working day."""
        if self.minutes is None:
            return None
        days = self.weeks * DAYS_A_WEEK
        return judgements * self.minutes / (days * HOURS_A_DAY * 60)


def measure(worked: Iterable[Worked], *, weeks: int) -> Pace:
    """Return the pace of some weeks' work; one and two judgements where none was seen."""
    persons: dict[Control, list[int]] = {}
    times: list[float] = []
    for one in worked:
        persons.setdefault(one.was, []).append(one.persons)
        if one.seconds is not None:
            times.append(one.seconds / one.persons)
    return Pace(
        weeks=weeks,
        minutes=median(times) / 60 if len(times) >= ENOUGH else None,
        per_case={
            Control.REVIEW: _mean(persons.get(Control.REVIEW, ()), default=1),
            Control.DUAL: _mean(persons.get(Control.DUAL, ()), default=2),
        },
    )


def _mean(found: Iterable[int], *, default: int) -> float:
    values = list(found)
    return sum(values) / len(values) if values else float(default)


def _judgements(
    moves: Mapping[tuple[Control, Control], Move], per_case: Mapping[Control, float]
) -> tuple[float, float]:
    """Return how many judgements the cases need under each grid."""
    before = sum(one.count * per_case.get(a, 0) for (a, _), one in moves.items())
    after = sum(one.count * per_case.get(b, 0) for (_, b), one in moves.items())
    return before, after
