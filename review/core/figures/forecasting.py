"""Which open work will be late: survival of its class, given how old it is. No storage.

Survival is the share still open at an age, estimated by Kaplan and Meier (1958, JASA
53:457) from durations in the buckets of core/figures/histograms.py: closed tasks end at their
bucket, open ones are censored at the end of theirs. The chance to be open at an age
later, given that a task is open now, is the quotient of the two survivals.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from review.core.figures.histograms import find_bucket, lower_edge, upper_edge

LEAST: Final = 20
"""Closed tasks a class needs for a curve of its own; below, all classes together."""
BAND: Final = 1.2816
"""Standard deviations around the mean that hold 80 % of a normal distribution."""


@dataclass(frozen=True, slots=True)
class Survival:
    """A curve: the share still open after each bucket; `closed` is its sample."""

    shares: tuple[float, ...]
    closed: int

    def at(self, seconds: float) -> float:
        """Return the share still open at an age; between two edges on a straight line."""
        if seconds <= 0 or not self.shares:
            return 1.0
        bucket = find_bucket(seconds)
        if bucket >= len(self.shares):
            return self.shares[-1]
        before = self.shares[bucket - 1] if bucket else 1.0
        low, high = lower_edge(bucket), upper_edge(bucket)
        part = min(1.0, max(0.0, (seconds - low) / (high - low)))
        return before + (self.shares[bucket] - before) * part

    def chance_open(self, *, age: float, later: float) -> float:
        """Return the chance that what is open at an age is open at a later one.

        1 where nobody ever grew as old: nothing says that it will end.
        """
        now = self.at(age)
        if later <= age or now <= 0:
            return 1.0
        return min(1.0, self.at(later) / now)


def estimate(closed: Mapping[int, int], still_open: Mapping[int, int]) -> Survival:
    """Return the curve of a class from its closed durations and its open ages.

    Both are histograms. Without a closed one everything stays open.
    """
    total = sum(closed.values())
    if not total:
        return Survival((), 0)
    last = max(bucket for bucket, count in closed.items() if count)
    at_risk = total + sum(still_open.values())
    share = 1.0
    shares: list[float] = []
    for bucket in range(last + 1):
        ended = closed.get(bucket, 0)
        if at_risk > 0:
            share *= 1 - ended / at_risk
        shares.append(max(0.0, share))
        at_risk -= ended + still_open.get(bucket, 0)
    return Survival(tuple(shares), total)


def choose(curves: Mapping[str, Survival], task_class: str) -> Survival:
    """Return the curve of a class, or that of all ("") where its sample is too small."""
    own = curves.get(task_class)
    if own is not None and own.closed >= LEAST:
        return own
    return curves.get("", Survival((), 0))


@dataclass(frozen=True, slots=True)
class Expected:
    """How many of some tasks will be late, with the band of 80 %."""

    mean: float
    low: float
    high: float


def add_up(chances: Iterable[tuple[float, int]]) -> Expected:
    """Sum chances, each of so many tasks, as independent events.

    The band is the normal approximation of their Poisson-binomial distribution, cut at
    what is possible.
    """
    mean = variance = 0.0
    most = 0
    for chance, count in chances:
        mean += chance * count
        variance += chance * (1 - chance) * count
        most += count
    spread = BAND * math.sqrt(variance)
    return Expected(mean, max(0.0, mean - spread), min(float(most), mean + spread))


def find_chance(
    curve: Survival, *, opened_seconds_ago: float, due_in_seconds: float
) -> float:
    """Return the chance that an open task is still open when it is due."""
    if due_in_seconds <= 0:
        return 1.0
    return curve.chance_open(
        age=opened_seconds_ago, later=opened_seconds_ago + due_in_seconds
    )
