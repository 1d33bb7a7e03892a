"""Calendars as a policy: what is sound, its one form, and what another would have done."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.core.clocks.clocks import Event
from review.core.policies.calendar_policy import (
    CalendarRules,
    make_body,
    read_hours,
    to_calendar,
    to_days_off,
    to_hours,
)
from review.core.policies.calendar_preview import Ran, find_due, preview_calendar
from review.core.states import ClockEventKind
from workflows.core.calendars import business_time_between

OFFICE: dict[str, Any] = {
    "zone": "UTC",
    **dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "09:00-17:00"),
    "rows": [],
}
LONG = {**OFFICE, "mon": "8-18", "sat": "10-14"}
MONDAY = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
START, PAUSE, RESUME, STOP = (
    ClockEventKind.START,
    ClockEventKind.PAUSE,
    ClockEventKind.RESUME,
    ClockEventKind.STOP,
)
SPANS = st.lists(st.integers(0, 96), min_size=0, max_size=6, unique=True).map(
    lambda cuts: [
        [f"{n // 4:02d}:{n % 4 * 15:02d}" for n in pair]
        for pair in zip(*[iter(sorted(cuts))] * 2, strict=False)
    ]
)
WEEKS = st.dictionaries(st.sampled_from("0123456"), SPANS, min_size=1).filter(
    lambda hours: any(hours.values())
)
DAYS = st.dictionaries(
    st.dates(dt.date(2026, 1, 1), dt.date(2027, 12, 31)),
    st.sampled_from(["", "Company holiday"]),
    max_size=4,
)


@given(WEEKS, DAYS)
def test_calendar_comes_back_from_its_one_form(
    hours: dict[str, list[list[str]]], days_off: dict[dt.date, str]
) -> None:
    rules = CalendarRules()
    body = make_body(
        zone="Europe/Berlin", hours=hours, country="DE", part="", days_off=days_off
    )
    assert not rules.check(body)
    assert rules.normalize(body) == body
    assert to_hours(body) == {day: spans for day, spans in hours.items() if spans}
    assert to_days_off(body) == days_off


@given(
    st.integers(0, 20_000),
    st.integers(1, 60),
    st.sampled_from(["PT1H", "PT8H", "PT30H"]),
)
def test_more_hours_make_nothing_due_later(start: int, lasts: int, sla: str) -> None:
    begun = MONDAY + dt.timedelta(minutes=start)
    events = [Event(START, begun), Event(STOP, begun + dt.timedelta(hours=lasts))]
    ran = Ran(sla, events, events[-1].at)
    office, longer = (to_calendar(b, holidays=frozenset()) for b in (OFFICE, LONG))
    was = find_due(ran, calendar=office, now=MONDAY)
    then = find_due(ran, calendar=longer, now=MONDAY)
    assert was.at is not None
    assert then.at is not None
    assert then.at <= was.at
    assert then.is_late >= was.is_late
    assert business_time_between(longer, begun, then.at) == business_time_between(
        office, begun, was.at
    )


def test_preview_tells_clocks_hours_and_days_apart() -> None:
    stop = MONDAY + dt.timedelta(hours=7, minutes=30)
    paused = [
        Event(START, MONDAY),
        Event(PAUSE, MONDAY + dt.timedelta(hours=1), "for information"),
        Event(RESUME, MONDAY + dt.timedelta(hours=5)),
        Event(STOP, MONDAY + dt.timedelta(hours=8)),
    ]
    clocks = [
        Ran("PT7H", [Event(START, MONDAY), Event(STOP, stop)], stop),  # breached now
        Ran("PT7H", paused, paused[-1].at),  # kept by both
        Ran("P1D", [Event(START, MONDAY)], None),  # a shorter day
        Ran("P9000D", [Event(START, MONDAY)], None),
    ]
    break_at_noon = {**OFFICE, "mon": "9-12, 13-17", "tue": "9-12", "wed": ""}
    before, after = (
        to_calendar(body, holidays=frozenset()) for body in (OFFICE, break_at_noon)
    )
    wednesday, monday = dt.date(2026, 1, 7), dt.date(2026, 1, 12)
    found = preview_calendar(
        clocks,
        before=before,
        after=after,
        named=({}, {wednesday: "Off anyway", monday: "Founders' day"}),
        weeks=4,
        total=8,
        now=MONDAY + dt.timedelta(hours=1),
    )
    assert (found.hours_before, found.hours_after) == (
        dt.timedelta(hours=40),
        dt.timedelta(hours=26),
    )
    assert found.added == {monday: "Founders' day"}
    assert (found.seen, found.scale, found.unread) == (4, 2.0, 1)
    assert (found.kept, found.breached) == (1, 0)
    assert (found.earlier, found.later, found.same) == (0, 2, 1)


@pytest.mark.parametrize(
    ("body", "place", "said"),
    [
        ({"zone": "Mars"}, ("fields", "zone"), "no time zone"),
        ({"mon": "nine to five"}, ("fields", "mon"), "09:00-12:30, 13:30-17:30"),
        ({"mon": "17-9"}, ("fields", "mon"), "overlaps or is empty"),
        ({"tue": "9-12, 11-13"}, ("fields", "tue"), "Tuesday: the span 11:00"),
        ({"country": "Germany"}, ("fields", "country"), "two letters"),
        ({"part": "BE"}, ("fields", "part"), "one of a country"),
        ({"rows": [{"date": "24.12."}]}, ("rows", 0, "date"), "2026-12-24"),
        (
            {"rows": [{"date": "2026-12-24"}, {"date": "2026-12-24"}]},
            ("rows", 1, "date"),
            "stands above",
        ),
        ({"who": "me"}, (), "Nobody knows"),
    ],
)
def test_faults_name_their_field(
    body: dict[str, Any], place: tuple[object, ...], said: str
) -> None:
    faults = CalendarRules().check({**OFFICE, **body})
    assert [fault.place for fault in faults] == [place]
    assert said in faults[0].message


def test_hours_are_read_as_people_write_them() -> None:
    assert read_hours("9-12:30") == [["09:00", "12:30"]]
    assert read_hours("9 \N{EN DASH} 12, 13:30 to 24") == [
        ["09:00", "12:00"],
        ["13:30", "24:00"],
    ]
    empty = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "")
    (fault,) = CalendarRules().check({**OFFICE, **empty})
    assert fault.message == "No day of the week has any hours."
