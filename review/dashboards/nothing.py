"""Why a reviewer gets nothing from queues in which tasks wait."""

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any, Final

from review.dashboards.sql import read_row

CAP: Final = 1000

# A task counts under the first reason that fits, in the order a claim would meet them.
_WHY: Final = """
    SELECT count(*) AS live,
        count(*) FILTER (WHERE reason = 'PARKED') AS parked,
        count(*) FILTER (WHERE reason = 'YOURS') AS yours,
        count(*) FILTER (WHERE reason = 'HELD') AS held,
        min(lease_until) FILTER (WHERE reason = 'HELD') AS first_free_at,
        count(*) FILTER (WHERE reason = 'STARTED') AS started,
        count(*) FILTER (WHERE reason = 'BARRED') AS barred,
        count(*) FILTER (WHERE reason = 'LACKING') AS lacking,
        string_agg(DISTINCT asked, ', ') FILTER (WHERE reason = 'LACKING') AS asked,
        count(*) FILTER (WHERE reason = 'PUSHED') AS pushed,
        min(assigned_until) FILTER (WHERE reason = 'PUSHED') AS pushed_until,
        count(*) FILTER (WHERE reason = 'SKIPPED') AS skipped
    FROM (
        SELECT t.lease_until, t.assigned_until,
            concat_ws(' ', nullif(l.region, ''), nullif(l.skill, ''),
                      nullif(l.level, 0)) AS asked,
            CASE
                WHEN t.state = 'WAITING' THEN 'PARKED'
                WHEN t.claimed_by_id = %(person_id)s AND t.lease_until > %(now)s
                     OR %(person_id)s = ANY(t.seated) THEN 'YOURS'
                WHEN t.excluded && %(persons)s::bigint[]
                     AND t.initiator = 'person:' || %(person_id)s THEN 'STARTED'
                WHEN t.excluded && %(persons)s::bigint[]
                     OR t.seated && %(persons)s::bigint[] THEN 'BARRED'
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
                    WHERE s.task_id = t.id AND s.person_id = p.id
                      AND s.until_at > %(now)s) THEN 'SKIPPED'
                ELSE 'FREE'
            END AS reason
        FROM (SELECT * FROM review_task
              WHERE queue_id = ANY(%(queue_ids)s)
                AND state IN ('OPEN', 'CLAIMED', 'WAITING')
              LIMIT %(cap)s) t
        JOIN review_lane l ON l.id = t.lane_id
        JOIN review_person p ON p.id = %(person_id)s) live
"""


def explain_none(
    queue_ids: Sequence[int],
    *,
    person_id: int,
    persons: Collection[int],
    now: dt.datetime,
) -> Any:
    """Return how many live tasks the person may not take now, by reason.

    `persons` count as one with him, himself among them. Limits of tasks held at once
    are not looked at: claiming refuses beyond them in words of its own.
    """
    return read_row(
        _WHY,
        {
            "queue_ids": list(queue_ids),
            "person_id": person_id,
            "persons": sorted(persons),
            "now": now,
            "cap": CAP,
        },
    )
