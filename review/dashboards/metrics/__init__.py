"""The figures of managers: one call for a figure, one for each panel.

Everything is about a Scope; what is over time about a Period too. Counts and durations
come from the rollups (operations/figures/rollups.py), what is urgent from the tasks themselves.
"""

from review.dashboards.metrics.aging import read_aging
from review.dashboards.metrics.control import read_xmr
from review.dashboards.metrics.flow import (
    read_cumulative,
    read_flow,
    read_scatter,
    read_states,
)
from review.dashboards.metrics.forecast import add_chances, read_burn, read_forecast
from review.dashboards.metrics.quality import read_quality, read_split
from review.dashboards.metrics.reading import read_figure, read_figures
from review.dashboards.metrics.scopes import Hours, Period, Reading, Scope
from review.dashboards.metrics.urgent import (
    count_urgent,
    read_breached,
    read_due_soon,
)

__all__ = [
    "Hours",
    "Period",
    "Reading",
    "Scope",
    "add_chances",
    "count_urgent",
    "read_aging",
    "read_breached",
    "read_burn",
    "read_cumulative",
    "read_due_soon",
    "read_figure",
    "read_figures",
    "read_flow",
    "read_forecast",
    "read_quality",
    "read_scatter",
    "read_split",
    "read_states",
    "read_xmr",
]
