"""ISO 8601 texts of temporal values, as XML Schema writes them plus `@Area/City`."""

import re

from workflows.core.feel.temporal import (
    MAX_YEAR,
    MIDNIGHT,
    NANOS,
    Date,
    DateTime,
    DayTimeDuration,
    Time,
    YearMonthDuration,
    find_zone,
    make_date,
)

_DATE = re.compile(r"(-?)([1-9]\d{4,8}|\d{4})-(\d\d)-(\d\d)", re.ASCII)
_TIME = re.compile(
    r"(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:(Z|z)|([+-])(\d\d):(\d\d)(?::(\d\d))?|@(.+))?",
    re.ASCII,
)
_DURATION = re.compile(
    r"(-?)P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?"
    r"(T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.(\d*))?S)?)?",
    re.ASCII,
)
_MAX_TEXT = 200
# Durations larger than every date can span are of no use and cost time to compute.
_MAX_MONTHS = 2 * 12 * MAX_YEAR + 12
_MAX_NANOS = 2 * MAX_YEAR * 366 * 86_400 * NANOS
_MAX_OFFSET = 18 * 3600

Duration = DayTimeDuration | YearMonthDuration


def parse_date(text: str) -> Date | None:
    """`2026-01-31`; years of four to nine digits, no plus sign, no leading zeros."""
    found = _DATE.fullmatch(text) if len(text) <= _MAX_TEXT else None
    if found is None:
        return None
    year = int(found[2])
    return make_date(-year if found[1] else year, int(found[3]), int(found[4]))


def parse_time(text: str) -> Time | None:
    """`10:30:00`, with a fraction of up to nine digits, `Z`, an offset, or `@zone`."""
    found = _TIME.fullmatch(text) if len(text) <= _MAX_TEXT else None
    if found is None:
        return None
    hour, minute, second = int(found[1]), int(found[2]), int(found[3])
    if hour > 23 or minute > 59 or second > 59:
        return None
    offset: int | None = None
    if found[5]:
        offset = 0
    elif found[6]:
        offset = _offset(found[6], found[7], found[8], found[9])
        if offset is None:
            return None
    zone = found[10]
    if zone is not None and find_zone(zone) is None:
        return None
    return Time(hour, minute, second, _fraction(found[4]), offset, zone)


def _fraction(digits: str | None) -> int:
    return int((digits or "0")[:9].ljust(9, "0"))


def _offset(sign: str, hours: str, minutes: str, seconds: str | None) -> int | None:
    if int(minutes) > 59 or int(seconds or 0) > 59:
        return None
    total = int(hours) * 3600 + int(minutes) * 60 + int(seconds or 0)
    if total > _MAX_OFFSET:
        return None
    return -total if sign == "-" else total


def parse_datetime(text: str) -> DateTime | None:
    """A date, `T`, a time; a date alone means its midnight."""
    day, mark, clock = text.partition("T")
    date = parse_date(day)
    time = parse_time(clock) if mark else MIDNIGHT
    return None if date is None or time is None else DateTime(date, time)


def parse_duration(text: str) -> Duration | None:
    """`P1Y2M` or `P1DT2H3M4.5S`; the two kinds do not mix."""
    found = _DURATION.fullmatch(text) if len(text) <= _MAX_TEXT else None
    if found is None or found[5] == "T":
        return None
    years, months, days = found[2], found[3], found[4]
    hours, minutes, seconds = found[6], found[7], found[8]
    sign = -1 if found[1] else 1
    if years or months:
        if days or found[5]:
            return None
        count = int(years or 0) * 12 + int(months or 0)
        return YearMonthDuration(sign * count) if count <= _MAX_MONTHS else None
    if not (days or hours or minutes or seconds):
        return None
    total = int(days or 0) * 86_400 + int(hours or 0) * 3600 + int(minutes or 0) * 60
    nanos = (total + int(seconds or 0)) * NANOS + _fraction(found[9])
    return DayTimeDuration(sign * nanos) if nanos <= _MAX_NANOS else None


def parse_temporal(text: str) -> object:
    """What an at-literal `@"..."` stands for, or None."""
    if text.lstrip("-").startswith("P"):
        return parse_duration(text)
    if "T" in text and _DATE.match(text):
        return parse_datetime(text)
    return parse_time(text) if ":" in text else parse_date(text)


def date_text(date: Date) -> str:
    """ISO text of a date."""
    sign = "-" if date.year < 0 else ""
    return f"{sign}{abs(date.year):04d}-{date.month:02d}-{date.day:02d}"


def time_text(time: Time) -> str:
    """ISO text of a time, with its offset or zone."""
    text = f"{time.hour:02d}:{time.minute:02d}:{time.second:02d}"
    text += _fraction_text(time.nanos)
    if time.zone is not None:
        return f"{text}@{time.zone}"
    return text + offset_text(time.offset)


def _fraction_text(nanos: int) -> str:
    return f".{nanos:09d}".rstrip("0") if nanos else ""


def offset_text(offset: int | None) -> str:
    """`Z`, `+02:00` or nothing."""
    if offset is None:
        return ""
    if offset == 0:
        return "Z"
    hours, rest = divmod(abs(offset), 3600)
    text = f"{'-' if offset < 0 else '+'}{hours:02d}:{rest // 60:02d}"
    return f"{text}:{rest % 60:02d}" if rest % 60 else text


def datetime_text(moment: DateTime) -> str:
    """ISO text of a date and time."""
    return f"{date_text(moment.date)}T{time_text(moment.time)}"


def day_time_text(duration: DayTimeDuration) -> str:
    """Canonical text: days, hours below 24, minutes and seconds below 60."""
    seconds, nanos = divmod(abs(duration.nanos), NANOS)
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, second = divmod(rest, 60)
    clock = f"{hours}H" if hours else ""
    clock += f"{minutes}M" if minutes else ""
    clock += f"{second}{_fraction_text(nanos)}S" if second or nanos else ""
    if not days and not clock:
        return "PT0S"
    sign = "-" if duration.nanos < 0 else ""
    return f"{sign}P{f'{days}D' if days else ''}{f'T{clock}' if clock else ''}"


def year_month_text(duration: YearMonthDuration) -> str:
    """Canonical text: years, months below 12."""
    years, months = divmod(abs(duration.months), 12)
    if not years and not months:
        return "P0M"
    sign = "-" if duration.months < 0 else ""
    return f"{sign}P{f'{years}Y' if years else ''}{f'{months}M' if months else ''}"
