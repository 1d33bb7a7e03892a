"""Who is there, who is away, what they take and hold; lanes that nobody can serve."""

from collections.abc import Collection
from typing import Any, Final

from review.dashboards.sql import read_rows

MOST: Final = 200
CAP: Final = 500

_ABSENCES: Final = f"""
    SELECT a.id, a.person_id, p.name, a.starts_at, a.ends_at, a.reason,
           a.starts_at <= statement_timestamp() AS has_begun
    FROM review_absence a JOIN review_person p ON p.id = a.person_id
    WHERE a.person_id = ANY(%(people)s) AND a.canceled_at IS NULL
      AND a.ends_at > statement_timestamp()
    ORDER BY a.starts_at, a.id LIMIT {MOST}
"""  # noqa: S608  (constants of this module)
_TEAM: Final = f"""
    SELECT p.id, p.name, p.regions, p.wip_limit, c.key AS calendar_key,
           c.name AS calendar, c.id AS calendar_id, c.version AS calendar_version,
           (SELECT max(a.ends_at) FROM review_absence a
            WHERE a.person_id = p.id AND a.canceled_at IS NULL
              AND a.starts_at <= statement_timestamp()
              AND a.ends_at > statement_timestamp()) AS away_until,
           (SELECT string_agg(s.name || ' ' || s.level, ', ' ORDER BY s.name)
            FROM review_skill s WHERE s.person_id = p.id) AS skills,
           (SELECT count(*) FROM review_task t
            WHERE t.claimed_by_id = p.id AND t.state = 'CLAIMED' AND NOT t.is_ahead
              AND t.lease_until > statement_timestamp()) AS held,
           (SELECT count(*) FROM review_task t
            WHERE t.assigned_to_id = p.id AND t.state = 'OPEN') AS given
    FROM review_person p LEFT JOIN review_calendar c ON c.id = p.calendar_id
    WHERE p.id = ANY(%(people)s)
    ORDER BY p.name, p.id LIMIT {MOST}
"""  # noqa: S608  (constants of this module)
# A lane where work waits and no enabled reviewer has the region and the level.
_UNSERVED: Final = f"""
    SELECT q.key, q.name, l.region, l.skill, l.level, w.waiting
    FROM review_lane l JOIN review_queue q ON q.id = l.queue_id
    CROSS JOIN LATERAL (
        SELECT count(*) AS waiting FROM (
            SELECT 1 FROM review_task t
            WHERE t.lane_id = l.id AND t.state = 'OPEN' AND t.assigned_to_id IS NULL
            LIMIT {CAP}) x) w
    WHERE w.waiting > 0
      AND (%(queues)s::bigint[] IS NULL OR q.id = ANY(%(queues)s::bigint[]))
      AND NOT EXISTS (
        SELECT FROM review_rolegrant g JOIN review_person p ON p.id = g.person_id
        WHERE g.role = 'REVIEWER' AND g.revoked_at IS NULL AND p.disabled_at IS NULL
          AND NOT p.simulated AND (g.queue_id IS NULL OR g.queue_id = l.queue_id)
          AND (l.region = '' OR cardinality(p.regions) = 0
               OR l.region = ANY(p.regions))
          AND (l.skill = '' OR EXISTS (
               SELECT FROM review_skill s WHERE s.person_id = p.id
                 AND s.name = l.skill AND s.level >= l.level)))
    ORDER BY w.waiting DESC, l.id LIMIT 50
"""  # noqa: S608  (constants of this module)


def list_absences(people: Collection[int]) -> list[Any]:
    """Return the absences of these people that run or come, the next first."""
    return read_rows(_ABSENCES, {"people": sorted(people)})


def list_team(people: Collection[int]) -> list[Any]:
    """Return these people with what they take, what they hold and whether they are away."""
    return read_rows(_TEAM, {"people": sorted(people)})


def list_unserved(queues: Collection[int] | None) -> list[Any]:
    """Return lanes where work waits that nobody can serve; None: of all queues."""
    return read_rows(_UNSERVED, {"queues": None if queues is None else sorted(queues)})
