"""Words of time in business time: durations, and shares of a goal. No storage."""

import datetime as dt
import re
from decimal import Decimal
from typing import Final

from workflows.core.calendars import BusinessCalendar

_DURATION: Final = re.compile(
    r"P(?:(?P<weeks>\d{1,18})W)?(?:(?P<days>\d{1,18})D)?"
    r"(?:T(?:(?P<hours>\d{1,18})H)?(?:(?P<minutes>\d{1,18})M)?(?:(?P<seconds>\d{1,18})S)?)?"
)
_SHARE: Final = re.compile(r"(?P<percent>\d{1,2}(?:\.\d+)?)%|(?P<part>0?\.\d+)")


class ClockError(ValueError):
    """A duration or a share cannot be read; the message quotes it."""


def read_duration(text: str, *, calendar: BusinessCalendar) -> dt.timedelta:
    """Read an ISO 8601 duration as business time.

    A day is a full working day of the calendar, a week its working week. Months and
    years have no fixed length and are refused. Raises ClockError.
    """
    found = _DURATION.fullmatch(text.strip())
    parts = {name: int(n) for name, n in found.groupdict("0").items()} if found else {}
    if not found or text.strip().endswith(("P", "T")):
        raise ClockError(
            f"{text!r} is no duration; write it like PT8H, P2D or P1DT4H30M."
        )
    try:
        return (
            parts["weeks"] * calendar.whole_week
            + parts["days"] * calendar.day
            + dt.timedelta(
                hours=parts["hours"], minutes=parts["minutes"], seconds=parts["seconds"]
            )
        )
    except OverflowError as error:
        raise ClockError(f"{text!r} is longer than any clock runs.") from error


def read_share(
    text: str, *, goal: dt.timedelta, calendar: BusinessCalendar
) -> dt.timedelta:
    """Return after how much of a goal's time its warning comes.

    The words are a share ("75%", "0.75") or a time before the goal ("PT1H"); one that
    is longer than the goal warns at once. Raises ClockError.
    """
    share = _SHARE.fullmatch(text.strip())
    if share is None:
        before = read_duration(text, calendar=calendar)
        return max(goal - before, dt.timedelta())
    part = (
        Decimal(share["percent"]) / 100 if share["percent"] else Decimal(share["part"])
    )
    microseconds = goal // dt.timedelta(microseconds=1)
    return dt.timedelta(microseconds=int(microseconds * part))
