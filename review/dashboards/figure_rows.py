"""The tasks behind a figure, newest first, and the oldest of the open ones."""

import dataclasses
import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any, Final

from review.core.figures.figures import BY_KEY
from review.dashboards.metrics import Period, Scope
from review.dashboards.metrics.conditions import find_queue_ids, task_condition
from review.dashboards.sql import GOES_ON, OVERDUE, read_rows

PAGE: Final = 50
CHUNK: Final = 1000
MOST_DOTS: Final = 60
SOON: Final = dt.timedelta(hours=4)

# Each state on its own: the oldest of a state with few tasks are not crowded out.
_OLDEST: Final = """
    SELECT t.* FROM unnest(ARRAY['OPEN', 'CLAIMED', 'WAITING', 'SETTLING']) AS s (state)
    CROSS JOIN LATERAL (
        SELECT t.id, t.business_key, t.priority_class, t.state, t.opened_at
        FROM review_task t
        WHERE t.state = s.state AND {scope}
        ORDER BY t.opened_at, t.id LIMIT %(most)s) t
"""
_ROWS: Final = """
    SELECT t.id, t.title, t.business_key, t.priority_class, t.control, t.state,
        t.node_id, t.definition_key, t.opened_at, t.first_claimed_at, t.due_at,
        t.breached_at, coalesce(t.decided_at, t.canceled_at) AS ended_at, t.outcome,
        t.round, t.escalations, q.key AS queue, q.name AS queue_name,
        p.name AS held_by, t.placed_at
    FROM (
        SELECT t.*, {order} AS placed_at FROM {tables}
        WHERE {conditions} AND {scope} AND {after}
        ORDER BY {order} DESC, t.id DESC LIMIT %(limit)s
    ) t
    JOIN review_queue q ON q.id = t.queue_id
    LEFT JOIN review_person p
        ON p.id = t.claimed_by_id AND t.lease_until > %(now)s
    ORDER BY t.placed_at DESC, t.id DESC
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Kind:
    """Which tasks are behind a figure: conditions, and the moment they are ordered by.

    What is closed is read from the facts that the figure was computed from.
    """

    conditions: str
    order: str
    words: str

    @property
    def tables(self) -> str:
        """Return what the conditions are about."""
        if " f." in f" {self.conditions}":
            return "review_taskfact f JOIN review_task t ON t.id = f.task_id"
        return "review_task t"


def _live(conditions: str, words: str) -> Kind:
    states = "t.state IN ('OPEN', 'CLAIMED', 'WAITING')"
    return Kind(f"{states} AND {conditions}", "t.opened_at", words)


def _closed(words: str, conditions: str = "true") -> Kind:
    period = " f.ended_at >= %(since)s AND f.ended_at < %(until)s"
    return Kind(f"{period} AND {conditions}", "f.ended_at", words)


_CLOSED: Final = _closed("closed")
_RUNNING: Final = (
    "t.state IN ('OPEN', 'CLAIMED') AND t.breached_at IS NULL AND t.due_at > %(now)s"
    f" AND {GOES_ON}"
)
KINDS: Final = {
    "breached_open": _live(OVERDUE.format(now="%(now)s"), "open and overdue now"),
    "due_soon": _live(
        f"{_RUNNING} AND t.due_at <= %(soon)s", "open and due within four hours"
    ),
    "expected_breaches": _live(
        f"{_RUNNING} AND t.due_at < %(midnight)s", "open and due before midnight"
    ),
    "breach_rate": _closed("closed late", "f.breached_at IS NOT NULL"),
    # A breach comes before the end: both arms have an index.
    "burn": Kind(
        " (f.ended_at >= %(month)s OR f.ended_at IS NULL)"
        " AND f.breached_at >= %(month)s AND f.breached_at < %(now)s",
        "f.breached_at",
        "breached this month",
    ),
    "arrivals": Kind(
        "t.decided_by IS DISTINCT FROM 'AUTO' AND t.opened_at >= %(since)s"
        " AND t.opened_at < %(until)s",
        "t.opened_at",
        "opened",
    ),
    "wip": Kind(
        "t.state NOT IN ('DECIDED', 'CANCELED')", "t.opened_at", "in progress now"
    ),
    "rework_rate": _closed("reworked", "f.is_reworked"),
    "reassignment_rate": _closed("closed by another hand", "f.reassigned > 0"),
    "first_pass_yield": _closed(
        "decided, but not right the first time", "f.is_decided AND NOT f.is_first_pass"
    ),
    "overturn_rate": _closed("decided otherwise than suggested", "f.is_overturned"),
}
"""What differs from "closed in the period", by figure. Of a share it is the part that
somebody should look at."""


@dataclasses.dataclass(frozen=True, slots=True)
class Span:
    """When: the period, and the moments that figures of now are about."""

    period: Period
    now: dt.datetime
    midnight: dt.datetime
    month: dt.datetime

    @classmethod
    def of(cls, period: Period, *, now: dt.datetime, zone: dt.tzinfo) -> "Span":
        """Return the span with the next midnight and the month's first of a zone."""
        today = now.astimezone(zone).date()
        tomorrow = today + dt.timedelta(days=1)
        return cls(
            period,
            now,
            dt.datetime.combine(tomorrow, dt.time(0), zone),
            dt.datetime.combine(today.replace(day=1), dt.time(0), zone),
        )


@dataclasses.dataclass(frozen=True, slots=True)
class AfterRow:
    """Where a page ended."""

    at: dt.datetime
    id: int


def kind_of(figure: str) -> Kind:
    """Return which tasks are behind a figure. Raises KeyError: there is no such one."""
    return KINDS.get(BY_KEY[figure].key, _CLOSED)


def list_rows(
    figure: str,
    scope: Scope,
    span: Span,
    *,
    after: AfterRow | None = None,
    limit: int = PAGE + 1,
) -> list[Any]:
    """Return tasks behind a figure, the newest first, from where a page ended."""
    kind = kind_of(figure)
    condition, parameters = task_condition(scope)
    statement = _ROWS.format(
        tables=kind.tables,
        conditions=kind.conditions,
        order=kind.order,
        scope=condition,
        after=f"({kind.order}, t.id) < (%(after_at)s, %(after_id)s)"
        if after
        else "true",
    )
    return read_rows(
        statement,
        {
            **parameters,
            "now": span.now,
            "soon": span.now + SOON,
            "midnight": span.midnight,
            "month": span.month,
            "since": span.period.since,
            "until": span.period.until,
            "after_at": after.at if after else None,
            "after_id": after.id if after else None,
            "limit": limit,
        },
    )


def walk_rows(figure: str, scope: Scope, span: Span) -> Iterator[Sequence[Any]]:
    """Give all tasks behind a figure, so many at a time."""
    after = None
    while True:
        rows = list_rows(figure, scope, span, after=after, limit=CHUNK)
        if rows:
            yield rows
        if len(rows) < CHUNK:
            return
        after = AfterRow(rows[-1].placed_at, rows[-1].id)


def list_oldest(scope: Scope, *, now: dt.datetime) -> list[Any]:
    """Return the oldest open tasks of each state, at most MOST_DOTS of each."""
    condition, parameters = task_condition(scope)
    return read_rows(
        _OLDEST.format(scope=condition), {**parameters, "most": MOST_DOTS, "now": now}
    )


def find_queues(scope: Scope) -> list[int] | None:
    """Return the ids of a scope's queues, None for all."""
    return find_queue_ids(scope)
