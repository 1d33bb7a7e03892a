"""How old the open work is, class by class, beside the age most of it never reaches."""

import datetime as dt
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from review.dashboards.metrics.ages import (
    Expectation,
    LiveHour,
    read_expectations,
    read_live_hours,
)
from review.dashboards.metrics.conditions import fact_condition
from review.dashboards.metrics.rows import AgeBand, AgingClass
from review.dashboards.metrics.scopes import Scope, floor_hour
from review.dashboards.sql import read_rows

AGE_BUCKETS: Final = (
    ("under 1 h", dt.timedelta(hours=1)),
    ("1 to 4 h", dt.timedelta(hours=4)),
    ("4 to 8 h", dt.timedelta(hours=8)),
    ("8 to 24 h", dt.timedelta(days=1)),
    ("1 to 3 d", dt.timedelta(days=3)),
    ("3 to 7 d", dt.timedelta(days=7)),
    ("over 7 d", dt.timedelta.max),
)
_EDGES: Final = [edge.total_seconds() for _, edge in AGE_BUCKETS[:-1]]
_HOUR: Final = dt.timedelta(hours=1)
# The few hours in which an edge lies are counted task by task.
_CUT_HOURS: Final = """
    SELECT f.task_class, count(*)::int AS tasks, min(f.opened_at) AS oldest_at,
        width_bucket(extract(epoch FROM %(now)s - f.opened_at)::float8,
                     %(edges)s::float8[]) AS slot
    FROM unnest(%(hours)s::timestamptz[]) AS v(hour)
    JOIN review_taskfact f ON f.ended_at IS NULL
        AND f.opened_at >= v.hour AND f.opened_at < v.hour + interval '1 hour'
    WHERE {cells}
    GROUP BY 1, 4
"""


def read_aging(scope: Scope, *, now: dt.datetime) -> list[AgingClass]:
    """Return the open tasks of each class by age."""
    expected = read_expectations(scope, now=now)
    live = read_live_hours(scope)
    lines = [one.seconds for one in expected.values() if one.seconds]
    edges = sorted({*_EDGES, *lines})
    oldest: dict[str, dt.datetime] = {}
    for one in live:
        oldest.setdefault(one.task_class, one.hour)
    cut = {
        *(floor_hour(now - dt.timedelta(seconds=edge)) for edge in edges),
        *oldest.values(),
    }
    slots = _count_whole(live, edges, cut=cut, now=now)
    oldest_at: dict[str, dt.datetime] = {}
    for row in _read_cut(scope, edges, cut=cut, now=now):
        slots[row.task_class][row.slot] += row.tasks
        known = oldest_at.get(row.task_class, row.oldest_at)
        oldest_at[row.task_class] = min(known, row.oldest_at)
    return [
        _class(
            name,
            slots[name],
            edges,
            expected=expected.get(name),
            oldest_at=oldest_at.get(name),
        )
        for name in sorted({*slots, *expected})
    ]


def _count_whole(
    live: Sequence[LiveHour],
    edges: Sequence[float],
    *,
    cut: set[dt.datetime],
    now: dt.datetime,
) -> dict[str, dict[int, int]]:
    """Return by class how many tasks lie between edges, of the hours without an edge."""
    slots: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for one in live:
        if one.hour not in cut:
            age = (now - one.hour - _HOUR / 2).total_seconds()
            slots[one.task_class][bisect_right(edges, age)] += one.tasks
    return slots


def _read_cut(
    scope: Scope,
    edges: Sequence[float],
    *,
    cut: set[dt.datetime],
    now: dt.datetime,
) -> list[Any]:
    cells, parameters = fact_condition(scope)
    return read_rows(
        _CUT_HOURS.format(cells=cells),
        {**parameters, "now": now, "edges": list(edges), "hours": sorted(cut)},
    )


def _class(
    name: str,
    slots: Mapping[int, int],
    edges: Sequence[float],
    *,
    expected: Expectation | None,
    oldest_at: dt.datetime | None,
) -> AgingClass:
    line = expected.seconds if expected else None
    bounds = [0.0, *_EDGES]
    bands = []
    for place, (label, _) in enumerate(AGE_BUCKETS):
        least = bounds[place]
        most = _EDGES[place] if place < len(_EDGES) else None
        tasks = sum(
            count
            for slot, count in slots.items()
            if _lies_between(slot, edges, least, most)
        )
        bands.append(AgeBand(label=label, least=least, most=most, tasks=tasks))
    return AgingClass(
        task_class=name,
        tasks=sum(slots.values()),
        sle_seconds=line,
        sample=expected.sample if expected else 0,
        over_sle=sum(
            count
            for slot, count in slots.items()
            if line is not None and _lies_between(slot, edges, line, None)
        ),
        oldest_at=oldest_at,
        bands=bands,
    )


def _lies_between(
    slot: int, edges: Sequence[float], least: float, most: float | None
) -> bool:
    """Tell whether the ages between two edges lie in a band; slot 0 is below them all."""
    low = edges[slot - 1] if slot else 0.0
    return least <= low and (most is None or low < most)
