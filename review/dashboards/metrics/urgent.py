"""What breached and what will soon: read from the tasks themselves, to the second.

Breached is what the clock recorded, and what is overdue and not recorded yet. A parked
task's clock stands, and so does that of a suspended case: neither falls due meanwhile.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from review.dashboards.metrics.conditions import task_condition
from review.dashboards.metrics.rows import LateTask
from review.dashboards.metrics.scopes import Scope
from review.dashboards.sql import GOES_ON, read_row, read_rows

SOON_HOURS: Final = 4

# Each arm has a partial index of its own: the breached of a queue, the next to be due.
_RECORDED: Final = """
    t.state IN ('OPEN', 'CLAIMED', 'WAITING') AND t.breached_at IS NOT NULL
"""
RUNNING: Final = """
    t.state IN ('OPEN', 'CLAIMED') AND t.breached_at IS NULL AND t.due_at IS NOT NULL
"""
_COUNT: Final = """
    SELECT (SELECT count(*) FROM review_task t WHERE {recorded} AND {scope})
         + (SELECT count(*) FROM review_task t
            WHERE {running} AND t.due_at <= %(now)s AND {goes_on} AND {scope})
           AS breached,
           (SELECT count(*) FROM review_task t
            WHERE {running} AND t.due_at > %(now)s AND t.due_at <= %(until)s
              AND {goes_on} AND {scope}) AS soon
"""
_COLUMNS: Final = """
    SELECT t.id, t.title, t.business_key, q.key AS queue, q.name AS queue_name,
        t.priority_class, t.node_id, t.state, t.opened_at, t.due_at,
        CASE WHEN t.lease_until > %(now)s THEN p.name END AS held_by,
        CASE WHEN t.lease_until > %(now)s THEN p.id END AS held_by_id
"""
_BREACHED: Final = """
    {columns}
    FROM (
        (SELECT t.* FROM review_queue k CROSS JOIN LATERAL (
            SELECT t.* FROM review_task t
            WHERE t.queue_id = k.id AND {recorded} AND {scope}
            ORDER BY t.breached_at, t.id LIMIT %(limit)s) t)
        UNION ALL
        (SELECT t.* FROM review_task t
         WHERE {running} AND t.due_at <= %(now)s AND {goes_on} AND {scope}
         ORDER BY t.due_at, t.id LIMIT %(limit)s)
    ) t
    JOIN review_queue q ON q.id = t.queue_id
    LEFT JOIN review_person p ON p.id = t.claimed_by_id
    ORDER BY coalesce(t.breached_at, t.due_at), t.id LIMIT %(limit)s
"""
_SOON: Final = """
    {columns}
    FROM (
        SELECT t.* FROM review_task t
        WHERE {running} AND t.due_at > %(now)s AND t.due_at <= %(until)s
          AND {goes_on} AND {scope}
        ORDER BY t.due_at, t.id LIMIT %(limit)s
    ) t
    JOIN review_queue q ON q.id = t.queue_id
    LEFT JOIN review_person p ON p.id = t.claimed_by_id
    ORDER BY t.due_at, t.id
"""


def read_breached(scope: Scope, *, now: dt.datetime, limit: int = 25) -> list[LateTask]:
    """Return open tasks that breached, the longest overdue first."""
    rows = _read(_BREACHED, scope, now=now, until=now, limit=limit)
    return [_late_task(row, now=now, chance=1.0) for row in rows]


def read_due_soon(
    scope: Scope, *, now: dt.datetime, hours: int = SOON_HOURS, limit: int = 25
) -> list[LateTask]:
    """Return open tasks that fall due within some hours, the next first.

    `chance` is left at 0: forecast.add_chances knows it.
    """
    until = now + dt.timedelta(hours=hours)
    rows = _read(_SOON, scope, now=now, until=until, limit=limit)
    return [_late_task(row, now=now, chance=0.0) for row in rows]


def count_urgent(scope: Scope, *, now: dt.datetime) -> tuple[int, int]:
    """Return how many open tasks breached, and how many are due within four hours."""
    until = now + dt.timedelta(hours=SOON_HOURS)
    condition, parameters = task_condition(scope)
    row = read_row(_fill(_COUNT, condition), {**parameters, "now": now, "until": until})
    return (int(row.breached), int(row.soon)) if row else (0, 0)


def _read(
    statement: str,
    scope: Scope,
    *,
    now: dt.datetime,
    until: dt.datetime,
    limit: int,
) -> list[Any]:
    condition, parameters = task_condition(scope)
    more: Mapping[str, Any] = {"now": now, "until": until, "limit": limit}
    return read_rows(_fill(statement, condition), {**parameters, **more})


def _fill(statement: str, condition: str) -> str:
    return statement.format(
        columns=_COLUMNS,
        recorded=_RECORDED,
        running=RUNNING,
        goes_on=GOES_ON,
        scope=condition,
    )


def _late_task(row: Any, *, now: dt.datetime, chance: float) -> LateTask:
    return LateTask(
        id=row.id,
        title=row.title,
        case=row.business_key or f"#{row.id}",
        queue=row.queue,
        queue_name=row.queue_name,
        task_class=row.priority_class,
        step=row.node_id,
        state=row.state,
        opened_at=row.opened_at,
        due_at=row.due_at,
        overdue_seconds=(now - row.due_at).total_seconds(),
        held_by=row.held_by or "",
        held_by_id=row.held_by_id,
        chance=chance,
    )
