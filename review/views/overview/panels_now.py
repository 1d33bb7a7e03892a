"""Panels of how it stands: expected breaches, the month's allowance, age of the work."""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.urls import reverse

from review.core.figures.drawings import (
    Drawing,
    Group,
    Key,
    Level,
    Shape,
    Spot,
    draw_bars,
    draw_columns,
    draw_lines,
)
from review.core.figures.drawings import Line as Course
from review.dashboards import figure_rows, metrics
from review.dashboards.metrics import Period
from review.dashboards.metrics.rows import AgingClass, Burn, BurnDay, Forecast
from review.dashboards.metrics.stored import read_counts
from review.views.formats import NONE, format_duration
from review.views.overview.asking import Asked
from review.views.overview.panel import (
    Cell,
    Content,
    Fact,
    Head,
    Line,
    Sheet,
    change_cell,
    count_cell,
    how_of,
    plural,
    say_delta,
    say_seconds,
    say_share,
    share_cell,
    sheet,
    span_cell,
)

STATES: Final = {
    "OPEN": "Waiting",
    "CLAIMED": "In work",
    "WAITING": "Parked",
    "SETTLING": "Settling",
}
SHAPES: Final[dict[str, Shape]] = {"A": "triangle", "B": "circle", "C": "square"}


def build_forecast(asked: Asked) -> Content:
    """Say how many breaches today will likely bring."""
    found = metrics.read_forecast(asked.scope, now=asked.now, zone=asked.period.zone)
    expected = f"{found.expected:.1f}"
    due_url = asked.rows_url("expected_breaches")
    so_far = (
        f"{plural(found.so_far, 'breach')}"
        if found.so_far == 1
        else (f"{found.so_far:,} breaches")
    )
    if found.due_today:
        reading = (
            f"Of the {plural(found.due_today, 'task')} still due today {expected} will"
            f" likely be late (80 % sure: {found.low:.1f} to {found.high:.1f});"
            f" {so_far} so far today."
        )
    else:
        reading = f"Nothing more falls due today; {so_far} so far."
    return Content(
        reading=reading,
        how=how_of("expected_breaches"),
        facts=(
            Fact(
                "Expected today",
                expected,
                f"{found.low:.1f} to {found.high:.1f}" if found.due_today else "",
                url=due_url,
            ),
            Fact("Still due today", f"{found.due_today:,}", url=due_url),
            Fact("Breached today", f"{found.so_far:,}", _say_so_far(found, asked)),
        ),
        drawing=draw_bars(
            ("Due today", "Expected late"),
            [
                Group(
                    f"Class {each.task_class}",
                    (float(each.due_today), round(each.expected, 1)),
                )
                for each in found.classes
            ],
        )
        if found.due_today
        else None,
        sheet=_forecast_sheet(found),
    )


def _forecast_sheet(found: Forecast) -> Sheet:
    return sheet(
        ("Class", "Due today", "Expected late", "Sample", "Curve"),
        [
            Line(
                f"Class {each.task_class}",
                (
                    count_cell(each.due_today),
                    Cell(f"{each.expected:.3f}", f"{each.expected:.1f}"),
                    count_cell(each.closed),
                    Cell(
                        "own" if each.is_own else "all classes",
                        "its own" if each.is_own else "of all classes",
                    ),
                ),
            )
            for each in found.classes
        ],
    )


def _say_so_far(found: Forecast, asked: Asked) -> str:
    """Compare today's breaches with yesterday's until the end of this hour."""
    if not asked.compare:
        return ""
    day = dt.timedelta(days=1)
    midnight = asked.now.astimezone(asked.zone).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    _, counts = read_counts(asked.scope, Period(midnight - day, asked.now - day))
    told = say_delta(found.so_far, counts["breaches"], unit="count", better="low")
    return f"{told}; that is yesterday by this hour"


def build_burn(asked: Asked) -> Content:
    """Say how much of the breaches the month allows is used up."""
    zone = asked.period.zone
    burn = metrics.read_burn(asked.scope, now=asked.now, zone=zone)
    used = [day for day in burn.days if day.used is not None]
    earlier = _read_month_before(burn, asked) if asked.compare else None
    at = earlier.days[: len(used)][-1].used if earlier and used else None
    return Content(
        reading=_read_burn(burn),
        how=how_of("burn"),
        facts=(
            Fact(
                "Allowance used",
                say_share(burn.used) if burn.used is not None else NONE,
                _say_used(burn, at) if earlier else "",
                url=asked.rows_url("burn"),
            ),
            Fact("Month gone", say_share(burn.gone)),
            Fact(
                "Breaches",
                f"{burn.breaches:,}",
                f"of {burn.allowed:.1f} allowed",
                url=asked.rows_url("burn"),
            ),
        ),
        drawing=_draw_burn(burn, earlier, asked) if used else None,
        empty="" if used else "Nothing is allowed yet: too little was closed.",
        sheet=_burn_sheet(used, earlier),
    )


def _say_used(burn: Burn, at: float | None) -> str:
    if at is None:
        return "nothing to compare with a month before"
    told = say_delta(burn.used, at, unit="share", better="low")
    return f"{told}; that is a month before by this day"


def _read_month_before(burn: Burn, asked: Asked) -> Burn:
    """Read the month before, as it stood at its end."""
    first = dt.datetime.combine(burn.days[0].day, dt.time(0), asked.zone)
    end = first.astimezone(dt.UTC) - dt.timedelta(seconds=1)
    return metrics.read_burn(asked.scope, now=end, zone=asked.period.zone)


def _burn_sheet(used: Sequence[BurnDay], earlier: Burn | None) -> Sheet:
    before = [day.used for day in earlier.days] if earlier else []
    rows = []
    for place, day in enumerate(used):
        cells = [count_cell(day.breaches), share_cell(day.used), share_cell(day.gone)]
        if earlier:
            was = before[place] if place < len(before) else None
            cells += [
                share_cell(was),
                change_cell(day.used, was, unit="share", better="low"),
            ]
        rows.append(Line(day.label, tuple(cells)))
    heads = (
        "Day",
        "Breaches",
        Head("Allowance used", "share"),
        Head("Month gone", "share"),
    )
    more = (Head("Used a month before", "share"), "Change") if earlier else ()
    return sheet((*heads, *more), rows)


def _read_burn(burn: Burn) -> str:
    if burn.used is None:
        return "No allowance of breaches for this month yet."
    pace = "faster than" if burn.used > burn.gone else "no faster than"
    return (
        f"{say_share(burn.used)} of the month's allowance is used with"
        f" {say_share(burn.gone)} of the month gone: {pace} an even pace."
    )


def _draw_burn(burn: Burn, earlier: Burn | None, asked: Asked) -> Drawing:
    def end_of(day: dt.date) -> dt.datetime:
        following = day + dt.timedelta(days=1)
        return dt.datetime.combine(following, dt.time(0), asked.zone)

    first, last = burn.days[0].day, burn.days[-1].day
    since = dt.datetime.combine(first, dt.time(0), asked.zone)
    before = []
    if earlier:
        moved = zip(burn.days, earlier.days, strict=False)
        course = tuple((end_of(day.day), was.used) for day, was in moved)
        before.append(
            Course("Used a month before", course, is_before=True, is_stepped=True)
        )
    return draw_lines(
        (
            Course(
                "Allowance used",
                tuple((end_of(day.day), day.used) for day in burn.days),
                is_stepped=True,
            ),
            Course("Even pace", ((since, 0.0), (end_of(last), 1.0))),
            *before,
        ),
        since=since,
        until=end_of(last),
        zone=asked.zone,
        unit="share",
        levels=(Level("Allowance", 1.0, "goal"),),
    )


_LINES: Final = (
    "The lines are service level expectations: 85 % of the class's tasks closed in the 60"
    " days before Monday were closed at a younger age. Of each state the"
    f" {figure_rows.MOST_DOTS} oldest are shown."
)


def build_aging(asked: Asked) -> Content:
    """Show the open work by age and state beside what 85 % of it never reaches."""
    classes = metrics.read_aging(asked.scope, now=asked.now)
    oldest = figure_rows.list_oldest(asked.scope, now=asked.now)
    total = sum(each.tasks for each in classes)
    limits = {each.task_class: each.sle_seconds for each in classes}
    if not total and not oldest:
        return Content("Nothing is open.", how_of("wip"), empty="No work in progress.")
    then = _read_open_then(classes, asked) if asked.compare else {}
    return Content(
        reading=_read_aging(classes, oldest, total, asked),
        delta=_say_open(total, then),
        how=(
            *how_of("wip"),
            _LINES,
        ),
        drawing=draw_columns(
            list(STATES.values()),
            [_spot(row, limits, asked) for row in oldest],
            levels=_list_limits(limits),
            keys=[
                Key(f"Class {name}", 1, "dot", shape=shape)
                for name, shape in SHAPES.items()
                if name in {row.priority_class for row in oldest}
            ],
        ),
        sheet=_age_sheet(classes, then),
    )


def _read_open_then(classes: Sequence[AgingClass], asked: Asked) -> dict[str, int]:
    """Return how many of each class were open when the time shown began."""
    return {
        each.task_class: metrics.read_cumulative(
            dataclasses.replace(asked.scope, task_class=each.task_class),
            asked.period,
            now=asked.now,
        )[0].arrived
        for each in classes
    }


def _say_open(total: int, then: Mapping[str, int]) -> str:
    if not then:
        return ""
    told = say_delta(total, sum(then.values()), unit="count", better="low")
    return f"Open: {told}; that is the beginning of the time shown."


def _list_limits(limits: Mapping[str, float | None]) -> list[Level]:
    """Return one line for each expectation; classes that share it are named together."""
    sharing: dict[float, list[str]] = {}
    for name, limit in sorted(limits.items()):
        if limit:
            sharing.setdefault(limit, []).append(name)
    return [
        Level(
            f"{'Class' if len(names) == 1 else 'Classes'} {', '.join(names)}:"
            f" 85 % within {say_seconds(limit)}",
            limit,
        )
        for limit, names in sharing.items()
    ]


def _read_aging(
    classes: list[AgingClass], oldest: list[Any], total: int, asked: Asked
) -> str:
    if not total:
        return f"{plural(len(oldest), 'open task')}; their ages are being counted."
    over = sum(each.over_sle for each in classes)
    words = (
        f"{over:,} of {plural(total, 'open task')} {'is' if over == 1 else 'are'} older"
        " than 85 % of their class ever get"
    )
    if not oldest:
        return f"{words}."
    first = min(oldest, key=lambda row: row.opened_at)
    age = format_duration(asked.now - first.opened_at)
    return f"{words}; the oldest is {age} old ({STATES[first.state].lower()})."


def _spot(row: Any, limits: dict[str, float | None], asked: Asked) -> Spot:
    age = (asked.now - row.opened_at).total_seconds()
    limit = limits.get(row.priority_class)
    is_over = limit is not None and age > limit
    case = row.business_key or f"#{row.id}"
    return Spot(
        across=list(STATES).index(row.state),
        value=max(age, 1.0),
        label=f"{case}, class {row.priority_class}, {say_seconds(age)} old"
        + (", over its line" if is_over else ""),
        url=reverse("task-detail", args=[row.id]),
        tone="bad" if is_over else "",
        shape=SHAPES.get(row.priority_class, "circle"),
    )


def _age_sheet(classes: list[AgingClass], then: Mapping[str, int]) -> Sheet:
    bands = classes[0].bands if classes else ()
    rows = []
    for each in classes:
        cells = [
            count_cell(each.tasks),
            span_cell(each.sle_seconds),
            count_cell(each.over_sle),
            *(count_cell(band.tasks) for band in each.bands),
        ]
        if then:
            was = then.get(each.task_class)
            cells += [
                count_cell(was),
                change_cell(each.tasks, was, unit="count", better="low"),
            ]
        rows.append(Line(f"Class {each.task_class}", tuple(cells)))
    heads = ("Class", "Open", Head("85 % within", "seconds"), "Older")
    more = ("Open at the beginning", "Change") if then else ()
    return sheet((*heads, *(band.label for band in bands), *more), rows)
