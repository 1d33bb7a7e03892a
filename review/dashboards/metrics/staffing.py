"""What comes in each hour of the week, and how long it takes: for staffing."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from review.core.figures.metrics import Measure
from review.dashboards.metrics.conditions import cell_condition
from review.dashboards.metrics.scopes import Period, Scope, floor_hour
from review.dashboards.metrics.stored import read_spreads
from review.dashboards.sql import read_rows

WEEKS: Final = 4
"""Weeks that say what comes in an hour of the week."""

_ARRIVALS: Final = """
    SELECT extract(isodow FROM hour AT TIME ZONE %(zone)s)::int AS day,
        extract(hour FROM hour AT TIME ZONE %(zone)s)::int AS clock,
        sum(arrivals)::int AS arrivals
    FROM review_rolluphour
    WHERE {cells} AND hour >= %(since)s AND hour < %(until)s
    GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Demand:
    """Mean arrivals by day of the week (1: Monday) and hour; mean touch of a task."""

    arrivals: Mapping[tuple[int, int], float]
    touch_seconds: float | None

    def at(self, moment: dt.datetime, *, zone: dt.tzinfo) -> float:
        """Return how many tasks the hour of a moment brings."""
        local = moment.astimezone(zone)
        return self.arrivals.get((local.isoweekday(), local.hour), 0.0)


def read_demand(scope: Scope, *, now: dt.datetime, zone: str) -> Demand:
    """Return what the whole hours of the last four weeks brought, hour by hour."""
    until = floor_hour(now)
    since = until - dt.timedelta(weeks=WEEKS)
    cells, parameters = cell_condition(scope)
    rows = read_rows(
        _ARRIVALS.format(cells=cells),
        {**parameters, "zone": zone, "since": since, "until": until},
    )
    touch = read_spreads(scope, Period(since, until, zone), [Measure.TOUCH])
    spread = touch[Measure.TOUCH]
    return Demand(
        arrivals={(row.day, row.clock): row.arrivals / WEEKS for row in rows},
        touch_seconds=spread.milliseconds / 1000 / spread.tasks
        if spread.tasks
        else None,
    )
