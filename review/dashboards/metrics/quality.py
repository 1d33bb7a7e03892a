"""Quality beside speed, and where the time went."""

from typing import Final

from review.core.figures.figures import BY_KEY
from review.core.figures.histograms import percentile
from review.core.figures.metrics import SHARES, Measure
from review.core.policies.previewing import wilson
from review.dashboards.metrics.conditions import cell_condition
from review.dashboards.metrics.rows import PauseRow, QualityRow, Split, SplitRow
from review.dashboards.metrics.scopes import Period, Scope
from review.dashboards.metrics.stored import read_counts, read_spreads
from review.dashboards.sql import read_rows

PARTS: Final = (
    (Measure.QUEUE_WAIT, "queue_wait", "Queue wait"),
    (Measure.CYCLE, "cycle", "Cycle"),
    (Measure.HANDLING, "handling", "Handling"),
    (Measure.TOUCH, "touch", "Touch"),
    (Measure.PAUSED, "paused", "Paused"),
    (Measure.LEAD, "lead", "Lead"),
    (Measure.WHOLE, "whole", "Whole"),
)
QUALITY: Final = (
    "first_pass_yield",
    "rework_rate",
    "reassignment_rate",
    "overturn_rate",
    "breach_rate",
)
_PAUSES: Final = """
    SELECT reason, sum(tasks)::int AS tasks, sum(wall)::bigint AS wall,
        sum(business)::bigint AS business
    FROM review_rolluppause
    WHERE {cells} AND day >= (%(since)s AT TIME ZONE 'UTC')::date
      AND day < %(until)s AT TIME ZONE 'UTC'
    GROUP BY 1 HAVING sum(tasks) > 0 ORDER BY 3 DESC, 1
"""


def read_split(scope: Scope, period: Period) -> Split:
    """Return where the time of the tasks decided in the period went.

    Pauses by reason are those of whole days (UTC).
    """
    spreads = read_spreads(scope, period)
    whole = spreads[Measure.WHOLE].milliseconds
    cells, parameters = cell_condition(scope)
    pauses = read_rows(
        _PAUSES.format(cells=cells),
        {**parameters, "since": period.since, "until": period.until},
    )
    return Split(
        tasks=spreads[Measure.WHOLE].tasks,
        rows=[
            SplitRow(
                key=key,
                label=label,
                seconds=spreads[measure].milliseconds // 1000,
                share=spreads[measure].milliseconds / whole if whole else None,
                p50=percentile(spreads[measure].histogram, 0.5),
                p85=percentile(spreads[measure].histogram, 0.85),
                p95=percentile(spreads[measure].histogram, 0.95),
            )
            for measure, key, label in PARTS
        ],
        pauses=[
            PauseRow(row.reason, row.tasks, getattr(row, period.hours) // 1000)
            for row in pauses
        ],
    )


def read_quality(scope: Scope, period: Period) -> list[QualityRow]:
    """Return the shares of quality with what they are of and their 95 % intervals.

    Reassignments have no interval: one task may have several.
    """
    counts, _ = read_counts(scope, period)
    rows: list[QualityRow] = []
    for key in QUALITY:
        name_above, name_below = SHARES[key]
        above, below = getattr(counts, name_above), getattr(counts, name_below)
        is_share = key != "reassignment_rate" and below > 0
        interval = wilson(above, below) if is_share else None
        rows.append(
            QualityRow(
                figure=key,
                title=BY_KEY[key].title,
                above=above,
                below=below,
                share=above / below if below else None,
                low=interval.low if interval else None,
                high=interval.high if interval else None,
            )
        )
    return rows
