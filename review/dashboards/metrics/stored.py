"""Read the rollups: counts by the hour, histograms of durations by the day.

Durations of whole days (UTC) come from merged histograms, those of the hours before and
after from the facts of single tasks; both are in the same buckets.
"""

import dataclasses
import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from review.core.figures.facts import HOURLY
from review.core.figures.metrics import Counts, Measure
from review.dashboards.metrics.conditions import cell_condition, fact_condition
from review.dashboards.metrics.scopes import Hours, Period, Scope
from review.dashboards.sql import read_row, read_rows

HOURS: Final[Mapping[Hours, int]] = {"wall": 0, "business": 1}

_SUMS: Final = ", ".join(f"coalesce(sum({name}), 0)::int AS {name}" for name in HOURLY)
_COUNTS: Final = f"""
    SELECT {_SUMS} FROM review_rolluphour
    WHERE {{cells}} AND hour >= %(since)s AND hour < %(until)s
"""  # noqa: S608  (constants)
# Up to now the day that is not over holds nothing of later: it counts as a whole one.
_LAST: Final = """
    (CASE WHEN %(until)s >= statement_timestamp() THEN %(last)s + 1 ELSE %(last)s END)
"""
# Two arms, each with plain bounds that an index finds: with both stretches in one
# condition every task there ever was would be read.
_SPREADS: Final = f"""
    SELECT {{group}} AS grouped, measure, bucket, sum(tasks)::int AS tasks,
        sum(milliseconds)::bigint AS milliseconds
    FROM (
        SELECT cell_id, day, measure, bucket, tasks, milliseconds
        FROM review_rollupspread
        WHERE {{cells}} AND hours = %(hours)s AND measure = ANY(%(measures)s)
          AND day >= %(first)s AND day < {_LAST}
        UNION ALL
        SELECT cell_id, (ended_at AT TIME ZONE 'UTC')::date, u.measure, u.bucket, 1, u.ms
        FROM (
            SELECT * FROM review_taskfact WHERE {{fact_cells}}
              AND ended_at >= %(since)s AND ended_at < least(%(until)s, %(first_at)s)
            UNION ALL
            SELECT * FROM review_taskfact WHERE {{fact_cells}}
              AND ended_at < %(until)s AND ended_at >= greatest(
                %(since)s, %(first_at)s, {_LAST}::timestamp AT TIME ZONE 'UTC')
        ) edges
        CROSS JOIN LATERAL unnest({{columns}}) WITH ORDINALITY AS u(ms, bucket, measure)
        WHERE u.bucket >= 0 AND u.measure = ANY(%(measures)s)
    ) spans {{join}}
    GROUP BY 1, 2, 3
"""  # noqa: S608  (constants)
_COLUMNS: Final[Mapping[Hours, str]] = {
    "wall": "wall, wall_buckets",
    "business": "business, business_buckets",
}
_CELL: Final = "JOIN review_rollupcell cell ON cell.id = spans.cell_id"


@dataclasses.dataclass(slots=True)
class Spread:
    """One measure's histogram with the sum of all its durations."""

    histogram: dict[int, int] = dataclasses.field(default_factory=dict)
    milliseconds: int = 0

    @property
    def tasks(self) -> int:
        """Return how many durations it counts."""
        return sum(self.histogram.values())


def read_counts(scope: Scope, period: Period) -> tuple[Counts, Mapping[str, int]]:
    """Return the counts of a period, and all columns of its hours by name."""
    cells, parameters = cell_condition(scope)
    row = read_row(
        _COUNTS.format(cells=cells),
        {**parameters, "since": period.since, "until": period.until},
    )
    found = {name: int(getattr(row, name)) for name in HOURLY}
    return (
        Counts(
            arrivals=found["arrivals"],
            first_claims=found["begun"],
            closed=found["closed"],
            decided=found["decided"],
            breached=found["late"],
            reworked=found["reworked"],
            reassigned=found["reassigned"],
            first_pass=found["first_pass"],
            suggested=found["suggested"],
            overturned=found["overturned"],
        ),
        found,
    )


def read_spreads(
    scope: Scope, period: Period, measures: Collection[Measure] = tuple(Measure)
) -> dict[Measure, Spread]:
    """Return the histogram of each measure over the tasks decided in the period."""
    found = _read(scope, period, measures, group="''", join="", by_class=False)
    spreads = _gather(found).get("", {})
    return {measure: spreads.get(measure, Spread()) for measure in measures}


def read_spreads_by_class(
    scope: Scope, period: Period, measure: Measure
) -> dict[str, Spread]:
    """Return a measure's histogram for each class, and "" for all of them."""
    found = _gather(
        _read(
            scope, period, [measure], group="cell.task_class", join=_CELL, by_class=True
        )
    )
    spreads = {name: one[measure] for name, one in found.items()}
    total = Spread()
    for spread in spreads.values():
        total.milliseconds += spread.milliseconds
        for bucket, tasks in spread.histogram.items():
            total.histogram[bucket] = total.histogram.get(bucket, 0) + tasks
    return {**spreads, "": total}


def read_spreads_by_week(
    scope: Scope, period: Period, measure: Measure
) -> dict[dt.date, Spread]:
    """Return a measure's histogram by the Monday (UTC) of each week that has any."""
    found = _gather(
        _read(
            scope,
            period,
            [measure],
            group="date_trunc('week', day)::date",
            join="",
            by_class=False,
        )
    )
    return {week: one[measure] for week, one in sorted(found.items())}


def _read(
    scope: Scope,
    period: Period,
    measures: Collection[Measure],
    *,
    group: str,
    join: str,
    by_class: bool,
) -> Sequence[Any]:
    cells, parameters = cell_condition(scope, by_class=by_class)
    fact_cells, more = fact_condition(scope)
    midnight = period.since.replace(hour=0)
    first_at = midnight + dt.timedelta(days=int(midnight < period.since))
    return read_rows(
        _SPREADS.format(
            group=group,
            join=join,
            cells=cells,
            fact_cells=fact_cells,
            columns=_COLUMNS[period.hours],
        ),
        {
            **parameters,
            **more,
            "since": period.since,
            "until": period.until,
            "first_at": first_at,
            "first": first_at.date(),
            "last": period.until.date(),
            "hours": HOURS[period.hours],
            "measures": [int(measure) for measure in measures],
        },
    )


def _gather(rows: Sequence[Any]) -> dict[Any, dict[Measure, Spread]]:
    found: dict[Any, dict[Measure, Spread]] = {}
    for row in rows:
        spreads = found.setdefault(row.grouped, {})
        spread = spreads.setdefault(Measure(row.measure), Spread())
        spread.milliseconds += row.milliseconds
        if row.tasks:
            spread.histogram[row.bucket] = row.tasks
    return found
