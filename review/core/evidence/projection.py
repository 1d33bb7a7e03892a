"""What a sample says of its population: the likely rate or error, and the upper bound. Pure.

Bounds for attributes are Clopper and Pearson's (1934), exact and never too low; for
amounts Stringer's (1963) with Poisson factors. All are one-sided.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from review.core.evidence.sampling import (
    binomial_at_most,
    hypergeometric_at_most,
    poisson_at_most,
)

_STEPS = 200


@dataclass(frozen=True, slots=True)
class Rate:
    """Deviations found, the likely rate, and the rate that is not exceeded."""

    size: int
    found: int
    likely: float
    upper: float


@dataclass(frozen=True, slots=True)
class Tainted:
    """One hit of a monetary unit: what the books say and what is right."""

    book: Decimal
    audited: Decimal
    hits: int = 1

    @property
    def tainting(self) -> float:
        """Return which share of the amount is too much; negative where too little."""
        return float((self.book - self.audited) / self.book)


@dataclass(frozen=True, slots=True)
class Errors:
    """Overstatement: found in items looked at whole, projected, and its upper limit.

    `known` is found in items so large that every sample has them; `understated` is
    projected apart and lowers nothing.
    """

    interval: Decimal
    known: Decimal
    likely: Decimal
    upper: Decimal
    understated: Decimal


def project_rate(
    *, size: int, found: int, confidence: Decimal, population: int | None = None
) -> Rate:
    """Return the likely rate of deviations and its upper bound.

    With the population's size as of a draw without replacement: then the bound is a
    whole number of cases, as a share.
    """
    if not 0 <= found <= size or size < 1:
        raise ValueError(f"{found} of {size} is no finding.")
    risk = 1 - float(confidence)
    upper = (
        bound_binomial(size=size, found=found, risk=risk)
        if population is None
        else _bound_whole(size=size, found=found, risk=risk, population=population)
    )
    return Rate(size=size, found=found, likely=found / size, upper=upper)


def bound_binomial(*, size: int, found: int, risk: float) -> float:
    """Return the rate at which finding so few or fewer has a chance of just `risk`."""
    if found >= size:
        return 1.0
    return _solve(
        lambda rate: binomial_at_most(found, size=size, rate=rate) > risk, 0.0, 1.0
    )


def _bound_whole(*, size: int, found: int, risk: float, population: int) -> float:
    """Return the largest number of bad cases that is not refuted, as a share."""
    low, high = found, population - (size - found)
    while low < high:
        middle = (low + high + 1) // 2
        chance = hypergeometric_at_most(
            found, size=size, bad=middle, population=population
        )
        if chance > risk:
            low = middle
        else:
            high = middle - 1
    return low / population


def poisson_factor(found: int, *, confidence: Decimal) -> float:
    """Return the mean at which so few or fewer come with a chance of 1 - confidence.

    3.00, 4.75, 6.30 for 0, 1, 2 at 95 %.
    """
    risk = 1 - float(confidence)
    return _solve(
        lambda mean: poisson_at_most(found, mean=mean) > risk,
        1e-9,
        found + 10 * math.sqrt(found + 1) + 30,
    )


def project_errors(
    hits: Sequence[Tainted],
    *,
    value: Decimal,
    size: int,
    confidence: Decimal,
    by_cells: bool = False,
) -> Errors:
    """Return the likely overstatement of a population and its upper limit.

    `value` is the population's, `size` how many monetary units were drawn, at a fixed
    interval or (`by_cells`) one anywhere in each interval. An item that every sample
    has is not projected, its error is known: one of an interval; where each cell has a
    point of its own, one of two intervals, which is sure to fill a cell.
    Stringer: basic precision and, by falling taintings, the growth of the factors.
    """
    interval = value / size
    certain = 2 * interval if by_cells else interval
    wrong = [hit.book - hit.audited for hit in hits if hit.book >= certain]
    known = sum((error for error in wrong if error > 0), Decimal(0))
    parts = [
        hit.tainting for hit in hits if hit.book < certain for _ in range(hit.hits)
    ]
    over = sorted((part for part in parts if part > 0), reverse=True)
    factors = [
        poisson_factor(number, confidence=confidence) for number in range(len(over) + 1)
    ]
    bound = factors[0] + math.fsum(
        (factors[place + 1] - factors[place]) * min(part, 1.0)
        for place, part in enumerate(over)
    )
    return Errors(
        interval=_money(interval),
        known=_money(known),
        likely=_money(known + interval * Decimal(math.fsum(over))),
        upper=_money(known + interval * Decimal(bound)),
        understated=_money(
            interval * Decimal(-math.fsum(part for part in parts if part < 0))
            - sum((error for error in wrong if error < 0), Decimal(0))
        ),
    )


def _solve(is_below: Callable[[float], bool], low: float, high: float) -> float:
    """Return where a falling chance crosses, by halving."""
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if is_below(middle):
            low = middle
        else:
            high = middle
    return high


def _money(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"))
