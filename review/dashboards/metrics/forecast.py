"""Breaches to come today, and how much of the month's allowance is used."""

import calendar
import dataclasses
import datetime as dt
import zoneinfo
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from review.core.figures.forecasting import LEAST, add_up, find_chance
from review.core.figures.metrics import ALLOWED_SHARE
from review.dashboards.metrics.ages import Curves, read_curves
from review.dashboards.metrics.conditions import cell_condition, task_condition
from review.dashboards.metrics.flow import find_midnight
from review.dashboards.metrics.rows import (
    Burn,
    BurnDay,
    Forecast,
    ForecastClass,
    LateTask,
)
from review.dashboards.metrics.scopes import Period, Scope
from review.dashboards.metrics.stored import read_counts
from review.dashboards.metrics.urgent import RUNNING
from review.dashboards.sql import GOES_ON, read_rows

PAST_DAYS: Final = 28
"""The days whose closings say how many the month will have."""

# Tasks of about the same ages have about the same chance: they are taken together.
_DUE: Final = """
    SELECT priority_class, count(*)::int AS tasks, avg(age) AS age, avg(later) AS later
    FROM (
        SELECT t.priority_class,
            extract(epoch FROM %(now)s - t.opened_at)::float8 AS age,
            extract(epoch FROM t.due_at - t.opened_at)::float8 AS later
        FROM review_task t
        WHERE {running} AND t.due_at > %(now)s AND t.due_at <= %(until)s
          AND {goes_on} AND {scope}
    ) due
    GROUP BY 1, floor(ln(greatest(age, 1)) * 40), floor(ln(greatest(later, 1)) * 40)
"""
_BREACHES: Final = """
    SELECT (hour AT TIME ZONE %(zone)s)::date AS day, sum(breaches)::int AS breaches,
        sum(closed)::int AS closed
    FROM review_rolluphour
    WHERE {cells} AND hour >= %(since)s AND hour < %(until)s
    GROUP BY 1
"""


def read_forecast(
    scope: Scope,
    *,
    now: dt.datetime,
    zone: str = "UTC",
    curves: Curves | None = None,
) -> Forecast:
    """Return the breaches to expect until midnight in the zone.

    `curves` are those of ages.read_curves, where the caller has read them already.
    """
    where = zoneinfo.ZoneInfo(zone)
    today = now.astimezone(where).date()
    until = find_midnight(today + dt.timedelta(days=1), where)
    known = curves or read_curves(scope, now=now)
    condition, parameters = task_condition(scope)
    rows = read_rows(
        _DUE.format(running=RUNNING, goes_on=GOES_ON, scope=condition),
        {**parameters, "now": now, "until": until},
    )
    chances: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for row in rows:
        chance = known.choose(row.priority_class).chance_open(
            age=row.age, later=row.later
        )
        chances[row.priority_class].append((chance, row.tasks))
    total = add_up(one for found in chances.values() for one in found)
    _, so_far = read_counts(scope, Period(find_midnight(today, where), now))
    return Forecast(
        expected=total.mean,
        low=total.low,
        high=total.high,
        due_today=sum(row.tasks for row in rows),
        so_far=so_far["breaches"],
        until=until,
        classes=[
            ForecastClass(
                task_class=name,
                due_today=sum(count for _, count in found),
                expected=add_up(found).mean,
                closed=known.choose(name).closed,
                is_own=name in known.by_class and known.by_class[name].closed >= LEAST,
            )
            for name, found in sorted(chances.items())
        ],
        chances=[one for found in chances.values() for one in found],
    )


def add_chances(
    scope: Scope,
    tasks: Sequence[LateTask],
    *,
    now: dt.datetime,
    curves: Curves | None = None,
) -> list[LateTask]:
    """Return the tasks with the chance of each to breach, in the given order."""
    known = curves or read_curves(scope, now=now)
    return [
        dataclasses.replace(
            task,
            chance=find_chance(
                known.choose(task.task_class),
                opened_seconds_ago=(now - task.opened_at).total_seconds(),
                due_in_seconds=-task.overdue_seconds,
            ),
        )
        for task in tasks
    ]


def read_burn(
    scope: Scope,
    *,
    now: dt.datetime,
    zone: str = "UTC",
    allowed_share: Decimal = ALLOWED_SHARE,
) -> Burn:
    """Return how much of the month's allowance of breaches is used, day by day.

    The month is expected to close as many tasks as the last 28 days did, by its length.
    """
    where = zoneinfo.ZoneInfo(zone)
    today = now.astimezone(where).date()
    length = calendar.monthrange(today.year, today.month)[1]
    first = today.replace(day=1)
    begin = find_midnight(first, where)
    end = find_midnight(first + dt.timedelta(days=length), where)
    cells, parameters = cell_condition(scope)
    rows = read_rows(
        _BREACHES.format(cells=cells),
        {**parameters, "zone": zone, "since": begin, "until": now},
    )
    by_day = {row.day: row for row in rows}
    past, _ = read_counts(scope, Period.of_days(PAST_DAYS, now=now))
    expected = past.closed * length / PAST_DAYS
    allowed = float(allowed_share) * expected
    breaches = sum(row.breaches for row in rows)
    days: list[BurnDay] = []
    used = 0
    for number in range(length):
        day = first + dt.timedelta(days=number)
        so_many = by_day[day].breaches if day in by_day else 0
        used += so_many
        is_past = day <= today
        days.append(
            BurnDay(
                day=day,
                label=day.isoformat(),
                breaches=so_many,
                used=used / allowed if is_past and allowed else None,
                gone=(number + 1) / length,
            )
        )
    return Burn(
        month=f"{first:%Y-%m}",
        allowed_share=float(allowed_share),
        expected_closings=expected,
        allowed=allowed,
        breaches=breaches,
        closed=sum(row.closed for row in rows),
        used=breaches / allowed if allowed else None,
        gone=(now - begin) / (end - begin),
        days=days,
    )
