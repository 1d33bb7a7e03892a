"""Control charts of weekly figures: the whole weeks (UTC, from Monday) before this one."""

import datetime as dt
from collections.abc import Sequence
from typing import Final, Literal

from review.core.figures import control_charts
from review.core.figures.histograms import percentile
from review.core.figures.metrics import Measure
from review.dashboards.metrics.ages import find_monday
from review.dashboards.metrics.conditions import cell_condition
from review.dashboards.metrics.rows import Xmr, XmrPoint
from review.dashboards.metrics.scopes import Hours, Period, Scope
from review.dashboards.metrics.stored import read_spreads_by_week
from review.dashboards.sql import read_rows

Kind = Literal["cycle_p85", "overturn"]
TITLES: Final[dict[Kind, tuple[str, str]]] = {
    "cycle_p85": ("Cycle time, p85 of each week", "seconds"),
    "overturn": ("Overturned, share of each week", "share"),
}
_OVERTURNED: Final = """
    SELECT date_trunc('week', hour AT TIME ZONE 'UTC')::date AS week,
        sum(overturned)::int AS overturned, sum(suggested)::int AS suggested
    FROM review_rolluphour
    WHERE {cells} AND hour >= %(since)s AND hour < %(until)s
    GROUP BY 1 HAVING sum(suggested) > 0 ORDER BY 1
"""


def read_xmr(
    kind: Kind,
    scope: Scope,
    *,
    now: dt.datetime,
    weeks: int = 26,
    hours: Hours = "wall",
) -> Xmr:
    """Return the chart of the weeks before this one; those without a task are left out."""
    monday = find_monday(now)
    period = Period(monday - dt.timedelta(weeks=weeks), monday, hours=hours)
    values = (
        _read_cycles(scope, period)
        if kind == "cycle_p85"
        else _read_overturned(scope, period)
    )
    labels = [
        f"{week.isocalendar().year}-W{week.isocalendar().week:02}"
        for week, _, _ in values
    ]
    chart = control_charts.read_chart([value for _, value, _ in values], floor=0.0)
    title, unit = TITLES[kind]
    return Xmr(
        kind=kind,
        title=title,
        unit=unit,
        points=[
            XmrPoint(
                start=week,
                label=labels[place],
                value=value,
                count=count,
                signals=chart.signals_at(place),
            )
            for place, (week, value, count) in enumerate(values)
        ],
        mean=chart.mean,
        lower=chart.lower,
        upper=chart.upper,
        signals=control_charts.describe(chart, labels),
        is_calm=not chart.signals,
    )


def _read_cycles(scope: Scope, period: Period) -> Sequence[tuple[dt.date, float, int]]:
    spreads = read_spreads_by_week(scope, period, Measure.CYCLE)
    return [
        (week, value, spread.tasks)
        for week, spread in spreads.items()
        if (value := percentile(spread.histogram, 0.85)) is not None
    ]


def _read_overturned(
    scope: Scope, period: Period
) -> Sequence[tuple[dt.date, float, int]]:
    cells, parameters = cell_condition(scope)
    rows = read_rows(
        _OVERTURNED.format(cells=cells),
        {**parameters, "since": period.since, "until": period.until},
    )
    return [(row.week, row.overturned / row.suggested, row.suggested) for row in rows]
