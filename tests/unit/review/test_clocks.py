"""SLA words become moments in business time."""

import datetime as dt

import pytest

from review.core.clocks.clocks import start_clock
from review.core.clocks.goals import ClockError, read_duration
from workflows.core.calendars import AROUND_THE_CLOCK, read_calendar

OFFICE = read_calendar(
    zone="Europe/Berlin",
    hours={str(day): [["09:00", "12:00"], ["13:00", "17:00"]] for day in range(5)},
)
FRIDAY_NOON = dt.datetime(2026, 1, 9, 12, tzinfo=dt.UTC)  # 13:00 in Berlin


def hours(text: str) -> float:
    return read_duration(text, calendar=OFFICE).total_seconds() / 3600


def test_days_and_weeks_are_working_ones() -> None:
    assert (hours("P1D"), hours("P1W"), hours("PT90M")) == (7, 35, 1.5)
    assert hours("P1W2DT1H30M30S") == 35 + 14 + 1.5 + 30 / 3600
    day = read_duration("P1D", calendar=AROUND_THE_CLOCK)
    assert day == dt.timedelta(hours=24)


@pytest.mark.parametrize(
    "text",
    ["", "P", "PT", "soon", "P1M", "P1Y", "-PT1H", "8H",
     pytest.param(f"P{'9' * 5000}D", id="digits without end")],
)  # fmt: skip
def test_what_is_no_duration_is_quoted(text: str) -> None:
    with pytest.raises(ClockError, match="write it like PT8H"):
        read_duration(text, calendar=OFFICE)


def test_goal_goes_over_the_weekend() -> None:
    clock = start_clock(
        started_at=FRIDAY_NOON, sla="PT8H", warn="PT2H", calendar=OFFICE
    )
    # Four hours on Friday from 13:00, four on Monday with the break between.
    assert clock.due_at == dt.datetime(2026, 1, 12, 13, tzinfo=dt.UTC)
    assert clock.warn_at == dt.datetime(2026, 1, 12, 10, tzinfo=dt.UTC)


@pytest.mark.parametrize("warn", ["75%", "0.75", ".75", "", "PT2H"])
def test_warning_is_a_share_or_a_time_before(warn: str) -> None:
    clock = start_clock(
        started_at=FRIDAY_NOON, sla="PT8H", warn=warn, calendar=AROUND_THE_CLOCK
    )
    assert clock.warn_at == FRIDAY_NOON + dt.timedelta(hours=6)


def test_warning_longer_than_the_goal_warns_at_once() -> None:
    clock = start_clock(started_at=FRIDAY_NOON, sla="PT1H", warn="P1D", calendar=OFFICE)
    assert clock.warn_at == FRIDAY_NOON
    assert clock.warn_at <= clock.due_at


@pytest.mark.parametrize(
    ("sla", "warn"), [("PT0S", ""), ("PT8H", "120%"), ("PT8H", "x")]
)
def test_unreadable_goals_are_refused(sla: str, warn: str) -> None:
    with pytest.raises(ClockError):
        start_clock(started_at=FRIDAY_NOON, sla=sla, warn=warn, calendar=OFFICE)
