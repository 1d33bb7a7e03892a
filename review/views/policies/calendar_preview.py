"""A calendar as pages draw it, and what a preview of one says in words. No queries."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from review.core.policies.calendar_policy import DAYS, PLACES, to_hours
from review.core.policies.calendar_preview import CalendarPreview
from review.views.formats import NONE

MINUTES: Final = 24 * 60
HEIGHT: Final = 12
_MINUS: Final = "\N{MINUS SIGN}"
_HOURS: Final = (0, 6, 9, 12, 15, 18, 24)


def draw_week(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a week of hours: for each day its bars, its words and how long it is."""
    hours = to_hours(body)
    days = [
        _draw_day(name, hours.get(str(number), []))
        for number, name in enumerate(DAYS.values())
    ]
    total = sum(day["minutes"] for day in days)
    return {
        "days": days,
        "total": _hours(dt.timedelta(minutes=total)),
        "ticks": [
            {"x": 60 * hour, "label": f"{hour:02d}", "anchor": _anchor(hour)}
            for hour in _HOURS
        ],
        "places": [
            (head, body[word]) for word, head in PLACES.items() if body.get(word)
        ],
    }


def _anchor(hour: int) -> str:
    return {0: "start", 24: "end"}.get(hour, "middle")


def _draw_day(name: str, spans: list[list[str]]) -> dict[str, Any]:
    bars = [(_minutes(since), _minutes(to)) for since, to in spans]
    minutes = sum(to - since for since, to in bars)
    return {
        "name": name,
        "bars": [{"x": since, "width": to - since} for since, to in bars],
        "spans": [f"{a}\N{EN DASH}{b}" for a, b in spans],
        "minutes": minutes,
        "hours": _hours(dt.timedelta(minutes=minutes)) if minutes else NONE,
    }


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return 60 * int(hours) + int(minutes)


def list_days(days: Mapping[dt.date, str]) -> list[dict[str, str]]:
    """Return days off as lists show them."""
    return [
        {"date": date.isoformat(), "day": f"{date:%a %-d %b %Y}", "name": name}
        for date, name in days.items()
    ]


def describe_calendar(found: CalendarPreview) -> dict[str, Any]:
    """Return the preview as its template shows it."""
    return {
        "weeks": found.weeks,
        "said": _hours_said(found),
        "added": list_days(found.added),
        "removed": list_days(found.removed),
        "clocks": _clocks(found),
        "outcome": _outcome(found),
        "is_worse": bool(found.breached),
        "sample": _sample(found),
        "unread": _unread(found),
    }


def _hours_said(found: CalendarPreview) -> str:
    before, after = found.hours_before, found.hours_after
    if before == after:
        return f"{_hours(after)} of working time a week, as now."
    sign = "+" if after > before else _MINUS
    change = _hours(abs(after - before))
    return (
        f"{_hours(after)} of working time a week instead of {_hours(before)}"
        f" ({sign}{change})."
    )


def _clocks(found: CalendarPreview) -> str:
    if not found.seen:
        return (
            f"No clock of the last {found.weeks} weeks ran by this calendar, so there is"
            " nothing to replay."
        )
    total = f"Of {found.total:,} clocks of the last {found.weeks} weeks"
    if not found.earlier and not found.later:
        return f"{total} every one would have been due when it was."
    said = [
        f"{_scaled(found, count)} would have been due {word}"
        for count, word in ((found.earlier, "earlier"), (found.later, "later"))
        if count
    ]
    return f"{total} {' and '.join(said)}."


def _outcome(found: CalendarPreview) -> str:
    if not found.seen:
        return ""
    if not found.breached and not found.kept:
        return "As many would have been breached, and the same ones."
    return (
        f"{_scaled(found, found.breached)} that were kept would have been breached,"
        f" {_scaled(found, found.kept)} that were breached would have been kept."
    )


def _sample(found: CalendarPreview) -> str:
    if found.seen >= found.total:
        return ""
    return f"{found.seen:,} were counted, spread evenly; figures are scaled up to all."


def _unread(found: CalendarPreview) -> str:
    if not found.unread:
        return ""
    return f"{_scaled(found, found.unread)} have goals that one of the two cannot hold."


def _scaled(found: CalendarPreview, count: int) -> str:
    return f"{round(count * found.scale):,}"


def _hours(span: dt.timedelta) -> str:
    minutes = int(span.total_seconds()) // 60
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"
