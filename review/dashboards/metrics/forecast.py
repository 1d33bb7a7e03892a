"""Breaches to come today, and how much of the month's allowance is used."""

import datetime as dt
from collections.abc import Sequence

from review.dashboards.metrics.rows import Burn, Forecast, LateTask
from review.dashboards.metrics.scopes import Scope


def read_forecast(scope: Scope, *, now: dt.datetime, zone: str = "UTC") -> Forecast:
    """Return the breaches to expect until midnight in the zone."""
    return Forecast(0.0, 0.0, 0.0, 0, 0, now, [])


def add_chances(
    scope: Scope, tasks: Sequence[LateTask], *, now: dt.datetime
) -> list[LateTask]:
    """Return the tasks with the chance of each to breach."""
    return list(tasks)


def read_burn(scope: Scope, *, now: dt.datetime, zone: str = "UTC") -> Burn:
    """Return how much of the month's allowance is used, day by day."""
    return Burn("", 0.05, 0.0, 0.0, 0, 0, None, 0.0, [])
