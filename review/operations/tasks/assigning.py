"""Give waiting work to people: by the queue's own rule, or as a manager says.

Work that arrives is given out as its task opens (routing.py); here is what came back,
and what nobody had room for then. Whom a rule chooses is in core/tasks/assigning.py.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.db import transaction
from django.urls import reverse

from review.core.notices.notices import Notice
from review.core.states import Assignment, Decision, TaskState
from review.core.tasks.assigning import Candidate, Chosen, choose, explain_nobody, give
from review.core.tasks.routing import Place, find_lack
from review.models import Person
from review.operations.notices.notifying import tell
from review.operations.people.people import actor_of
from review.operations.people.staff import find_knowers, list_staff
from review.operations.tasks.claims import check_four_eyes
from review.operations.tasks.conflicts import check_conflict, find_conflict
from review.operations.tasks.locking import (
    LockedTask,
    check_live,
    lock_task,
    read_locked,
)
from review.operations.tasks.routing import keep_turns
from review.operations.tasks.telling import publish, record
from review.operations.verdicts import quorums
from review.permissions import check_can_manage, check_can_review, get_rights
from workflows.core.actors import ENGINE, Actor
from workflows.driver import fetch, run
from workflows.operations.errors import Conflict, Invalid

BATCH: Final = 50
"""How many tasks of a lane are given out in one transaction."""

_ASSIGN: Final = """
    UPDATE review_task
    SET state = 'OPEN', claimed_by_id = NULL, claimed_at = NULL, lease_until = NULL,
        is_ahead = false, assigned_to_id = %s, assigned_at = %s, assigned_until = %s,
        audit_seq = %s
    WHERE id = %s
"""
# Lanes of queues that give work out where something waits unassigned now.
_LANES: Final = """
    SELECT l.id, l.queue_id, l.region, l.skill, l.level, q.assignment,
           q.assign_seconds, q.is_sticky, q.wip_limit
    FROM review_queue q JOIN review_lane l ON l.queue_id = q.id
    WHERE q.assignment <> 'PULL' AND EXISTS (
        SELECT FROM review_task t
        WHERE t.lane_id = l.id AND t.state = 'OPEN' AND t.assigned_to_id IS NULL)
    ORDER BY l.id
"""
_WAITING: Final = """
    SELECT t.id, t.instance_id, t.business_key,
           array(SELECT k.person_id FROM review_skip k
                 WHERE k.task_id = t.id AND k.until_at > statement_timestamp())
    FROM workflows_instance i
    JOIN review_task t ON t.instance_id = i.id
    WHERE t.lane_id = %s AND t.state = 'OPEN' AND t.assigned_to_id IS NULL
    ORDER BY t.serve_at, t.id LIMIT %s FOR UPDATE OF i, t SKIP LOCKED
"""
_RULE: Final = """
    SELECT l.id, l.queue_id, l.region, l.skill, l.level, q.assignment,
           q.assign_seconds, q.is_sticky, q.wip_limit
    FROM review_task t
    JOIN review_lane l ON l.id = t.lane_id JOIN review_queue q ON q.id = t.queue_id
    WHERE t.id = %s
"""


@dataclass(frozen=True, slots=True)
class Giving:
    """A lane with its queue's rule for giving work out."""

    lane_id: int
    place: Place
    mode: Assignment
    seconds: int
    is_sticky: bool
    wip_limit: int | None


@transaction.atomic
def assign(*, task_id: int, manager: Person, to_person: Person, reason: str) -> None:
    """Give a task that nobody holds to a reviewer; it is his for the queue's time.

    Raises Forbidden when the manager does not manage the queue or the reviewer may not
    judge this task, Conflict when somebody holds it, Invalid without a reason.
    """
    if not reason.strip():
        raise Invalid("Say why this task is given to somebody; the reason is kept.")
    task = lock_task(task_id)
    check_live(task)
    check_can_manage(get_rights(manager.id), queue_id=task.queue_id)
    rights = get_rights(to_person.id)
    check_can_review(rights, queue_id=task.queue_id)
    check_four_eyes(task, person_id=to_person.id)
    check_conflict(task, persons=rights.persons)
    if task.state is not TaskState.OPEN and task.is_held:
        raise Conflict(f"{task.holder} holds this task; reassign it instead.")
    chosen = Chosen(to_person.id, to_person.name, reason.strip())
    push(task, chosen, by=actor_of(manager))


def push(
    task: LockedTask,
    chosen: Chosen,
    *,
    by: Actor = ENGINE,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Give a locked, free task to a person until the queue's time is over; tell him."""
    until = task.now + dt.timedelta(seconds=task.assign_seconds)
    facts = {
        "to": chosen.name,
        "to_person": chosen.person_id,
        "why": chosen.why,
        "until": until.isoformat(),
        **(detail or {}),
    }
    seq = record(task, "task.assigned", by, facts)
    run(_ASSIGN, [chosen.person_id, task.now, until, seq, task.id])
    tell(
        persons=[chosen.person_id],
        kind=Notice.ASSIGNED,
        title=f"Given to you: {task.title}",
        text=f"{chosen.why} It waits for you in {task.queue_key}"
        f" until {until:%Y-%m-%d %H:%M} UTC.",
        url=reverse("task-detail", args=[task.id]),
        instance_id=task.instance_id,
        key=f"assigned:{task.id}:{seq}",
    )
    publish(task, task.queue_key)


def assign_waiting(*, now: dt.datetime) -> int:
    """Give out what waits in queues that push; return how many tasks.

    Each lane in a transaction of its own. What somebody works on at this moment, and
    what nobody here has room for, stays in the pool, where it can be claimed.
    """
    given = 0
    for row in fetch(_LANES):
        giving = _giving(row)
        with transaction.atomic():
            given += _assign_lane(giving, now=now)
    return given


def choose_other(
    task: LockedTask, *, barred: Collection[int], now: dt.datetime, always: bool = False
) -> Chosen | None:
    """Return who else gets a locked task by its queue's rule, and keep his turn.

    In a queue that people pull from nobody does, but `always` gives it to the least
    loaded even there.
    """
    return _choose_other(task, barred=barred, now=now, always=always)[0]


def choose_or_explain(
    task: LockedTask, *, had: Collection[int], now: dt.datetime
) -> tuple[Chosen | None, str]:
    """Return who gets a locked task that others `had`, else the sentence why nobody.

    By the queue's rule where it pushes, else the least loaded; his turn is kept.
    """
    chosen, giving, candidates, out = _choose_other(
        task, barred=had, now=now, always=True
    )
    if chosen:
        return chosen, ""
    why = explain_nobody(candidates, place=giving.place, excluded=out, had=had)
    return None, why


def _choose_other(
    task: LockedTask, *, barred: Collection[int], now: dt.datetime, always: bool
) -> tuple[Chosen | None, Giving, list[Candidate], set[int]]:
    giving = _giving(fetch(_RULE, [task.id])[0])
    if giving.mode is Assignment.PULL:
        if not always:
            return None, giving, [], set()
        giving = replace(giving, mode=Assignment.LEAST_LOADED)
    candidates = _list_candidates(giving, now=now)
    # Whoever counts as one with a judge could not claim what he is given.
    out = {*task.excluded, *quorums.find_partners(task.excluded)}
    chosen = _choose(task, giving, candidates, barred={*out, *barred})
    if chosen:
        _keep_turn(giving, give(candidates, chosen.person_id), chosen)
    return chosen, giving, candidates, out


def _assign_lane(giving: Giving, *, now: dt.datetime) -> int:
    candidates = [
        one
        for one in _list_candidates(giving, now=now)
        if one.is_here and find_lack(one.taker, giving.place) is None
    ]
    if not any(one.has_room for one in candidates):
        return 0
    waiting = fetch(_WAITING, [giving.lane_id, BATCH])
    known = (
        find_knowers([(row[1], row[2]) for row in waiting])
        if giving.is_sticky and waiting
        else {}
    )
    given = 0
    for task_id, instance_id, _, skippers in waiting:
        if not any(one.has_room for one in candidates):
            break
        task = read_locked(task_id)
        chosen = _choose(
            task,
            giving,
            candidates,
            barred={*task.excluded, *skippers},
            knows=known.get(instance_id, ()),
        )
        if chosen is None:
            continue
        candidates = give(candidates, chosen.person_id)
        _keep_turn(giving, candidates, chosen)
        push(task, chosen)
        given += 1
    return given


def _choose(
    task: LockedTask,
    giving: Giving,
    candidates: Sequence[Candidate],
    *,
    barred: Collection[int],
    knows: Sequence[int] = (),
) -> Chosen | None:
    """Choose, and choose again past whoever turns out to have a conflict of interest.

    Who escalated a task said that somebody else must look: it is not pushed to him.
    """
    out = {*barred, *_list_escalators(task)}
    while chosen := choose(
        giving.mode, candidates, place=giving.place, excluded=out, knows=knows
    ):
        if not find_conflict(task, persons=frozenset({chosen.person_id})):
            return chosen
        out.add(chosen.person_id)
    return None


def _list_escalators(task: LockedTask) -> set[int]:
    return {
        one.judgement.person_id
        for one in task.verdicts
        if one.judgement.decision is Decision.ESCALATE
    }


def _list_candidates(giving: Giving, *, now: dt.datetime) -> list[Candidate]:
    queue_id = giving.place.queue_id
    return [
        one.as_candidate(queue_id=queue_id, queue_limit=giving.wip_limit)
        for one in list_staff(now=now)
        if one.reviews(queue_id)
    ]


def _keep_turn(giving: Giving, after: Sequence[Candidate], chosen: Chosen) -> None:
    turn = next(one.turn for one in after if one.person_id == chosen.person_id)
    keep_turns({(giving.place.queue_id, chosen.person_id): turn})


def _giving(row: Sequence[Any]) -> Giving:
    lane_id, queue_id, region, skill, level, mode, seconds, sticky, limit = row
    return Giving(
        lane_id,
        Place(queue_id, region, skill, level),
        Assignment(mode),
        seconds,
        sticky,
        limit,
    )
