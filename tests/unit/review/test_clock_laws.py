"""Laws of clocks and calendars, over zones, breaks, days off and both changes of DST."""

import datetime as dt
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from review.core.clocks.clocks import Event, read_clock
from review.core.states import ClockEventKind
from workflows.core.calendars import (
    AROUND_THE_CLOCK,
    BusinessCalendar,
    add_business_time,
    business_time_between,
    is_working,
    read_calendar,
)

SPLIT = [["09:00", "12:00"], ["12:45", "17:30"]]
NIGHT = [["00:00", "06:00"], ["22:00", "24:00"]]
CALENDARS = (
    AROUND_THE_CLOCK,
    read_calendar(zone="Europe/Berlin", hours={str(d): SPLIT for d in range(5)}),
    # Works through both changes of the clocks, which are on Sundays at night.
    read_calendar(zone="America/New_York", hours={str(d): NIGHT for d in range(7)}),
    read_calendar(
        zone="Australia/Lord_Howe",  # changes by half an hour
        hours={"6": [["00:00", "24:00"]], "2": [["08:00", "08:30"]]},
        holidays=frozenset({dt.date(2026, 4, 8), dt.date(2026, 12, 30)}),
    ),
)
SPRING = dt.datetime(2026, 3, 6, tzinfo=dt.UTC)

calendars = st.sampled_from(CALENDARS)
moments = st.integers(0, 270 * 86_400).map(lambda s: SPRING + dt.timedelta(seconds=s))
spans = st.integers(0, 200 * 3600).map(lambda s: dt.timedelta(seconds=s))
LAWS = settings(max_examples=60, deadline=None)


def minutes_by_hand(
    calendar: BusinessCalendar, start: dt.datetime, end: dt.datetime
) -> int:
    """Count working minutes one by one; wall clock and nothing else."""
    count, at = 0, start
    while at < end:
        count += is_working(calendar, at)
        at += dt.timedelta(minutes=1)
    return count


@LAWS
@given(calendar=calendars, start=moments, span=spans)
def test_time_added_is_the_time_between(
    calendar: BusinessCalendar, start: dt.datetime, span: dt.timedelta
) -> None:
    assert business_time_between(
        calendar, start, add_business_time(calendar, start, span)
    ) == span  # fmt: skip


@LAWS
@given(calendar=calendars, start=moments, first=spans, second=spans)
def test_adding_is_monotone_and_in_steps(
    calendar: BusinessCalendar,
    start: dt.datetime,
    first: dt.timedelta,
    second: dt.timedelta,
) -> None:
    middle = add_business_time(calendar, start, first)
    whole = add_business_time(calendar, start, first + second)
    assert start <= middle <= whole
    assert add_business_time(calendar, middle, second) == whole
    later = add_business_time(calendar, start + second, first)
    assert later >= middle


@settings(max_examples=12, deadline=None)
@given(
    calendar=calendars,
    start=st.integers(0, 270 * 1440).map(lambda m: SPRING + dt.timedelta(minutes=m)),
    length=st.integers(0, 2 * 1440),
)
def test_time_between_is_the_minutes_that_work(
    calendar: BusinessCalendar, start: dt.datetime, length: int
) -> None:
    end = start + dt.timedelta(minutes=length)
    counted = business_time_between(calendar, start, end)
    assert counted == dt.timedelta(minutes=minutes_by_hand(calendar, start, end))


@LAWS
@given(
    calendar=calendars,
    start=moments,
    goal=spans.filter(bool),
    gaps=st.lists(st.integers(0, 40 * 3600), max_size=6),
    after=st.integers(0, 100 * 3600),
)
def test_pausing_never_makes_due_earlier_and_time_adds_up(
    *,
    calendar: BusinessCalendar,
    start: dt.datetime,
    goal: dt.timedelta,
    gaps: list[int],
    after: int,
) -> None:
    events = [Event(ClockEventKind.START, start)]
    at = start
    dues = [add_business_time(calendar, start, goal)]
    for number, gap in enumerate(gaps):
        at += dt.timedelta(seconds=gap)
        kind = ClockEventKind.RESUME if number % 2 else ClockEventKind.PAUSE
        events.append(Event(kind, at, "" if number % 2 else "information"))
        reading = read_clock(events, goal=goal, calendar=calendar, now=at)
        if reading.due_at is not None:
            dues.append(reading.due_at)
    assert dues == sorted(dues)
    now = at + dt.timedelta(seconds=after)
    reading = read_clock(events, goal=goal, calendar=calendar, now=now)
    assert reading.elapsed + reading.paused == business_time_between(
        calendar, start, now
    )
    assert reading.elapsed + reading.remaining == goal
    assert sum(reading.paused_by_reason.values(), dt.timedelta()) == reading.paused
    if reading.is_running and reading.due_at is not None and reading.remaining:
        # On the far side of what is left lies the due moment, and nowhere else.
        assert (reading.due_at > now) is (reading.remaining > dt.timedelta())


def test_reset_counts_from_anew_and_resume_goes_on_after_a_stop() -> None:
    noon = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
    hour = dt.timedelta(hours=1)
    events = [
        Event(ClockEventKind.START, noon),
        Event(ClockEventKind.STOP, noon + hour, "decided"),
        Event(ClockEventKind.RESUME, noon + 3 * hour),
        Event(ClockEventKind.RESUME, noon + 3 * hour),
    ]
    goal, now = 4 * hour, noon + 4 * hour
    again = read_clock(events, goal=goal, calendar=AROUND_THE_CLOCK, now=now)
    assert (again.cycle, again.elapsed, again.paused) == (1, 2 * hour, 2 * hour)
    assert again.due_at == noon + 6 * hour
    events.append(Event(ClockEventKind.RESET, now, "reopened"))
    reset = read_clock(events, goal=goal, calendar=AROUND_THE_CLOCK, now=now + hour)
    assert (reset.cycle, reset.elapsed, reset.due_at) == (2, hour, now + goal)


def test_working_day_loses_and_gains_its_hour() -> None:
    night = read_calendar(
        zone="Europe/Berlin",
        hours={"6": [["00:00", "24:00"]], "0": [["09:00", "10:00"]]},
    )
    berlin = ZoneInfo("Europe/Berlin")
    for date, hours in ((dt.date(2026, 3, 29), 23), (dt.date(2026, 10, 25), 25)):
        start = dt.datetime.combine(date, dt.time(), tzinfo=berlin)
        end = dt.datetime.combine(date + dt.timedelta(days=1), dt.time(), tzinfo=berlin)
        counted = business_time_between(night, start, end)
        assert counted == dt.timedelta(hours=hours)
