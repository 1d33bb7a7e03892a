"""The ages of open work: by hours of opening, and how most of its kind ended."""

import dataclasses
import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from review.core.figures.forecasting import Survival, choose, estimate
from review.core.figures.histograms import find_bucket, merge, percentile
from review.core.figures.metrics import SLE_DAYS, SLE_SHARE, Measure
from review.dashboards.metrics.conditions import cell_condition
from review.dashboards.metrics.scopes import Period, Scope
from review.dashboards.metrics.stored import Spread, read_spreads_by_class
from review.dashboards.sql import read_rows

_LIVE: Final = """
    SELECT c.task_class, h.hour, sum(h.live)::int AS tasks
    FROM review_rolluphour h JOIN review_rollupcell c ON c.id = h.cell_id
    WHERE {cells} AND h.live > 0
    GROUP BY 1, 2 ORDER BY 2
"""


@dataclasses.dataclass(frozen=True, slots=True)
class LiveHour:
    """How many tasks of a class that opened in an hour are open still."""

    task_class: str
    hour: dt.datetime
    tasks: int


def read_live_hours(scope: Scope) -> list[LiveHour]:
    """Return the open tasks by class and hour of opening, the oldest first."""
    cells, parameters = cell_condition(scope, by_class=True)
    return [
        LiveHour(row.task_class, row.hour, row.tasks)
        for row in read_rows(_LIVE.format(cells=cells), parameters)
    ]


@dataclasses.dataclass(frozen=True, slots=True)
class Curves:
    """The survival of each class, and "" of all together."""

    by_class: Mapping[str, Survival]

    def choose(self, task_class: str) -> Survival:
        """Return the curve that speaks for a class."""
        return choose(self.by_class, task_class)


def read_curves(scope: Scope, *, now: dt.datetime) -> Curves:
    """Return the curves of the last 60 days; open tasks are censored at their age.

    An open task's age is counted from the beginning of the hour it opened in.
    """
    closed = read_spreads_by_class(
        scope, Period.of_days(SLE_DAYS, now=now), Measure.WHOLE
    )
    still_open: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for one in read_live_hours(scope):
        age = (now - one.hour).total_seconds()
        still_open[one.task_class][find_bucket(age)] += one.tasks
    still_open[""] = merge(list(still_open.values()))
    return Curves({
        name: estimate(closed.get(name, Spread()).histogram, still_open.get(name, {}))
        for name in {*closed, *still_open}
    })


@dataclasses.dataclass(frozen=True, slots=True)
class Expectation:
    """A service level expectation: 85 % ended within so many seconds; None for none."""

    seconds: float | None
    sample: int


def read_expectations(scope: Scope, *, now: dt.datetime) -> dict[str, Expectation]:
    """Return the p85 of the whole time by class, of the 60 days before this Monday.

    So it changes once a week, at midnight (UTC), and not under people's hands.
    """
    monday = find_monday(now)
    period = Period(monday - dt.timedelta(days=SLE_DAYS), monday)
    return {
        name: Expectation(percentile(spread.histogram, SLE_SHARE), spread.tasks)
        for name, spread in read_spreads_by_class(scope, period, Measure.WHOLE).items()
        if name
    }


def find_monday(now: dt.datetime) -> dt.datetime:
    """Return the midnight (UTC) at which this week began."""
    today = now.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - dt.timedelta(days=today.weekday())
