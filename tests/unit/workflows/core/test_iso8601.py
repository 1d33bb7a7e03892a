"""Moments and repetitions of timers, above all where the clocks on the wall change.

Promise 13: what is expected here is reckoned by the zone's own rules in the standard
library, or written down from the law that made summer time.
"""

import datetime as dt
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.core.iso8601 import (
    Iso8601Error,
    parse_duration,
    parse_moment,
    parse_repetition,
)

BERLIN = ZoneInfo("Europe/Berlin")
DEPLOYED = dt.datetime(2026, 3, 27, 12, tzinfo=dt.UTC)


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-29T01:59:59@Europe/Berlin", "2026-03-29T00:59:59"),
        ("2026-03-29T03:00:00@Europe/Berlin", "2026-03-29T01:00:00"),
        # Nobody's clock showed it: the moment of the jump.
        ("2026-03-29T02:30:00@Europe/Berlin", "2026-03-29T01:00:00"),
        ("2026-10-25T01:59:59@Europe/Berlin", "2026-10-24T23:59:59"),
        # Every clock showed it twice: the first time.
        ("2026-10-25T02:30:00@Europe/Berlin", "2026-10-25T00:30:00"),
        ("2026-10-25T03:00:00@Europe/Berlin", "2026-10-25T02:00:00"),
        ("2026-10-25T02:30:00+01:00", "2026-10-25T01:30:00"),
        ("2026-10-25T02:30:00Z", "2026-10-25T02:30:00"),
        ("2026-04-05T01:45:00@Australia/Lord_Howe", "2026-04-04T14:45:00"),
    ],
)
def test_moment_of_a_zone_is_what_its_clocks_show(text: str, moment: str) -> None:
    assert parse_moment(text) == utc(moment)
    (first,) = {parse_repetition(f"R/{text}/P1D").first(utc(moment))}
    assert first == utc(moment)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("2026-03-29T03:00:00", "neither offset nor zone"),
        ("2026-03-29T03:00:00+01:00@Europe/Berlin", "leave one away"),
        ("2026-03-29T03:00:00@Europe/Atlantis", "nobody knows"),
        ("2026-03-29T03:00:00@../../etc/passwd", "nobody knows"),
        ("tomorrow@Europe/Berlin", "is no ISO 8601 date and time"),
    ],
)
def test_moment_that_is_none_is_refused(text: str, word: str) -> None:
    with pytest.raises(Iso8601Error, match=word):
        parse_moment(text)


@pytest.mark.parametrize(
    "text",
    [
        "R/2026-03-27T08:00:00Z/PT0S",
        "R/2026-03-27T08:00:00Z/-P1D",
        "R/2026-03-27T08:00:00/P1D",
        "R//P1D",
        "P1D",
        pytest.param(f"R{'9' * 5000}/P1D", id="times without end"),
        pytest.param(f"R/P{'9' * 5000}Y", id="years without end"),
        pytest.param(f"R/P{'9' * 5000}D", id="days without end"),
    ],
)
def test_repetition_that_does_not_go_on_is_refused(text: str) -> None:
    with pytest.raises(Iso8601Error):
        parse_repetition(text)


def test_every_day_at_eight_stays_at_eight_over_both_changes() -> None:
    daily = parse_repetition("R/2026-01-01T08:00:00@Europe/Berlin/P1D")
    moments = [daily.first(DEPLOYED)]
    while len(moments) < 220:
        moments.append(daily.after(moments[-1]))
    walls = [moment.astimezone(BERLIN) for moment in moments]
    assert {wall.time() for wall in walls} == {dt.time(8)}
    assert walls[0].date() == dt.date(2026, 3, 28)
    assert [one.date().toordinal() for one in walls] == list(
        range(walls[0].toordinal(), walls[0].toordinal() + 220)
    )
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert gaps.count(dt.timedelta(hours=23)) == 1
    assert gaps.count(dt.timedelta(hours=25)) == 1


def test_hours_are_counted_as_they_pass_and_days_without_a_zone_too() -> None:
    for text in ("R/2026-03-28T08:00:00@Europe/Berlin/PT24H", "R/P1D"):
        cycle = parse_repetition(text)
        at = utc("2026-03-28T07:00:00")
        for _ in range(300):
            assert cycle.after(at) - at == dt.timedelta(hours=24)
            at = cycle.after(at)


def test_what_has_passed_is_not_made_up_for() -> None:
    monthly = parse_repetition("R/2019-12-31T09:00:00@Europe/Berlin/P1M")
    first = monthly.first(DEPLOYED)
    assert first.astimezone(BERLIN).isoformat() == "2026-03-31T09:00:00+02:00"
    following = monthly.after(first).astimezone(BERLIN)
    assert following.isoformat() == "2026-04-30T09:00:00+02:00"


@settings(max_examples=50)
@given(
    begun=st.integers(0, 2 * 366 * 86_400),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
    interval=st.sampled_from(["PT7M", "PT1H", "P1D", "P1W", "P1M", "P1DT12H", "P1Y"]),
    ahead=st.integers(-(10**7), 10**7),
)
def test_repetition_of_a_zone_leaves_none_out_and_doubles_none(
    begun: int, zone: str, interval: str, ahead: int
) -> None:
    origin = f"{dt.datetime.fromtimestamp(1.73e9 + begun, dt.UTC):%FT%T}@{zone}"
    cycle = parse_repetition(f"R/{origin}/{interval}")
    assert cycle.origin is not None
    now = parse_moment(origin) + dt.timedelta(seconds=ahead)
    first = cycle.first(now)
    assert first >= now
    grid = [cycle.origin.place(parse_duration(interval), n) for n in range(40)]
    assert grid == sorted(set(grid))
    if ahead <= 0:
        assert first == grid[0]
    assert [cycle.after(moment) for moment in grid[:-1]] == grid[1:]
    assert cycle.after(first - dt.timedelta(seconds=1)) == first
