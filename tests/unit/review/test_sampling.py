"""Samples and bounds against formulas written another way, and published tables."""

from __future__ import annotations

import hashlib
import itertools
import math
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from review.core.evidence.projection import (
    Tainted,
    bound_binomial,
    poisson_factor,
    project_errors,
    project_rate,
)
from review.core.evidence.sampling import (
    MONETARY,
    Drawn,
    Impossible,
    Method,
    Unit,
    allocate,
    binomial_at_most,
    count_strata,
    draw,
    hypergeometric_at_most,
    roughly_at_most,
    size_attribute,
    size_discovery,
    size_monetary,
)
from review.operations.evidence.sample_words import tell_redraw, tell_shell

D = Decimal
SURE = D("0.95")


def population(count: int) -> list[Unit]:
    return [
        Unit(f"{number:032x}", D(1 + number * number % 97), "abc"[number % 3])
        for number in range(count)
    ]


def exact_binomial(most: int, size: int, rate: Fraction) -> Fraction:
    return sum(
        (
            math.comb(size, hit) * rate**hit * (1 - rate) ** (size - hit)
            for hit in range(most + 1)
        ),
        Fraction(0),
    )


# AICPA Audit Guide, Audit Sampling, table for a 5 % risk of overreliance: tolerable
# and expected rate in per cent, the size, how many deviations that allows.
@pytest.mark.parametrize(
    ("tolerable", "expected", "size"),
    [
        ("2", "0", 149),
        ("3", "0", 99),
        ("4", "0", 74),
        ("5", "0", 59),
        ("6", "0", 49),
        ("7", "0", 42),
        ("8", "0", 36),
        ("9", "0", 32),
        ("10", "0", 29),
        ("5", "1", 93),
        ("5", "2", 181),
    ],
)
def test_sizes_of_attribute_samples_are_those_of_the_published_table(
    tolerable: str, expected: str, size: int
) -> None:
    found = size_attribute(
        confidence=SURE, tolerable=D(tolerable) / 100, expected=D(expected) / 100
    )
    assert found == size


@given(
    confidence=st.integers(50, 99),
    tolerable=st.integers(2, 60),
    expected=st.integers(0, 30),
    population=st.none() | st.integers(1, 250),
)
@settings(max_examples=60)
def test_no_smaller_sample_would_do(
    confidence: int, tolerable: int, expected: int, population: int | None
) -> None:
    """Against every size in turn, by the exact tails."""
    sure, most, hoped = (D(n) / 100 for n in (confidence, tolerable, expected))

    def chance(size: int) -> float:
        allowed = math.ceil(hoped * size)
        if population is None:
            return binomial_at_most(allowed, size=size, rate=float(most))
        bad = math.ceil(most * population)
        return hypergeometric_at_most(
            allowed, size=size, bad=bad, population=population
        )

    if expected >= tolerable:
        return
    risk = (1 - float(sure)) * (1 + 1e-12)
    sizes = range(1, (population or 400) + 1)
    wanted = next((size for size in sizes if chance(size) <= risk), population)
    if wanted is not None:
        found = size_attribute(
            confidence=sure, tolerable=most, expected=hoped, population=population
        )
        assert found == wanted


@given(
    st.integers(1, 5000), st.integers(0, 900), st.integers(0, 9000), st.integers(1, 9)
)
@settings(max_examples=60)
def test_the_rough_tail_is_near_the_exact_one(
    size: int, most: int, bad: int, tens: int
) -> None:
    told = {"size": size, "bad": bad, "population": max(size, bad, tens * 1000)}
    exact = hypergeometric_at_most(most, **told)
    assert math.isclose(
        roughly_at_most(most, **told), exact, rel_tol=1e-6, abs_tol=1e-12
    )


@given(
    confidence=st.integers(50, 99),
    rate=st.integers(1, 60),
)
def test_a_discovery_sample_is_the_smallest_that_finds_one(
    confidence: int, rate: int
) -> None:
    size = size_discovery(confidence=D(confidence) / 100, rate=D(rate) / 100)
    risk, none = 1 - Fraction(confidence, 100), 1 - Fraction(rate, 100)
    assert none**size <= risk < none ** (size - 1)


@given(population=st.integers(1, 300), rate=st.integers(1, 50))
def test_a_small_population_takes_no_more_than_a_large_one(
    population: int, rate: int
) -> None:
    share = D(rate) / 100
    whole = size_discovery(confidence=SURE, rate=share)
    size = size_discovery(confidence=SURE, rate=share, population=population)
    assert size <= min(whole, population)
    bad = math.ceil(share * population)
    ways = math.comb(population - bad, size)
    assert size == population or ways * 20 <= math.comb(population, size)


@given(
    size=st.integers(1, 120), most=st.integers(0, 120), per_mille=st.integers(1, 999)
)
def test_the_binomial_tail_is_the_exact_sum(
    size: int, most: int, per_mille: int
) -> None:
    exact = float(exact_binomial(min(most, size), size, Fraction(per_mille, 1000)))
    given_sum = binomial_at_most(most, size=size, rate=per_mille / 1000)
    assert math.isclose(given_sum, exact, rel_tol=1e-9, abs_tol=1e-12)


@given(st.integers(1, 14), st.integers(0, 14), st.integers(0, 14), st.integers(0, 14))
@settings(max_examples=60)
def test_the_hypergeometric_tail_counts_all_draws(
    population: int, bad: int, size: int, most: int
) -> None:
    bad, size = min(bad, population), min(size, population)
    draws = list(itertools.combinations(range(population), size))
    low = sum(sum(one < bad for one in drawn) <= most for drawn in draws)
    found = hypergeometric_at_most(most, size=size, bad=bad, population=population)
    assert math.isclose(found, low / len(draws), abs_tol=1e-12)


@given(
    size=st.integers(1, 200), found=st.integers(0, 200), confidence=st.integers(50, 99)
)
@settings(max_examples=40)
def test_the_upper_bound_is_where_so_few_become_too_unlikely(
    size: int, found: int, confidence: int
) -> None:
    found = min(found, size)
    risk = 1 - confidence / 100
    upper = bound_binomial(size=size, found=found, risk=risk)
    if found == size:
        assert upper == 1.0
        return
    assert found / size < upper <= 1
    exact = exact_binomial(found, size, Fraction(upper).limit_denominator(10**9))
    assert math.isclose(float(exact), risk, rel_tol=1e-4)


def test_no_deviation_in_59_items_leaves_at_most_five_per_cent() -> None:
    rate = project_rate(size=59, found=0, confidence=SURE)
    assert round(rate.upper, 6) == round(1 - 0.05 ** (1 / 59), 6) < 0.05
    # 2 of 60 at 95 %: Clopper and Pearson's one-sided bound is 10.1 %.
    assert round(project_rate(size=60, found=2, confidence=SURE).upper, 3) == 0.101


@given(population=st.integers(2, 60), data=st.data())
@settings(max_examples=40)
def test_the_bound_without_replacement_is_the_last_count_not_refuted(
    population: int, data: st.DataObject
) -> None:
    size = data.draw(st.integers(1, population))
    found = data.draw(st.integers(0, size))
    rate = project_rate(size=size, found=found, confidence=SURE, population=population)
    worst = max(
        bad
        for bad in range(found, population - size + found + 1)
        if bad == found
        or hypergeometric_at_most(found, size=size, bad=bad, population=population)
        > 0.05
    )
    assert rate.upper == worst / population


@pytest.mark.parametrize(
    ("found", "confidence", "factor"),
    [(0, "0.95", 3.0), (1, "0.95", 4.74), (2, "0.95", 6.3), (3, "0.95", 7.75),
     (4, "0.95", 9.15), (0, "0.90", 2.3), (1, "0.90", 3.89)],
)  # fmt: skip
def test_poisson_factors_are_those_of_the_published_table(
    found: int, confidence: str, factor: float
) -> None:
    assert math.isclose(
        poisson_factor(found, confidence=D(confidence)), factor, abs_tol=0.006
    )


def test_errors_of_monetary_units_are_projected_as_in_the_textbook() -> None:
    """Interval 1,000; taintings 50 % and 10 %, and a large item that is 500 off."""
    hits = [
        Tainted(D(200), D(100)),
        Tainted(D(100), D(90)),
        Tainted(D(5000), D(4500)),
        Tainted(D(300), D(330)),
        Tainted(D(400), D(400)),
    ]
    errors = project_errors(hits, value=D(100_000), size=100, confidence=SURE)
    one, two, three = (poisson_factor(n, confidence=SURE) for n in range(3))
    bound = one + (two - one) * 0.5 + (three - two) * 0.1
    assert errors.known == 500
    assert errors.likely == 500 + 600
    assert errors.understated == 100
    assert math.isclose(float(errors.upper), 500 + 1000 * bound, abs_tol=0.01)


def test_monetary_sizes_take_the_tolerable_share_of_the_value() -> None:
    value = D(1_000_000)
    size = size_monetary(
        confidence=SURE, tolerable=D(50_000), expected=D(0), value=value
    )
    # The factor 3.00 of the published tables by 5 %; a binomial would say 59.
    assert size == 60
    # So large a sample without any error shows what it was planned to show.
    clean = project_errors([], value=value, size=size, confidence=SURE)
    assert clean.upper <= 50_000
    missed = project_errors([], value=value, size=size - 1, confidence=SURE)
    assert missed.upper > 50_000
    assert (
        size_monetary(
            confidence=SURE, tolerable=D(50_000), expected=D(10_000), value=value
        )
        == 95
    )


def test_large_items_are_known_and_never_set_off_against_each_other() -> None:
    """Interval 1,000: one item 500 over, one 200 under, one of an interval and a half."""
    hits = [
        Tainted(D(5000), D(4500)),
        Tainted(D(4000), D(4200)),
        Tainted(D(1500), D(1200)),
    ]
    at_intervals = project_errors(hits, value=D(100_000), size=100, confidence=SURE)
    assert at_intervals.known == at_intervals.likely == 800
    assert at_intervals.understated == 200
    # One point anywhere in each cell may miss an item of less than two cells.
    by_cells = project_errors(
        hits, value=D(100_000), size=100, confidence=SURE, by_cells=True
    )
    assert by_cells.known == 500
    assert by_cells.likely == 500 + 200
    assert by_cells.upper > at_intervals.upper - 300


@given(
    st.dictionaries(st.text("abcdef", min_size=1), st.integers(1, 500), min_size=1),
    st.integers(1, 600),
)
def test_shares_of_strata_add_up_and_none_is_empty(
    strata: dict[str, int], size: int
) -> None:
    total = sum(strata.values())
    size = min(size, total)
    if size < len(strata):
        with pytest.raises(Impossible):
            allocate(strata, size=size)
        return
    shares = allocate(strata, size=size)
    assert sum(shares.values()) == size
    for name, count in strata.items():
        assert 1 <= shares[name] <= count
        exact = size * count / total
        assert shares[name] <= max(1, math.ceil(exact))


@given(
    method=st.sampled_from(Method),
    count=st.integers(3, 120),
    data=st.data(),
    seed=st.text(min_size=1, max_size=8),
)
def test_a_sample_is_drawn_the_same_way_again(
    method: Method, count: int, data: st.DataObject, seed: str
) -> None:
    units = population(count)
    size = data.draw(st.integers(3, count))
    drawn = draw(method, units, size=size, seed=seed)
    assert drawn == draw(method, units, size=size, seed=seed)
    ids = [one.unit.id for one in drawn]
    assert len(ids) == len(set(ids))
    if method in MONETARY:
        assert sum(one.hits for one in drawn) == size
    else:
        assert len(ids) == size


def test_every_unit_of_money_has_the_same_chance_at_a_fixed_interval() -> None:
    """A case of at least one interval is always in, one of a third in a third."""
    small = [Unit(f"c{number}", D(50)) for number in range(10)]
    units = [Unit("a", D(300)), Unit("b", D(100)), *small]
    hits = {"a": 0, "b": 0}
    for seed in range(900):
        for one in draw(Method.MONETARY_INTERVAL, units, size=3, seed=str(seed)):
            if one.unit.id in hits:
                hits[one.unit.id] += 1
    assert hits["a"] == 900
    assert 250 < hits["b"] < 350


def test_a_fixed_interval_reaches_the_whole_population() -> None:
    units = population(10)
    reached = {
        one.unit.id
        for seed in range(200)
        for one in draw(Method.SYSTEMATIC, units, size=4, seed=str(seed))
    }
    assert len(reached) == 10


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(Impossible):
        draw(Method.RANDOM, population(3), size=4, seed="s")
    with pytest.raises(Impossible):
        draw(Method.MONETARY_CELL, [Unit("a", D(0)), Unit("b")], size=1, seed="s")
    with pytest.raises(Impossible):
        size_attribute(confidence=SURE, tolerable=D("0.02"), expected=D("0.03"))
    with pytest.raises(Impossible):
        size_attribute(confidence=SURE, tolerable=D("0.02"), expected=D("0.0199"))


def _write(folder: Path, units: list[Unit]) -> None:
    rows = "".join(f"{unit.id},{unit.amount},{unit.stratum}\n" for unit in units)
    (folder / "population.csv").write_text(f"id,amount,stratum\n{rows}")


@pytest.mark.parametrize("method", Method)
def test_the_program_on_the_paper_draws_the_same_sample(
    method: Method, tmp_path: Path
) -> None:
    units, seed = population(80), '2026\'s "seed"'
    _write(tmp_path, units)
    drawn: list[Drawn] = draw(method, units, size=20, seed=seed)
    shares = count_strata([one.unit for one in drawn])
    program = tell_redraw(method, seed=seed, size=20, shares=shares)
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.split() == [one.unit.id for one in drawn]


def test_the_shell_line_on_the_paper_draws_the_same_sample(tmp_path: Path) -> None:
    units, seed = population(12), "it's 2026"
    _write(tmp_path, units)
    ran = subprocess.run(
        ["/bin/bash", "-c", tell_shell(seed=seed, size=5)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    ranked = sorted(
        units, key=lambda one: hashlib.sha256((seed + one.id).encode()).hexdigest()
    )
    assert ran.stdout.split() == [one.id for one in ranked[:5]]
