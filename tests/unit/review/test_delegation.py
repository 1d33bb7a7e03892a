"""Who may lend what to whom: limits, one hop, no loops."""

import dataclasses
import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.core.verdicts.delegation import (
    LONGEST,
    DelegationProblem,
    Lent,
    covers,
    find_delegation_problem,
)

NOW = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def lent(giver: int, taker: int, *, days: tuple[int, int] = (0, 7)) -> Lent:
    return Lent(giver, taker, None, None, NOW + days[0] * DAY, NOW + days[1] * DAY)


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        (lent(1, 1), "TO_ONESELF"),
        (lent(5, 6, days=(-3, 0)), "OVER_BEFORE_IT_BEGINS"),
        (lent(5, 6, days=(3, 2)), "OVER_BEFORE_IT_BEGINS"),
        (lent(5, 6, days=(0, 91)), "TOO_LONG"),
        (dataclasses.replace(lent(5, 6), amount=Decimal(0)), "NO_AMOUNT"),
        (dataclasses.replace(lent(5, 6), amount=Decimal("NaN")), "NO_AMOUNT"),
        (lent(2, 1), "LOOP"),
        (lent(2, 3), "GIVER_STANDS_IN"),
        (lent(3, 1), "TAKER_HAS_LENT"),
        (lent(1, 2), "LENT_ALREADY"),
        (dataclasses.replace(lent(1, 2), queue_id=4), None),
        (lent(1, 3), None),
        (lent(3, 2), None),
        (lent(2, 1, days=(7, 9)), None),
        (lent(5, 6), None),
    ],
)
def test_wanted_beside_one_that_is_in_force(wanted: Lent, problem: str | None) -> None:
    found = find_delegation_problem(wanted, existing=[lent(1, 2)], now=NOW)
    assert found == (DelegationProblem[problem] if problem else None)


@given(
    st.lists(
        st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(0, 9)), max_size=12
    )
)
def test_whatever_is_wanted_no_moment_has_a_chain(
    wanted: list[tuple[int, int, int]],
) -> None:
    made: list[Lent] = []
    for giver, taker, first in wanted:
        one = lent(giver, taker, days=(first, first + 2))
        if find_delegation_problem(one, existing=made, now=NOW) is None:
            made.append(one)
    for moment in (NOW + n * DAY for n in range(12)):
        there = [one for one in made if one.starts_at <= moment < one.ends_at]
        assert not {one.giver_id for one in there} & {one.taker_id for one in there}


def test_limits() -> None:
    assert covers(None, impact=None)
    assert covers(Decimal(5), impact=Decimal(5))
    assert not covers(Decimal(5), impact=Decimal("5.01"))
    assert not covers(Decimal(5), impact=None)
    assert dt.timedelta(days=90) == LONGEST
