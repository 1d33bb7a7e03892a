"""Panels over time: arrivals and closings, cumulative flow, cycle times, control charts."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Literal

from django.urls import reverse

from review.core.figures.drawings import (
    Group,
    Level,
    Spot,
    draw_bars,
    draw_control,
    draw_scatter,
    draw_stack,
)
from review.core.figures.drawings import Line as Course
from review.core.figures.figures import BY_KEY, Unit
from review.dashboards import metrics
from review.dashboards.metrics import Reading
from review.dashboards.metrics.rows import CumulativePoint, FlowPoint, Scatter, Xmr
from review.views.formats import NONE
from review.views.overview.asking import Asked
from review.views.overview.panel import (
    Cell,
    Content,
    Fact,
    Head,
    Line,
    Sheet,
    align_last,
    change_cell,
    count_cell,
    how_of,
    plural,
    say_delta,
    say_seconds,
    say_value,
    share_cell,
    sheet,
    span_cell,
)

MOST_SPOTS = 600
MOST_LISTED = 200
_WEEKS = dt.timedelta(weeks=26)
"""How far back the control charts look, and how far the weeks before lie behind."""
CYCLES = ("cycle_p50", "cycle_p85", "cycle_p95")
BANDS = ("Closed", "In work", "Waiting")


def build_flow(asked: Asked) -> Content:
    """Show what came beside what was closed."""
    points = metrics.read_flow(asked.scope, asked.period, now=asked.now)
    came, went = _sum(points, "arrivals"), _sum(points, "closed")
    before = (
        metrics.read_flow(asked.scope, asked.before, now=asked.now)
        if asked.before
        else []
    )
    slots = len(points)
    arrived = align_last([float(one.arrivals) for one in before], slots)
    closed = align_last([float(one.closed) for one in before], slots)
    reading = (
        f"{plural(came, 'task')} came and {went:,} {'was' if went == 1 else 'were'}"
        f" closed ({asked.label})"
    )
    if came == went:
        reading += ": as many went as came."
    else:
        word = "more came than went" if came > went else "more went than came"
        reading += f": {abs(came - went):,} {word}."
    return Content(
        reading=reading,
        how=how_of("arrivals", "throughput"),
        delta=_say_flow(came, went, before),
        drawing=draw_bars(
            ("Arrived", "Closed"),
            [
                Group(
                    _name_stretch(point.start, asked),
                    (float(point.arrivals), float(point.closed)),
                )
                for point in points
            ],
            lines=[("Arrived before", arrived), ("Closed before", closed)]
            if before
            else (),
        )
        if came or went
        else None,
        empty="" if came or went else "Nothing came and nothing was closed.",
        sheet=_flow_sheet(points, arrived, closed, is_compared=bool(before)),
    )


def _flow_sheet(
    points: Sequence[FlowPoint],
    arrived: Sequence[float | None],
    closed: Sequence[float | None],
    *,
    is_compared: bool,
) -> Sheet:
    heads = ("From", "Arrived", "First claimed", "Closed", "Closed late", "In progress")
    more = ("Arrived before", "Arrived, change", "Closed before", "Closed, change")
    rows = []
    for point, came, went in zip(points, arrived, closed, strict=True):
        cells = [
            count_cell(point.arrivals),
            count_cell(point.first_claims),
            count_cell(point.closed),
            count_cell(point.breached),
            count_cell(point.wip),
        ]
        if is_compared:
            cells += [
                count_cell(None if came is None else int(came)),
                change_cell(point.arrivals, came, unit="count"),
                count_cell(None if went is None else int(went)),
                change_cell(point.closed, went, unit="count", better="high"),
            ]
        rows.append(Line(point.label, tuple(cells)))
    return sheet((*heads, *(more if is_compared else ())), rows)


def _name_stretch(start: dt.datetime, asked: Asked) -> str:
    """Name a day, or an hour of a short time."""
    local = start.astimezone(asked.zone)
    if asked.period.until - asked.period.since <= dt.timedelta(days=2):
        return f"{local:%H:%M}"
    return f"{local:%-d %b}"


def _sum(points: Sequence[FlowPoint], name: str) -> int:
    return sum(int(getattr(point, name)) for point in points)


def _say_flow(came: int, went: int, before: Sequence[FlowPoint]) -> str:
    if not before:
        return ""
    arrivals = say_delta(came, _sum(before, "arrivals"), unit="count")
    closings = say_delta(went, _sum(before, "closed"), unit="count", better="high")
    return f"Arrivals: {arrivals}. Closings: {closings}."


def build_cumulative(asked: Asked) -> Content:
    """Show the layers of the cumulative flow."""
    points = metrics.read_cumulative(asked.scope, asked.period, now=asked.now)
    if not points or not any(point.arrived for point in points):
        return Content("Nothing flowed.", _HOW_LAYERS, empty="Nothing came or went.")
    base, last = points[0].closed, points[-1]
    before = (
        metrics.read_cumulative(asked.scope, asked.before, now=asked.now)
        if asked.before
        else []
    )
    first = points[0]
    moved = (last.waiting + last.in_work) - (first.waiting + first.in_work)
    course = (
        "as much as"
        if not moved
        else f"{abs(moved):,} {'more' if moved > 0 else 'fewer'} than"
    )
    return Content(
        reading=(
            f"{last.waiting:,} wait and {last.in_work:,} are in work at the end,"
            f" {course} at the beginning ({asked.label})."
        ),
        how=_HOW_LAYERS,
        delta=_say_open(last, before),
        drawing=draw_stack(
            BANDS,
            [
                (
                    point.at,
                    (point.closed - base, max(point.in_work, 0), max(point.waiting, 0)),
                )
                for point in points
            ],
            since=points[0].at,
            until=max(points[-1].at, points[0].at + dt.timedelta(hours=1)),
            zone=asked.zone,
            before=_courses_before(before, asked),
        ),
        sheet=_layer_sheet(points, before, base=base),
    )


def _say_open(last: CumulativePoint, before: Sequence[CumulativePoint]) -> str:
    if not before:
        return ""
    told = say_delta(_open(last), _open(before[-1]), unit="count", better="low")
    return f"In progress at the end: {told}."


def _open(point: CumulativePoint) -> int:
    return point.waiting + point.in_work


def _courses_before(
    before: Sequence[CumulativePoint], asked: Asked
) -> tuple[Course, ...]:
    """Return the edges of the layers of the time before, moved to the time shown."""
    if not before:
        return ()
    length, base = asked.period.until - asked.period.since, before[0].closed
    closed = tuple((one.at + length, float(one.closed - base)) for one in before)
    everything = tuple(
        (one.at + length, float(one.closed - base + _open(one))) for one in before
    )
    return (Course("Closed before", closed), Course("All before", everything))


def _layer_sheet(
    points: Sequence[CumulativePoint], before: Sequence[CumulativePoint], *, base: int
) -> Sheet:
    earlier = align_last([float(_open(one)) for one in before], len(points))
    rows = []
    for point, was in zip(points, earlier, strict=True):
        cells = [
            count_cell(point.waiting),
            count_cell(point.in_work),
            count_cell(point.closed - base),
        ]
        if before:
            cells += [
                count_cell(None if was is None else int(was)),
                change_cell(_open(point), was, unit="count", better="low"),
            ]
        rows.append(Line(point.label, tuple(cells)))
    more = ("In progress before", "Change") if before else ()
    return sheet(("Until", "Waiting", "In work", "Closed", *more), rows)


_LAYERS = (
    "At each moment: tasks not yet claimed, tasks claimed and not closed, and tasks"
    " closed since the beginning of the time shown. A band that grows wider is work that"
    " piles up there; the distance across a band is about how long a task stays in it."
)
_HOW_LAYERS = (_LAYERS,)


def build_scatter(asked: Asked) -> Content:
    """Show how long the cycles of closed tasks took."""
    found = metrics.read_scatter(asked.scope, asked.period, limit=MOST_SPOTS)
    earlier = (
        metrics.read_figures(
            CYCLES, scope=asked.scope, period=asked.before, now=asked.now
        )
        if asked.before
        else {}
    )
    if not found.points or found.p50 is None:
        return Content(
            "Nothing was closed.",
            how_of(*CYCLES),
            empty=f"No task was closed ({asked.label}).",
        )
    return Content(
        reading=_read_scatter(found),
        how=(
            *how_of(*CYCLES),
            f"Measured by the {asked.hours_words}."
            + (
                f" {len(found.points):,} of {found.total:,} tasks are drawn."
                if found.total > len(found.points)
                else ""
            ),
        ),
        facts=_cycle_facts(found, earlier, asked),
        drawing=draw_scatter(
            [
                Spot(
                    across=point.ended_at,
                    value=max(point.seconds, 1.0),
                    label=f"{point.case}: {say_seconds(point.seconds)}"
                    + (", late" if point.is_late else ""),
                    url=reverse("task-detail", args=[point.task]),
                    tone="bad" if point.is_late else "",
                    shape="cross" if point.is_late else "circle",
                )
                for point in found.points
            ],
            since=asked.period.since,
            until=asked.period.until,
            zone=asked.zone,
            levels=[
                Level(f"{name}: {say_seconds(value)}", value)
                for name, value in (
                    ("95 %", found.p95),
                    ("85 %", found.p85),
                    ("50 %", found.p50),
                )
                if value is not None
            ]
            + _levels_before(earlier),
        ),
        sheet=_cycle_sheet(found, asked),
    )


def _cycle_sheet(found: Scatter, asked: Asked) -> Sheet:
    return sheet(
        ("Task", Head("Cycle time", "seconds"), "Class", "Closed", "Late"),
        [
            Line(
                point.case,
                (
                    span_cell(point.seconds),
                    Cell(point.task_class, point.task_class),
                    Cell(
                        point.ended_at.isoformat(),
                        f"{point.ended_at.astimezone(asked.zone):%-d %b %H:%M}",
                    ),
                    Cell(
                        "yes" if point.is_late else "no",
                        "late" if point.is_late else NONE,
                    ),
                ),
                url=reverse("task-detail", args=[point.task]),
            )
            for point in found.points[:MOST_LISTED]
        ],
    )


def _read_scatter(found: Scatter) -> str:
    late = sum(point.is_late for point in found.points)
    part = (
        f"; {late:,} shown here {'was' if late == 1 else 'were'} late" if late else ""
    )
    return (
        f"Of {plural(found.total, 'task')} half took at most"
        f" {say_seconds(found.p50 or 0)} from claim to decision, 85 % at most"
        f" {say_seconds(found.p85 or 0)}, 95 % at most {say_seconds(found.p95 or 0)}{part}."
    )


def _cycle_facts(
    found: Scatter, earlier: Mapping[str, Reading], asked: Asked
) -> tuple[Fact, ...]:
    """Return the percentiles beside those of the time before; nothing uncompared."""
    values = (found.p50, found.p85, found.p95)
    return tuple(
        Fact(
            BY_KEY[key].title,
            say_value(now, "seconds"),
            say_delta(now, earlier[key].value, unit="seconds", better="low"),
            url=asked.rows_url(key),
        )
        for key, now in zip(CYCLES, values, strict=True)
        if key in earlier
    )


def _levels_before(earlier: Mapping[str, Reading]) -> list[Level]:
    value = earlier["cycle_p85"].value if earlier else None
    if value is None:
        return []
    seconds = float(value)
    return [Level(f"85 % before: {say_seconds(seconds)}", seconds, "before")]


_LIMITS = (
    "One point for each whole week. The limits lie 2.66 mean moving ranges from the"
    " mean; signals are a point outside, three of four in a row nearer a limit than"
    " the mean, and eight in a row on one side of it."
)


def build_xmr_cycle(asked: Asked) -> Content:
    """Show whether weekly cycle times change by more than chance."""
    return _control("cycle_p85", asked)


def build_xmr_overturn(asked: Asked) -> Content:
    """Show whether the weekly rate of overturned suggestions does."""
    return _control("overturn", asked)


def _control(kind: Literal["cycle_p85", "overturn"], asked: Asked) -> Content:
    hours = asked.period.hours
    chart = metrics.read_xmr(kind, asked.scope, now=asked.now, hours=hours)
    earlier = (
        metrics.read_xmr(kind, asked.scope, now=asked.now - _WEEKS, hours=hours)
        if asked.before
        else None
    )
    was = (
        {point.start + _WEEKS: point.value for point in earlier.points}
        if earlier
        else {}
    )
    figure = "cycle_p85" if kind == "cycle_p85" else "overturn_rate"
    unit: Unit = "seconds" if kind == "cycle_p85" else "share"
    how = (*how_of(figure), _LIMITS)
    if not chart.points:
        return Content("No whole week with figures yet.", how, empty="Nothing to draw.")
    drawing = draw_control(
        Course("Week", _week_points(chart, asked.zone)),
        since=_week_start(chart.points[0].start, asked.zone),
        until=_week_start(chart.points[-1].start, asked.zone) + dt.timedelta(days=7),
        zone=asked.zone,
        unit=unit,
        levels=_limits(chart, unit),
        signals=[n for n, point in enumerate(chart.points) if point.signals],
        before=[_course_before(was, asked.zone)] if was else (),
    )
    return Content(
        reading=" ".join(chart.signals) or "No signal.",
        how=how,
        drawing=drawing,
        delta=_say_mean(chart, earlier, unit),
        sheet=_week_sheet(chart, was if earlier else None, unit),
    )


def _say_mean(chart: Xmr, earlier: Xmr | None, unit: Unit) -> str:
    if earlier is None:
        return ""
    if earlier.mean is None:
        return "The 26 weeks before have nothing to compare with."
    told = say_delta(chart.mean, earlier.mean, unit=unit, better="low")
    return f"Mean of the weeks: {told}; those are the 26 weeks before."


def _course_before(was: Mapping[dt.date, float], zone: dt.tzinfo) -> Course:
    """Return the 26 weeks before, moved to the weeks shown."""
    middle = dt.timedelta(days=3.5)
    points = ((_week_start(week, zone) + middle, value) for week, value in was.items())
    return Course("26 weeks before", tuple(points), is_before=True)


def _week_sheet(chart: Xmr, was: Mapping[dt.date, float] | None, unit: Unit) -> Sheet:
    cell = span_cell if unit == "seconds" else share_cell
    rows = []
    for point in chart.points:
        said = "; ".join(point.signals)
        cells = [cell(point.value), count_cell(point.count), Cell(said, said or NONE)]
        if was is not None:
            earlier = was.get(point.start)
            cells += [
                cell(earlier),
                change_cell(point.value, earlier, unit=unit, better="low"),
            ]
        rows.append(Line(point.label, tuple(cells)))
    more = (Head("26 weeks before", unit), "Change") if was is not None else ()
    return sheet(("Week of", Head("Value", unit), "Tasks", "Signals", *more), rows)


def _week_points(
    chart: Xmr, zone: dt.tzinfo
) -> tuple[tuple[dt.datetime, float | None], ...]:
    return tuple(
        (_week_start(point.start, zone) + dt.timedelta(days=3.5), point.value)
        for point in chart.points
    )


def _week_start(date: dt.date, zone: dt.tzinfo) -> dt.datetime:
    return dt.datetime.combine(date, dt.time(0), zone)


def _limits(chart: Xmr, unit: Unit) -> list[Level]:
    known = (
        ("Upper limit", chart.upper, "limit"),
        ("Mean", chart.mean, "centre"),
        ("Lower limit", chart.lower, "limit"),
    )
    return [
        Level(
            f"{word} {say_value(value, unit)}",
            value,
            "centre" if kind == "centre" else "limit",
        )
        for word, value, kind in known
        if value is not None and (value > 0 or kind == "centre")
    ]
