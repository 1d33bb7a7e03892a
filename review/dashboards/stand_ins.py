"""Who stands in for whom, and who broke which glass, as their pages show it."""

from typing import Any, Final

from review.dashboards.sql import read_rows

MOST_ROWS: Final = 50
MOST_CHOICES: Final = 500

_DELEGATIONS: Final = """
    SELECT d.id, d.giver_id, d.taker_id, g.name AS giver, t.name AS taker,
        q.name AS queue, d.amount, d.starts_at, d.ends_at, d.reason, d.revoked_at,
        d.revoked_at IS NOT NULL AS is_revoked,
        d.ends_at <= statement_timestamp() AS is_over,
        d.starts_at > statement_timestamp() AS is_ahead
    FROM review_delegation d
    JOIN review_person g ON g.id = d.giver_id
    JOIN review_person t ON t.id = d.taker_id
    LEFT JOIN review_queue q ON q.id = d.queue_id
    WHERE d.giver_id = %(person)s OR d.taker_id = %(person)s
    ORDER BY d.revoked_at IS NOT NULL OR d.ends_at <= statement_timestamp(),
        d.ends_at DESC, d.id DESC LIMIT %(most)s
"""
# Auditors have no hand in the work, and simulated persons replay the past.
_PERSONS: Final = """
    SELECT p.id, p.name FROM review_person p
    WHERE p.disabled_at IS NULL AND NOT p.simulated AND p.id <> %(person)s
      AND EXISTS (SELECT FROM review_user u WHERE u.person_id = p.id AND u.is_active)
      AND NOT EXISTS (SELECT FROM review_rolegrant a WHERE a.person_id = p.id
          AND a.role = 'AUDITOR' AND a.revoked_at IS NULL)
    ORDER BY p.name, p.id LIMIT %(most)s
"""
_QUEUES: Final = "SELECT id, key, name FROM review_queue ORDER BY name, id"
_EMERGENCIES: Final = """
    SELECT b.id, b.person_id, p.name AS person, q.name AS queue, b.queue_id, b.reason,
        b.opened_at, b.expires_at, b.reviewed_at, r.name AS reviewed_by, b.review_note,
        b.is_justified, b.expires_at > statement_timestamp() AS is_open,
        (SELECT count(*) FROM review_verdict v JOIN review_task t ON t.id = v.task_id
         WHERE v.person_id = b.person_id AND t.queue_id = b.queue_id
           AND v.submitted_at BETWEEN b.opened_at AND b.expires_at) AS verdicts
    FROM review_breakglass b
    JOIN review_person p ON p.id = b.person_id
    JOIN review_queue q ON q.id = b.queue_id
    LEFT JOIN review_person r ON r.id = b.reviewed_by_id
    WHERE (%(queues)s::bigint[] IS NULL OR b.queue_id = ANY(%(queues)s)
           OR b.person_id = %(person)s)
    ORDER BY b.reviewed_at IS NOT NULL, b.opened_at DESC, b.id DESC LIMIT %(most)s
"""


def list_delegations(person_id: int) -> list[Any]:
    """Return what a person gave and took: those in force first, then the last ones."""
    return read_rows(_DELEGATIONS, {"person": person_id, "most": MOST_ROWS})


def list_persons(person_id: int) -> list[Any]:
    """Return who may stand in for a person, by name."""
    return read_rows(_PERSONS, {"person": person_id, "most": MOST_CHOICES})


def list_queues() -> list[Any]:
    """Return all queues by name."""
    return read_rows(_QUEUES, {})


def list_emergencies(*, person_id: int, queue_ids: list[int] | None) -> list[Any]:
    """Return emergencies of these queues (None: all) and a person's own.

    Those that wait for their review come first, the newest of each on top.
    """
    words = {"person": person_id, "queues": queue_ids, "most": MOST_ROWS}
    return read_rows(_EMERGENCIES, words)
