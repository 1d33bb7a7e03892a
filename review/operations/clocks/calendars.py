"""Business calendars as the clocks use them: stored hours with national holidays.

A calendar's versions stay. What a version's days off are is settled when it is made,
and so is a due moment that was counted by it.
"""

import datetime as dt
import zoneinfo
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import holidays
from django.db import connection

from review.models import Calendar, CalendarHoliday, CalendarVersion
from workflows.core.calendars import (
    AROUND_THE_CLOCK,
    BusinessCalendar,
    CalendarError,
    read_calendar,
)
from workflows.store import database_now

FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2060


@dataclass(frozen=True, slots=True)
class NamedCalendar:
    """A calendar with what a started clock remembers of it."""

    key: str
    version: int
    hours: BusinessCalendar

    @property
    def label(self) -> str:
        """Return key and version as clocks keep them, "" for around the clock."""
        return f"{self.key} v{self.version}" if self.key else ""


ALWAYS: Final = NamedCalendar(key="", version=0, hours=AROUND_THE_CLOCK)


def get_calendar(calendar_id: int | None, version: int | None) -> NamedCalendar:
    """Return a stored calendar as it was under a version. Raises CalendarError."""
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


def find_labeled(label: str) -> NamedCalendar:
    """Return the calendar that a clock's terms name ("office v3"), whatever it is now.

    An empty label is around the clock. Raises CalendarError for one that is gone.
    """
    if not label:
        return ALWAYS
    key, _, number = label.rpartition(" v")
    row = Calendar.objects.filter(key=key).values_list("id", flat=True).first()
    if row is None or not number.isdecimal() or len(number) > 9:
        raise CalendarError(f"There is no calendar {label!r} any more.")
    return _load(row, int(number))


def check_country(country: str, subdivision: str) -> None:
    """Raise CalendarError for a country or part of one whose holidays nobody knows."""
    if not country:
        if subdivision:
            raise CalendarError(f"The part {subdivision!r} needs its country.")
        return
    try:
        holidays.country_holidays(country, subdiv=subdivision or None, years=2026)
    except NotImplementedError as error:
        where = f"{country}-{subdivision}" if subdivision else country
        raise CalendarError(
            f"No holidays are known for {where!r}; write ISO 3166 codes such as DE, BY."
        ) from error


def name_days_off(
    country: str, subdivision: str, *, since: dt.date, until: dt.date
) -> dict[dt.date, str]:
    """Return a country's holidays from one day to before another, with their names."""
    if not country:
        return {}
    found = holidays.country_holidays(
        country,
        subdiv=subdivision or None,
        years=range(since.year, until.year + 1),
    )
    return {date: name for date, name in found.items() if since <= date < until}


def list_national(country: str, subdivision: str) -> frozenset[dt.date]:
    """Return a country's holidays of all years that calendars hold."""
    return _national(country, subdivision)


def write_version(
    calendar: Calendar,
    *,
    zone: str,
    hours: Mapping[str, Sequence[Sequence[str]]],
    country: str,
    subdivision: str,
    days_off: Mapping[dt.date, str],
) -> None:
    """Give a calendar its next version, in the caller's transaction.

    Clocks that run keep theirs.
    """
    calendar.zone = zone
    calendar.hours = {day: [list(span) for span in hours[day]] for day in hours}
    calendar.country, calendar.subdivision = country, subdivision
    calendar.version += 1
    calendar.save()
    CalendarHoliday.objects.filter(calendar=calendar).delete()
    CalendarHoliday.objects.bulk_create(
        CalendarHoliday(calendar=calendar, date=date, name=name)
        for date, name in days_off.items()
    )
    keep_version(calendar)


def keep_version(calendar: Calendar) -> None:
    """Keep a calendar as it stands now, its days off resolved, in the caller's
    transaction; its own days off are written already."""
    own = frozenset(calendar.holidays.values_list("date", flat=True))
    CalendarVersion.objects.create(
        calendar=calendar,
        version=calendar.version,
        zone=calendar.zone,
        hours=calendar.hours,
        days_off=sorted(own | _national(calendar.country, calendar.subdivision)),
        sources=_sources(),
        made_at=database_now(),
    )


@lru_cache(maxsize=256)
def _load(calendar_id: int, number: int) -> NamedCalendar:
    # The version is part of the cache's key: a changed calendar is another one.
    row = Calendar.objects.get(id=calendar_id)
    kept = CalendarVersion.objects.filter(calendar=row, version=number).first()
    if kept is not None:
        hours = read_calendar(
            zone=kept.zone, hours=kept.hours, holidays=frozenset(kept.days_off)
        )
    elif row.version == number:
        # Written by hand, beside the operation that keeps versions.
        own = row.holidays.values_list("date", flat=True)
        hours = read_calendar(
            zone=row.zone,
            hours=row.hours,
            holidays=frozenset(own) | _national(row.country, row.subdivision),
        )
    else:
        raise CalendarError(f"Version {number} of calendar {row.key!r} was not kept.")
    return NamedCalendar(key=row.key, version=number, hours=hours)


@lru_cache(maxsize=64)
def _national(country: str, subdivision: str) -> frozenset[dt.date]:
    if not country:
        return frozenset()
    days = holidays.country_holidays(
        country, subdiv=subdivision or None, years=range(FIRST_YEAR, LAST_YEAR + 1)
    )
    return frozenset(days)


@lru_cache(maxsize=1)
def _sources() -> str:
    """Return the releases that the days off and the zone's rules come from."""
    return f"holidays {version('holidays')}, tzdata {_zones()}"


def _zones() -> str:
    # The system's rules come before the package's (PEP 615); its release is the first
    # line of tzdata.zi, "# version 2025b".
    for folder in zoneinfo.TZPATH:
        rules = Path(folder, "tzdata.zi")
        if rules.is_file():
            with rules.open(encoding="utf-8") as lines:
                return lines.readline().removeprefix("# version").strip()[:40]
        if Path(folder, "UTC").is_file():
            return "of the system"
    try:
        return version("tzdata")
    except PackageNotFoundError:
        return "unknown"
