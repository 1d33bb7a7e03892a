"""A calendar as a policy: its zone, its week, whose holidays are off, and its own.

A body holds texts, as they are typed: {"zone": "Europe/Berlin", "country": "DE",
"part": "BE", "mon": "09:00-12:30, 13:30-17:30", ..., "rows": [{"date": "2026-12-24",
"name": "Company holiday"}]}. What a part of the week leaves out is off.
"""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from review.core.policies.policies import Fault, Line
from workflows.core.calendars import BusinessCalendar, CalendarError, read_calendar

DAYS: Final[Mapping[str, str]] = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}
PLACES: Final[Mapping[str, str]] = {
    "zone": "Time zone",
    "country": "Country of the holidays",
    "part": "Part of it",
}
FIELDS: Final[Mapping[str, str]] = {**PLACES, **DAYS}
MOST_DAYS: Final = 200
LONGEST_NAME: Final = 200
_SPAN: Final = re.compile(
    r"(\d{1,2}(?::\d{2})?)\s*(?:-|\N{EN DASH}|to)\s*(\d{1,2}(?::\d{2})?)"
)
_DASH: Final = "\N{EN DASH}"
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_PART: Final = re.compile(r"[A-Za-z0-9-]{1,10}")

Hours = dict[str, list[list[str]]]


class HoursError(ValueError):
    """Nobody can read these hours; the message quotes them."""


def read_hours(text: str) -> list[list[str]]:
    """Read one day's hours: "09:00-12:30, 13:30-17:30"; "" is a day off.

    "9-17" is from nine to five. Raises HoursError.
    """
    spans = []
    for part in filter(None, (one.strip() for one in re.split(r"[,;]", text))):
        found = _SPAN.fullmatch(part)
        if found is None:
            raise HoursError(
                f"{part!r:.40} must be written as 09:00-12:30, 13:30-17:30."
            )
        spans.append([_pad(found[1]), _pad(found[2])])
    return spans


def write_hours(spans: Sequence[Sequence[str]]) -> str:
    """Write one day's hours as they are typed."""
    return ", ".join(f"{_pad(since)}-{_pad(to)}" for since, to in spans)


def _pad(text: str) -> str:
    hours, _, minutes = text.partition(":")
    return f"{int(hours):02d}:{minutes or '00'}"


def to_hours(body: Mapping[str, Any]) -> Hours:
    """Return the week of a body as calendars hold it, "0" being Monday."""
    return {
        str(number): spans
        for number, word in enumerate(DAYS)
        if (spans := read_hours(body.get(word, "")))
    }


def to_days_off(body: Mapping[str, Any]) -> dict[dt.date, str]:
    """Return a body's own days off with their names."""
    return {
        dt.date.fromisoformat(row["date"]): row.get("name", "") for row in body["rows"]
    }


def to_calendar(
    body: Mapping[str, Any], *, holidays: frozenset[dt.date]
) -> BusinessCalendar:
    """Return the calendar a sound body stands for; `holidays` are the country's."""
    return read_calendar(
        zone=body["zone"],
        hours=to_hours(body),
        holidays=holidays | frozenset(to_days_off(body)),
    )


def make_body(
    *,
    zone: str,
    hours: Mapping[str, Sequence[Sequence[str]]],
    country: str,
    part: str,
    days_off: Mapping[dt.date, str],
) -> dict[str, Any]:
    """Return the body of a calendar as it is stored."""
    words = {
        "zone": zone,
        "country": country,
        "part": part,
        **{
            word: write_hours(hours.get(str(number), ()))
            for number, word in enumerate(DAYS)
        },
    }
    return {
        **{word: text for word, text in words.items() if text},
        "rows": [
            {"date": date.isoformat(), **({"name": name} if name else {})}
            for date, name in sorted(days_off.items())
        ],
    }


class CalendarRules:
    """The kind CALENDAR; see policies.PolicyRules."""

    def check(self, body: object) -> Sequence[Fault]:
        """Return every fault of a body, at its field."""
        if not isinstance(body, Mapping) or not isinstance(body.get("rows", []), list):
            return [Fault((), 'A calendar is an object with "zone", days and "rows".')]
        unknown = sorted(set(map(str, body)) - {*FIELDS, "rows"})
        faults = [Fault((), f"Nobody knows the word {word!r}.") for word in unknown]
        faults += _check_places(body) + _check_week(body)
        rows = body.get("rows", [])
        if len(rows) > MOST_DAYS:
            said = f"A calendar has at most {MOST_DAYS} days off of its own."
            faults.append(Fault(("rows",), said))
        dates = [_date(row) for row in rows]
        for place, row in enumerate(rows):
            faults += _check_day(row, place, dates)
        return faults

    def normalize(self, body: object) -> dict[str, Any]:
        """Return a sound body in its one form: spans padded, days off by date."""
        assert isinstance(body, Mapping)  # checked before
        return make_body(
            zone=_text(body, "zone"),
            hours=to_hours(body),
            country=_text(body, "country").upper(),
            part=_text(body, "part"),
            days_off={
                dt.date.fromisoformat(_text(row, "date")): _text(row, "name")
                for row in body.get("rows", [])
            },
        )

    def takes_two(self, body: Mapping[str, Any]) -> str:
        """Return "": a change of a calendar that stands takes two anyway."""
        return ""

    def list_heads(self, body: Mapping[str, Any]) -> Sequence[str]:
        """Return the heads of the columns."""
        return ("What", "As")

    def list_lines(self, body: Mapping[str, Any]) -> Sequence[Line]:
        """Return a line for each field, each day of the week, and each day off."""
        named = [
            *((head, body.get(word, "")) for word, head in PLACES.items()),
            *((head, body.get(word, "") or "off") for word, head in DAYS.items()),
            *((row["date"], f"off: {row.get('name', '')}") for row in body["rows"]),
        ]
        return [
            Line(name, (name, text.replace("-", _DASH) if name in _NAMES else text))
            for name, text in named
        ]


_NAMES: Final = frozenset(DAYS.values())


def _text(row: Mapping[str, Any], word: str) -> str:
    return " ".join(str(row.get(word) or "").split())


def _check_places(body: Mapping[str, Any]) -> list[Fault]:
    faults = []
    zone, country, part = (_text(body, word) for word in PLACES)
    try:
        read_calendar(zone=zone, hours={"0": [["00:00", "24:00"]]})
    except CalendarError:
        said = f"{zone!r:.60} is no time zone; write one such as Europe/Berlin."
        faults.append(Fault(("fields", "zone"), said))
    if country and not _COUNTRY.fullmatch(country.upper()):
        said = "The country is an ISO 3166 code of two letters, such as DE."
        faults.append(Fault(("fields", "country"), said))
    if part and not (country and _PART.fullmatch(part)):
        said = f"The part {part!r:.20} is one of a country, such as BY of DE."
        faults.append(Fault(("fields", "part"), said))
    return faults


def _check_week(body: Mapping[str, Any]) -> list[Fault]:
    faults = []
    for number, (word, name) in enumerate(DAYS.items()):
        where = ("fields", word)
        try:
            spans = read_hours(_text(body, word))
            read_calendar(zone="UTC", hours={str(number): spans} if spans else _ANY)
        except HoursError as error:
            faults.append(Fault(where, f"{name}: {error}"))
        except CalendarError as error:
            said = str(error).removeprefix(f"Weekday {number}: ")
            faults.append(Fault(where, f"{name}: {said}"))
    if not faults and not any(_text(body, word) for word in DAYS):
        faults.append(Fault(("fields", "mon"), "No day of the week has any hours."))
    return faults


_ANY: Final[Hours] = {"0": [["00:00", "24:00"]]}


def _date(row: object) -> str:
    return _text(row, "date") if isinstance(row, Mapping) else ""


def _check_day(row: object, place: int, dates: Sequence[str]) -> list[Fault]:
    label = f"Row {place + 1}"
    if not isinstance(row, Mapping) or set(map(str, row)) - {"date", "name"}:
        return [Fault(("rows", place), f"{label} has a date, and maybe a name.")]
    date = dates[place]
    try:
        dt.date.fromisoformat(date)
    except ValueError:
        said = f"{label}: write the day as 2026-12-24."
        return [Fault(("rows", place, "date"), said)]
    faults = []
    if date in dates[:place]:
        faults.append(
            Fault(("rows", place, "date"), f"{label}: {date} stands above already.")
        )
    if len(_text(row, "name")) > LONGEST_NAME:
        said = f"{label}: keep the name under {LONGEST_NAME} characters."
        faults.append(Fault(("rows", place, "name"), said))
    return faults
