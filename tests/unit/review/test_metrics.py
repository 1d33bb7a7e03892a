"""Laws of histograms, survival and control charts; the words of the figures."""

import math
import re
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.core.figures import control_charts, forecasting
from review.core.figures.facts import HOURLY
from review.core.figures.figures import BY_KEY, FIGURES
from review.core.figures.histograms import (
    ERROR,
    LAST,
    count_buckets,
    find_bucket,
    lower_edge,
    merge,
    nearest_rank,
    percentile,
    upper_edge,
)
from review.core.figures.metrics import PERCENTILES, SHARES, Counts, Measure, find_share

PAGE = Path(__file__).parents[3] / "docs/metrics.md"
durations = st.lists(st.floats(0, 1e9, allow_nan=False), max_size=60)
shares = st.sampled_from([0.01, 0.5, 0.85, 0.95, 1.0])


@given(st.lists(durations, max_size=5))
def test_merged_histograms_equal_the_whole(parts: list[list[float]]) -> None:
    whole = count_buckets(one for part in parts for one in part)
    assert merge(map(count_buckets, parts)) == whole
    taken_back = {bucket: -count for bucket, count in whole.items()}
    assert merge([whole, taken_back]) == {}


@given(durations, shares)
def test_percentiles_lie_within_the_error(spans: list[float], share: float) -> None:
    exact, told = nearest_rank(spans, share), percentile(count_buckets(spans), share)
    if exact is None or told is None:
        assert exact is told is None
    else:
        assert abs(told - exact) <= max(0.5, ERROR * exact * (1 + 1e-6))


@given(st.floats(0, 8e9, allow_nan=False))
def test_duration_lies_in_its_bucket(seconds: float) -> None:
    bucket = find_bucket(seconds)
    assert 0 <= bucket <= LAST
    assert lower_edge(bucket) * (1 - 1e-9) <= seconds <= upper_edge(bucket) * (1 + 1e-9)


@given(durations, durations, st.floats(0, 1e9), st.floats(0, 1e9))
def test_survival_never_rises(
    closed: list[float], still_open: list[float], age: float, more: float
) -> None:
    curve = forecasting.estimate(count_buckets(closed), count_buckets(still_open))
    assert all(after <= before for before, after in pairwise((1.0, *curve.shares)))
    assert 0 <= curve.at(age + more) <= curve.at(age) + 1e-12 <= 1 + 1e-9
    chance = curve.chance_open(age=age, later=age + more)
    assert 0 <= chance <= 1


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60))
def test_survival_without_open_tasks_is_the_share_that_took_longer(
    closed: list[float],
) -> None:
    counted = count_buckets(closed)
    curve = forecasting.estimate(counted, {})
    for bucket in range(len(curve.shares)):
        longer = sum(count for at, count in counted.items() if at > bucket)
        told = curve.shares[bucket]
        assert math.isclose(told, longer / len(closed), abs_tol=1e-9)


def test_open_tasks_are_censored_and_not_taken_for_ended() -> None:
    # Ten ended within an hour, ten are older and open: half of all outlive the hour.
    hour = find_bucket(3600)
    curve = forecasting.estimate({hour: 10}, {find_bucket(7200): 10})
    assert curve.at(upper_edge(hour)) == pytest.approx(0.5)
    # Those that are younger say nothing of the hour.
    curve = forecasting.estimate({hour: 10}, {find_bucket(60): 10})
    assert curve.at(upper_edge(hour)) == pytest.approx(0.0)
    assert forecasting.estimate({}, {hour: 3}).chance_open(age=5, later=9) == 1


def test_class_with_few_closed_takes_the_curve_of_all() -> None:
    few, every = forecasting.estimate({5: 3}, {}), forecasting.estimate({50: 40}, {})
    curves = {"A": few, "": every}
    assert forecasting.choose(curves, "A") is every
    assert forecasting.choose({"A": every, "": few}, "A") is every
    assert forecasting.choose({}, "B").closed == 0


def test_late_and_sure_tasks_are_summed_with_their_band() -> None:
    expected = forecasting.add_up([(0.5, 100), (1.0, 3)])
    assert expected.mean == 53
    assert expected.low == pytest.approx(53 - 1.2816 * 5)
    assert forecasting.add_up([]).high == 0
    curve = forecasting.estimate({10: 30}, {})
    assert forecasting.find_chance(curve, opened_seconds_ago=1, due_in_seconds=-1) == 1


@given(st.floats(0, 1e6), st.integers(0, 40))
def test_constant_series_has_no_signal(value: float, length: int) -> None:
    chart = control_charts.read_chart([value] * length)
    assert chart.signals == ()
    words = control_charts.describe(chart, [str(n) for n in range(length)])
    assert words[0].startswith("No signal" if length >= 8 else "Too few points")


@given(st.lists(st.floats(-1e3, 1e3), min_size=8, max_size=40), st.floats(-50, 50))
def test_chart_moves_with_its_series(values: list[float], by: float) -> None:
    chart = control_charts.read_chart(values)
    moved = control_charts.read_chart([value + by for value in values])
    assert moved.mean == pytest.approx(chart.mean + by, abs=1e-6)  # type: ignore[operator]
    assert chart.lower is not None
    assert chart.upper is not None
    assert chart.lower <= chart.mean <= chart.upper  # type: ignore[operator]


@pytest.mark.parametrize(
    ("values", "rule", "points"),
    [
        ([5, 6, 5, 6, 5, 6, 5, 6, 30], control_charts.OUTSIDE, (8,)),
        ([1, 2] * 6 + [4, 4, 1.5, 4, 4, 1, 2], control_charts.NEAR_LIMIT, (12, 16)),
        ([1, 2] * 5 + [5, 6, 5, 6, 5, 6, 5, 6], control_charts.ONE_SIDE, (10, 17)),
    ],
    ids=["outside", "near a limit", "one side"],
)
def test_signals_are_seen_and_said(
    values: list[float], rule: str, points: tuple[int, ...]
) -> None:
    chart = control_charts.read_chart(values, floor=0)
    seen = [one for one in chart.signals if one.rule == rule]
    assert any(set(points) <= set(one.points) for one in seen), chart
    assert rule in chart.signals_at(points[0])
    words = control_charts.describe(chart, [f"w{n}" for n in range(len(values))])
    assert any(rule in sentence for sentence in words)
    assert chart.lower is not None
    assert chart.lower >= 0


def test_page_and_registry_name_the_same_figures_in_the_same_words() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| (.+?) \| (.+?) \|$", PAGE.read_text(), re.MULTILINE
    )
    assert rows == [(one.key, one.title, one.how) for one in FIGURES]
    assert len(BY_KEY) == len(FIGURES)
    assert f"{100 * ERROR:.1f} %" in PAGE.read_text()


def test_every_figure_is_computed_from_what_is_counted() -> None:
    assert PERCENTILES.keys() | SHARES.keys() <= BY_KEY.keys()
    for key in (*SHARES, "paused_share", "flow_efficiency"):
        assert BY_KEY[key].unit == "share"
        assert find_share(key, Counts()) == (None, 0)
    assert {"closed", "decided", "suggested"} <= set(HOURLY)
    value, total = find_share(
        "flow_efficiency",
        Counts(closed=2, milliseconds={Measure.TOUCH: 30, Measure.LEAD: 120}),
    )
    assert (value, total) == (Decimal("0.25"), 2)
