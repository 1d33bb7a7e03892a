"""The counts beside the rail's links, in one statement however many tasks there are."""

import dataclasses
from typing import Final

from review.core.states import Role
from review.dashboards.frame import Viewer
from review.dashboards.sql import read_rows

CAP: Final = 200
"""Counting stops here: the rail says "200+", since every page has it, and every queue."""

_QUEUES: Final = """
    SELECT q.key, q.name,
        (SELECT count(*) FROM (
            SELECT 1 FROM review_task t
            WHERE t.queue_id = q.id AND t.state IN ('OPEN', 'CLAIMED', 'WAITING')
            LIMIT %(cap)s) live) AS live,
        (SELECT count(*) FROM (
            SELECT 1 FROM review_task t
            WHERE t.queue_id = q.id AND t.state IN ('OPEN', 'CLAIMED', 'WAITING')
              AND t.breached_at IS NOT NULL
            LIMIT %(cap)s) breached) AS breached
    FROM review_queue q
    WHERE %(everywhere)s OR q.id = ANY(%(queue_ids)s)
    ORDER BY q.name, q.id
"""
_COUNTS: Final = """
    SELECT
        (SELECT count(*) FROM review_task t
         WHERE t.claimed_by_id = %(person_id)s AND t.state = 'CLAIMED'
           AND t.lease_until > clock_timestamp()) AS held,
        (SELECT count(*) FROM (
            SELECT 1 FROM review_task t
            WHERE t.state IN ('OPEN', 'CLAIMED', 'WAITING') AND t.breached_at IS NOT NULL
            LIMIT %(cap)s) breached) AS breached,
        (SELECT count(*) FROM (
            SELECT 1 FROM workflows_incident i WHERE i.state = 'OPEN'
            LIMIT %(cap)s) incidents) AS incidents,
        (SELECT count(*) FROM (
            SELECT 1 FROM review_intervention v WHERE v.state = 'PROPOSED'
            LIMIT %(cap)s) proposals) AS proposals,
        (SELECT count(*) FROM review_policy p WHERE p.state = 'PROPOSED') AS policies,
        (SELECT count(*) FROM review_stop s
         WHERE s.lifted_at IS NULL AND s.ends_at > clock_timestamp()) AS stops,
        (SELECT count(*) FROM (
            SELECT 1 FROM review_notification n
            WHERE n.person_id = %(person_id)s AND n.is_listed AND n.read_at IS NULL
            LIMIT %(cap)s) unread) AS unread
"""


@dataclasses.dataclass(frozen=True, slots=True)
class QueueCount:
    """One queue with what waits in it, both counts at most CAP."""

    key: str
    name: str
    live: int
    breached: int


@dataclasses.dataclass(frozen=True, slots=True)
class RailCounts:
    """What the rail prints: the person's queues and the desks' open ends."""

    queues: tuple[QueueCount, ...]
    held: int
    breached: int
    incidents: int
    proposals: int
    policies: int
    stops: int
    unread: int


def read_rail(viewer: Viewer) -> RailCounts:
    """Return the counts for the queues whose tasks the viewer may claim."""
    queue_ids = viewer.rights.list_queue_ids(Role.REVIEWER)
    queues = tuple(
        QueueCount(key=row.key, name=row.name, live=row.live, breached=row.breached)
        for row in read_rows(
            _QUEUES,
            {
                "cap": CAP,
                "everywhere": queue_ids is None,
                "queue_ids": queue_ids or [],
            },
        )
    )
    row = read_rows(_COUNTS, {"person_id": viewer.person_id, "cap": CAP})[0]
    return RailCounts(
        queues=queues,
        held=row.held,
        breached=row.breached,
        incidents=row.incidents,
        proposals=row.proposals,
        policies=row.policies,
        stops=row.stops,
        unread=row.unread,
    )
