"""One figure by its key, as the pages and the alerts read it."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from review.core.figures import BY_KEY
from review.dashboards.metrics.conditions import task_condition
from review.dashboards.metrics.scopes import Period, Reading, Scope
from review.dashboards.metrics.urgent import count_urgent
from review.dashboards.sql import read_row

# A task decided by the grid alone was nobody's work.
_COUNTED: Final = """
    SELECT
        (SELECT count(*) FROM review_task t WHERE t.opened_at >= %(since)s
            AND t.opened_at < %(until)s AND t.decided_by IS DISTINCT FROM 'AUTO'
            AND {scope}) AS arrivals,
        (SELECT count(*) FROM review_task t WHERE t.decided_by IS DISTINCT FROM 'AUTO'
            AND coalesce(t.decided_at, t.canceled_at) >= %(since)s
            AND coalesce(t.decided_at, t.canceled_at) < %(until)s
            AND {scope}) AS throughput,
        (SELECT count(*) FROM review_task t WHERE t.decided_by IS DISTINCT FROM 'AUTO'
            AND t.breached_at IS NOT NULL
            AND coalesce(t.decided_at, t.canceled_at) >= %(since)s
            AND coalesce(t.decided_at, t.canceled_at) < %(until)s
            AND {scope}) AS breached,
        (SELECT count(*) FROM review_task t WHERE t.state NOT IN
            ('DECIDED', 'CANCELED') AND {scope}) AS wip
"""


def read_figure(key: str, *, scope: Scope, period: Period, now: dt.datetime) -> Reading:
    """Read a figure. Raises KeyError: there is no figure of this key."""
    return read_figures([key], scope=scope, period=period, now=now)[key]


def read_figures(
    keys: Sequence[str], *, scope: Scope, period: Period, now: dt.datetime
) -> dict[str, Reading]:
    """Read several figures with few questions. Raises KeyError as read_figure."""
    wanted = [BY_KEY[key].key for key in keys]
    breached, soon = count_urgent(scope, now=now)
    condition, parameters = task_condition(scope)
    row = read_row(
        _COUNTED.format(scope=condition),
        {**parameters, "since": period.since, "until": period.until},
    )
    closed = int(row.throughput) if row else 0
    found = {
        "breached_open": Reading(Decimal(breached), breached),
        "due_soon": Reading(Decimal(soon), soon),
        "arrivals": Reading(Decimal(row.arrivals if row else 0), 0),
        "throughput": Reading(Decimal(closed), closed),
        "wip": Reading(Decimal(row.wip if row else 0), 0),
        "breach_rate": Reading(
            Decimal(row.breached) / closed if row and closed else None, closed
        ),
    }
    return {key: found.get(key, Reading(None, 0)) for key in wanted}
