"""Charts ready to be written as SVG: lines, stacks, bars, dots over time or by column.

Pure. Series are told apart by their number: the style sheet gives each a colour, a dash
and a marker of its own, and areas and bars a pattern, so that no chart needs colour.
"""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Final, Literal

from review.core.figures import charts
from review.core.figures.charts import Axis, Tick, Unit, number, percent, pixels

Shape = Literal["circle", "square", "triangle", "diamond", "cross"]

HEIGHT: Final = 208.0
MOST_SERIES: Final = 6
_GOLDEN: Final = 0.618033988749895
"""Its multiples spread evenly: dots of one column stand beside each other."""
_MARKERS: Final[tuple[Shape, ...]] = (
    "circle",
    "square",
    "triangle",
    "diamond",
    "cross",
)


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """A course over time; `is_before` is that of the period before, drawn dashed."""

    label: str
    points: tuple[tuple[dt.datetime, float | None], ...]
    is_before: bool = False
    is_stepped: bool = False
    has_markers: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Level:
    """A horizontal line at a value, with its words."""

    label: str
    value: float
    kind: Literal["limit", "centre", "goal", "before"] = "limit"


@dataclasses.dataclass(frozen=True, slots=True)
class Spot:
    """One thing: where across (a moment, or a column's number), how much, and its page."""

    across: dt.datetime | int
    value: float
    label: str
    url: str = ""
    tone: str = ""
    shape: Shape = "circle"


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """The bars of one slot, one of each series; None draws none."""

    label: str
    values: tuple[float | None, ...]
    note: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Stroke:
    """A line's path; `series` chooses colour and dash."""

    d: str
    series: int
    is_before: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Area:
    """A band's path; `series` chooses colour and pattern."""

    d: str
    series: int


@dataclasses.dataclass(frozen=True, slots=True)
class Bar:
    """One bar."""

    x: str
    y: str
    width: str
    height: str
    series: int
    title: str


@dataclasses.dataclass(frozen=True, slots=True)
class Dot:
    """One marker."""

    x: str
    y: str
    shape: Shape
    title: str
    url: str = ""
    tone: str = ""
    series: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """A level's line; its words stand above it, or below where it is high up."""

    y: str
    text_y: str
    label: str
    kind: str


@dataclasses.dataclass(frozen=True, slots=True)
class Key:
    """One entry of the legend."""

    label: str
    series: int
    kind: Literal["line", "area", "bar", "dot"]
    is_before: bool = False
    shape: str = ""
    tone: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Drawing:
    """Everything a chart's SVG holds, in its order from back to front."""

    across: tuple[Tick, ...]
    down: tuple[Tick, ...]
    height: int = int(HEIGHT)
    areas: tuple[Area, ...] = ()
    bars: tuple[Bar, ...] = ()
    strokes: tuple[Stroke, ...] = ()
    rules: tuple[Rule, ...] = ()
    dots: tuple[Dot, ...] = ()
    borders: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    keys: tuple[Key, ...] = ()
    has_links: bool = False

    @property
    def patterns(self) -> tuple[int, ...]:
        """Return the series that need a pattern."""
        used = {each.series for each in self.areas} | {bar.series for bar in self.bars}
        return tuple(sorted(used - {1}))


def draw_lines(
    lines: Sequence[Line],
    *,
    since: dt.datetime,
    until: dt.datetime,
    zone: dt.tzinfo,
    unit: Unit,
    levels: Sequence[Level] = (),
) -> Drawing:
    """Draw courses over a period, with levels across them."""
    across = charts.time_axis(since, until, zone=zone)
    values = [value for line in lines for _, value in line.points]
    down = charts.value_axis(
        [*values, *(level.value for level in levels)], unit=unit, height=HEIGHT
    )
    strokes, dots, keys = [], [], []
    for place, line in enumerate(lines):
        series = min(place, MOST_SERIES - 1) + 1
        marker = _MARKERS[place % len(_MARKERS)]
        path = _over_time(line, across, down)
        strokes.append(Stroke(path, series, is_before=line.is_before))
        keys.append(
            Key(
                line.label,
                series,
                "line",
                is_before=line.is_before,
                shape=marker if line.has_markers else "",
            )
        )
        if line.has_markers:
            dots += [
                Dot(
                    percent(_time(across, at)),
                    pixels(down.scale.place(value)),
                    marker,
                    f"{line.label}: {charts.name_value(value, unit)}",
                    series=series,
                )
                for at, value in line.points
                if value is not None
            ]
    return Drawing(
        across=across.ticks,
        down=down.ticks,
        strokes=tuple(strokes),
        rules=_rules(levels, down),
        dots=tuple(dots),
        keys=tuple(keys),
    )


def _over_time(line: Line, across: Axis, down: Axis) -> str:
    return charts.line_path(
        (
            (_time(across, at), None if value is None else down.scale.place(value))
            for at, value in line.points
        ),
        is_stepped=line.is_stepped,
    )


def draw_stack(
    labels: Sequence[str],
    rows: Sequence[tuple[dt.datetime, Sequence[float]]],
    *,
    since: dt.datetime,
    until: dt.datetime,
    zone: dt.tzinfo,
    before: Sequence[Line] = (),
) -> Drawing:
    """Draw counts on top of each other over a period, the first label at the bottom.

    `before` are courses of the period before, dashed over the bands.
    """
    across = charts.time_axis(since, until, zone=zone)
    down = charts.value_axis(
        [
            *(sum(values) for _, values in rows),
            *(value for line in before for _, value in line.points),
        ],
        unit="count",
        height=HEIGHT,
    )
    places = [_time(across, at) for at, _ in rows]
    floor = [0.0] * len(rows)
    areas, strokes = [], []
    for band in range(len(labels)):
        ceiling = [
            below + values[band] for below, (_, values) in zip(floor, rows, strict=True)
        ]
        series = min(band, MOST_SERIES - 1) + 1
        top = [down.scale.place(value) for value in ceiling]
        bottom = [down.scale.place(value) for value in floor]
        areas.append(Area(charts.area_path(places, top, bottom), series))
        strokes.append(Stroke(charts.line_path(zip(places, top, strict=True)), series))
        floor = ceiling
    keys = [
        Key(label, min(band, MOST_SERIES - 1) + 1, "area")
        for band, label in reversed(list(enumerate(labels)))
    ]
    for place, line in enumerate(before, start=len(labels)):
        series = min(place, MOST_SERIES - 1) + 1
        strokes.append(Stroke(_over_time(line, across, down), series, is_before=True))
        keys.append(Key(line.label, series, "line", is_before=True))
    return Drawing(
        across=across.ticks,
        down=down.ticks,
        areas=tuple(areas),
        strokes=tuple(strokes),
        keys=tuple(keys),
    )


def draw_scatter(
    spots: Sequence[Spot],
    *,
    since: dt.datetime,
    until: dt.datetime,
    zone: dt.tzinfo,
    levels: Sequence[Level] = (),
    is_log: bool = True,
) -> Drawing:
    """Draw durations by the moment they ended, with percentile lines across."""
    across = charts.time_axis(since, until, zone=zone)
    values = [*(spot.value for spot in spots), *(level.value for level in levels)]
    down = charts.value_axis(values, unit="seconds", height=HEIGHT, is_log=is_log)
    dots = tuple(
        _dot(spot, percent(_time(across, spot.across)), down)
        for spot in spots
        if isinstance(spot.across, dt.datetime)
    )
    return Drawing(
        across=across.ticks,
        down=down.ticks,
        rules=_rules(levels, down),
        dots=_marked_last(dots),
        has_links=any(dot.url for dot in dots),
    )


def draw_columns(
    columns: Sequence[str],
    spots: Sequence[Spot],
    *,
    levels: Sequence[Level] = (),
    keys: Sequence[Key] = (),
) -> Drawing:
    """Draw how old things are, side by side by the column each stands in."""
    width = 100.0 / max(len(columns), 1)
    values = [*(spot.value for spot in spots), *(level.value for level in levels)]
    down = charts.value_axis(values, unit="seconds", height=HEIGHT, is_log=True)
    seen = [0] * len(columns)
    dots = []
    for spot in spots:
        if not isinstance(spot.across, int):
            continue
        seen[spot.across] += 1
        beside = seen[spot.across] * _GOLDEN % 1
        at = width * (spot.across + 0.12 + 0.76 * beside)
        dots.append(_dot(spot, percent(at), down))
    most = max(int(72 / max(len(columns), 1)), 3)
    return Drawing(
        across=tuple(
            Tick(percent(width * (place + 0.5)), _shorten(label, most))
            for place, label in enumerate(columns)
        ),
        down=down.ticks,
        rules=_rules(levels, down),
        dots=tuple(dots),
        borders=tuple(percent(width * place) for place in range(1, len(columns))),
        columns=tuple(columns),
        keys=tuple(keys),
        has_links=any(dot.url for dot in dots),
    )


def draw_bars(
    labels: Sequence[str],
    groups: Sequence[Group],
    *,
    unit: Unit = "count",
    lines: Sequence[tuple[str, Sequence[float | None]]] = (),
) -> Drawing:
    """Draw bars side by side in equal slots, one of each series; labels name those.

    `lines` are the courses of the time before, dashed over the middles of the slots.
    """
    values = [value for group in groups for value in group.values]
    down = charts.value_axis(
        [*values, *(value for _, course in lines for value in course)],
        unit=unit,
        height=HEIGHT,
    )
    slot = 100.0 / max(len(groups), 1)
    width = slot * 0.8 / max(len(labels), 1)
    bars = []
    for place, group in enumerate(groups):
        for series, value in enumerate(group.values):
            if value is None:
                continue
            top = down.scale.place(value)
            words = f"{group.note or group.label}: {labels[series].lower()} "
            bars.append(
                Bar(
                    x=percent(slot * (place + 0.1) + width * series),
                    y=pixels(top),
                    width=percent(width * 0.92),
                    height=pixels(HEIGHT - top),
                    series=series + 1,
                    title=words + charts.name_value(value, unit),
                )
            )
    return Drawing(
        across=charts.slot_ticks([group.label for group in groups]),
        down=down.ticks,
        bars=tuple(bars),
        strokes=tuple(
            Stroke(_over_slots(course, down), len(labels) + number + 1, is_before=True)
            for number, (_, course) in enumerate(lines)
        ),
        keys=(
            *(Key(label, place + 1, "bar") for place, label in enumerate(labels)),
            *(
                Key(label, len(labels) + number + 1, "line", is_before=True)
                for number, (label, _) in enumerate(lines)
            ),
        ),
    )


def _over_slots(course: Sequence[float | None], down: Axis) -> str:
    """Return the path over the middles of equal slots."""
    slot = 100.0 / max(len(course), 1)
    return charts.line_path(
        (slot * (place + 0.5), None if value is None else down.scale.place(value))
        for place, value in enumerate(course)
    )


def draw_control(
    line: Line,
    *,
    since: dt.datetime,
    until: dt.datetime,
    zone: dt.tzinfo,
    unit: Unit,
    levels: Sequence[Level],
    signals: Sequence[int],
    before: Sequence[Line] = (),
) -> Drawing:
    """Draw a control chart; the points of `signals` are crossed diamonds, not dots.

    `before` is the course of the weeks before, at most one, dashed and without dots.
    """
    lines = [line, *before]
    plain = draw_lines(
        lines, since=since, until=until, zone=zone, unit=unit, levels=levels
    )
    across = charts.time_axis(since, until, zone=zone)
    down = charts.value_axis(
        [
            *(value for each in lines for _, value in each.points),
            *(level.value for level in levels),
        ],
        unit=unit,
        height=HEIGHT,
    )
    marked = set(signals)
    dots = [
        Dot(
            percent(_time(across, at)),
            pixels(down.scale.place(value)),
            "diamond" if place in marked else "circle",
            f"{at.astimezone(zone):%-d %b}: {charts.name_value(value, unit)}"
            + (", signal" if place in marked else ""),
            tone="bad" if place in marked else "",
            series=0 if place in marked else 1,
        )
        for place, (at, value) in enumerate(line.points)
        if value is not None
    ]
    keys = [Key(line.label, 1, "line", shape="circle"), *plain.keys[1:]]
    if marked:
        keys.append(Key("Signal", 0, "dot", shape="diamond", tone="bad"))
    return dataclasses.replace(plain, dots=tuple(dots), keys=tuple(keys))


def _time(across: Axis, at: dt.datetime) -> float:
    return across.scale.place(at.timestamp())


def _dot(spot: Spot, x: str, down: Axis) -> Dot:
    y = pixels(down.scale.place(spot.value))
    return Dot(x, y, spot.shape, spot.label, url=spot.url, tone=spot.tone, series=1)


def _marked_last(dots: Sequence[Dot]) -> tuple[Dot, ...]:
    """Let what is marked lie over what is not."""
    return tuple(sorted(dots, key=lambda dot: bool(dot.tone)))


def _rules(levels: Sequence[Level], down: Axis) -> tuple[Rule, ...]:
    """Return the lines from the top down; words that would meet are moved apart."""
    rules: list[Rule] = []
    lowest = 0.0
    for level in sorted(levels, key=lambda each: -each.value):
        y = down.scale.place(level.value)
        text_y = max(y - 4 if y > 16 else y + 12, lowest + 12)
        lowest = text_y
        rules.append(Rule(pixels(y), number(text_y), level.label, level.kind))
    return tuple(rules)


def _shorten(label: str, most: int) -> str:
    return label if len(label) <= most else f"{label[: most - 1].rstrip()}…"
