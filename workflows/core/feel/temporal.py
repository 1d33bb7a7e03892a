"""Dates, times and durations with FEEL's ranges; no text and no clock here.

Python's own types stop at year 9999 and at microseconds and know no months-duration,
so these are plain tuples of numbers with the proleptic Gregorian calendar of ISO 8601.
"""

import datetime as dt
import functools
import zoneinfo
from dataclasses import dataclass

NANOS = 1_000_000_000
DAY_SECONDS = 86_400
DAY_NANOS = DAY_SECONDS * NANOS
MAX_YEAR = 999_999_999
_CYCLE_DAYS = 146_097  # days in 400 years
_EPOCH = 719_468  # days from 0000-03-01 to 1970-01-01
_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def is_leap(year: int) -> bool:
    """Gregorian leap year rule, extended before 1582."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def month_length(year: int, month: int) -> int:
    """Number of days in the month, 1-12."""
    return 29 if month == 2 and is_leap(year) else _LENGTHS[month - 1]


def days_from_civil(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01, for any year."""
    shifted = year - (month <= 2)
    era, of_era = divmod(shifted, 400)
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    of_cycle = of_era * 365 + of_era // 4 - of_era // 100 + of_year
    return era * _CYCLE_DAYS + of_cycle - _EPOCH


def civil_from_days(days: int) -> tuple[int, int, int]:
    """Year, month, day of a count of days since 1970-01-01."""
    era, of_cycle = divmod(days + _EPOCH, _CYCLE_DAYS)
    of_era = (
        of_cycle - of_cycle // 1460 + of_cycle // 36_524 - of_cycle // 146_096
    ) // 365
    of_year = of_cycle - (365 * of_era + of_era // 4 - of_era // 100)
    shifted = (5 * of_year + 2) // 153
    day = of_year - (153 * shifted + 2) // 5 + 1
    month = shifted + (3 if shifted < 10 else -9)
    return of_era + era * 400 + (month <= 2), month, day


@functools.lru_cache(maxsize=256)
def find_zone(name: str) -> zoneinfo.ZoneInfo | None:
    """The IANA zone of that name, or None."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None


def zone_offset(name: str, days: int, second: int) -> int:
    """Offset from UTC in seconds of a named zone at a local moment.

    Years Python cannot hold are mapped to the same place of another 400-year cycle.
    """
    zone = find_zone(name)
    if zone is None:
        return 0
    year, month, day = civil_from_days(days)
    if not 2 <= year <= 9998:
        year = 2000 + year % 400
    local = dt.datetime.combine(
        dt.date(year, month, day), dt.time(0), tzinfo=zone
    ) + dt.timedelta(seconds=second)
    offset = local.utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


@dataclass(frozen=True, slots=True)
class DayTimeDuration:
    """A days and time duration, in nanoseconds."""

    nanos: int

    @property
    def seconds(self) -> int:
        """Whole seconds, truncated towards zero."""
        whole = abs(self.nanos) // NANOS
        return -whole if self.nanos < 0 else whole


@dataclass(frozen=True, slots=True)
class YearMonthDuration:
    """A years and months duration, in months."""

    months: int


@dataclass(frozen=True, slots=True)
class Date:
    """A calendar day; year from -999999999 to 999999999, year 0 is 1 BC."""

    year: int
    month: int
    day: int

    @property
    def days(self) -> int:
        """Days since 1970-01-01."""
        return days_from_civil(self.year, self.month, self.day)

    @property
    def weekday(self) -> int:
        """1 for Monday to 7 for Sunday."""
        return (self.days + 3) % 7 + 1


@dataclass(frozen=True, slots=True)
class Time:
    """A time of day; `offset` in seconds from UTC, or `zone` an IANA name, or neither."""

    hour: int
    minute: int
    second: int
    nanos: int = 0
    offset: int | None = None
    zone: str | None = None

    @property
    def is_local(self) -> bool:
        """True when it has neither offset nor zone."""
        return self.offset is None and self.zone is None

    @property
    def second_of_day(self) -> int:
        """Whole seconds since local midnight."""
        return self.hour * 3600 + self.minute * 60 + self.second

    def offset_at(self, days: int) -> int | None:
        """Offset from UTC in seconds on that local day; None when local."""
        if self.zone is not None:
            return zone_offset(self.zone, days, self.second_of_day)
        return self.offset


MIDNIGHT = Time(0, 0, 0)
MIDNIGHT_UTC = Time(0, 0, 0, offset=0)


@dataclass(frozen=True, slots=True)
class DateTime:
    """A date and a time of day."""

    date: Date
    time: Time

    @property
    def offset(self) -> int | None:
        """Offset from UTC in seconds at this moment; None when local."""
        time = self.time
        return time.offset if time.zone is None else time.offset_at(self.date.days)

    @property
    def nanos(self) -> int:
        """Nanoseconds since 1970-01-01T00:00:00 UTC (or local, when local)."""
        seconds = self.date.days * DAY_SECONDS + self.time.second_of_day
        return (seconds - (self.offset or 0)) * NANOS + self.time.nanos


def make_date(year: int, month: int, day: int) -> Date | None:
    """A date, or None when there is no such day."""
    if not (-MAX_YEAR <= year <= MAX_YEAR and 1 <= month <= 12):
        return None
    if not 1 <= day <= month_length(year, month):
        return None
    return Date(year, month, day)


def date_from_days(days: int) -> Date | None:
    """The date so many days after 1970-01-01, or None out of range."""
    return make_date(*civil_from_days(days))


def time_from_nanos(nanos: int, like: Time) -> Time:
    """The time of day so many nanoseconds after midnight, zoned as `like`."""
    seconds, rest = divmod(nanos, NANOS)
    hour, minutes = divmod(seconds, 3600)
    minute, second = divmod(minutes, 60)
    return Time(hour, minute, second, rest, like.offset, like.zone)


def add_to_datetime(moment: DateTime, duration: DayTimeDuration) -> DateTime | None:
    """Move along the time line; a named zone keeps its name and changes its offset."""
    local = (
        moment.date.days * DAY_NANOS
        + moment.time.second_of_day * NANOS
        + moment.time.nanos
    )
    zone = moment.time.zone
    local += duration.nanos
    if zone is not None:
        utc = local - (moment.offset or 0) * NANOS
        local = utc + _offset_of_instant(zone, utc // NANOS) * NANOS
    days, nanos = divmod(local, DAY_NANOS)
    date = date_from_days(days)
    return None if date is None else DateTime(date, time_from_nanos(nanos, moment.time))


def _offset_of_instant(zone: str, seconds: int) -> int:
    """Offset of a named zone at an instant given in seconds since 1970 UTC."""
    found = find_zone(zone)
    if found is None:
        return 0
    days, second = divmod(seconds, DAY_SECONDS)
    year, month, day = civil_from_days(days)
    if not 2 <= year <= 9998:
        year = 2000 + year % 400
    instant = dt.datetime(year, month, day, tzinfo=dt.UTC) + dt.timedelta(
        seconds=second
    )
    offset = instant.astimezone(found).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


def add_months(date: Date, months: int) -> Date | None:
    """Move by months; a day past the month's end becomes its last day."""
    year, month = divmod(date.year * 12 + date.month - 1 + months, 12)
    if not -MAX_YEAR <= year <= MAX_YEAR:
        return None
    return Date(year, month + 1, min(date.day, month_length(year, month + 1)))


def months_between(start: Date | DateTime, end: Date | DateTime) -> YearMonthDuration:
    """Whole months from start to end, truncated towards zero (DMN 1.5 table 74)."""
    first, first_time = _split(start)
    last, last_time = _split(end)
    months = (last.year - first.year) * 12 + last.month - first.month
    begin, finish = (first.day, first_time), (last.day, last_time)
    if months > 0 and finish < begin:
        months -= 1
    elif months < 0 and finish > begin:
        months += 1
    return YearMonthDuration(months)


def _split(value: Date | DateTime) -> tuple[Date, int]:
    if isinstance(value, Date):
        return value, 0
    return value.date, value.time.second_of_day * NANOS + value.time.nanos


def from_python(value: dt.date | dt.time | dt.timedelta) -> object:
    """The FEEL value of a Python date, datetime, time or timedelta."""
    if isinstance(value, dt.datetime):
        return DateTime(
            Date(value.year, value.month, value.day), _time_of(value.timetz(), value)
        )
    if isinstance(value, dt.date):
        return Date(value.year, value.month, value.day)
    if isinstance(value, dt.time):
        return _time_of(value, None)
    micros = (value.days * DAY_SECONDS + value.seconds) * 1_000_000
    return DayTimeDuration((micros + value.microseconds) * 1000)


def _time_of(value: dt.time, moment: dt.datetime | None) -> Time:
    zone = getattr(value.tzinfo, "key", None)
    offset = None
    if zone is None and value.tzinfo is not None:
        delta = value.utcoffset() if moment is None else moment.utcoffset()
        offset = None if delta is None else int(delta.total_seconds())
    if zone == "UTC":
        zone, offset = None, 0
    return Time(
        value.hour, value.minute, value.second, value.microsecond * 1000, offset, zone
    )
