"""People as managers and auditors see them: what each takes, may and holds."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from review.dashboards.sql import read_row, read_rows

PAGE: Final = 50

_COLUMNS: Final = """
    p.id, p.name, p.regions, p.wip_limit, p.disabled_at, p.created_at,
    c.name AS calendar, c.id AS calendar_id, c.version AS calendar_version,
    c.key AS calendar_key,
    (SELECT max(a.ends_at) FROM review_absence a
     WHERE a.person_id = p.id AND a.canceled_at IS NULL
       AND a.starts_at <= statement_timestamp()
       AND a.ends_at > statement_timestamp()) AS away_until,
    (SELECT string_agg(s.name || ' ' || s.level, ', ' ORDER BY s.name)
     FROM review_skill s WHERE s.person_id = p.id) AS skills,
    (SELECT count(*) FROM review_task t
     WHERE t.claimed_by_id = p.id AND t.state = 'CLAIMED' AND NOT t.is_ahead
       AND t.lease_until > statement_timestamp()) AS held,
    (SELECT array_agg(DISTINCT g.role ORDER BY g.role) FROM review_rolegrant g
     WHERE g.person_id = p.id AND g.revoked_at IS NULL
       AND (g.ends_at IS NULL OR g.ends_at > statement_timestamp())) AS roles,
    (SELECT array_agg(DISTINCT coalesce(q.name, 'all queues')
                      ORDER BY coalesce(q.name, 'all queues'))
     FROM review_rolegrant g LEFT JOIN review_queue q ON q.id = g.queue_id
     WHERE g.person_id = p.id AND g.revoked_at IS NULL
       AND g.role IN ('REVIEWER', 'MANAGER')) AS queues
"""
_FROM: Final = """
    FROM review_person p LEFT JOIN review_calendar c ON c.id = p.calendar_id
"""
_LIST: Final = f"""
    SELECT {_COLUMNS} {_FROM}
    WHERE NOT p.simulated
      AND (%(people)s::bigint[] IS NULL OR p.id = ANY(%(people)s::bigint[]))
      AND (%(q)s = '' OR p.name ILIKE %(like)s OR EXISTS (
           SELECT FROM review_user u
           WHERE u.person_id = p.id AND u.username ILIKE %(like)s))
      AND ((%(role)s = '' AND %(queue)s = '') OR EXISTS (
           SELECT FROM review_rolegrant g
           LEFT JOIN review_queue q ON q.id = g.queue_id
           WHERE g.person_id = p.id AND g.revoked_at IS NULL
             AND (%(role)s = '' OR g.role = %(role)s)
             AND (%(queue)s = '' OR q.key = %(queue)s
                  OR (g.queue_id IS NULL AND g.role IN ('REVIEWER', 'MANAGER')))))
      AND (%(region)s = '' OR cardinality(p.regions) = 0
           OR %(region)s = ANY(p.regions))
      AND (%(skill)s = '' OR EXISTS (
           SELECT FROM review_skill s
           WHERE s.person_id = p.id AND s.name = %(skill)s))
      AND (%(now)s <> 'closed' OR p.disabled_at IS NOT NULL)
      AND (%(now)s = 'closed' OR p.disabled_at IS NULL)
      AND (%(now)s <> 'away' OR EXISTS (
           SELECT FROM review_absence a
           WHERE a.person_id = p.id AND a.canceled_at IS NULL
             AND a.starts_at <= statement_timestamp()
             AND a.ends_at > statement_timestamp()))
      AND (%(after_name)s = ''
           OR (p.name, p.id) > (%(after_name)s, %(after_id)s::bigint))
    ORDER BY p.name, p.id LIMIT %(limit)s
"""  # noqa: S608  (constants of this module)
_ONE: Final = f"SELECT {_COLUMNS} {_FROM} WHERE p.id = %(id)s AND NOT p.simulated"
_AWAY: Final = """
    SELECT count(DISTINCT a.person_id) AS away
    FROM review_absence a JOIN review_person p ON p.id = a.person_id
    WHERE a.canceled_at IS NULL AND a.starts_at <= statement_timestamp()
      AND a.ends_at > statement_timestamp()
      AND p.disabled_at IS NULL AND NOT p.simulated
      AND (%(people)s::bigint[] IS NULL OR p.id = ANY(%(people)s::bigint[]))
"""
_ACCOUNTS: Final = """
    SELECT username, created_at, last_login, is_active FROM review_user
    WHERE person_id = %(id)s ORDER BY id
"""
_GRANTS: Final = """
    SELECT g.id, g.role, q.key AS queue_key, q.name AS queue, g.granted_at,
           g.ends_at, coalesce(b.name, g.granted_by) AS granted_by
    FROM review_rolegrant g LEFT JOIN review_queue q ON q.id = g.queue_id
    LEFT JOIN review_person b ON 'person:' || b.id = g.granted_by
    WHERE g.person_id = %(id)s AND g.revoked_at IS NULL
    ORDER BY g.role, q.name NULLS FIRST
"""
_LIMITS: Final = """
    SELECT a.id, a.amount, q.key AS queue_key, q.name AS queue, a.granted_at,
           coalesce(b.name, a.granted_by) AS granted_by
    FROM review_authority a LEFT JOIN review_queue q ON q.id = a.queue_id
    LEFT JOIN review_person b ON 'person:' || b.id = a.granted_by
    WHERE a.person_id = %(id)s AND a.revoked_at IS NULL ORDER BY q.name NULLS FIRST
"""
_LENT: Final = """
    SELECT d.giver_id = %(id)s AS is_given, g.name AS giver, t.name AS taker,
           q.name AS queue, d.amount, d.starts_at, d.ends_at, d.reason
    FROM review_delegation d
    JOIN review_person g ON g.id = d.giver_id JOIN review_person t ON t.id = d.taker_id
    LEFT JOIN review_queue q ON q.id = d.queue_id
    WHERE (d.giver_id = %(id)s OR d.taker_id = %(id)s) AND d.revoked_at IS NULL
      AND d.ends_at > statement_timestamp()
    UNION ALL
    SELECT NULL, '', '', q.name, NULL, b.opened_at, b.expires_at, b.reason
    FROM review_breakglass b JOIN review_queue q ON q.id = b.queue_id
    WHERE b.person_id = %(id)s AND b.expires_at > statement_timestamp()
    ORDER BY starts_at
"""
_LAST_SIGN_INS: Final = """
    SELECT person_id, max(last_login) AS at FROM review_user GROUP BY person_id
"""
_PLACES: Final = """
    SELECT DISTINCT region, skill FROM review_lane
    WHERE region <> '' OR skill <> '' ORDER BY region, skill LIMIT 200
"""


def list_people(
    *,
    filters: Mapping[str, str],
    people: Collection[int] | None,
    after: tuple[str, int] | None,
    limit: int = PAGE,
) -> list[Any]:
    """Return people by name, one more than `limit`; `people` None looks at all.

    `team` is a lane's region and skill, "NL/fraud": who could be in it.
    """
    region, _, skill = filters.get("team", "").partition("/")
    words = filters.get("q", "").replace("\\", "\\\\")
    words = words.replace("%", "\\%").replace("_", "\\_")
    return read_rows(
        _LIST,
        {
            "people": None if people is None else sorted(people),
            "q": words,
            "like": f"%{words}%",
            "role": filters.get("role", ""),
            "queue": filters.get("queue", ""),
            "region": region,
            "skill": skill,
            "now": filters.get("now", ""),
            "after_name": after[0] if after else "",
            "after_id": after[1] if after else 0,
            "limit": limit + 1,
        },
    )


def count_away(people: Collection[int] | None) -> int:
    """Return how many of these people are away now."""
    given = None if people is None else sorted(people)
    return int(read_rows(_AWAY, {"people": given})[0].away)


def find_person(person_id: int) -> Any | None:
    """Return one person as the list shows him, or None."""
    return read_row(_ONE, {"id": person_id})


def list_accounts(person_id: int) -> list[Any]:
    """Return the accounts a person signs in with."""
    return read_rows(_ACCOUNTS, {"id": person_id})


def list_grants(person_id: int) -> list[Any]:
    """Return the roles a person holds, with who gave them."""
    return read_rows(_GRANTS, {"id": person_id})


def list_limits(person_id: int) -> list[Any]:
    """Return up to which amounts a person's approval counts."""
    return read_rows(_LIMITS, {"id": person_id})


def list_lent(person_id: int) -> list[Any]:
    """Return a person's stand-ins both ways and open emergencies."""
    return read_rows(_LENT, {"id": person_id})


def list_teams() -> list[str]:
    """Return the teams there are: regions and skills that lanes ask for."""
    return [f"{row.region}/{row.skill}" for row in read_rows(_PLACES, {})]


def read_last_sign_ins() -> dict[int, Any]:
    """Return when each person signed in last, with whichever account."""
    return {row.person_id: row.at for row in read_rows(_LAST_SIGN_INS, {})}
