"""Alerts: when they begin and end; between the two bounds nothing changes. Pure."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.core.figures.alerting import (
    Bounds,
    Comparison,
    Move,
    Standing,
    describe,
    find_faults,
    judge,
)
from review.core.figures.figures import FIGURES

NOW = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
values = st.decimals(-10, 10, places=1) | st.none()


@st.composite
def bounds(draw: st.DrawFn) -> Bounds:
    comparison = draw(st.sampled_from(Comparison))
    threshold = draw(st.decimals(-5, 5, places=1))
    gap = draw(st.decimals(0, 3, places=1))
    clear = threshold - gap if comparison is Comparison.ABOVE else threshold + gap
    lasting = draw(st.integers(0, 4)) * MINUTE
    return Bounds(comparison, threshold, clear, lasting)


@given(bounds(), st.lists(values, max_size=40))
def test_alerts_begin_and_end_in_turn_and_only_past_their_bounds(
    rule: Bounds, read: list[Decimal | None]
) -> None:
    standing, now = Standing(), NOW
    out_for = 0
    for value in read:
        before = standing.is_open
        out_for = out_for + 1 if value is not None and rule.is_out(value) else 0
        move, standing = judge(rule, standing, value=value, now=now)
        if move is Move.OPEN:
            assert not before
            assert standing.is_open
            assert (out_for - 1) * MINUTE >= rule.lasting
        elif move is Move.CLOSE:
            assert before
            assert not standing.is_open
            assert value is not None
            assert rule.is_well(value)
        else:
            assert standing.is_open == before
        if not before and move is Move.STAY:
            assert out_for == 0 or (out_for - 1) * MINUTE < rule.lasting
        now += MINUTE


@given(bounds(), st.decimals(-10, 10, places=1))
def test_no_value_is_out_and_well_at_once(rule: Bounds, value: Decimal) -> None:
    assert not (rule.is_out(value) and rule.is_well(value))


@given(bounds(), st.booleans(), st.lists(values, max_size=20))
def test_figure_between_the_bounds_changes_nothing(
    rule: Bounds, is_open: bool, read: list[Decimal | None]
) -> None:
    standing = Standing(is_open=is_open)
    for value in read:
        if value is not None and (rule.is_out(value) or rule.is_well(value)):
            continue
        move, standing = judge(rule, standing, value=value, now=NOW)
        assert (move, standing.is_open) == (Move.STAY, is_open)


def test_faults_name_their_fields() -> None:
    wrong = Bounds(Comparison.ABOVE, Decimal(1), Decimal(2), dt.timedelta(days=8))
    found = find_faults(figure="none", bounds=wrong, period=dt.timedelta(minutes=1))
    assert [name for name, _ in found] == ["figure", "clear", "lasting", "period"]
    below = Bounds(Comparison.BELOW, Decimal(2), Decimal(1))
    found = find_faults(figure="wip", bounds=below, period=dt.timedelta(days=1))
    assert [name for name, _ in found] == ["clear"]


@pytest.mark.parametrize(
    ("comparison", "threshold", "clear", "is_sound"),
    [
        (Comparison.ABOVE, 0, 0, True),
        (Comparison.ABOVE, 5, -1, False),
        (Comparison.ABOVE, -1, -2, False),
        (Comparison.BELOW, 0, 1, False),
        (Comparison.BELOW, 1, 1, True),
    ],
)
def test_bounds_that_no_figure_reaches_are_faults(
    comparison: Comparison, threshold: int, clear: int, is_sound: bool
) -> None:
    bounds = Bounds(comparison, Decimal(threshold), Decimal(clear))
    found = find_faults(figure="wip", bounds=bounds, period=dt.timedelta(days=1))
    assert [name for name, _ in found] == ([] if is_sound else ["threshold"])


@pytest.mark.parametrize(
    ("unit", "value", "said"),
    [("share", "0.05", "5.0 %"), ("seconds", "5400", "1.5 h"), ("count", "0", "0")],
)
def test_values_are_said_in_their_unit(unit: str, value: str, said: str) -> None:
    assert describe(unit, Decimal(value)) == said
    assert unit in {figure.unit for figure in FIGURES}
