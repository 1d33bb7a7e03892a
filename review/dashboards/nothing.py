"""Why a reviewer gets nothing from queues in which tasks wait."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

from review.dashboards.sql import read_row

CAP: Final = 1000

# A task counts under the first reason that fits, in the order a claim would meet them.
_WHY: Final = """
    SELECT count(*) AS live,
        count(*) FILTER (WHERE reason = 'PARKED') AS parked,
        count(*) FILTER (WHERE reason = 'HELD') AS held,
        min(lease_until) FILTER (WHERE reason = 'HELD') AS first_free_at,
        count(*) FILTER (WHERE reason = 'STARTED') AS started,
        count(*) FILTER (WHERE reason = 'BARRED') AS barred,
        count(*) FILTER (WHERE reason = 'LACKING') AS lacking,
        string_agg(DISTINCT asked, ', ') FILTER (WHERE reason = 'LACKING') AS asked,
        count(*) FILTER (WHERE reason = 'PUSHED') AS pushed,
        min(assigned_until) FILTER (WHERE reason = 'PUSHED') AS pushed_until,
        count(*) FILTER (WHERE reason = 'SKIPPED') AS skipped,
        (SELECT min(q.wip_limit) FROM review_queue q
         WHERE q.id = ANY(%(queue_ids)s) AND q.wip_limit <= (
             SELECT count(*) FROM review_task h
             WHERE h.claimed_by_id = %(person_id)s AND h.state = 'CLAIMED'
               AND h.queue_id = q.id AND NOT h.is_ahead
               AND h.lease_until > %(now)s)) AS full_at
    FROM (
        SELECT t.lease_until, t.assigned_until,
            concat_ws(' ', nullif(l.region, ''), nullif(l.skill, ''),
                      nullif(l.level, 0)) AS asked,
            CASE
                WHEN t.state = 'WAITING' THEN 'PARKED'
                WHEN %(person_id)s = ANY(t.excluded)
                     AND t.initiator = 'person:' || %(person_id)s THEN 'STARTED'
                WHEN %(person_id)s = ANY(t.excluded) THEN 'BARRED'
                WHEN l.region <> '' AND cardinality(p.regions) > 0
                     AND l.region <> ALL(p.regions) THEN 'LACKING'
                WHEN l.skill <> '' AND NOT EXISTS (
                    SELECT 1 FROM review_skill s
                    WHERE s.person_id = p.id AND s.name = l.skill
                      AND s.level >= l.level) THEN 'LACKING'
                WHEN t.state = 'CLAIMED' AND t.lease_until > %(now)s THEN 'HELD'
                WHEN t.assigned_to_id <> %(person_id)s THEN 'PUSHED'
                WHEN EXISTS (
                    SELECT 1 FROM review_skip s
                    WHERE s.task_id = t.id AND s.person_id = p.id) THEN 'SKIPPED'
                ELSE 'FREE'
            END AS reason
        FROM (SELECT * FROM review_task
              WHERE queue_id = ANY(%(queue_ids)s)
                AND state IN ('OPEN', 'CLAIMED', 'WAITING')
              LIMIT %(cap)s) t
        JOIN review_lane l ON l.id = t.lane_id
        JOIN review_person p ON p.id = %(person_id)s) live
"""


def explain_none(queue_ids: Sequence[int], *, person_id: int, now: dt.datetime) -> Any:
    """Return how many live tasks the person may not take now, by reason.

    `full_at` is a queue's limit of tasks held at once that the person has reached.
    """
    return read_row(
        _WHY,
        {
            "queue_ids": list(queue_ids),
            "person_id": person_id,
            "now": now,
            "cap": CAP,
        },
    )
