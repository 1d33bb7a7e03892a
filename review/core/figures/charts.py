"""Numbers to places on a chart: scales, ticks, paths. Pure; templates write the SVG.

Horizontal places are per cents of the plot's width, vertical ones pixels from its top:
text and dots keep their size however wide the plot is. Paths are in WIDE units across;
a `viewBox` of their own stretches them.
"""

import dataclasses
import datetime as dt
import math
from collections.abc import Iterable, Sequence
from typing import Final, Literal

Unit = Literal["count", "seconds", "share"]
Point = tuple[float, float | None]
"""A place across and a place down; None where nothing was measured."""

WIDE: Final = 1000.0
MINUTE: Final = 60.0
HOUR: Final = 3600.0
DAY: Final = 86_400.0
TINY: Final = 1e-9
_SPANS: Final = (
    *(1.0, 5.0, 15.0, 30.0),
    *(MINUTE * n for n in (1, 5, 15, 30)),
    *(HOUR * n for n in (1, 2, 4, 8)),
    *(DAY * n for n in (0.5, 1, 2, 4, 7, 14, 28, 56, 112, 364)),
)
"""What a tick of a duration may be apart, or stand at on a logarithmic scale."""
_DAY_STEPS: Final = (1, 2, 3, 7, 14, 28)
_HOUR_STEPS: Final = (1, 2, 3, 6, 12)
_MONTH_STEPS: Final = (1, 3, 6, 12, 36, 120)


@dataclasses.dataclass(frozen=True, slots=True)
class Scale:
    """From values to places: `low` stands at 0 and `high` at `size`, or turned round."""

    low: float
    high: float
    size: float
    is_log: bool = False
    is_turned: bool = False

    def place(self, value: float) -> float:
        """Return where a value stands; what lies outside stands on the edge."""
        low, high, at = self.low, self.high, min(max(value, self.low), self.high)
        if self.is_log:
            low, high, at = math.log(low), math.log(high), math.log(at)
        share = (at - low) / (high - low) if high > low else 0.0
        return self.size * (1 - share if self.is_turned else share)


@dataclasses.dataclass(frozen=True, slots=True)
class Tick:
    """A mark of an axis; on a narrow screen the minor ones go."""

    at: str
    label: str
    is_minor: bool = False
    anchor: str = "middle"


@dataclasses.dataclass(frozen=True, slots=True)
class Axis:
    """A scale with its ticks."""

    scale: Scale
    ticks: tuple[Tick, ...]


def list_nice(
    low: float, high: float, *, most: int = 6, whole: bool = False
) -> list[float]:
    """Return round values a round step apart that cover a range, at most `most`.

    `whole` keeps to whole numbers. Raises ValueError for fewer than three ticks, which
    cannot cover a range around zero.
    """
    if most < 3:
        raise ValueError("An axis has two ends and a zero.")
    if high - low < TINY:
        high = low + 1.0
    power = math.floor(math.log10((high - low) / (most - 1)))
    while True:
        for factor in (1.0, 2.0, 5.0):
            step = factor * 10.0**power
            if whole and step < 1:
                continue
            first, last = math.floor(low / step), math.ceil(high / step)
            if last - first < most:
                return [n * step for n in range(first, last + 1)]
        power += 1


def list_spans(high: float, *, most: int = 6) -> list[float]:
    """Return durations in seconds from 0 that cover `high`, a usual step apart."""
    for step in _SPANS:
        if math.ceil(high / step) < most:
            return [n * step for n in range(max(math.ceil(high / step), 1) + 1)]
    step = _SPANS[-1] * math.ceil(high / _SPANS[-1] / (most - 1))
    return [n * step for n in range(math.ceil(high / step) + 1)]


def list_log_spans(low: float, high: float, *, most: int = 7) -> list[float]:
    """Return usual durations from at most `low` to at least `high`, above zero."""
    low, high = max(low, _SPANS[0]), max(high, _SPANS[1])
    first = max(n for n, span in enumerate(_SPANS) if span <= low)
    ends = [n for n, span in enumerate(_SPANS) if span >= high]
    if not ends:
        return [*_thin(_SPANS[first:], most - 1), high]
    chosen = _SPANS[first : max(ends[0], first + 1) + 1]
    return _thin(chosen, most)


def _thin(values: Sequence[float], most: int) -> list[float]:
    """Leave values out evenly; the first and the last stay."""
    every = math.ceil((len(values) - 1) / max(most - 1, 1)) or 1
    kept = list(values[:-1][::every])
    return [*kept, values[-1]]


def value_axis(
    values: Iterable[float | None],
    *,
    unit: Unit,
    height: float,
    most: int = 5,
    is_log: bool = False,
) -> Axis:
    """Return the axis upwards that holds all values, from zero unless logarithmic."""
    known = [value for value in values if value is not None]
    high = max(known, default=0.0)
    if unit == "seconds" and is_log:
        at = list_log_spans(min(known, default=1.0), high, most=most + 2)
    elif unit == "seconds":
        at = list_spans(high, most=most)
    else:
        low = min(0.0, min(known, default=0.0))
        at = list_nice(low, high, most=most, whole=unit == "count")
    scale = Scale(at[0], at[-1], height, is_log=is_log, is_turned=True)
    ticks = (Tick(pixels(scale.place(each)), name_value(each, unit)) for each in at)
    return Axis(scale, tuple(ticks))


def time_axis(
    since: dt.datetime, until: dt.datetime, *, zone: dt.tzinfo, most: int = 6
) -> Axis:
    """Return the axis of a period; ticks are whole hours, days or months of the zone."""
    scale = Scale(since.timestamp(), until.timestamp(), 100.0)
    moments = list_moments(since, until, zone=zone, most=most)
    has_hours = any(moment.time() != dt.time(0) for moment in moments)
    span = until - since
    ticks = []
    for number, moment in enumerate(moments):
        at = scale.place(moment.timestamp())
        ticks.append(
            Tick(
                percent(at),
                _name_moment(moment, has_hours=has_hours, span=span),
                is_minor=number % 2 == 1,
                anchor=_anchor(at),
            )
        )
    return Axis(scale, tuple(ticks))


def list_moments(
    since: dt.datetime, until: dt.datetime, *, zone: dt.tzinfo, most: int = 6
) -> list[dt.datetime]:
    """Return at most `most` round moments of a period by the zone's wall clock."""
    hours = (until - since) / dt.timedelta(hours=1)
    for step in _HOUR_STEPS:
        if hours / step < most:
            return _each_hour(since, until, zone=zone, step=step)
    days = hours / 24
    for step in _DAY_STEPS:
        if days / step < most:
            return _each_day(since, until, zone=zone, step=step)
    for step in _MONTH_STEPS:
        if days / 28 / step < most:
            return _each_month(since, until, zone=zone, step=step)
    return [since.astimezone(zone)]


def _each_hour(
    since: dt.datetime, until: dt.datetime, *, zone: dt.tzinfo, step: int
) -> list[dt.datetime]:
    at = since.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0)
    found = []
    while at <= until:
        wall = at.astimezone(zone)
        if at >= since and wall.hour % step == 0:
            found.append(wall)
        at += dt.timedelta(hours=1)
    return found


def _each_day(
    since: dt.datetime, until: dt.datetime, *, zone: dt.tzinfo, step: int
) -> list[dt.datetime]:
    date, last = since.astimezone(zone).date(), until.astimezone(zone).date()
    midnights = []
    while date <= last:
        midnights.append(dt.datetime.combine(date, dt.time(0), zone))
        date += dt.timedelta(days=1)
    inside = [each for each in midnights if since <= each <= until]
    return inside[::step]


def _each_month(
    since: dt.datetime, until: dt.datetime, *, zone: dt.tzinfo, step: int
) -> list[dt.datetime]:
    first = since.astimezone(zone)
    found: list[dt.datetime] = []
    months = first.year * 12 + first.month - 1
    while True:
        at = dt.datetime(months // 12, months % 12 + 1, 1, tzinfo=zone)
        if at > until:
            return found
        if at >= since and months % step == 0:
            found.append(at)
        months += 1


def slot_ticks(labels: Sequence[str], *, most: int = 6) -> tuple[Tick, ...]:
    """Return ticks below the middles of equal slots, as many as there is room for."""
    if not labels:
        return ()
    width = 100.0 / len(labels)
    every = math.ceil(len(labels) / most)
    return tuple(
        Tick(
            percent(at := width * (number + 0.5)),
            labels[number],
            is_minor=(number // every) % 2 == 1,
            anchor=_anchor(at),
        )
        for number in range(0, len(labels), every)
    )


def line_path(points: Iterable[Point], *, is_stepped: bool = False) -> str:
    """Return the path through points in per cent and pixels; a gap breaks it.

    A stepped one keeps each value until the next point.
    """
    parts: list[str] = []
    is_drawing = False
    for across, down in points:
        if down is None:
            is_drawing = False
            continue
        x, y = number(across * WIDE / 100), number(down)
        if not is_drawing:
            parts.append(f"M{x} {y}")
            parts.append("h0.1")  # a lone point is seen by its line's round ends
        elif is_stepped:
            parts.append(f"H{x}V{y}")
        else:
            parts.append(f"L{x} {y}")
        is_drawing = True
    return "".join(parts)


def area_path(
    across: Sequence[float], upper: Sequence[float], lower: Sequence[float]
) -> str:
    """Return the closed path between two courses over the same places."""
    if not across:
        return ""
    places = [number(x * WIDE / 100) for x in across]
    above = [f"{x} {number(y)}" for x, y in zip(places, upper, strict=True)]
    below = [f"{x} {number(y)}" for x, y in zip(places, lower, strict=True)]
    return f"M{'L'.join(above)}L{'L'.join(reversed(below))}Z"


def name_value(value: float, unit: Unit) -> str:
    """Return a value as ticks and short labels say it: "120", "4 h", "12.5 %"."""
    if unit == "share":
        return f"{number(value * 100)} %"
    if unit == "count":
        return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
    for length, word in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if value >= length and (word != "d" or value >= 2 * DAY or value == DAY):
            return f"{number(value / length)} {word}"
    return f"{number(value)} s"


def _name_moment(at: dt.datetime, *, has_hours: bool, span: dt.timedelta) -> str:
    if span > dt.timedelta(days=120):
        return f"{at:%b %Y}"
    if not has_hours or (at.time() == dt.time(0) and span > dt.timedelta(days=1)):
        return f"{at.day} {at:%b}"
    return f"{at:%H:%M}"


def _anchor(at: float) -> str:
    """Keep the words of the first and the last tick inside the plot."""
    if at < 4:
        return "start"
    return "end" if at > 96 else "middle"


def number(value: float) -> str:
    """Return a number as attributes write it, with at most one decimal."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def percent(value: float) -> str:
    """Return a place across as attributes write it: "12.34%"."""
    return f"{round(value, 2):g}%"


def pixels(value: float) -> str:
    """Return a place down as attributes write it."""
    return number(value)
