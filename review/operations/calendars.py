"""Business calendars as the clocks use them: stored hours with national holidays."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import holidays
from django.db import connection

from review.models import Calendar
from workflows.core.calendars import AROUND_THE_CLOCK, BusinessCalendar, read_calendar

FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2060


@dataclass(frozen=True, slots=True)
class NamedCalendar:
    """A calendar with what a started clock remembers of it."""

    key: str
    version: int
    hours: BusinessCalendar


ALWAYS: Final = NamedCalendar(key="", version=0, hours=AROUND_THE_CLOCK)


def get_calendar(calendar_id: int | None, version: int | None) -> NamedCalendar:
    """Return a stored calendar, kept in memory until its version rises."""
    if calendar_id is None or version is None:
        return ALWAYS
    return _load(calendar_id, version)


def find_calendars(keys: Collection[str]) -> dict[str, NamedCalendar]:
    """Return the calendars of these keys that exist, by key."""
    if not keys:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT key, id, version FROM review_calendar WHERE key = ANY(%s)",
            [list(keys)],
        )
        return {key: _load(number, version) for key, number, version in cursor}


@lru_cache(maxsize=256)
def _load(calendar_id: int, version: int) -> NamedCalendar:
    # The version is part of the cache's key: a changed calendar is another one.
    row = Calendar.objects.get(id=calendar_id)
    own = row.holidays.values_list("date", flat=True)
    hours = read_calendar(
        zone=row.zone,
        hours=row.hours,
        holidays=frozenset(own) | _national(row.country, row.subdivision),
    )
    return NamedCalendar(key=row.key, version=row.version, hours=hours)


@lru_cache(maxsize=64)
def _national(country: str, subdivision: str) -> frozenset[dt.date]:
    if not country:
        return frozenset()
    days = holidays.country_holidays(
        country, subdiv=subdivision or None, years=range(FIRST_YEAR, LAST_YEAR + 1)
    )
    return frozenset(days)
