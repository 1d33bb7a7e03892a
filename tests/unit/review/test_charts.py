"""Numbers to places on a chart: everything stays inside, ticks cover what is drawn."""

import datetime as dt
import itertools
import re
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.core.figures import charts, drawings
from review.core.figures.charts import Scale
from review.core.figures.drawings import Drawing, Group, Level, Line, Spot
from review.core.figures.figures import Better, Unit
from review.views.formats import NONE
from review.views.overview.panel import align_last, change_cell, say_delta

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
SINCE = dt.datetime(2026, 3, 20, tzinfo=AMSTERDAM)
UNTIL = dt.datetime(2026, 4, 20, tzinfo=AMSTERDAM)

amounts = st.floats(min_value=0, max_value=1e9, allow_nan=False)
counts = st.integers(min_value=0, max_value=10**9).map(float)
spans = st.floats(min_value=0, max_value=charts.DAY * 5000, allow_nan=False)
moments = st.floats(min_value=0, max_value=1).map(lambda p: SINCE + p * (UNTIL - SINCE))


def places(drawing: Drawing) -> list[tuple[float, float]]:
    """Return everything drawn as per cents across and pixels down."""
    found = [(float(dot.x.rstrip("%")), float(dot.y)) for dot in drawing.dots] + [
        (float(bar.x.rstrip("%")), float(bar.y) + float(bar.height))
        for bar in drawing.bars
    ]
    paths = [each.d for each in drawing.strokes] + [each.d for each in drawing.areas]
    for path in paths:
        for x, y in re.findall(r"[ML]([\d.-]+) ([\d.-]+)", path):
            found.append((float(x) / 10, float(y)))
    found += [(0.0, float(rule.y)) for rule in drawing.rules]
    return found


def check_inside(drawing: Drawing) -> None:
    for across, down in places(drawing):
        assert -0.01 <= across <= 100.01
        assert -0.1 <= down <= drawing.height + 0.1


@given(st.lists(amounts, min_size=1, max_size=30), st.booleans())
def test_ticks_cover_the_values_and_are_few(values: list[float], whole: bool) -> None:
    found = charts.list_nice(0, max(values), whole=whole)
    assert 2 <= len(found) <= 6
    assert found[0] <= 0
    assert found[-1] >= max(values)
    assert found == sorted(set(found))
    if whole:
        assert all(value == int(value) for value in found)


@given(st.floats(-1e6, 1e6), st.floats(0.001, 1e6))
def test_ticks_cover_a_range_around_zero(low: float, length: float) -> None:
    found = charts.list_nice(low, low + length)
    assert found[0] <= low + 1e-9
    assert found[-1] >= low + length - 1e-6
    assert len(found) <= 6


@given(spans, st.integers(3, 8))
def test_ticks_of_durations_are_usual_ones(high: float, most: int) -> None:
    found = charts.list_spans(high, most=most)
    assert (found[0], 2 <= len(found) <= most) == (0, True)
    assert found[-1] >= high


@given(st.floats(0.01, 1e8), st.floats(1, 1e4))
def test_logarithmic_ticks_cover_their_durations(low: float, times: float) -> None:
    found = charts.list_log_spans(low, low * times)
    assert 2 <= len(found) <= 8
    assert found[0] <= max(low, 1)
    assert found[-1] >= low * times
    assert found == sorted(set(found))


@pytest.mark.parametrize("is_log", [True, False], ids=["log", "linear"])
@given(low=amounts, length=amounts, value=amounts)
def test_a_scale_keeps_every_value_on_the_plot(
    low: float, length: float, value: float, is_log: bool
) -> None:
    low = max(low, 0.5) if is_log else low
    scale = Scale(low, low + length, 200, is_log=is_log, is_turned=True)
    assert 0 <= scale.place(value) <= 200


@pytest.mark.parametrize(
    ("since", "until", "labels"),
    [
        ((2026, 3, 28, 22), (2026, 3, 29, 5), ["22:00", "00:00", "04:00"]),
        ((2026, 3, 26), (2026, 3, 31), ["26 Mar", "27 Mar", "28 Mar", "29 Mar"]),
        ((2026, 3, 1), (2026, 3, 31), ["1 Mar", "8 Mar", "15 Mar", "22 Mar"]),
        ((2025, 6, 10), (2026, 6, 1), ["Jul 2025", "Oct 2025", "Jan 2026"]),
    ],
    ids=["hours over the clock change", "days", "weeks", "quarters"],
)
def test_ticks_of_time_are_round_by_the_wall_clock(
    since: tuple[int, int, int], until: tuple[int, int, int], labels: list[str]
) -> None:
    axis = charts.time_axis(
        dt.datetime(*since, tzinfo=AMSTERDAM),
        dt.datetime(*until, tzinfo=AMSTERDAM),
        zone=AMSTERDAM,
    )
    shown = [tick.label for tick in axis.ticks]
    assert len(shown) <= 7
    assert [label for label in shown if label in labels] == labels


@given(
    st.integers(0, 3650).map(lambda n: SINCE + dt.timedelta(days=n, hours=n % 24)),
    st.floats(0.05, 3000),
)
def test_ticks_of_time_lie_in_the_period(begin: dt.datetime, days: float) -> None:
    end = begin + dt.timedelta(days=days)
    found = charts.list_moments(begin, end, zone=AMSTERDAM)
    assert all(begin <= moment <= end for moment in found)
    assert len(found) <= 7
    assert found == sorted(found)


@given(
    st.lists(
        st.tuples(moments, st.none() | spans), min_size=1, max_size=20, unique=True
    ),
    spans,
)
def test_lines_and_their_limits_lie_inside(
    points: list[tuple[dt.datetime, float | None]], limit: float
) -> None:
    drawing = drawings.draw_lines(
        [
            Line("now", tuple(points), has_markers=True),
            Line("before", tuple(points), is_before=True),
        ],
        since=SINCE,
        until=UNTIL,
        zone=AMSTERDAM,
        unit="seconds",
        levels=[Level("limit", limit)],
    )
    check_inside(drawing)
    known = [value for _, value in points if value is not None]
    assert len(drawing.dots) == len(known)
    assert [key.is_before for key in drawing.keys] == [False, True]


@given(st.lists(st.tuples(moments, st.lists(counts, min_size=3, max_size=3))))
def test_stacks_lie_inside_and_touch_each_other(
    rows: list[tuple[dt.datetime, list[float]]],
) -> None:
    rows.sort()
    drawing = drawings.draw_stack(
        ["closed", "in work", "waiting"], rows, since=SINCE, until=UNTIL, zone=AMSTERDAM
    )
    check_inside(drawing)
    assert [key.label for key in drawing.keys] == ["waiting", "in work", "closed"]
    assert drawing.patterns == (2, 3)


@given(st.lists(st.tuples(st.integers(0, 3), spans), max_size=60))
def test_dots_stand_in_their_column(things: list[tuple[int, float]]) -> None:
    drawing = drawings.draw_columns(
        ["Waiting", "In work", "Parked", "Settling for a very long name"],
        [Spot(column, value, "one", url="/tasks/1/") for column, value in things],
        levels=[Level("85 %", 3600.0)],
    )
    check_inside(drawing)
    for (column, _), dot in zip(things, drawing.dots, strict=True):
        assert column * 25 < float(dot.x.rstrip("%")) < (column + 1) * 25
    assert drawing.has_links is bool(things)
    assert drawing.across[3].label.endswith("…")


@given(st.lists(st.tuples(counts, counts), min_size=1, max_size=90))
def test_bars_stand_beside_each_other_from_the_floor(
    pairs: list[tuple[float, float]],
) -> None:
    drawing = drawings.draw_bars(
        ("Arrived", "Closed"),
        [Group(f"{n}", pair) for n, pair in enumerate(pairs)],
        lines=[("Closed before", [went for _, went in pairs])],
    )
    check_inside(drawing)
    edges = [
        (float(bar.x.rstrip("%")), float(bar.width.rstrip("%"))) for bar in drawing.bars
    ]
    for (x, width), (following, _) in itertools.pairwise(edges):
        assert x + width <= following + 0.02
    assert len(drawing.across) <= 6


def test_signals_of_a_control_chart_differ_in_shape() -> None:
    points = tuple((SINCE + dt.timedelta(weeks=n), float(n)) for n in range(4))
    drawing = drawings.draw_control(
        Line("Week", points),
        since=SINCE,
        until=UNTIL,
        zone=AMSTERDAM,
        unit="count",
        levels=[Level("Mean", 1.5, "centre")],
        signals=[3],
    )
    assert [dot.shape for dot in drawing.dots] == ["circle"] * 3 + ["diamond"]
    assert [key.label for key in drawing.keys] == ["Week", "Signal"]
    check_inside(drawing)


def test_a_gap_breaks_the_line_and_a_lone_point_is_seen() -> None:
    path = charts.line_path([(0, 10), (10, None), (20, 5), (30, 6)])
    assert path == "M0 10h0.1M200 5h0.1L300 6"
    assert charts.line_path([(0, 10), (50, 5)], is_stepped=True) == "M0 10h0.1H500V5"


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (0.125, "share", "12.5 %"),
        (1234, "count", "1,234"),
        (2.5, "count", "2.5"),
        (45, "seconds", "45 s"),
        (5400, "seconds", "1.5 h"),
        (36 * 3600, "seconds", "36 h"),
        (4 * 86400, "seconds", "4 d"),
    ],
)
def test_values_are_named_in_their_unit(
    value: float, unit: charts.Unit, words: str
) -> None:
    assert charts.name_value(value, unit) == words


@given(st.lists(amounts, min_size=2, max_size=12), amounts)
def test_the_time_before_is_dashed_named_and_inside(
    values: list[float], most: float
) -> None:
    days = [SINCE + dt.timedelta(days=place) for place in range(len(values))]
    was = Line("Before", tuple((at, most) for at in days), is_before=True)
    now = Line("Now", tuple(zip(days, values, strict=True)))
    stacked = drawings.draw_stack(
        ("A", "B"),
        [(at, (value, 1.0)) for at, value in zip(days, values, strict=True)],
        since=SINCE,
        until=UNTIL,
        zone=AMSTERDAM,
        before=[was],
    )
    controlled = drawings.draw_control(
        now,
        since=SINCE,
        until=UNTIL,
        zone=AMSTERDAM,
        unit="count",
        levels=(),
        signals=(),
        before=[was],
    )
    for drawing in (stacked, controlled):
        assert [key.label for key in drawing.keys if key.is_before] == ["Before"]
        (dashed,) = (one for one in drawing.strokes if one.is_before)
        others = [one.series for one in drawing.strokes if one is not dashed]
        assert dashed.series not in others
        check_inside(drawing)


MINUS = "\N{MINUS SIGN}"
CHANGES: list[tuple[float | None, float | None, Unit, Better, str, str]] = [
    (80, 100, "count", "low", f"{MINUS}20 % against before (100), better",
     f"{MINUS}20 %, better"),
    (7, 4, "count", "low", "+3 against before (4), worse", "+3, worse"),
    (7, 4, "count", "", "+3 against before (4)", "+3"),
    (0.6, 0.4, "share", "high", "+20 points against before (40 %), better",
     "+20 points, better"),
    (3.0, 3.0, "count", "low", "as before (3)", "as before"),
    (None, 4, "count", "low", "4 before", NONE),
    (4, None, "count", "low", "nothing to compare with before", NONE),
]  # fmt: skip


def test_a_change_is_said_with_its_sign_and_whether_it_is_better() -> None:
    for now, before, unit, better, said, cell in CHANGES:
        assert say_delta(now, before, unit=unit, better=better) == said
        assert change_cell(now, before, unit=unit, better=better).label == cell


@given(st.lists(amounts, max_size=9), st.integers(0, 9))
def test_the_last_stretches_lie_under_the_last(values: list[float], slots: int) -> None:
    found = align_last(values, slots)
    assert len(found) == slots
    kept = min(len(values), slots)
    assert found[slots - kept :] == values[len(values) - kept :]
    assert found[: slots - kept] == [None] * (slots - kept)
