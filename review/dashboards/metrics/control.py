"""Control charts of weekly figures."""

import datetime as dt
from typing import Literal

from review.core import control_charts
from review.dashboards.metrics.rows import Xmr
from review.dashboards.metrics.scopes import Hours, Scope

Kind = Literal["cycle_p85", "overturn"]


def read_xmr(
    kind: Kind,
    scope: Scope,
    *,
    now: dt.datetime,
    weeks: int = 26,
    hours: Hours = "wall",
) -> Xmr:
    """Return the chart of the whole weeks before this one."""
    chart = control_charts.read_chart([])
    return Xmr(
        kind,
        kind,
        "share",
        [],
        None,
        None,
        None,
        control_charts.describe(chart, []),
        is_calm=True,
    )
