"""What the queue pages list and count. Claims and verdicts are elsewhere.

Lists never touch a task's content; counting stops at CAP.
"""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

from review.dashboards.sql import read_row, read_rows

CAP: Final = 1000
PAGE: Final = 50
SOON: Final = dt.timedelta(hours=1)

_LIST: Final = """
    SELECT t.id, t.title, t.business_key, t.priority_class, t.control, t.stage,
        t.impact, t.confidence, t.opened_at, t.serve_at, t.due_at, t.warn_at, t.state,
        t.definition_key, q.key AS queue_key, q.name AS queue_name,
        CASE WHEN t.lease_until > %(now)s THEN t.claimed_by_id END AS holder_id,
        CASE WHEN t.lease_until > %(now)s THEN p.name END AS holder,
        t.lease_until, %(person_id)s = ANY(t.excluded) AS is_excluded
    FROM review_task t
    JOIN review_queue q ON q.id = t.queue_id
    LEFT JOIN review_person p ON p.id = t.claimed_by_id
    WHERE t.state IN ('OPEN', 'CLAIMED', 'WAITING') AND {conditions}
    ORDER BY t.serve_at, t.id
    LIMIT %(limit)s
"""
_CONDITIONS: Final = {
    "queue": "t.queue_id = %(queue)s",
    "q": "(t.business_key = %(q)s OR t.title ILIKE %(words)s)",
    "control": "t.control = %(control)s",
    "free": "(t.state = 'OPEN' OR t.lease_until <= %(now)s)",
    "held": "(t.state = 'CLAIMED' AND t.lease_until > %(now)s)",
    "mine": "(t.state = 'CLAIMED' AND t.lease_until > %(now)s"
    " AND t.claimed_by_id = %(person_id)s)",
    "breached": "t.due_at <= %(now)s",
    "soon": "(t.due_at > %(now)s AND t.due_at <= %(soon)s)",
    "after": "(t.serve_at, t.id) > (%(after_at)s, %(after_id)s)",
}
_COUNTS: Final = """
    SELECT q.id, q.key, q.name, q.description,
        (SELECT count(*) FROM (
            SELECT 1 FROM review_task t
            WHERE t.queue_id = q.id AND t.state IN ('OPEN', 'CLAIMED', 'WAITING')
            LIMIT %(cap)s) live) AS live,
        (SELECT count(*) FROM (
            SELECT 1 FROM review_task t
            WHERE t.queue_id = q.id AND t.state = 'CLAIMED' AND t.lease_until > %(now)s
            LIMIT %(cap)s) held) AS held,
        (SELECT count(*) FROM (
            SELECT 1 FROM review_task t
            WHERE t.queue_id = q.id AND t.state IN ('OPEN', 'CLAIMED', 'WAITING')
              AND t.due_at IS NOT NULL
              AND (t.breached_at IS NOT NULL OR t.due_at <= %(now)s)
            LIMIT %(cap)s) breached) AS breached,
        (SELECT count(*) FROM (
            SELECT 1 FROM review_task t
            WHERE t.queue_id = q.id AND t.state IN ('OPEN', 'CLAIMED', 'WAITING')
              AND t.due_at > %(now)s AND t.due_at <= %(soon)s
            LIMIT %(cap)s) soon) AS soon,
        (SELECT min(head.opened_at) FROM (
            SELECT t.opened_at FROM review_task t
            WHERE t.queue_id = q.id AND t.state IN ('OPEN', 'CLAIMED', 'WAITING')
            ORDER BY t.serve_at, t.id LIMIT 1) head) AS oldest
    FROM review_queue q
    WHERE q.id = ANY(%(queue_ids)s)
    ORDER BY q.name, q.id
"""
_NEW: Final = """
    SELECT count(*) AS arrived FROM (
        SELECT 1 FROM review_task t
        WHERE t.id > %(seen)s AND t.queue_id = %(queue)s
          AND t.state IN ('OPEN', 'CLAIMED', 'WAITING')
        LIMIT %(cap)s) arrived
"""
_LAST: Final = "SELECT coalesce(max(id), 0) AS seen FROM review_task"
_WHY_NONE: Final = """
    SELECT
        count(*) FILTER (WHERE excluded AND NOT held) AS barred,
        count(*) FILTER (WHERE held) AS held,
        min(lease_until) FILTER (WHERE held) AS first_free_at
    FROM (
        SELECT %(person_id)s = ANY(t.excluded) AS excluded,
            t.state = 'CLAIMED' AND t.lease_until > %(now)s AS held, t.lease_until
        FROM review_task t
        WHERE t.queue_id = ANY(%(queue_ids)s) AND t.state IN ('OPEN', 'CLAIMED', 'WAITING')
        LIMIT %(cap)s) live
"""
_VERDICTS: Final = """
    SELECT v.id, v.task_id, v.decision,
        coalesce(v.occurred_at, v.submitted_at) AS said_at, t.title, t.business_key,
        t.state, t.outcome, q.name AS queue_name
    FROM review_verdict v
    JOIN review_task t ON t.id = v.task_id JOIN review_queue q ON q.id = t.queue_id
    WHERE v.person_id = %(person_id)s
    ORDER BY v.submitted_at DESC LIMIT %(limit)s
"""


@dataclasses.dataclass(frozen=True, slots=True)
class AfterTask:
    """Where a page of a queue ended."""

    serve_at: dt.datetime
    id: int


def list_tasks(
    *,
    person_id: int,
    now: dt.datetime,
    queue_id: int | None = None,
    filters: Mapping[str, str] | None = None,
    after: AfterTask | None = None,
    limit: int = PAGE,
) -> list[Any]:
    """Return live tasks in the order they are served, one more than `limit`.

    `filters`: q (a case's whole key, or words of the title), control, held (free,
    held, mine) and standing (breached, soon).
    """
    wanted = dict(filters or {})
    names = [name for name in ("q", "control") if wanted.get(name)]
    names += [wanted[name] for name in ("held", "standing") if wanted.get(name)]
    if queue_id is not None:
        names.append("queue")
    if after is not None:
        names.append("after")
    conditions = " AND ".join(_CONDITIONS[name] for name in names) or "true"
    search = wanted.get("q", "").strip()
    return read_rows(
        _LIST.format(conditions=conditions),
        {
            "person_id": person_id,
            "now": now,
            "soon": now + dt.timedelta(hours=4),
            "queue": queue_id,
            "q": search,
            "words": f"%{_escape_like(search)}%",
            "control": wanted.get("control", ""),
            "after_at": after.serve_at if after else None,
            "after_id": after.id if after else 0,
            "limit": limit + 1,
        },
    )


def list_queue_counts(queue_ids: Sequence[int], *, now: dt.datetime) -> list[Any]:
    """Return live, held, breached and soon-due counts of queues, each at most CAP.

    `oldest` is when the task that is served next was opened.
    """
    return read_rows(
        _COUNTS,
        {
            "queue_ids": list(queue_ids),
            "now": now,
            "soon": now + SOON,
            "cap": CAP,
        },
    )


def count_arrived(*, queue_id: int, seen: int) -> int:
    """Count the live tasks that came after the one with the id `seen`."""
    row = read_row(_NEW, {"queue": queue_id, "seen": seen, "cap": CAP})
    return 0 if row is None else int(row.arrived)


def find_last_task() -> int:
    """Return the highest task id given out so far, 0 before the first."""
    row = read_row(_LAST, {})
    return 0 if row is None else int(row.seen)


def explain_none(queue_ids: Sequence[int], *, person_id: int, now: dt.datetime) -> Any:
    """Return why nothing can be claimed: how many are held, how many are barred."""
    return read_row(
        _WHY_NONE,
        {
            "queue_ids": list(queue_ids),
            "person_id": person_id,
            "now": now,
            "cap": CAP,
        },
    )


def list_own_verdicts(person_id: int, *, limit: int = 10) -> list[Any]:
    """Return a person's latest verdicts."""
    return read_rows(_VERDICTS, {"person_id": person_id, "limit": limit})


def _escape_like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
