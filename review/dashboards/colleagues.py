"""Who may be given work of a queue."""

from collections.abc import Collection
from typing import Final

from review.dashboards.sql import read_rows

_REVIEWERS: Final = """
    SELECT DISTINCT p.id, p.name
    FROM review_person p
    JOIN review_rolegrant g ON g.person_id = p.id
    WHERE p.disabled_at IS NULL AND NOT p.simulated AND g.revoked_at IS NULL
      AND g.role = 'REVIEWER' AND (g.queue_id = %(queue)s OR g.queue_id IS NULL)
    ORDER BY p.name, p.id LIMIT 500
"""


def list_reviewers(queue_id: int) -> list[tuple[int, str]]:
    """Return the queue's reviewers by name."""
    return [(row.id, row.name) for row in read_rows(_REVIEWERS, {"queue": queue_id})]


_OF_QUEUES: Final = """
    SELECT DISTINCT p.id
    FROM review_person p
    JOIN review_rolegrant g ON g.person_id = p.id
    WHERE p.disabled_at IS NULL AND NOT p.simulated AND g.revoked_at IS NULL
      AND g.role = 'REVIEWER'
      AND (%(queues)s::bigint[] IS NULL OR g.queue_id IS NULL
           OR g.queue_id = ANY(%(queues)s::bigint[]))
    ORDER BY p.id LIMIT 500
"""


def list_reviewers_of(queue_ids: Collection[int] | None) -> list[int]:
    """Return who reviews in any of these queues, None for any at all."""
    queues = None if queue_ids is None else sorted(queue_ids)
    return [row.id for row in read_rows(_OF_QUEUES, {"queues": queues})]
