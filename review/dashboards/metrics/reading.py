"""Figures by their keys, as the pages and the alerts read them."""

import datetime as dt
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from typing import Final

from review.core.figures.figures import BY_KEY
from review.core.figures.metrics import (
    PERCENTILES,
    SHARES,
    Counts,
    Measure,
    find_percentile,
    find_share,
)
from review.dashboards.metrics.conditions import cell_condition
from review.dashboards.metrics.forecast import read_burn, read_forecast
from review.dashboards.metrics.scopes import Period, Reading, Scope
from review.dashboards.metrics.stored import Spread, read_counts, read_spreads
from review.dashboards.metrics.urgent import count_urgent
from review.dashboards.sql import read_row

_OF_TIME: Final = {
    "paused_share": (Measure.PAUSED, Measure.WHOLE),
    "flow_efficiency": (Measure.TOUCH, Measure.LEAD),
}
_COUNTED: Final = frozenset({"arrivals", "throughput", *SHARES})
_URGENT: Final = frozenset({"breached_open", "due_soon"})
_WIP: Final = """
    SELECT coalesce(sum(tasks), 0)::int AS tasks FROM review_rollupstate WHERE {cells}
"""


def read_figure(key: str, *, scope: Scope, period: Period, now: dt.datetime) -> Reading:
    """Read a figure. Raises KeyError: there is no figure of this key."""
    return read_figures([key], scope=scope, period=period, now=now)[key]


def read_figures(
    keys: Sequence[str], *, scope: Scope, period: Period, now: dt.datetime
) -> dict[str, Reading]:
    """Read several figures with few questions. Raises KeyError as read_figure.

    Those of a moment are read at `now`; the others over the period.
    """
    wanted = {BY_KEY[key].key for key in keys}
    found: dict[str, Reading] = {}
    if wanted & _URGENT:
        breached, soon = count_urgent(scope, now=now)
        found["breached_open"] = Reading(Decimal(breached), breached)
        found["due_soon"] = Reading(Decimal(soon), soon)
    if "wip" in wanted:
        found["wip"] = _read_wip(scope)
    if "expected_breaches" in wanted:
        forecast = read_forecast(scope, now=now, zone=period.zone)
        found["expected_breaches"] = Reading(
            Decimal(str(round(forecast.expected, 6))), forecast.due_today
        )
    if "burn" in wanted:
        burn = read_burn(scope, now=now, zone=period.zone)
        used = None if burn.used is None else Decimal(str(round(burn.used, 6)))
        found["burn"] = Reading(used, burn.breaches)
    if wanted & _COUNTED:
        counts, _ = read_counts(scope, period)
        found |= _read_counted(counts)
    durations = wanted & (PERCENTILES.keys() | _OF_TIME.keys())
    if durations:
        found |= _read_durations(durations, scope, period)
    return {key: found[key] for key in keys}


def _read_wip(scope: Scope) -> Reading:
    cells, parameters = cell_condition(scope)
    row = read_row(_WIP.format(cells=cells), parameters)
    tasks = int(row.tasks) if row else 0
    return Reading(Decimal(tasks), tasks)


def _read_counted(counts: Counts) -> dict[str, Reading]:
    return {
        "arrivals": Reading(Decimal(counts.arrivals), counts.arrivals),
        "throughput": Reading(Decimal(counts.closed), counts.closed),
        **{key: Reading(*find_share(key, counts)) for key in SHARES},
    }


def _read_durations(
    keys: AbstractSet[str], scope: Scope, period: Period
) -> dict[str, Reading]:
    measures = {PERCENTILES[key][0] for key in keys if key in PERCENTILES}
    for key in keys & _OF_TIME.keys():
        measures |= set(_OF_TIME[key])
    spreads = read_spreads(scope, period, measures)
    found: dict[str, Reading] = {}
    for key in keys:
        if key in PERCENTILES:
            spread = spreads[PERCENTILES[key][0]]
            found[key] = Reading(*find_percentile(key, spread.histogram))
        else:
            found[key] = _share_of_time(key, spreads)
    return found


def _share_of_time(key: str, spreads: dict[Measure, Spread]) -> Reading:
    return Reading(
        *find_share(
            key,
            Counts(
                closed=spreads[_OF_TIME[key][1]].tasks,
                milliseconds={
                    measure: spread.milliseconds for measure, spread in spreads.items()
                },
            ),
        )
    )
