"""Who is there in each hour of the coming week: shifts without absences. Reads alone."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from review.dashboards import staffing
from review.operations.clocks.calendars import get_calendar
from workflows.core.calendars import business_time_between

DAYS: Final = 7
_HOUR: Final = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Roster:
    """Hours of the coming week with how many are there, parts of an hour as parts.

    `closes_at` is the end of the last hour today in which somebody is there; `hours_left` are the hours of work
    that all together have until then.
    """

    hours: Sequence[tuple[dt.datetime, float]]
    closes_at: dt.datetime
    hours_left: float


def read_roster(
    people: Collection[int], *, now: dt.datetime, zone: dt.tzinfo
) -> Roster:
    """Return who of these people is there from this hour on; without hours: always."""
    team = staffing.list_team(people)
    away: dict[int, list[tuple[dt.datetime, dt.datetime]]] = {}
    for row in staffing.list_absences(people):
        away.setdefault(row.person_id, []).append((row.starts_at, row.ends_at))
    first = now.replace(minute=0, second=0, microsecond=0)
    starts = [first + _HOUR * number for number in range(DAYS * 24)]
    shifts = _read_shifts(
        {(row.calendar_id, row.calendar_version) for row in team}, starts
    )
    there = [0.0] * len(starts)
    for row in team:
        shift = shifts[row.calendar_id, row.calendar_version]
        gone = away.get(row.id, ())
        for place, (start, share) in enumerate(zip(starts, shift, strict=True)):
            there[place] += max(share - _share_away(gone, start), 0.0)
    hours = list(zip(starts, there, strict=True))
    today = now.astimezone(zone).date()
    left = [
        (start, many)
        for start, many in hours
        if many > 0 and start.astimezone(zone).date() == today
    ]
    closes_at = left[-1][0] + _HOUR if left else now
    gone_by = (now - first) / _HOUR
    hours_left = sum(many for _, many in left)
    if left and left[0][0] == first:
        hours_left -= left[0][1] * gone_by
    return Roster(hours, closes_at, hours_left)


def _read_shifts(
    calendars: Collection[tuple[int | None, int | None]],
    starts: Sequence[dt.datetime],
) -> Mapping[tuple[int | None, int | None], Sequence[float]]:
    """Return for each calendar which part of each hour is worked."""
    found: dict[tuple[int | None, int | None], Sequence[float]] = {}
    for key in calendars:
        if key[0] is None:
            found[key] = [1.0] * len(starts)
            continue
        named = get_calendar(*key)
        found[key] = [
            business_time_between(named.hours, start, start + _HOUR) / _HOUR
            for start in starts
        ]
    return found


def _share_away(
    gone: Sequence[tuple[dt.datetime, dt.datetime]], start: dt.datetime
) -> float:
    """Return which part of an hour somebody is away."""
    end = start + _HOUR
    spans = (min(until, end) - max(since, start) for since, until in gone)
    return min(sum(max(span / _HOUR, 0.0) for span in spans), 1.0)
