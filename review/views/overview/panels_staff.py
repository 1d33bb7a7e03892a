"""Panels of who does the work: the team now, and the coming week hour by hour."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

from django.urls import reverse

from review.core.figures.drawings import Group, draw_bars, draw_lines
from review.core.figures.drawings import Line as Course
from review.core.figures.metrics import Measure
from review.core.figures.staffing import (
    BUSY_SHARE,
    Marginal,
    add_person,
    find_load,
    find_needed,
    find_waiting,
)
from review.dashboards import figure_rows, metrics, staffing
from review.dashboards.colleagues import list_reviewers_of
from review.dashboards.metrics import Period
from review.dashboards.metrics.staffing import WEEKS, Demand, read_demand
from review.dashboards.metrics.stored import read_counts, read_spreads
from review.operations.people.rosters import Roster, read_roster
from review.views.formats import NONE
from review.views.overview.asking import Asked
from review.views.overview.panel import (
    Cell,
    Content,
    Fact,
    Line,
    Sheet,
    count_cell,
    plural,
    say_delta,
    say_seconds,
    share_cell,
    sheet,
)

MOST_DRAWN: Final = 12
LEAST_NEEDED: Final = 0.1
_HOUR: Final = dt.timedelta(hours=1)
_NEEDED: Final = (
    "Needed: arrivals an hour of the chosen time, times the mean touch time (Little's"
    f" law), divided by the {BUSY_SHARE:.0%} of an hour that goes into tasks."
)


def build_staffing(asked: Asked) -> Content:
    """Say who is there for the work, and how many it takes."""
    queue_ids = figure_rows.find_queues(asked.scope)
    team = staffing.list_team(list_reviewers_of(queue_ids))
    here = [row for row in team if row.away_until is None]
    unserved = staffing.list_unserved(queue_ids)
    now, before = _read_load(asked, asked.period), None
    if asked.before:
        before = _read_load(asked, asked.before)
    reading = (
        f"{len(here):,} of {plural(len(team), 'reviewer')} {'is' if len(here) == 1 else 'are'}"
        f" here and hold {sum(row.held for row in here):,} tasks."
    )
    if now.load:
        reading += _say_needed(now)
    return Content(
        reading=reading,
        how=(
            _NEEDED,
            "Here are enabled reviewers of these queues without an absence now.",
        ),
        delta=_say_change(now, before),
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


@dataclasses.dataclass(frozen=True, slots=True)
class _Load:
    """What came an hour, and the mean touch time of what was closed."""

    arrivals: float
    touch: float | None

    @property
    def load(self) -> float:
        return find_load(
            arrivals_per_hour=self.arrivals, mean_seconds=self.touch or 0.0
        )


def _read_load(asked: Asked, period: Period) -> _Load:
    counts, _ = read_counts(asked.scope, period)
    touch = read_spreads(asked.scope, period, [Measure.TOUCH])[Measure.TOUCH]
    hours = (period.until - period.since) / dt.timedelta(hours=1)
    mean = touch.milliseconds / 1000 / touch.tasks if touch.tasks else None
    return _Load(counts.arrivals / hours, mean)


def _say_change(now: _Load, before: _Load | None) -> str:
    if before is None:
        return ""
    arrivals = say_delta(now.arrivals, before.arrivals, unit="count")
    touch = say_delta(now.touch, before.touch, unit="seconds", better="low")
    return f"Arrivals an hour: {arrivals}. Mean touch: {touch}."


def _say_needed(now: _Load) -> str:
    """Say how many people so many arrivals an hour of so much work each take."""
    needed = now.load / BUSY_SHARE
    many = f"{needed:.1f} people" if needed >= LEAST_NEEDED else "hardly one person"
    return (
        f" At {now.arrivals:.1f} arrivals an hour and {say_seconds(now.touch or 0)} of"
        f" work each it takes {many} round the clock."
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
                url=reverse("person-detail", args=[row.id]),
            )
            for row in team
        ],
    )


_EXPECTED: Final = (
    f"Expected: the mean arrivals of the same hour of the week in the last {WEEKS} weeks."
    " There: reviewers of these queues by their working hours, without absences; who has"
    " no hours is always there. Whoever reviews other queues too is counted whole."
)
_WAITS: Final = (
    "Needed: expected arrivals times the mean touch time (Little's law), divided by the"
    f" {BUSY_SHARE:.0%} of an hour that goes into tasks, in whole people. Waits: the"
    " chance that a task finds everybody busy (Erlang's waiting formula: tasks come at"
    " random, one line, each person does one at a time)."
)
_ONE_MORE: Final = (
    "One more reviewer, from now until closing (the end of the hour in which the last"
    " shift of today ends; midnight where somebody has no hours): each task's rate of"
    " being finished grows as the hours of work do (proportional hazards), so its chance c"
    " to be late becomes c to the power of hours with, divided by hours without. This"
    " assumes that people are what tasks wait for, that the one more takes any of them,"
    " and that no more tasks come that fall due today; no more is saved than the hours"
    " are enough for."
)


@dataclasses.dataclass(frozen=True, slots=True)
class _Hour:
    """One hour to come: what it brings and who is there."""

    start: dt.datetime
    arrivals: float
    load: float
    there: float

    @property
    def needed(self) -> int:
        return find_needed(self.load)

    @property
    def is_short(self) -> bool:
        return self.there < self.needed


def build_hours(asked: Asked) -> Content:
    """Show who is needed and who is there in each hour of the coming week."""
    queue_ids = figure_rows.find_queues(asked.scope)
    roster = read_roster(list_reviewers_of(queue_ids), now=asked.now, zone=asked.zone)
    demand = read_demand(asked.scope, now=asked.now, zone=asked.period.zone)
    hours = _list_hours(roster, demand, asked)
    one_more = _add_one(roster, demand, asked)
    is_known = any(hour.arrivals or hour.there for hour in hours)
    return Content(
        reading=_read_hours(hours, asked),
        how=(_EXPECTED, _WAITS, _ONE_MORE),
        facts=_tell_one_more(one_more, roster, asked),
        drawing=draw_lines(
            (
                Course(
                    "Needed",
                    tuple((hour.start, float(hour.needed)) for hour in hours),
                    is_stepped=True,
                ),
                Course(
                    "There",
                    tuple((hour.start, hour.there) for hour in hours),
                    is_stepped=True,
                ),
            ),
            since=hours[0].start,
            until=hours[-1].start + _HOUR,
            zone=asked.zone,
            unit="count",
        )
        if is_known
        else None,
        empty="" if is_known else "Nobody is there and nothing is expected.",
        sheet=_hour_sheet(hours, asked),
    )


def _list_hours(roster: Roster, demand: Demand, asked: Asked) -> list[_Hour]:
    found = []
    for start, there in roster.hours:
        arrivals = demand.at(start, zone=asked.zone)
        load = find_load(
            arrivals_per_hour=arrivals, mean_seconds=demand.touch_seconds or 0.0
        )
        found.append(_Hour(start, arrivals, load, there))
    return found


def _read_hours(hours: Sequence[_Hour], asked: Asked) -> str:
    comes = sum(hour.arrivals for hour in hours)
    short = [hour for hour in hours if hour.is_short]
    words = f"{comes:.0f} tasks are expected in the coming seven days."
    if not any(hour.needed for hour in hours):
        return f"{words} Nothing is known yet of how long they take."
    if not short:
        return f"{words} In every hour enough people are there."
    worst = max(short, key=lambda hour: hour.needed - hour.there)
    return (
        f"{words} {plural(len(short), 'hour')} {'is' if len(short) == 1 else 'are'} short"
        f" of people, most on {worst.start.astimezone(asked.zone):%a %-d %b at %H:%M}:"
        f" {worst.needed} are needed, {_people(worst.there)} there."
    )


def _add_one(roster: Roster, demand: Demand, asked: Asked) -> Marginal:
    forecast = metrics.read_forecast(asked.scope, now=asked.now, zone=asked.period.zone)
    left = max((roster.closes_at - asked.now) / _HOUR, 0.0)
    touch = demand.touch_seconds
    return add_person(
        forecast.chances,
        person_hours=roster.hours_left,
        added_hours=left,
        most_done=left * 3600 * BUSY_SHARE / touch if touch else float("inf"),
    )


def _tell_one_more(found: Marginal, roster: Roster, asked: Asked) -> tuple[Fact, ...]:
    closing = f"{roster.closes_at.astimezone(asked.zone):%H:%M}"
    if roster.closes_at <= asked.now:
        return (Fact("One more reviewer", NONE, "nobody's shift goes on today"),)
    if not roster.hours_left:
        return (Fact(f"One more until {closing}", NONE, "nobody is there to compare"),)
    return (
        Fact("Expected breaches today", f"{found.before:.1f}"),
        Fact(
            f"One more until {closing}",
            f"{found.after:.1f}",
            f"{found.saved:.1f} fewer, better" if found.saved >= 0.05 else "no fewer",
        ),
        Fact("Hours of work left today", f"{roster.hours_left:.1f}"),
    )


def _hour_sheet(hours: Sequence[_Hour], asked: Asked) -> Sheet:
    """Return the hours in which something is expected or somebody is there."""
    return sheet(
        ("Hour", "Expected", "Needed", "There", "Waits", "Enough"),
        [
            Line(
                f"{hour.start.astimezone(asked.zone):%a %-d %b %H:%M}",
                (
                    Cell(f"{hour.arrivals:.2f}", f"{hour.arrivals:.1f}"),
                    count_cell(hour.needed),
                    Cell(f"{hour.there:.2f}", _people(hour.there)),
                    share_cell(find_waiting(hour.load, people=hour.there)),
                    Cell(
                        "no" if hour.is_short else "yes",
                        f"{_people(hour.needed - hour.there)} short"
                        if hour.is_short
                        else "enough",
                    ),
                ),
                value=hour.start.astimezone(asked.zone).isoformat(),
            )
            for hour in hours
            if hour.arrivals or hour.there
        ],
    )


def _people(many: float) -> str:
    return f"{many:.0f}" if many == int(many) else f"{many:.1f}"
