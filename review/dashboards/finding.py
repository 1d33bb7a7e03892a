"""What the command palette finds: tasks, cases and people. A few of each, quickly.

A case is found by its whole key; a task also by words of its title or the beginning of
its case's key, as far as it is among the DEEPEST that are served next.
"""

from collections.abc import Collection
from typing import Any, Final

from review.dashboards.sql import read_rows

MOST: Final = 8
DEEPEST: Final = 5000

_TASKS: Final = """
    SELECT t.id, t.title, t.business_key, t.state, q.name AS queue_name
    FROM (
        (SELECT t.* FROM workflows_instance i
         JOIN review_task t ON t.instance_id = i.id
         WHERE i.business_key = %(q)s AND i.business_key <> ''
           AND t.queue_id = ANY(%(queue_ids)s)
         ORDER BY t.id DESC LIMIT %(most)s)
        UNION
        (SELECT t.* FROM (
            SELECT t.* FROM unnest(%(queue_ids)s::bigint[]) AS u(queue_id)
            CROSS JOIN LATERAL (
                SELECT t.* FROM review_task t
                WHERE t.queue_id = u.queue_id
                  AND t.state IN ('OPEN', 'CLAIMED', 'WAITING')
                ORDER BY t.serve_at, t.id LIMIT %(deepest)s) t) t
         WHERE t.title ILIKE %(words)s OR t.business_key ILIKE %(begins)s
         LIMIT %(most)s)) t
    JOIN review_queue q ON q.id = t.queue_id
    ORDER BY t.business_key <> %(q)s, t.serve_at, t.id
    LIMIT %(most)s
"""
_CASES: Final = """
    SELECT i.id, i.business_key, i.state, d.key AS definition
    FROM workflows_instance i
    JOIN workflows_definition d ON d.id = i.definition_id
    WHERE i.business_key = %(q)s AND i.business_key <> ''
    ORDER BY i.started_at DESC LIMIT %(most)s
"""
_PEOPLE: Final = """
    SELECT p.id, p.name,
        (SELECT string_agg(DISTINCT lower(replace(g.role, '_', ' ')), ', ')
         FROM review_rolegrant g
         WHERE g.person_id = p.id AND g.revoked_at IS NULL) AS roles
    FROM review_person p
    WHERE NOT p.simulated AND p.name ILIKE %(words)s
    ORDER BY p.name, p.id LIMIT %(most)s
"""


def find_tasks(text: str, *, queue_ids: Collection[int]) -> list[Any]:
    """Return tasks of these queues by their case's key or words of the title."""
    return _find(_TASKS, text, queue_ids=list(queue_ids))


def find_cases(text: str) -> list[Any]:
    """Return the cases of a key, the newest first."""
    return _find(_CASES, text)


def find_people(text: str) -> list[Any]:
    """Return people whose name holds the text, with their roles."""
    return _find(_PEOPLE, text)


def _find(statement: str, text: str, **more: object) -> list[Any]:
    plain = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return read_rows(
        statement,
        {
            "q": text,
            "words": f"%{plain}%",
            "begins": f"{plain}%",
            "most": MOST,
            "deepest": DEEPEST,
            **more,
        },
    )
