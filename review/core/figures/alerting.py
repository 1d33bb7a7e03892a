"""Alerts on figures: when one begins, when it is over, who is told. Pure.

A figure that passes its threshold for long enough raises an alert; it is over when the
figure has come back past the clear threshold, which lies on the good side of the first:
between the two nothing changes, so that a figure at its bound does not flutter.
"""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from review.core.figures.figures import BY_KEY

LONGEST_PERIOD: Final = dt.timedelta(days=92)
LONGEST_WAIT: Final = dt.timedelta(days=7)
LONGEST_SILENCE: Final = dt.timedelta(days=30)


class Comparison(StrEnum):
    """On which side of its threshold a figure is out of bounds."""

    ABOVE = "ABOVE"
    BELOW = "BELOW"


class Move(StrEnum):
    """What an evaluation does to an alert."""

    STAY = "STAY"
    OPEN = "OPEN"
    CLOSE = "CLOSE"


@dataclass(frozen=True, slots=True)
class Bounds:
    """When a figure is out of bounds, for how long it must be, and when it is well."""

    comparison: Comparison
    threshold: Decimal
    clear: Decimal
    lasting: dt.timedelta = dt.timedelta()

    def is_out(self, value: Decimal) -> bool:
        """Tell whether a value has passed the threshold."""
        if self.comparison is Comparison.ABOVE:
            return value > self.threshold
        return value < self.threshold

    def is_well(self, value: Decimal) -> bool:
        """Tell whether a value has come back past the clear threshold."""
        if self.comparison is Comparison.ABOVE:
            return value <= self.clear
        return value >= self.clear


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an alert is: raised or not, and since when its figure is out of bounds."""

    is_open: bool = False
    out_since: dt.datetime | None = None


def judge(
    bounds: Bounds, standing: Standing, *, value: Decimal | None, now: dt.datetime
) -> tuple[Move, Standing]:
    """Return what a reading does, and where the alert is afterwards.

    Without a value nothing changes but the wait: what cannot be read is not out of
    bounds without a break.
    """
    if value is None:
        return Move.STAY, Standing(standing.is_open, None)
    if standing.is_open:
        if bounds.is_well(value):
            return Move.CLOSE, Standing()
        return Move.STAY, standing
    if not bounds.is_out(value):
        return Move.STAY, Standing()
    since = standing.out_since or now
    if now - since >= bounds.lasting:
        return Move.OPEN, Standing(is_open=True, out_since=since)
    return Move.STAY, Standing(out_since=since)


def find_faults(
    *, figure: str, bounds: Bounds, period: dt.timedelta
) -> list[tuple[str, str]]:
    """Return every fault of a rule: the field, and a sentence."""
    faults = []
    found = BY_KEY.get(figure)
    if found is None:
        faults.append(("figure", "There is no such figure."))
    if bounds.threshold < 0 or bounds.clear < 0:
        faults.append(("threshold", "No figure is below zero; write zero or more."))
    elif bounds.comparison is Comparison.BELOW and not bounds.threshold:
        faults.append(("threshold", "No figure is below zero; write more than zero."))
    if bounds.comparison is Comparison.ABOVE and bounds.clear > bounds.threshold:
        faults.append(("clear", "Above a threshold, it is over at or below it."))
    if bounds.comparison is Comparison.BELOW and bounds.clear < bounds.threshold:
        faults.append(("clear", "Below a threshold, it is over at or above it."))
    if not dt.timedelta() <= bounds.lasting <= LONGEST_WAIT:
        faults.append(("lasting", "It waits for 7 days at most."))
    if not dt.timedelta(minutes=5) <= period <= LONGEST_PERIOD:
        faults.append(("period", "The period goes from 5 minutes to 92 days."))
    return faults


def describe(unit: str, value: Decimal) -> str:
    """Return a figure's value in words."""
    if unit == "share":
        return f"{(value * 100).quantize(Decimal('0.1')):f} %"
    if unit == "seconds":
        return f"{(value / 3600).quantize(Decimal('0.1')):f} h"
    return f"{value.normalize():f}" if value else "0"
