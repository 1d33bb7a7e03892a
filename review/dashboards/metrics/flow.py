"""What comes and goes: arrivals, closings, the layers between them, single tasks."""

import dataclasses
import datetime as dt
import zoneinfo
from collections.abc import Iterator
from typing import Any, Final

from review.core.figures.histograms import percentile
from review.core.figures.metrics import Measure
from review.dashboards.metrics.conditions import cell_condition, fact_condition
from review.dashboards.metrics.rows import (
    CumulativePoint,
    FlowPoint,
    Scatter,
    ScatterPoint,
    StateRow,
)
from review.dashboards.metrics.scopes import Period, Scope
from review.dashboards.metrics.stored import read_spreads
from review.dashboards.sql import read_row, read_rows

BY_HOUR: Final = dt.timedelta(days=2)
"""Periods up to here are told by the hour, longer ones by the day."""
SLOTS: Final = 200
"""Stretches of a period from which single tasks are drawn, where there are too many."""

_STRETCHES: Final = """
    SELECT {unit} AS stretch, sum(arrivals)::int AS arrivals, sum(begun)::int AS begun,
        sum(closed)::int AS closed, sum(breaches)::int AS breaches
    FROM review_rolluphour
    WHERE {cells} AND hour >= %(since)s AND hour < %(until)s
    GROUP BY 1
"""
_BEFORE: Final = """
    SELECT coalesce(sum(arrivals), 0)::int AS arrivals,
        coalesce(sum(begun), 0)::int AS begun, coalesce(sum(closed), 0)::int AS closed
    FROM review_rolluphour WHERE {cells} AND hour < %(since)s
"""
_STATES: Final = """
    SELECT s.state, c.task_class, sum(s.tasks)::int AS tasks
    FROM review_rollupstate s JOIN review_rollupcell c ON c.id = s.cell_id
    WHERE {cells} AND s.tasks > 0
    GROUP BY 1, 2 ORDER BY 1, 2
"""
_MEASURED: Final = """
    SELECT f.task_id, f.cell_id, f.ended_at, f.breached_at,
        {column}[%(measure)s] AS ms
    FROM review_taskfact f
    WHERE {facts} AND {column}_buckets[%(measure)s] >= 0
"""
_ALL: Final = "{measured} AND f.ended_at >= %(since)s AND f.ended_at < %(until)s"
_DRAWN: Final = """
    SELECT drawn.* FROM generate_series(0, %(slots)s - 1) AS slot(place)
    CROSS JOIN LATERAL (
        {measured}
          AND f.ended_at >= %(since)s + slot.place * %(step)s::interval
          AND f.ended_at < %(since)s + (slot.place + 1) * %(step)s::interval
        ORDER BY f.ended_at LIMIT %(each)s) drawn
"""
_POINTS: Final = """
    SELECT p.task_id, t.business_key, t.priority_class, p.ended_at,
        p.breached_at IS NOT NULL AS is_late, p.ms
    FROM ({chosen}) p JOIN review_task t ON t.id = p.task_id
    ORDER BY p.ended_at, p.task_id
"""


@dataclasses.dataclass(frozen=True, slots=True)
class _Stretch:
    start: dt.datetime
    label: str
    arrivals: int
    begun: int
    closed: int
    breaches: int


def read_flow(scope: Scope, period: Period, *, now: dt.datetime) -> list[FlowPoint]:
    """Return what came and went by day; by hour in periods of up to two days.

    Stretches that begin after `now` are left out.
    """
    arrived, _, closed = _read_before(scope, period)
    wip = arrived - closed
    points: list[FlowPoint] = []
    for one in _read_stretches(scope, period, now=now):
        wip += one.arrivals - one.closed
        points.append(
            FlowPoint(
                start=one.start,
                label=one.label,
                arrivals=one.arrivals,
                first_claims=one.begun,
                closed=one.closed,
                breached=one.breaches,
                wip=wip,
            )
        )
    return points


def read_cumulative(
    scope: Scope, period: Period, *, now: dt.datetime
) -> list[CumulativePoint]:
    """Return the layers of the cumulative flow at the end of each day or hour.

    What was closed before the period is left out of all layers.
    """
    arrived, begun, closed = _read_before(scope, period)
    arrived, begun, closed = arrived - closed, begun - closed, 0
    points = [
        CumulativePoint(period.since, "begin", arrived=arrived, begun=begun, closed=0)
    ]
    for one in _read_stretches(scope, period, now=now):
        arrived += one.arrivals
        begun += one.begun
        closed += one.closed
        points.append(
            CumulativePoint(
                one.start, one.label, arrived=arrived, begun=begun, closed=closed
            )
        )
    return points


def read_scatter(
    scope: Scope,
    period: Period,
    *,
    measure: Measure = Measure.CYCLE,
    limit: int = 1000,
) -> Scatter:
    """Return cycle times of tasks decided in the period, with percentiles of all.

    Of more than `limit` tasks some are drawn, evenly over the period.
    """
    histogram = read_spreads(scope, period, [measure])[measure].histogram
    total = sum(histogram.values())
    facts, parameters = fact_condition(scope)
    measured = _MEASURED.format(
        facts=facts,
        column=f"f.{period.hours}",
    )
    chosen = _ALL if total <= limit else _DRAWN
    slots = min(SLOTS, limit)
    rows = read_rows(
        _POINTS.format(chosen=chosen.format(measured=measured)),
        {
            **parameters,
            "measure": int(measure),
            "since": period.since,
            "until": period.until,
            "slots": slots,
            "each": limit // slots,
            "step": (period.until - period.since) / slots,
        },
    )
    return Scatter(
        points=[
            ScatterPoint(
                task=row.task_id,
                case=row.business_key or f"#{row.task_id}",
                task_class=row.priority_class,
                ended_at=row.ended_at,
                seconds=row.ms / 1000,
                is_late=row.is_late,
            )
            for row in rows
        ],
        total=total,
        p50=percentile(histogram, 0.5),
        p85=percentile(histogram, 0.85),
        p95=percentile(histogram, 0.95),
    )


def read_states(scope: Scope) -> list[StateRow]:
    """Return the work in progress by state and class."""
    cells, parameters = cell_condition(scope, by_class=True)
    return [
        StateRow(row.state, row.task_class, row.tasks)
        for row in read_rows(_STATES.format(cells=cells), parameters)
    ]


def _read_before(scope: Scope, period: Period) -> tuple[int, int, int]:
    cells, parameters = cell_condition(scope)
    row = read_row(_BEFORE.format(cells=cells), {**parameters, "since": period.since})
    return (row.arrivals, row.begun, row.closed) if row else (0, 0, 0)


def _read_stretches(
    scope: Scope, period: Period, *, now: dt.datetime
) -> list[_Stretch]:
    by_hour = period.until - period.since <= BY_HOUR
    cells, parameters = cell_condition(scope)
    rows = read_rows(
        _STRETCHES.format(
            cells=cells,
            unit="hour" if by_hour else "(hour AT TIME ZONE %(zone)s)::date",
        ),
        {
            **parameters,
            "since": period.since,
            "until": period.until,
            "zone": period.zone,
        },
    )
    found = {row.stretch: row for row in rows}
    places = _list_hours(period) if by_hour else _list_days(period)
    return [
        _stretch(start, label, found.get(key))
        for key, start, label in places
        if start <= now
    ]


def _stretch(start: dt.datetime, label: str, row: Any) -> _Stretch:
    if row is None:
        return _Stretch(start, label, 0, 0, 0, 0)
    return _Stretch(start, label, row.arrivals, row.begun, row.closed, row.breaches)


def _list_hours(period: Period) -> Iterator[tuple[dt.datetime, dt.datetime, str]]:
    zone = zoneinfo.ZoneInfo(period.zone)
    hour = period.since
    while hour < period.until:
        yield hour, hour, hour.astimezone(zone).strftime("%Y-%m-%d %H:%M")
        hour += dt.timedelta(hours=1)


def _list_days(period: Period) -> Iterator[tuple[dt.date, dt.datetime, str]]:
    zone = zoneinfo.ZoneInfo(period.zone)
    day = period.since.astimezone(zone).date()
    last = (period.until - dt.timedelta(hours=1)).astimezone(zone).date()
    while day <= last:
        yield day, find_midnight(day, zone), day.isoformat()
        day += dt.timedelta(days=1)


def find_midnight(day: dt.date, zone: dt.tzinfo) -> dt.datetime:
    """Return the beginning of a day of a zone, in UTC."""
    return dt.datetime.combine(day, dt.time.min, zone).astimezone(dt.UTC)
