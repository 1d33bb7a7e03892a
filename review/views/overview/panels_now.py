"""Panels of how it stands: expected breaches, the month's allowance, age, staffing."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from django.urls import reverse

from review.core.drawings import (
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
from review.core.drawings import Line as Course
from review.dashboards import figure_rows, metrics, staffing
from review.dashboards.colleagues import list_reviewers_of
from review.dashboards.metrics.rows import AgingClass, Burn
from review.views.formats import NONE, format_duration
from review.views.overview.asking import Asked
from review.views.overview.panel import (
    Cell,
    Content,
    Fact,
    Head,
    Line,
    Sheet,
    count_cell,
    how_of,
    plural,
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
MOST_DRAWN: Final = 12
LEAST_NEEDED: Final = 0.1
BUSY_SHARE: Final = 0.8
"""How much of a shift goes into tasks: the rest is breaks, talk and learning."""


def build_forecast(asked: Asked) -> Content:
    """Say how many breaches today will likely bring."""
    found = metrics.read_forecast(asked.scope, now=asked.now, zone=asked.period.zone)
    expected = f"{found.expected:.1f}"
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
            ),
            Fact("Still due today", f"{found.due_today:,}"),
            Fact("Breached today", f"{found.so_far:,}"),
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
        sheet=sheet(
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
        ),
    )


def build_burn(asked: Asked) -> Content:
    """Say how much of the breaches the month allows is used up."""
    burn = metrics.read_burn(asked.scope, now=asked.now, zone=asked.period.zone)
    used = [day for day in burn.days if day.used is not None]
    return Content(
        reading=_read_burn(burn),
        how=how_of("burn"),
        facts=(
            Fact(
                "Allowance used",
                say_share(burn.used) if burn.used is not None else NONE,
            ),
            Fact("Month gone", say_share(burn.gone)),
            Fact("Breaches", f"{burn.breaches:,}", f"of {burn.allowed:.1f} allowed"),
        ),
        drawing=_draw_burn(burn, asked) if used else None,
        empty="" if used else "Nothing is allowed yet: too little was closed.",
        sheet=sheet(
            (
                "Day",
                "Breaches",
                Head("Allowance used", "share"),
                Head("Month gone", "share"),
            ),
            [
                Line(
                    day.label,
                    (
                        count_cell(day.breaches),
                        share_cell(day.used),
                        share_cell(day.gone),
                    ),
                )
                for day in used
            ],
        ),
    )


def _read_burn(burn: Burn) -> str:
    if burn.used is None:
        return "No allowance of breaches for this month yet."
    pace = "faster than" if burn.used > burn.gone else "no faster than"
    return (
        f"{say_share(burn.used)} of the month's allowance is used with"
        f" {say_share(burn.gone)} of the month gone: {pace} an even pace."
    )


def _draw_burn(burn: Burn, asked: Asked) -> Drawing:
    def end_of(day: dt.date) -> dt.datetime:
        following = day + dt.timedelta(days=1)
        return dt.datetime.combine(following, dt.time(0), asked.zone)

    first, last = burn.days[0].day, burn.days[-1].day
    since = dt.datetime.combine(first, dt.time(0), asked.zone)
    return draw_lines(
        (
            Course(
                "Allowance used",
                tuple((end_of(day.day), day.used) for day in burn.days),
                is_stepped=True,
            ),
            Course("Even pace", ((since, 0.0), (end_of(last), 1.0)), is_before=True),
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
    return Content(
        reading=_read_aging(classes, oldest, total, asked),
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
        sheet=_age_sheet(classes),
    )


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


def _age_sheet(classes: list[AgingClass]) -> Sheet:
    bands = classes[0].bands if classes else ()
    return sheet(
        (
            "Class",
            "Open",
            Head("85 % within", "seconds"),
            "Older",
            *(band.label for band in bands),
        ),
        [
            Line(
                f"Class {each.task_class}",
                (
                    count_cell(each.tasks),
                    span_cell(each.sle_seconds),
                    count_cell(each.over_sle),
                    *(count_cell(band.tasks) for band in each.bands),
                ),
            )
            for each in classes
        ],
    )


_NEEDED: Final = (
    "Needed: arrivals an hour of the chosen time, times the median touch time, divided"
    f" by the {BUSY_SHARE:.0%} of an hour that goes into tasks."
)


def build_staffing(asked: Asked) -> Content:
    """Say who is there for the work, and how many it takes."""
    queue_ids = figure_rows.find_queues(asked.scope)
    team = staffing.list_team(list_reviewers_of(queue_ids))
    here = [row for row in team if row.away_until is None]
    unserved = staffing.list_unserved(queue_ids)
    read = metrics.read_figures(
        ("arrivals", "touch_p50"), scope=asked.scope, period=asked.period, now=asked.now
    )
    hours = (asked.period.until - asked.period.since) / dt.timedelta(hours=1)
    arrivals, touch = read["arrivals"].value, read["touch_p50"].value
    reading = (
        f"{len(here):,} of {plural(len(team), 'reviewer')} {'is' if len(here) == 1 else 'are'}"
        f" here and hold {sum(row.held for row in here):,} tasks."
    )
    if arrivals and touch:
        reading += _say_needed(float(arrivals) / hours, float(touch))
    return Content(
        reading=reading,
        how=(
            _NEEDED,
            "Here are enabled reviewers of these queues without an absence now.",
        ),
        facts=tuple(
            Fact(
                f"Nobody serves {row.name}: "
                + (
                    ", ".join(word for word in (row.region, row.skill) if word) or "all"
                ),
                f"{row.waiting:,} waiting",
                url=reverse("queue-detail", args=[row.key]),
            )
            for row in unserved[:4]
        ),
        drawing=draw_bars(
            ("Holds", "Given"),
            [
                Group(
                    row.name.split()[0], (float(row.held), float(row.given)), row.name
                )
                for row in here[:MOST_DRAWN]
            ],
        )
        if here
        else None,
        sheet=_team_sheet(team, asked),
        empty="" if team else "No reviewers.",
    )


def _say_needed(arrivals: float, touch: float) -> str:
    """Say how many people so many arrivals an hour of so many seconds each take."""
    needed = arrivals * touch / 3600 / BUSY_SHARE
    many = f"{needed:.1f} people" if needed >= LEAST_NEEDED else "hardly one person"
    return (
        f" At {arrivals:.1f} arrivals an hour and {say_seconds(touch)} of work each it"
        f" takes {many} round the clock."
    )


def _team_sheet(team: list[Any], asked: Asked) -> Sheet:
    return sheet(
        ("Reviewer", "Holds", "Given", "Skills", "Away until"),
        [
            Line(
                row.name,
                (
                    count_cell(row.held),
                    count_cell(row.given),
                    Cell(row.skills or "", row.skills or NONE),
                    Cell(
                        row.away_until.isoformat() if row.away_until else "",
                        f"{row.away_until.astimezone(asked.zone):%-d %b %H:%M}"
                        if row.away_until
                        else NONE,
                    ),
                ),
                url=reverse("availability-person", args=[row.id]),
            )
            for row in team
        ],
    )
