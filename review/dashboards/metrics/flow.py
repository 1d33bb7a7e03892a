"""What comes and goes: arrivals, closings, the layers between them, single tasks."""

import datetime as dt

from review.dashboards.metrics.rows import (
    CumulativePoint,
    FlowPoint,
    Scatter,
    StateRow,
)
from review.dashboards.metrics.scopes import Period, Scope


def read_flow(scope: Scope, period: Period, *, now: dt.datetime) -> list[FlowPoint]:
    """Return what came and went by day; by hour in periods of up to two days."""
    return []


def read_cumulative(
    scope: Scope, period: Period, *, now: dt.datetime
) -> list[CumulativePoint]:
    """Return the layers of the cumulative flow at the end of each day or hour."""
    return []


def read_scatter(scope: Scope, period: Period, *, limit: int = 1000) -> Scatter:
    """Return cycle times of tasks closed in the period, at most `limit` of them."""
    return Scatter([], 0, None, None, None)


def read_states(scope: Scope) -> list[StateRow]:
    """Return the work in progress by state and class."""
    return []
