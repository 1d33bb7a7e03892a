"""Who works at the queues: what they bring, what they hold, whether they are here."""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from review.core.tasks.assigning import Candidate
from review.core.tasks.exclusions import Someone
from review.core.tasks.routing import Taker
from review.operations.clocks import calendars
from workflows.core.calendars import is_working
from workflows.driver import fetch
from workflows.store import parse_json

_STAFF: Final = """
    SELECT p.id, p.name, p.email, p.regions, p.wip_limit, c.id, c.version,
           EXISTS (SELECT FROM review_absence a
                   WHERE a.person_id = p.id AND a.canceled_at IS NULL
                     AND a.starts_at <= %(now)s AND a.ends_at > %(now)s),
           (SELECT jsonb_object_agg(s.name, s.level)::text
            FROM review_skill s WHERE s.person_id = p.id),
           g.everywhere, g.queues,
           (SELECT jsonb_object_agg(l.queue_id, l.load)::text FROM (
               SELECT h.queue_id, count(*) AS load FROM (
                   SELECT t.queue_id FROM review_task t
                   WHERE t.claimed_by_id = p.id AND t.state = 'CLAIMED'
                     AND t.lease_until > %(now)s AND NOT t.is_ahead
                   UNION ALL
                   SELECT t.queue_id FROM review_task t
                   WHERE t.assigned_to_id = p.id AND t.state = 'OPEN'
               ) h GROUP BY h.queue_id) l),
           (SELECT jsonb_object_agg(n.queue_id, n.number)::text
            FROM review_turn n WHERE n.person_id = p.id)
    FROM (
        SELECT r.person_id, bool_or(r.queue_id IS NULL) AS everywhere,
               array_remove(array_agg(r.queue_id), NULL) AS queues
        FROM review_rolegrant r
        WHERE r.role = 'REVIEWER' AND r.revoked_at IS NULL
        GROUP BY r.person_id
    ) g
    JOIN review_person p ON p.id = g.person_id
    LEFT JOIN review_calendar c ON c.id = p.calendar_id
    WHERE p.disabled_at IS NULL AND NOT p.simulated
    ORDER BY p.id
"""
# The latest of a business key's cases are enough: who knows them knows the customer.
_NEAR: Final = """
    (SELECT v.instance_id AS id
     UNION
     SELECT o.id FROM (
         SELECT i.id FROM workflows_instance i
         WHERE i.business_key = v.business_key AND i.business_key <> ''
         ORDER BY i.started_at DESC LIMIT 20) o)
"""
_KNOWERS: Final = f"""
    SELECT v.instance_id, array(
        SELECT x.person_id FROM (
            SELECT d.person_id, d.submitted_at AS at
            FROM {_NEAR} n JOIN review_task t ON t.instance_id = n.id
            JOIN review_verdict d ON d.task_id = t.id
            UNION ALL
            SELECT t.claimed_by_id, t.claimed_at
            FROM {_NEAR} n JOIN review_task t ON t.instance_id = n.id
            WHERE t.claimed_by_id IS NOT NULL
        ) x GROUP BY x.person_id ORDER BY max(x.at) DESC LIMIT 5)
    FROM unnest(%(ids)s::uuid[], %(keys)s::text[]) AS v(instance_id, business_key)
"""  # noqa: S608  (constants of this module)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One reviewer with all that routing asks of him; loads and turns by queue id."""

    person: Someone
    is_here: bool
    everywhere: bool
    queues: frozenset[int]
    limit: int | None
    loads: Mapping[int, int]
    turns: Mapping[int, int]

    def reviews(self, queue_id: int) -> bool:
        """Tell whether he is a reviewer of a queue."""
        return self.everywhere or queue_id in self.queues

    @property
    def taker(self) -> Taker:
        """Return what he brings to a lane."""
        return Taker(frozenset(self.person.regions), self.person.skills)

    def as_candidate(self, *, queue_id: int, queue_limit: int | None) -> Candidate:
        """Return him as one who might be given work of a queue."""
        return Candidate(
            person_id=self.person.id,
            name=self.person.name,
            taker=self.taker,
            is_here=self.is_here,
            load=sum(self.loads.values()),
            limit=self.limit,
            queue_load=self.loads.get(queue_id, 0),
            queue_limit=queue_limit,
            turn=self.turns.get(queue_id, 0),
        )


def list_staff(*, now: dt.datetime) -> list[Member]:
    """Return all enabled reviewers in one statement, by id."""
    return [_member(row, now=now) for row in fetch(_STAFF, {"now": now})]


def find_knowers(
    cases: Collection[tuple[UUID, str]],
) -> dict[UUID, list[int]]:
    """Return who judged or held tasks of these cases, last first.

    `cases` are instance ids with their business keys; others of the same key count.
    """
    rows = fetch(
        _KNOWERS,
        {"ids": [one[0] for one in cases], "keys": [one[1] for one in cases]},
    )
    return {row[0]: list(row[1]) for row in rows}


def _member(row: Any, *, now: dt.datetime) -> Member:
    hours = calendars.get_calendar(row[5], row[6]).hours
    return Member(
        person=Someone(
            id=row[0],
            name=row[1],
            email=row[2],
            regions=tuple(row[3]),
            skills=parse_json(row[8] or "{}"),
        ),
        is_here=not row[7] and is_working(hours, now),
        everywhere=row[9],
        queues=frozenset(row[10]),
        limit=row[4],
        loads=_by_id(row[11]),
        turns=_by_id(row[12]),
    )


def _by_id(text: str | None) -> dict[int, int]:
    return {int(key): int(value) for key, value in parse_json(text or "{}").items()}
