"""What a person may be served now: lanes, work given to him, limits. Changes nothing.

Claiming reads this once; then the head of each lane is one index entry, however many
tasks wait.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from review.core.states import Role
from review.core.tasks.routing import Place, Taker, Wip, explain_lack
from review.operations.tasks.locking import LockedTask
from review.permissions import RIGHTS, Rights, rights_of
from workflows.driver import fetch, fetch_each, run
from workflows.operations.errors import Conflict, Forbidden, NotFound, Refused
from workflows.store import parse_json

SKIP_DAYS: Final = 7
"""For how long a task that a person skips is not served to him, if he says no time."""

_LOCK_SPACE: Final = 0x57_49_50
# Two claims of one person at once (two tabs) must see each other's, or both slip under
# the limit. Taken before any other lock, and by claims alone.
LOCK_PERSON: Final = f"SELECT pg_advisory_xact_lock({_LOCK_SPACE}, %s::int)"
HELD: Final = """
    SELECT t.queue_id FROM review_task t
    WHERE t.claimed_by_id = p.id AND t.state = 'CLAIMED'
      AND t.lease_until > statement_timestamp() AND NOT t.is_ahead
    UNION ALL
    SELECT t.queue_id FROM review_seat s JOIN review_task t ON t.id = s.task_id
    WHERE s.person_id = p.id AND s.lease_until > statement_timestamp()
      AND t.state IN ('OPEN', 'CLAIMED')
"""
FACTS: Final = f"""
    SELECT p.regions, p.wip_limit, p.simulated,
           (SELECT jsonb_object_agg(s.name, s.level)::text
            FROM review_skill s WHERE s.person_id = p.id),
           (SELECT jsonb_object_agg(h.queue_id, h.held)::text FROM (
               SELECT x.queue_id, count(*) AS held FROM ({HELD}) x
               GROUP BY x.queue_id) h),
           array(SELECT k.task_id FROM review_skip k
                 WHERE k.person_id = p.id
                   AND k.until_at > statement_timestamp()),
           (SELECT jsonb_agg(jsonb_build_array(t.id, t.queue_id, t.lease_token,
                                               t.lease_until, t.serve_at)
                             ORDER BY t.serve_at, t.id)::text
            FROM review_task t
            WHERE t.claimed_by_id = p.id AND t.state = 'CLAIMED' AND t.is_ahead
              AND t.lease_until > statement_timestamp())
    FROM review_person p WHERE p.id = %s
"""  # noqa: S608  (constants of this module)
LANES: Final = """
    SELECT l.id, l.queue_id, l.region, l.skill, l.level, q.key, q.name, q.wip_limit,
           q.claim_ahead
    FROM review_lane l JOIN review_queue q ON q.id = l.queue_id
    WHERE q.key = ANY(%s) ORDER BY l.id
"""
# Three sources: what was given to the person, what is open in a lane, and what a lapsed
# lease freed there. Each has its partial index. The clock is the statement's: against
# clock_timestamp(), which moves while it runs, no index can be read.
HEADS: Final = """
    (SELECT 'ASSIGNED' AS source, t.lane_id, t.serve_at, t.id
     FROM review_task t
     WHERE t.assigned_to_id = %(person)s AND t.state = 'OPEN'
       AND t.queue_id = ANY(%(queues)s)
       AND NOT (t.excluded && %(persons)s::bigint[])
       AND NOT (t.seated && %(persons)s::bigint[])
       AND NOT (t.id = ANY(%(skipped)s::bigint[]))
     ORDER BY t.serve_at, t.id LIMIT 1)
    UNION ALL
    (SELECT h.source, l.id, h.serve_at, h.id
     FROM unnest(%(lanes)s::bigint[]) AS l(id)
     CROSS JOIN LATERAL (
        (SELECT 'OPEN' AS source, t.serve_at, t.id
         FROM review_task t
         WHERE t.lane_id = l.id AND t.state = 'OPEN' AND t.assigned_to_id IS NULL
           AND NOT (t.excluded && %(persons)s::bigint[])
           AND NOT (t.seated && %(persons)s::bigint[])
           AND NOT (t.id = ANY(%(skipped)s::bigint[]))
         ORDER BY t.serve_at, t.id LIMIT 1)
        UNION ALL
        (SELECT 'CLAIMED', t.serve_at, t.id
         FROM review_task t
         WHERE t.lane_id = l.id AND t.state = 'CLAIMED'
           AND t.lease_until <= statement_timestamp()
           AND NOT (t.excluded && %(persons)s::bigint[])
           AND NOT (t.seated && %(persons)s::bigint[])
           AND NOT (t.id = ANY(%(skipped)s::bigint[]))
         ORDER BY t.serve_at, t.id LIMIT 1)
     ) h)
"""
_GIVEN: Final = """
    SELECT t.assigned_to_id, p.name, t.assigned_until, t.is_ahead, l.region, l.skill,
           l.level, q.name, q.wip_limit, q.claim_ahead
    FROM review_task t
    JOIN review_lane l ON l.id = t.lane_id
    JOIN review_queue q ON q.id = t.queue_id
    LEFT JOIN review_person p ON p.id = t.assigned_to_id
    WHERE t.id = %s
"""


@dataclass(frozen=True, slots=True)
class ServedLane:
    """A lane of a queue, as far as claiming asks."""

    id: int
    place: Place
    queue_key: str
    queue_name: str
    wip_limit: int | None
    claim_ahead: int


@dataclass(frozen=True, slots=True)
class Ahead:
    """A task that a person took ahead and has not begun."""

    task_id: int
    queue_id: int
    token: int
    until: dt.datetime
    serve_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Head:
    """The next task of one source: ASSIGNED, OPEN or CLAIMED (a lapsed lease)."""

    source: str
    lane_id: int
    serve_at: dt.datetime
    task_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """What a person brings along and what he has in hand, by queue id."""

    rights: Rights
    taker: Taker
    limit: int | None
    simulated: bool
    held: Mapping[int, int]
    skipped: Sequence[int]
    ahead: Sequence[Ahead]

    @property
    def in_all(self) -> Wip:
        """Return what he holds in all queues together, beside his own limit."""
        return Wip(sum(self.held.values()), self.limit)

    def in_queue(self, queue_id: int, limit: int | None) -> Wip:
        """Return what he holds of one queue, beside that queue's limit."""
        return Wip(self.held.get(queue_id, 0), limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """The lanes a person may be served from, and those his limits close for now."""

    holder: Holder
    lanes: Sequence[ServedLane]
    full: Sequence[ServedLane]

    def refuse_full(self) -> Refused:
        """Return the refusal of one more task: how many are held, and what to do."""
        if self.holder.in_all.is_full:
            return too_many(self.holder.in_all, where="in all queues together")
        lane = self.full[0]
        wip = self.holder.in_queue(lane.place.queue_id, lane.wip_limit)
        return too_many(wip, where=f"of the queue {lane.queue_name}")


def find_offer(*, person_id: int, queue_keys: Collection[str], lock: bool) -> Offer:
    """Return what a person may be served in these queues, in one round trip.

    With `lock` other claims of the same person wait for this transaction. Raises
    NotFound for an unknown person, Forbidden for a disabled one.
    """
    locked: list[tuple[str, Sequence[object]]] = (
        [(LOCK_PERSON, [person_id])] if lock else []
    )
    *_, rights, facts, lanes = fetch_each(
        *locked,
        (RIGHTS, [person_id]),
        (FACTS, [person_id]),
        (LANES, [list(queue_keys)]),
    )
    holder = read_holder(rights_of(person_id, rights), facts)
    served = [
        lane
        for lane in map(_lane, lanes)
        if holder.rights.holds(Role.REVIEWER, queue_id=lane.place.queue_id)
        and not explain_lack(holder.taker, lane.place)
    ]
    full = [lane for lane in served if is_full(holder, lane)]
    return Offer(
        holder=holder, lanes=[lane for lane in served if lane not in full], full=full
    )


def find_heads(
    holder: Holder, lanes: Iterable[ServedLane], *, assigned: bool = True
) -> list[Head]:
    """Return the next task of each lane, what was given to the person first."""
    wanted = list(lanes)
    if not wanted:
        return []
    rows = fetch(
        HEADS,
        {
            "person": holder.rights.person_id if assigned else 0,
            "persons": sorted(holder.rights.persons),
            "skipped": list(holder.skipped),
            "queues": sorted({lane.place.queue_id for lane in wanted}),
            "lanes": [lane.id for lane in wanted],
        },
    )
    heads = [Head(*row) for row in rows]
    return sorted(heads, key=lambda h: (h.source != "ASSIGNED", h.serve_at, h.task_id))


def lock_person(person_id: int) -> None:
    """Let other claims of the same person wait for this transaction."""
    run(LOCK_PERSON, [person_id])


def is_full(holder: Holder, lane: ServedLane) -> bool:
    """Tell whether a person's limits keep him from one more task of a lane."""
    wip = holder.in_queue(lane.place.queue_id, lane.wip_limit)
    return holder.in_all.is_full or wip.is_full


def check_may_hold(task: LockedTask, holder: Holder, given: Sequence[Any]) -> None:
    """Raise where lane, limits or somebody else's turn keep a person from a task.

    `given` is the row of `read_given`. Whoever replays the past is not kept.
    """
    to, name, until = given[:3]
    if to not in {None, holder.rights.person_id} and until > task.now:
        raise Conflict(
            f"This task was given to {name} until {until:%Y-%m-%d %H:%M:%S} UTC;"
            " take the next one, or ask a manager to reassign it.",
            code="task-assigned",
        )
    if holder.simulated:
        return
    lack = explain_lack(holder.taker, Place(task.queue_id, *given[4:7]))
    if lack:
        raise Forbidden(
            f"{lack} A manager of the queue can still give it to you.",
            code="lane-not-served",
        )
    wip = holder.in_queue(task.queue_id, given[8])
    if wip.is_full:
        raise too_many(wip, where=f"of the queue {given[7]}")
    if holder.in_all.is_full:
        raise too_many(holder.in_all, where="in all queues together")


def read_given(task_id: int) -> tuple[str, list[object]]:
    """Return the statement that says to whom a task was given, and what its lane asks."""
    return (_GIVEN, [task_id])


def read_facts(person_id: int) -> tuple[str, list[object]]:
    """Return the statement that says what a person brings along and holds."""
    return (FACTS, [person_id])


def read_holder(rights: Rights, rows: Sequence[Sequence[Any]]) -> Holder:
    """Read the answer of `read_facts`. Raises NotFound for an unknown person."""
    if not rows:
        raise NotFound(f"There is no person {rights.person_id}.")
    regions, limit, simulated, skills, held, skipped, ahead = rows[0]
    return Holder(
        rights=rights,
        taker=Taker(frozenset(regions), parse_json(skills or "{}")),
        limit=limit,
        simulated=simulated,
        held={int(key): count for key, count in parse_json(held or "{}").items()},
        skipped=skipped,
        ahead=[
            Ahead(
                task_id,
                queue_id,
                token,
                dt.datetime.fromisoformat(until),
                dt.datetime.fromisoformat(serve_at),
            )
            for task_id, queue_id, token, until, serve_at in parse_json(ahead or "[]")
        ],
    )


def too_many(wip: Wip, *, where: str) -> Refused:
    """Return the refusal of a task beyond a limit: how many are held, what to do."""
    what = "task" if wip.held == 1 else "tasks"
    return Conflict(
        f"You hold {wip.held} {what} {where}; the limit is {wip.limit},"
        " so decide one or give one back first.",
        code="wip-limit",
    )


def _lane(row: Sequence[Any]) -> ServedLane:
    number, queue_id, region, skill, level, key, name, limit, ahead = row
    place = Place(queue_id, region, skill, level)
    return ServedLane(number, place, key, name, limit, ahead)
