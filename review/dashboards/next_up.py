"""What a person would be served next, in that order, and what is held back from him.

Reads the heads of lanes: bounded by the lanes and by `limit`, however much waits.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from review.dashboards.sql import read_rows

LIMIT: Final = 10
CAP: Final = 500
"""Up to how many tasks of a lane are counted."""

# The order of operations/tasks/serving.py: what was given to the person, then by rank.
_NEXT: Final = """
    SELECT n.source, t.id, t.title, t.business_key, t.priority_class, t.opened_at,
           t.serve_at, t.due_at, t.assigned_until, t.lease_until, q.key AS queue_key,
           q.name AS queue_name, q.aging_seconds, l.region, l.skill, l.level,
           h.name AS holder
    FROM (
        (SELECT 'ASSIGNED' AS source, t.id
         FROM review_task t
         WHERE t.assigned_to_id = %(person)s AND t.state = 'OPEN'
           AND t.queue_id = ANY(%(queues)s)
           AND NOT (t.excluded && %(persons)s::bigint[])
           AND NOT (t.id = ANY(%(skipped)s::bigint[]))
         ORDER BY t.serve_at, t.id LIMIT %(limit)s)
        UNION ALL
        (SELECT 'AHEAD', t.id
         FROM review_task t
         WHERE t.claimed_by_id = %(person)s AND t.state = 'CLAIMED' AND t.is_ahead
           AND t.lease_until > statement_timestamp() AND t.queue_id = ANY(%(queues)s))
        UNION ALL
        (SELECT w.source, w.id
         FROM unnest(%(lanes)s::bigint[]) AS l(id)
         CROSS JOIN LATERAL (
            (SELECT 'OPEN' AS source, t.id FROM review_task t
             WHERE t.lane_id = l.id AND t.state = 'OPEN' AND t.assigned_to_id IS NULL
               AND NOT (t.excluded && %(persons)s::bigint[])
               AND NOT (t.id = ANY(%(skipped)s::bigint[]))
             ORDER BY t.serve_at, t.id LIMIT %(limit)s)
            UNION ALL
            (SELECT 'CLAIMED', t.id FROM review_task t
             WHERE t.lane_id = l.id AND t.state = 'CLAIMED'
               AND t.lease_until <= statement_timestamp()
               AND NOT (t.excluded && %(persons)s::bigint[])
               AND NOT (t.id = ANY(%(skipped)s::bigint[]))
             ORDER BY t.serve_at, t.id LIMIT %(limit)s)
         ) w)
    ) n
    JOIN review_task t ON t.id = n.id
    JOIN review_queue q ON q.id = t.queue_id
    JOIN review_lane l ON l.id = t.lane_id
    LEFT JOIN review_person h ON h.id = t.claimed_by_id
    ORDER BY n.source <> 'ASSIGNED', t.serve_at, t.id
    LIMIT %(limit)s
"""
_WAITING: Final = f"""
    SELECT l.id AS lane_id, (
        SELECT count(*) FROM (
            SELECT 1 FROM review_task t
            WHERE t.lane_id = l.id AND t.state = 'OPEN' AND t.assigned_to_id IS NULL
            LIMIT {CAP}) w) AS waiting
    FROM unnest(%(lanes)s::bigint[]) AS l(id)
"""  # noqa: S608  (constants of this module)
# Of the tasks that would come soonest, those that somebody or something keeps from
# this person, the first reason that fits.
_KEPT: Final = f"""
    SELECT k.*, q.name AS queue_name, a.name AS assignee, h.name AS holder,
           c.routing->'excluded'->>%(person)s::text AS conflict
    FROM (
        SELECT t.id, t.title, t.business_key, t.queue_id, t.initiator, t.serve_at,
               t.assigned_to_id, t.assigned_until, t.claimed_by_id, t.lease_until,
               t.excluded && %(persons)s::bigint[] AS is_excluded,
               t.id = ANY(%(skipped)s::bigint[]) AS is_skipped
        FROM unnest(%(lanes)s::bigint[]) AS l(id)
        CROSS JOIN LATERAL (
            SELECT * FROM review_task t
            WHERE t.lane_id = l.id AND t.state IN ('OPEN', 'CLAIMED')
            ORDER BY t.serve_at, t.id LIMIT {CAP}) t
    ) k
    JOIN review_queue q ON q.id = k.queue_id
    JOIN review_taskcontent c ON c.task_id = k.id
    LEFT JOIN review_person a ON a.id = k.assigned_to_id
    LEFT JOIN review_person h ON h.id = k.claimed_by_id
    WHERE k.is_excluded OR k.is_skipped
       OR (k.assigned_to_id IS NOT NULL AND k.assigned_to_id <> %(person)s)
       OR (k.claimed_by_id IS NOT NULL AND k.claimed_by_id <> %(person)s
           AND k.lease_until > statement_timestamp())
    ORDER BY k.serve_at, k.id
    LIMIT {CAP}
"""  # noqa: S608  (constants of this module)
_SKIPPED_BY_MANY: Final = """
    SELECT t.id, t.title, t.business_key, q.name AS queue_name, k.skips, k.last_at,
           k.reasons
    FROM (
        SELECT s.task_id, count(*) AS skips, max(s.skipped_at) AS last_at,
               array_remove(array_agg(DISTINCT s.reason), '') AS reasons
        FROM review_skip s GROUP BY s.task_id HAVING count(*) >= %(least)s
    ) k
    JOIN review_task t ON t.id = k.task_id AND t.state IN ('OPEN', 'CLAIMED', 'WAITING')
    JOIN review_queue q ON q.id = t.queue_id
    WHERE %(queues)s::bigint[] IS NULL OR t.queue_id = ANY(%(queues)s::bigint[])
    ORDER BY k.skips DESC, t.serve_at, t.id
    LIMIT 100
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who asks: `persons` count as one with him; lanes and queues he may be served from."""

    person_id: int
    persons: Collection[int]
    queues: Collection[int]
    lanes: Collection[int]
    skipped: Sequence[int]

    @property
    def words(self) -> dict[str, object]:
        """Return the parameters of the statements."""
        return {
            "person": self.person_id,
            "persons": sorted(self.persons),
            "queues": sorted(self.queues),
            "lanes": sorted(self.lanes),
            "skipped": list(self.skipped),
        }


def list_next(asked: Asked, *, limit: int = LIMIT) -> list[Any]:
    """Return the next tasks in the order they would be served.

    `source` is ASSIGNED (given to the person), AHEAD (taken ahead by him), OPEN, or
    CLAIMED (somebody's lease lapsed).
    """
    return read_rows(_NEXT, {**asked.words, "limit": limit})


def count_waiting(lanes: Collection[int]) -> dict[int, int]:
    """Return how many tasks wait in the pool of each lane, up to CAP."""
    rows = read_rows(_WAITING, {"lanes": sorted(lanes)})
    return {row.lane_id: row.waiting for row in rows}


def list_kept(asked: Asked) -> list[Any]:
    """Return tasks of lanes the person serves that are kept from him nevertheless."""
    return read_rows(_KEPT, asked.words)


def list_skipped_by_many(*, queues: Sequence[int] | None, least: int = 3) -> list[Any]:
    """Return live tasks that at least so many people passed over; None: all queues."""
    given = None if queues is None else list(queues)
    return read_rows(_SKIPPED_BY_MANY, {"queues": given, "least": least})
