"""XmR charts: a centre, natural limits, and signals in words. No storage.

Limits lie 2.66 mean moving ranges from the mean (3 / d2 with d2 = 1.128 for ranges of
two; Wheeler, "Understanding Variation", 1993). Three signals are looked for: a point
outside the limits; three of four in a row nearer to a limit than to the centre, on one
side; eight in a row on one side of the centre (docs.holistics.io, control chart).
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

FACTOR: Final = 2.66
LEAST: Final = 8
"""With fewer points limits say nothing: the chart has none."""
RUN: Final = 8


@dataclass(frozen=True, slots=True)
class Signal:
    """A pattern that chance hardly makes: what it is, at which points (from 0)."""

    rule: str
    points: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """The lines of a chart and what stands out; without limits there are too few points."""

    mean: float | None
    lower: float | None
    upper: float | None
    moving_range: float | None
    signals: tuple[Signal, ...]

    def signals_at(self, point: int) -> tuple[str, ...]:
        """Return the rules that a point is part of."""
        return tuple(one.rule for one in self.signals if point in one.points)


OUTSIDE: Final = "outside the limits"
NEAR_LIMIT: Final = "3 of 4 nearer a limit than the centre"
ONE_SIDE: Final = "8 in a row on one side"


def read_chart(values: Sequence[float], *, floor: float | None = None) -> Chart:
    """Return the chart of values in the order of time.

    `floor` is the least a value can be: a lower limit below it is raised to it.
    """
    if not values:
        return Chart(None, None, None, None, ())
    mean = sum(values) / len(values)
    if len(values) < LEAST:
        return Chart(mean, None, None, None, ())
    ranges = [abs(after - before) for before, after in itertools.pairwise(values)]
    moving = sum(ranges) / len(ranges)
    # Values that are equal but for rounding have no spread, and so no signal.
    if moving <= 1e-9 * max(1.0, abs(mean)):
        return Chart(mean, mean, mean, 0.0, ())
    spread = FACTOR * moving
    signals = (
        *_outside(values, mean, spread),
        *_near_limit(values, mean, spread),
        *_one_side(values, mean),
    )
    lower = mean - spread
    if floor is not None:
        lower = max(floor, lower)
    return Chart(mean, lower, mean + spread, moving, signals)


def describe(chart: Chart, labels: Sequence[str]) -> list[str]:
    """Say each signal in a sentence with the labels of its points; "No signal" else."""
    if chart.upper is None:
        return [f"Too few points for limits: {LEAST} are needed."]
    if not chart.signals:
        return ["No signal: what is seen is the usual variation."]
    return [
        f"Signal: {one.rule} ({_span(one.points, labels)})." for one in chart.signals
    ]


def _span(points: Sequence[int], labels: Sequence[str]) -> str:
    first, last = labels[points[0]], labels[points[-1]]
    return first if first == last else f"{first} to {last}"


def _outside(values: Sequence[float], mean: float, spread: float) -> list[Signal]:
    return [
        Signal(OUTSIDE, (place,))
        for place, value in enumerate(values)
        if abs(value - mean) > spread
    ]


def _near_limit(values: Sequence[float], mean: float, spread: float) -> list[Signal]:
    return _windows(
        NEAR_LIMIT,
        [
            _side(value - mean) if abs(value - mean) > spread / 2 else 0
            for value in values
        ],
        size=4,
        wanted=3,
    )


def _one_side(values: Sequence[float], mean: float) -> list[Signal]:
    sides = [_side(value - mean) for value in values]
    return _windows(ONE_SIDE, sides, size=RUN, wanted=RUN)


def _side(difference: float) -> int:
    return (difference > 0) - (difference < 0)


def _windows(
    rule: str, sides: Sequence[int], *, size: int, wanted: int
) -> list[Signal]:
    """Return stretches in which windows of a size have enough points on one side."""
    found: list[Signal] = []
    for side in (1, -1):
        stretch: list[int] = []
        for begin in range(len(sides) - size + 1):
            window = range(begin, begin + size)
            if sum(sides[place] == side for place in window) < wanted:
                continue
            if stretch and window[0] > stretch[-1]:
                found.append(Signal(rule, tuple(stretch)))
                stretch = []
            stretch += [place for place in window if place not in stretch]
        if stretch:
            found.append(Signal(rule, tuple(stretch)))
    return sorted(found, key=lambda one: one.points[0])
