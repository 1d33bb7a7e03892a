"""What the queue pages count. Their lists are in listing.py, claims elsewhere.

Counting stops at CAP.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any, Final

from review.dashboards.listing import MAY_NOT
from review.dashboards.sql import read_row, read_rows

CAP: Final = 1000
SOON: Final = dt.timedelta(hours=1)

_COUNTS: Final = """
    SELECT q.id, q.key, q.name, q.description,
        (SELECT count(*) FROM (
            SELECT 1 FROM review_task t
            WHERE t.queue_id = q.id AND t.state IN ('OPEN', 'CLAIMED', 'WAITING')
            LIMIT %(cap)s) live) AS live,
        (SELECT count(*) FROM (
            SELECT 1 FROM review_lane l JOIN review_task t ON t.lane_id = l.id
            WHERE l.queue_id = q.id AND t.state = 'CLAIMED' AND t.lease_until > %(now)s
            LIMIT %(cap)s) held) AS held,
        (SELECT count(*) FROM (
            (SELECT 1 FROM review_task t
             WHERE t.queue_id = q.id AND t.state IN ('OPEN', 'CLAIMED', 'WAITING')
               AND t.due_at IS NOT NULL AND t.due_at <= %(now)s
             LIMIT %(cap)s)
            UNION ALL
            (SELECT 1 FROM review_task t
             WHERE t.queue_id = q.id AND t.state IN ('OPEN', 'CLAIMED', 'WAITING')
               AND t.breached_at IS NOT NULL AND t.due_at > %(now)s
             LIMIT %(cap)s)
            LIMIT %(cap)s) breached) AS breached,
        (SELECT count(*) FROM (
            SELECT 1 FROM review_task t
            WHERE t.queue_id = q.id AND t.state IN ('OPEN', 'CLAIMED', 'WAITING')
              AND t.due_at IS NOT NULL
              AND t.due_at > %(now)s AND t.due_at <= %(soon)s
            LIMIT %(cap)s) soon) AS soon,
        (SELECT min(head.opened_at) FROM (
            SELECT t.opened_at FROM review_task t
            WHERE t.queue_id = q.id AND t.state IN ('OPEN', 'CLAIMED', 'WAITING')
            ORDER BY t.serve_at, t.id LIMIT 1) head) AS oldest,
        (SELECT count(*) FROM (
            SELECT 1 FROM review_quorumgap g JOIN review_task t ON t.id = g.task_id
            WHERE t.queue_id = q.id AND t.state IN ('OPEN', 'CLAIMED', 'WAITING')
            LIMIT %(cap)s) gaps) AS gaps
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
_STANDING: Final = f"""
    SELECT t.id, t.state, g.why AS gap, t.parking, t.parked_at, t.is_ahead, t.seats,
        t.outcome,
        cardinality(t.seated) AS seated, t.lease_until, t.assigned_until,
        t.assigned_to_id, a.name AS assignee, t.queue_id,
        CASE WHEN t.lease_until > %(now)s THEN t.claimed_by_id END AS holder_id,
        CASE WHEN t.lease_until > %(now)s THEN p.name END AS holder,
        {MAY_NOT} AS is_excluded
    FROM review_task t
    LEFT JOIN review_person p ON p.id = t.claimed_by_id
    LEFT JOIN review_person a ON a.id = t.assigned_to_id
    LEFT JOIN review_quorumgap g ON g.task_id = t.id
    WHERE t.id = ANY(%(ids)s)
"""  # noqa: S608  (a constant)
_VERDICTS: Final = """
    SELECT v.id, v.task_id, v.decision,
        coalesce(v.occurred_at, v.submitted_at) AS said_at, t.title, t.business_key,
        t.state, t.outcome, q.name AS queue_name
    FROM review_verdict v
    JOIN review_task t ON t.id = v.task_id JOIN review_queue q ON q.id = t.queue_id
    WHERE v.person_id = %(person_id)s
    ORDER BY v.submitted_at DESC LIMIT %(limit)s
"""


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


def list_standing(
    ids: Sequence[int], *, person_id: int, persons: Collection[int], now: dt.datetime
) -> list[Any]:
    """Return how the tasks of an open list stand now, whatever became of them.

    `persons` count as one with the person, himself among them.
    """
    asked = {"person_id": person_id, "persons": sorted(persons), "now": now}
    return read_rows(_STANDING, {"ids": list(ids), **asked})


def list_own_verdicts(person_id: int, *, limit: int = 10) -> list[Any]:
    """Return a person's latest verdicts."""
    return read_rows(_VERDICTS, {"person_id": person_id, "limit": limit})
