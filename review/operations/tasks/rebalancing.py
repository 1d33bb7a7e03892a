"""Move work on from people who are not there, and work that is stuck. Every sweep.

Moved work keeps its clock, its place in the order and its drafts. Each task is moved
in a transaction of its own, whose first statement locks instance and task and looks
again: any number of sweepers may run, and one that dies leaves nothing half done.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction
from django.urls import reverse

from review.core.notices.notices import Notice
from review.operations.notices.notifying import tell
from review.operations.tasks import assigning
from review.operations.tasks.locking import LockedTask, read_locked
from review.operations.tasks.telling import publish, record
from workflows.core.actors import ENGINE
from workflows.driver import fetch, run
from workflows.store import database_now

BATCH: Final = 100
GRACE_SECONDS: Final = 60
"""How long a lapsed lease is left to whoever comes back, while nobody else wants it."""

_LAPSED_PUSHES: Final = f"""
    SELECT t.id FROM review_task t
    WHERE t.state = 'OPEN' AND t.assigned_to_id IS NOT NULL
      AND t.assigned_until <= statement_timestamp()
    ORDER BY t.id LIMIT {BATCH}
"""  # noqa: S608  (constants of this module)
_LAPSED_LEASES: Final = f"""
    SELECT t.id FROM review_task t
    WHERE t.state = 'CLAIMED' AND t.seats = 1
      AND t.lease_until <= statement_timestamp() - make_interval(secs => {GRACE_SECONDS})
    ORDER BY t.id LIMIT {BATCH}
"""  # noqa: S608  (constants of this module)
# Whoever is away since now, and whoever is gone for good.
_AWAY: Final = """
    SELECT p.id, p.name, a.id, a.ends_at
    FROM review_person p JOIN review_absence a ON a.person_id = p.id
    WHERE a.canceled_at IS NULL AND a.rebalanced_at IS NULL
      AND a.starts_at <= %(now)s AND a.ends_at > %(now)s
    UNION ALL
    SELECT p.id, p.name, NULL, NULL
    FROM review_person p
    WHERE p.disabled_at IS NOT NULL AND (
        EXISTS (SELECT FROM review_task t
                WHERE t.claimed_by_id = p.id AND t.state = 'CLAIMED' AND t.seats = 1)
        OR EXISTS (SELECT FROM review_task t
                   WHERE t.assigned_to_id = p.id AND t.state = 'OPEN'
                     AND t.assigned_to_id IS NOT NULL))
    ORDER BY 1
"""
_IN_HAND: Final = f"""
    SELECT t.id FROM review_task t
    WHERE t.claimed_by_id = %(person)s AND t.state = 'CLAIMED' AND t.seats = 1
    UNION ALL
    SELECT t.id FROM review_task t
    WHERE t.assigned_to_id = %(person)s AND t.state = 'OPEN'
    LIMIT {BATCH}
"""  # noqa: S608  (constants of this module)
_LOCK: Final = """
    SELECT t.assigned_to_id, p.name, t.lapses, q.stuck_after, q.owner_id, t.is_ahead
    FROM workflows_instance i
    JOIN review_task t ON t.instance_id = i.id
    JOIN review_queue q ON q.id = t.queue_id
    LEFT JOIN review_person p ON p.id = coalesce(t.assigned_to_id, t.claimed_by_id)
    WHERE t.id = %s AND {still}
    FOR UPDATE OF i, t SKIP LOCKED
"""
_STILL_PUSHED: Final = _LOCK.format(
    still="t.state = 'OPEN' AND t.assigned_to_id IS NOT NULL"
    " AND t.assigned_until <= statement_timestamp()"
)
_STILL_LAPSED: Final = _LOCK.format(
    still="t.state = 'CLAIMED' AND t.lease_until <= statement_timestamp()"
)
_STILL_HIS: Final = _LOCK.format(
    still="((t.state = 'CLAIMED' AND t.claimed_by_id = %s)"
    " OR (t.state = 'OPEN' AND t.assigned_to_id = %s))"
)
_FREE: Final = """
    UPDATE review_task
    SET state = 'OPEN', claimed_by_id = NULL, claimed_at = NULL, lease_until = NULL,
        is_ahead = false, assigned_to_id = NULL, assigned_at = NULL,
        assigned_until = NULL, lapses = lapses + %s, audit_seq = %s
    WHERE id = %s
"""
_REBALANCED: Final = "UPDATE review_absence SET rebalanced_at = %s WHERE id = %s"


@dataclass(frozen=True, slots=True)
class Rebalanced:
    """How many tasks one round moved."""

    lapsed: int = 0
    moved: int = 0
    given: int = 0


@dataclass(frozen=True, slots=True)
class _Stand:
    """A locked task as rebalancing sees it: who has or had it, and how often it lapsed."""

    task: LockedTask
    person_id: int
    name: str
    lapses: int
    stuck_after: int
    owner: int | None
    is_ahead: bool


def sweep() -> None:
    """Do what is due now; registered for every sweep."""
    rebalance(now=database_now())


def rebalance(*, now: dt.datetime) -> Rebalanced:
    """Return lapsed work to the pool, move what absent people have, give out what waits.

    Work that lapsed as often as its queue says, by leases or untouched pushes, is
    stuck: it is given to somebody else where anybody has room, and its owner is told.
    """
    lapsed = sum(_return(row[0], _STILL_PUSHED, now) for row in fetch(_LAPSED_PUSHES))
    lapsed += sum(_return(row[0], _STILL_LAPSED, now) for row in fetch(_LAPSED_LEASES))
    moved = sum(_clear(*row, now=now) for row in fetch(_AWAY, {"now": now}))
    given = assigning.assign_waiting(now=now)
    return Rebalanced(lapsed=lapsed, moved=moved, given=given)


@transaction.atomic
def _return(task_id: int, still: str, now: dt.datetime) -> int:
    """Free one task whose push or lease lapsed; 1 if it still was as we saw it."""
    stand = _lock(task_id, still, [])
    if stand is None:
        return 0
    was_pushed = stand.task.claimed_by is None
    lapses = stand.lapses + (0 if stand.is_ahead else 1)
    stuck = lapses >= stand.stuck_after and not stand.is_ahead
    kind = "task.assignment_lapsed" if was_pushed else "task.lapsed"
    _free(stand, kind, {"from": stand.name, "lapses": lapses}, lapses=lapses)
    _pass_on(stand, now=now, always=stuck, because="stuck" if stuck else "lapsed")
    if stuck and stand.owner:
        tell(
            persons=[stand.owner],
            kind=Notice.STUCK,
            title=f"Stuck: {stand.task.title}",
            text=f"It lapsed {lapses} times, last with {stand.name}.",
            url=reverse("task-detail", args=[task_id]),
            instance_id=stand.task.instance_id,
            key=f"stuck:{task_id}:{lapses}",
        )
    return 1


def _clear(
    person_id: int,
    name: str,
    absence_id: int | None,
    until: dt.datetime | None,
    *,
    now: dt.datetime,
) -> int:
    """Move on what a person holds or was given; return how many tasks."""
    because = f"absent until {until:%Y-%m-%d %H:%M} UTC" if until else "account closed"
    ids = [row[0] for row in fetch(_IN_HAND, {"person": person_id})]
    moved = sum(_move(task_id, person_id, because, now=now) for task_id in ids)
    # What somebody had locked is left to the next sweep, and the absence with it.
    if absence_id is not None and moved == len(ids) < BATCH:
        run(_REBALANCED, [now, absence_id])
        if moved:
            tell(
                persons=[person_id],
                kind=Notice.WORK_MOVED,
                title=f"{moved} of your tasks moved on",
                text=f"You are {because}; your drafts are kept with the tasks.",
                url=reverse("availability"),
                key=f"absence:{absence_id}",
            )
    return moved


@transaction.atomic
def _move(task_id: int, person_id: int, because: str, *, now: dt.datetime) -> int:
    stand = _lock(task_id, _STILL_HIS, [person_id, person_id])
    if stand is None:
        return 0
    facts = {"from": stand.name, "from_person": person_id, "because": because}
    _free(stand, "task.rebalanced", facts, lapses=stand.lapses)
    _pass_on(stand, now=now, always=False, because=because)
    return 1


def _lock(task_id: int, still: str, parameters: Sequence[object]) -> _Stand | None:
    rows: list[Any] = fetch(still, [task_id, *parameters])
    if not rows:
        return None
    assigned_to, name, lapses, stuck_after, owner, is_ahead = rows[0]
    task = read_locked(task_id)
    person_id = assigned_to or task.claimed_by or 0
    return _Stand(task, person_id, name or "", lapses, stuck_after, owner, is_ahead)


def _free(
    stand: _Stand, kind: str, facts: Mapping[str, object], *, lapses: int
) -> None:
    seq = record(stand.task, kind, ENGINE, dict(facts))
    run(_FREE, [lapses - stand.lapses, seq, stand.task.id])
    publish(stand.task, stand.task.queue_key)


def _pass_on(stand: _Stand, *, now: dt.datetime, always: bool, because: str) -> None:
    """Give a freed task to somebody else, where its queue, or its being stuck, says so."""
    other = assigning.choose_other(
        stand.task, barred=[stand.person_id], now=now, always=always
    )
    if other is not None:
        task = read_locked(stand.task.id)
        assigning.push(task, other, detail={"from": stand.name, "because": because})
