"""Samples that anybody can draw again: who is in, and how many are enough. Pure.

The order of a sample is that of SHA-256 over seed and id, both as text, one behind the
other. Nothing here is random: what is unpredictable is the seed, chosen before the
population is known. Sizes and bounds: Arkin's discovery sampling, attribute sampling
by binomial and hypergeometric tails (AICPA Audit Guide), monetary units (Leslie,
Teitlebaum and Anderson 1979), bounds in core/evidence/projection.py.
"""

import hashlib
import itertools
import math
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final


class Method(StrEnum):
    """How the items of a sample are chosen."""

    RANDOM = "RANDOM"
    SYSTEMATIC = "SYSTEMATIC"
    STRATIFIED = "STRATIFIED"
    MONETARY_INTERVAL = "MONETARY_INTERVAL"
    MONETARY_CELL = "MONETARY_CELL"
    DISCOVERY = "DISCOVERY"


MONETARY: Final = frozenset({Method.MONETARY_INTERVAL, Method.MONETARY_CELL})
MICRO: Final = 1_000_000
"""Parts of one unit of money that are counted: amounts have six decimals."""
LARGEST: Final = 5_000
_ROUGH: Final = 1e-3
_NOTHING: Final = 1e-18


class Impossible(ValueError):
    """A sample that cannot be drawn as asked; the message says why."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One case of a population."""

    id: str
    amount: Decimal | None = None
    stratum: str = ""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One item of a sample: the case, and how often it was hit."""

    unit: Unit
    hits: int = 1


def rank(seed: str, item_id: str) -> str:
    """Return what the order of a sample goes by: hex SHA-256 of seed and id."""
    return hashlib.sha256(f"{seed}{item_id}".encode()).hexdigest()


def draw(method: Method, units: Sequence[Unit], *, size: int, seed: str) -> list[Drawn]:
    """Return the items of a sample in the order they were drawn.

    `units` in the order of their ids. Raises Impossible for a size below 1 or above
    the population, and for monetary units without amounts.
    """
    if not 1 <= size <= len(units):
        raise Impossible(
            f"{size} of {len(units)} cases cannot be drawn: the sample has at least one"
            " and at most all of them."
        )
    if method is Method.SYSTEMATIC:
        return [Drawn(unit) for unit in _every(units, size=size, seed=seed)]
    if method is Method.STRATIFIED:
        return [Drawn(unit) for unit in _by_stratum(units, size=size, seed=seed)]
    if method in MONETARY:
        return _by_money(method, units, size=size, seed=seed)
    return [Drawn(unit) for unit in _ranked(units, seed)[:size]]


def _ranked(units: Sequence[Unit], seed: str) -> list[Unit]:
    return sorted(units, key=lambda unit: rank(seed, unit.id))


def _start(text: str, below: int) -> int:
    """Return a number from 0 to below what is given, as the text's digest says."""
    return int(hashlib.sha256(text.encode()).hexdigest(), 16) % below


def _every(units: Sequence[Unit], *, size: int, seed: str) -> list[Unit]:
    """Return every so many-th unit; each has the same chance, whatever the remainder."""
    total = len(units)
    start = _start(seed, total)
    return [units[(start + place * total) // size] for place in range(size)]


def _by_stratum(units: Sequence[Unit], *, size: int, seed: str) -> list[Unit]:
    strata = count_strata(units)
    sizes = allocate(strata, size=size)
    ranked = _ranked(units, seed)
    drawn: list[Unit] = []
    for stratum in sorted(strata):
        members = [unit for unit in ranked if unit.stratum == stratum]
        drawn += members[: sizes[stratum]]
    return drawn


def count_strata(units: Sequence[Unit]) -> dict[str, int]:
    """Return how many units each stratum has."""
    counts: dict[str, int] = {}
    for unit in units:
        counts[unit.stratum] = counts.get(unit.stratum, 0) + 1
    return counts


def allocate(strata: Mapping[str, int], *, size: int) -> dict[str, int]:
    """Share a sample among strata by their sizes, each at least one.

    By largest remainders, equal ones in the order of the strata's names. Raises
    Impossible where there are more strata than items.
    """
    if size < len(strata):
        raise Impossible(
            f"There are {len(strata)} strata, so a sample of {size} leaves some out."
        )
    total = sum(strata.values())
    exact = {name: Fraction(size * count, total) for name, count in strata.items()}
    shares = {name: max(1, math.floor(share)) for name, share in exact.items()}
    # What a stratum got that was owed less than one, the others give; see the test.
    while sum(shares.values()) > size:
        candidates = [name for name in sorted(shares) if shares[name] > 1]
        richest = max(candidates, key=lambda name: shares[name] - exact[name])
        shares[richest] -= 1
    while sum(shares.values()) < size:
        open_ones = [name for name in sorted(shares) if shares[name] < strata[name]]
        poorest = max(open_ones, key=lambda name: exact[name] - shares[name])
        shares[poorest] += 1
    return shares


def _by_money(
    method: Method, units: Sequence[Unit], *, size: int, seed: str
) -> list[Drawn]:
    """Let each unit of money have the same chance; a case is drawn where one is hit."""
    ranked = _ranked(units, seed)
    parts = [_parts(unit) for unit in ranked]
    total = sum(parts)
    if total < size:
        raise Impossible("The amounts of the population add up to nothing.")
    points = (
        [(_start(seed, total) + place * total) // size for place in range(size)]
        if method is Method.MONETARY_INTERVAL
        else [
            (place * total + _start(f"{seed}:{place}", total)) // size
            for place in range(size)
        ]
    )
    drawn: list[Drawn] = []
    ends = itertools.accumulate(parts)
    at = 0
    for unit, end in zip(ranked, ends, strict=True):
        hits = 0
        while at < len(points) and points[at] < end:
            hits, at = hits + 1, at + 1
        if hits:
            drawn.append(Drawn(unit, hits))
    return drawn


def _parts(unit: Unit) -> int:
    if unit.amount is None or unit.amount <= 0:
        raise Impossible(
            f"Case {unit.id} has no amount above 0: leave such cases out of a sample by"
            " monetary units, and look at them apart."
        )
    return int(unit.amount * MICRO)


# How many are enough.


def size_discovery(
    *, confidence: Decimal, rate: Decimal, population: int | None = None
) -> int:
    """Return how many items find one of a kind that `rate` of the cases are.

    The smallest n for which none is found with a chance of at most 1 - confidence; for
    a population that is small, without replacement.
    """
    return size_attribute(
        confidence=confidence,
        tolerable=rate,
        expected=Decimal(0),
        population=population,
    )


def size_attribute(
    *,
    confidence: Decimal,
    tolerable: Decimal,
    expected: Decimal,
    population: int | None = None,
) -> int:
    """Return how many items show that at most `tolerable` of the cases deviate.

    The smallest n so that, if as many deviate as tolerable, finding no more than the
    expected share (rounded up) has a chance of at most 1 - confidence. Binomial;
    hypergeometric where the population is given. Raises Impossible.
    """
    _check_rates(confidence=confidence, tolerable=tolerable, expected=expected)
    risk = 1 - float(confidence)
    most = LARGEST if population is None else min(LARGEST, population)

    def is_enough(size: int, allowed: int) -> bool:
        """Tell by the exact tail; a rough one, far quicker, rules most sizes out."""
        if population is None:
            chance = binomial_at_most(allowed, size=size, rate=float(tolerable))
        else:
            bad = math.ceil(tolerable * population)
            told = {"size": size, "bad": bad, "population": population}
            if roughly_at_most(allowed, **told) > risk * (1 + _ROUGH):
                return False
            chance = hypergeometric_at_most(allowed, **told)
        # A whole sum of tails may end a hair above what it is exactly.
        return chance <= risk * (1 + 1e-12)

    found = _find_size(expected, is_enough, most=most)
    if found is None and population is not None and population <= LARGEST:
        return population
    return _check_found(found)


def _find_size(
    expected: Decimal, is_enough: Callable[[int, int], bool], *, most: int
) -> int | None:
    """Return the smallest size that is enough for the deviations it allows, up to `most`."""
    for allowed, first, last in _list_spans(Fraction(expected), most=most):
        if is_enough(last, allowed):
            # As many deviations become less likely in more items: halving finds it.
            sizes = range(first, last + 1)
            place = bisect_left(sizes, 1, key=lambda size: is_enough(size, allowed))
            return sizes[place]
    return None


def _check_found(size: int | None) -> int:
    if size is None:
        raise Impossible(
            f"It would take more than {LARGEST:,} items: expect fewer deviations,"
            " tolerate more, or be content with less confidence."
        )
    return size


def _list_spans(expected: Fraction, *, most: int) -> Iterator[tuple[int, int, int]]:
    """Give each number of allowed deviations with the sizes that allow it, up to `most`."""
    if not expected:
        yield 0, 1, most
        return
    first, allowed = 1, 1
    while first <= most:
        last = min(most, math.floor(allowed / expected))
        if first <= last:
            yield allowed, first, last
            first = last + 1
        allowed += 1


def allow(expected: Decimal, *, size: int) -> int:
    """Return how many deviations a sample of this size may find as expected."""
    return math.ceil(expected * size)


def size_monetary(
    *, confidence: Decimal, tolerable: Decimal, expected: Decimal, value: Decimal
) -> int:
    """Return how many monetary units show an error of at most `tolerable` money.

    `tolerable` and `expected` are amounts, `value` the whole population's; errors are
    taken as a Poisson process with whole items in error, as the bound is that judges
    the sample afterwards (core/evidence/projection.py): by the binomial a sample without any
    error would miss its own aim by a hair. Raises Impossible.
    """
    if value <= 0 or not 0 < tolerable < value:
        raise Impossible("The tolerable error lies above 0 and below the whole value.")
    rate, awaited = tolerable / value, expected / value
    _check_rates(confidence=confidence, tolerable=rate, expected=awaited)
    risk = 1 - float(confidence)

    def is_enough(size: int, allowed: int) -> bool:
        chance = poisson_at_most(allowed, mean=size * float(rate))
        return chance <= risk * (1 + 1e-12)

    return _check_found(_find_size(awaited, is_enough, most=LARGEST))


def _check_rates(*, confidence: Decimal, tolerable: Decimal, expected: Decimal) -> None:
    if not Decimal("0.5") <= confidence < 1:
        raise Impossible("The confidence lies from 50 % to below 100 %.")
    if not 0 < tolerable < 1:
        raise Impossible("The tolerable rate lies between 0 % and 100 %.")
    if not 0 <= expected < tolerable:
        raise Impossible("What is expected has to be less than what is tolerable.")


def binomial_at_most(most: int, *, size: int, rate: float) -> float:
    """Return the chance of at most so many in a sample, each with the same chance."""
    if most >= size:
        return 1.0
    if rate >= 1:
        return 0.0
    if rate <= 0:
        return 1.0
    log_odds = math.log(rate) - math.log1p(-rate)
    log_none = size * math.log1p(-rate)
    return math.fsum(
        math.exp(log_none + _log_choose(size, hit) + hit * log_odds)
        for hit in range(most + 1)
    )


def poisson_at_most(most: int, *, mean: float) -> float:
    """Return the chance of at most so many where `mean` come on average, above 0."""
    return math.fsum(
        math.exp(-mean + hit * math.log(mean) - math.lgamma(hit + 1))
        for hit in range(most + 1)
    )


def hypergeometric_at_most(most: int, *, size: int, bad: int, population: int) -> float:
    """Return the chance of at most so many bad ones, drawn without replacement."""
    good = population - bad
    whole = math.comb(population, size)
    ways = sum(
        math.comb(bad, hit) * math.comb(good, size - hit)
        for hit in range(min(most, bad, size) + 1)
        if size - hit <= good
    )
    return ways / whole if ways < whole else 1.0


def roughly_at_most(most: int, *, size: int, bad: int, population: int) -> float:
    """Return the same to some nine digits, without numbers of thousands of digits."""
    good = population - bad
    least, top = max(0, size - good), min(most, bad, size)
    if top < least:
        return 0.0
    # From the largest count down: what one fewer is worth beside what stands before it.
    part = total = 1.0
    for hit in range(top, least, -1):
        part *= hit * (good - size + hit) / ((bad - hit + 1) * (size - hit + 1))
        total += part
        if part < total * _NOTHING:
            break
    log_top = (
        _log_choose(bad, top)
        + _log_choose(good, size - top)
        - _log_choose(population, size)
    )
    return min(1.0, math.exp(log_top) * total)


def _log_choose(size: int, hit: int) -> float:
    return math.lgamma(size + 1) - math.lgamma(hit + 1) - math.lgamma(size - hit + 1)
