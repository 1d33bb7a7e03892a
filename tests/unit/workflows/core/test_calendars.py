"""Laws of business time, an oracle that counts quarters of hours, and the days clocks change."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from workflows.core.calendars import (
    AROUND_THE_CLOCK,
    BusinessCalendar,
    CalendarError,
    Spans,
    add_business_time,
    business_time_between,
    is_working,
    read_calendar,
)

QUARTER = dt.timedelta(minutes=15)
HOUR = dt.timedelta(hours=1)
OFFICE = {str(day): [["09:00", "12:00"], ["13:00", "17:30"]] for day in range(5)}
AMSTERDAM = read_calendar(
    zone="Europe/Amsterdam",
    hours=OFFICE,
    holidays=frozenset({dt.date(2026, 4, 6), dt.date(2026, 12, 25)}),
)
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia"]

law = settings(deadline=None, max_examples=50)  # no timing is asserted
durations = st.timedeltas(min_value=dt.timedelta(), max_value=dt.timedelta(days=3))
moments = st.datetimes(
    min_value=dt.datetime(2026, 1, 1),  # noqa: DTZ001  the zone comes beside it
    max_value=dt.datetime(2026, 12, 31),  # noqa: DTZ001
    timezones=st.just(dt.UTC),
)


@st.composite
def calendars(draw: st.DrawFn, first: int = 0, last: int = 24) -> BusinessCalendar:
    """Draw weeks of quarter hours between two hours of the day, two hours at least."""
    spans = st.lists(st.integers(first * 4, last * 4), max_size=4, unique=True).map(
        lambda marks: tuple(
            (since * 15, to * 15)
            for since, to in zip(*[iter(sorted(marks))] * 2, strict=False)
        )
    )
    week = draw(st.tuples(*[spans] * 7).filter(_works_two_hours))
    days = st.dates(dt.date(2026, 1, 1), dt.date(2026, 12, 31))
    holidays = draw(st.frozensets(days, max_size=5))
    return BusinessCalendar(draw(st.sampled_from(ZONES)), week, holidays)


def _works_two_hours(week: tuple[Spans, ...]) -> bool:
    return BusinessCalendar("UTC", week).whole_week >= 2 * HOUR


def utc(*words: int) -> dt.datetime:
    return dt.datetime(*words, tzinfo=dt.UTC)  # type: ignore[misc,arg-type]


def length_of(calendar: BusinessCalendar, date: dt.date) -> dt.timedelta:
    """Return the business time of one local day."""
    zone = ZoneInfo(calendar.zone)
    midnight = dt.datetime.combine(date, dt.time(), tzinfo=zone)
    after = dt.datetime.combine(date + dt.timedelta(days=1), dt.time(), tzinfo=zone)
    return business_time_between(calendar, midnight, after)


@law
@given(calendars(), moments, durations)
def test_time_added_is_time_between(
    calendar: BusinessCalendar, start: dt.datetime, duration: dt.timedelta
) -> None:
    end = add_business_time(calendar, start, duration)
    assert business_time_between(calendar, start, end) == duration
    assert duration <= end - start
    if duration:
        assert is_working(calendar, end - dt.timedelta(microseconds=1))


@law
@given(calendars(), moments, durations, durations)
def test_adding_in_two_parts_is_adding_the_sum(
    calendar: BusinessCalendar,
    start: dt.datetime,
    first: dt.timedelta,
    second: dt.timedelta,
) -> None:
    between = add_business_time(calendar, start, first)
    whole = add_business_time(calendar, start, first + second)
    assert add_business_time(calendar, between, second) == whole
    assert between <= whole


@law
@given(calendars(), moments, moments, durations.filter(bool))
def test_who_starts_later_is_due_no_earlier(
    calendar: BusinessCalendar,
    one: dt.datetime,
    other: dt.datetime,
    duration: dt.timedelta,
) -> None:
    first, second = sorted([one, other])
    assert add_business_time(calendar, first, duration) <= add_business_time(
        calendar, second, duration
    )


@law
@given(calendars(), st.tuples(moments, moments, moments))
@example(  # backwards within one span
    BusinessCalendar("UTC", ((), (), (), ((0, 120),), (), (), ())),
    (
        dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        dt.datetime(2026, 1, 1, 1, tzinfo=dt.UTC),
    ),
)
def test_time_between_adds_up(
    calendar: BusinessCalendar, three: tuple[dt.datetime, dt.datetime, dt.datetime]
) -> None:
    first, second, third = sorted(three)
    assert business_time_between(calendar, first, third) == business_time_between(
        calendar, first, second
    ) + business_time_between(calendar, second, third)
    assert not business_time_between(calendar, third, first)


# By day, away from the hours in which clocks change, wall time says it all.
@law
@given(calendars(first=5, last=22), moments, st.integers(0, 5 * 96))
def test_oracle_counts_the_same_quarters(
    calendar: BusinessCalendar, start: dt.datetime, quarters: int
) -> None:
    start = start.replace(minute=0, second=0, microsecond=0)
    zone, count = ZoneInfo(calendar.zone), 0
    for number in range(quarters):
        wall = (start + number * QUARTER).astimezone(zone)
        spans = calendar.week[wall.weekday()]
        minute = wall.hour * 60 + wall.minute
        works = any(since <= minute < to for since, to in spans)
        count += works and wall.date() not in calendar.holidays
    end = start + quarters * QUARTER
    assert business_time_between(calendar, start, end) == count * QUARTER


@law
@given(moments, durations)
def test_around_the_clock_is_plain_time(
    start: dt.datetime, duration: dt.timedelta
) -> None:
    assert add_business_time(AROUND_THE_CLOCK, start, duration) == start + duration


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        (utc(2026, 1, 5, 8), 1, utc(2026, 1, 5, 9)),  # Monday, as the desk opens
        (utc(2026, 1, 5, 10, 30), 1, utc(2026, 1, 5, 12, 30)),  # over lunch
        (utc(2026, 1, 5, 3), 3, utc(2026, 1, 5, 11)),  # due as lunch begins
        (utc(2026, 1, 9, 16), 1, utc(2026, 1, 12, 8, 30)),  # over the weekend
        (utc(2026, 4, 3, 15, 0), 1, utc(2026, 4, 7, 7, 30)),  # over Easter Monday
        (utc(2026, 3, 27, 16), 1, utc(2026, 3, 30, 7, 30)),  # summer time came
        (utc(2026, 10, 23, 15), 1, utc(2026, 10, 26, 8, 30)),  # and went
    ],
)
def test_office_hours(start: dt.datetime, hours: int, due: dt.datetime) -> None:
    assert add_business_time(AMSTERDAM, start, hours * HOUR) == due


def test_a_day_off_is_the_zones_own_day() -> None:
    """25 December in Auckland begins on the 24th in UTC."""
    auckland = read_calendar(
        zone="Pacific/Auckland",
        hours={str(day): [["00:00", "24:00"]] for day in range(7)},
        holidays=frozenset({dt.date(2026, 12, 25)}),
    )
    assert is_working(auckland, utc(2026, 12, 24, 10, 59))
    assert not is_working(auckland, utc(2026, 12, 24, 11))
    assert not is_working(auckland, utc(2026, 12, 25, 10, 59))
    assert is_working(auckland, utc(2026, 12, 25, 11))


@pytest.mark.parametrize(
    ("zone", "date", "span", "length"),
    [
        ("Europe/Berlin", (2026, 3, 29), ["00:00", "24:00"], 23.0),
        ("Europe/Berlin", (2026, 10, 25), ["00:00", "24:00"], 25.0),
        ("Europe/Berlin", (2026, 3, 29), ["00:00", "04:00"], 3.0),
        ("Europe/Berlin", (2026, 10, 25), ["00:00", "04:00"], 5.0),
        # 02:30 does not exist on the first of these days and comes twice on the other.
        ("Europe/Berlin", (2026, 3, 29), ["01:00", "02:30"], 1.0),
        ("Europe/Berlin", (2026, 3, 29), ["02:30", "04:00"], 1.0),
        ("Europe/Berlin", (2026, 3, 29), ["02:10", "02:50"], 0.0),
        ("Europe/Berlin", (2026, 10, 25), ["01:00", "02:30"], 1.5),
        ("Europe/Berlin", (2026, 10, 25), ["02:30", "03:00"], 1.5),
        # Half an hour, at midnight, and a day that was left out altogether.
        ("Australia/Lord_Howe", (2026, 10, 4), ["00:00", "24:00"], 23.5),
        ("Australia/Lord_Howe", (2026, 4, 5), ["00:00", "24:00"], 24.5),
        ("America/Santiago", (2026, 9, 6), ["00:00", "02:00"], 1.0),
        ("Pacific/Apia", (2011, 12, 30), ["09:00", "17:00"], 0.0),
    ],
)
def test_days_on_which_clocks_change(
    zone: str, date: tuple[int, int, int], span: list[str], length: float
) -> None:
    calendar = read_calendar(zone=zone, hours={str(n): [span] for n in range(7)})
    assert length_of(calendar, dt.date(*date)) == length * HOUR


def test_spans_of_the_week_as_read() -> None:
    assert AMSTERDAM.day == dt.timedelta(hours=7, minutes=30)
    assert AMSTERDAM.whole_week == 5 * AMSTERDAM.day
    assert AMSTERDAM.week[5:] == ((), ())


@pytest.mark.parametrize(
    ("zone", "hours", "sentence"),
    [
        ("Mars/Olympus", OFFICE, "no time zone 'Mars/Olympus'"),
        ("../etc/passwd", OFFICE, "no time zone"),
        # A folder of the zones' own, and a name that no file may have.
        ("Europe", OFFICE, "no time zone"),
        pytest.param("x" * 5000, OFFICE, "no time zone", id="a name without end"),
        ("UTC", {}, "no working hours on any day"),
        ("UTC", {"0": []}, "no working hours on any day"),
        ("UTC", {"7": [["09:00", "17:00"]]}, "'7' is no weekday"),
        ("UTC", {"0": [["09:00"]]}, "a span is"),
        ("UTC", {"0": [["17:00", "09:00"]]}, "Weekday 0: the span 17:00 to 09:00"),
        ("UTC", {"0": [["09:00", "09:00"]]}, "overlaps or is empty"),
        ("UTC", {"1": [["09:00", "12:00"], ["11:00", "13:00"]]}, "Weekday 1: the span"),
        ("UTC", {"0": [["9 o'clock", "17:00"]]}, "is no time from 00:00 to 24:00"),
        ("UTC", {"0": [["09:00", "24:01"]]}, "'24:01' is no time"),
        ("UTC", {"0": [["09:60", "17:00"]]}, "'09:60' is no time"),
        ("UTC", {"0": [["09:0", "17:00"]]}, "'09:0' is no time"),
    ],
)
def test_unreadable_calendars_say_where(
    zone: str, hours: dict[str, list[list[str]]], sentence: str
) -> None:
    with pytest.raises(CalendarError, match=sentence):
        read_calendar(zone=zone, hours=hours)


def test_what_cannot_be_reckoned_is_refused() -> None:
    naive = dt.datetime(2026, 1, 5, 9)  # noqa: DTZ001  the point of it
    with pytest.raises(CalendarError, match="has no time zone"):
        add_business_time(AMSTERDAM, naive, HOUR)
    with pytest.raises(CalendarError, match="cannot be negative"):
        add_business_time(AMSTERDAM, utc(2026, 1, 5), -HOUR)
    with pytest.raises(CalendarError, match="within ten years"):
        add_business_time(AMSTERDAM, utc(2026, 1, 5), dt.timedelta(days=9999))
