"""What the figures are made of: one task's facts, and counts of many. No storage.

The definitions are those of docs/metrics.md (lead, queue wait, cycle and touch as the
Kanban and case-management literature has them; spans in which the clock stood are taken
out of each and listed by their reason).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import IntEnum
from typing import Final

from review.core.figures.figures import BY_KEY
from review.core.figures.histograms import percentile

ALLOWED_SHARE: Final = Decimal("0.05")
"""The share of closings that may breach in a month, unless an objective says otherwise."""
SLE_SHARE: Final = 0.85
SLE_DAYS: Final = 60


class Measure(IntEnum):
    """A duration of a closed task; each is kept by the wall clock and in business time.

    WHOLE is from creation to the release of the effects with all pauses: what an open
    task's age grows into.
    """

    QUEUE_WAIT = 1
    HANDLING = 2
    CYCLE = 3
    LEAD = 4
    TOUCH = 5
    PAUSED = 6
    WHOLE = 7


PERCENTILES: Final[Mapping[str, tuple[Measure, float]]] = {
    "queue_wait_p85": (Measure.QUEUE_WAIT, 0.85),
    "handling_p85": (Measure.HANDLING, 0.85),
    "cycle_p50": (Measure.CYCLE, 0.5),
    "cycle_p85": (Measure.CYCLE, 0.85),
    "cycle_p95": (Measure.CYCLE, 0.95),
    "lead_p50": (Measure.LEAD, 0.5),
    "lead_p85": (Measure.LEAD, 0.85),
    "lead_p95": (Measure.LEAD, 0.95),
    "touch_p50": (Measure.TOUCH, 0.5),
}
"""Which figure is which percentile of which measure."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of what in a period; sums of time are by one kind of clock."""

    arrivals: int = 0
    first_claims: int = 0
    closed: int = 0
    decided: int = 0
    breached: int = 0
    reworked: int = 0
    reassigned: int = 0
    first_pass: int = 0
    suggested: int = 0
    overturned: int = 0
    milliseconds: Mapping[Measure, int] = field(default_factory=dict)


SHARES: Final[Mapping[str, tuple[str, str]]] = {
    "breach_rate": ("breached", "closed"),
    "rework_rate": ("reworked", "closed"),
    "reassignment_rate": ("reassigned", "closed"),
    "first_pass_yield": ("first_pass", "decided"),
    "overturn_rate": ("overturned", "suggested"),
}
"""Which figure is which count divided by which."""


def find_share(key: str, counts: Counts) -> tuple[Decimal | None, int]:
    """Return a share with its denominator; None over nothing."""
    if key == "paused_share":
        return _of_time(counts, Measure.PAUSED, Measure.WHOLE)
    if key == "flow_efficiency":
        return _of_time(counts, Measure.TOUCH, Measure.LEAD)
    above, below = SHARES[key]
    total = int(getattr(counts, below))
    if not total:
        return None, 0
    return Decimal(int(getattr(counts, above))) / total, total


def find_percentile(
    key: str, histogram: Mapping[int, int]
) -> tuple[Decimal | None, int]:
    """Return a percentile in seconds with how many durations it is of."""
    _, share = PERCENTILES[key]
    found = percentile(histogram, share)
    total = sum(histogram.values())
    return (None if found is None else Decimal(str(round(found, 3)))), total


def is_percentile(key: str) -> bool:
    """Tell whether a figure is read from a histogram. Raises KeyError: no such figure."""
    return BY_KEY[key].key in PERCENTILES


def _of_time(
    counts: Counts, above: Measure, below: Measure
) -> tuple[Decimal | None, int]:
    whole = counts.milliseconds.get(below, 0)
    if not whole:
        return None, counts.closed
    return Decimal(counts.milliseconds.get(above, 0)) / whole, counts.closed
