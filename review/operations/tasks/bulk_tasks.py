"""One act on many tasks, each in a transaction of its own: claim, assign, rank, move, put off.

What is refused for one task stops none of the others. Deciding many is in batches.py.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Final

from django.db import transaction

from review.core.states import PriorityClass
from review.core.tasks.routing import rank
from review.models import Person, Queue, Task
from review.operations.people.people import actor_of
from review.operations.tasks import claims, moving, skipping, tasks
from review.operations.tasks.batches import Result
from review.operations.tasks.locking import check_live, lock_task
from review.operations.tasks.telling import publish, record
from review.permissions import check_can_manage, get_rights
from workflows.operations.errors import Conflict, Invalid, Refused

MOST_AT_ONCE: Final = 100


def claim_many(*, ids: Sequence[int], person: Person) -> list[Result]:
    """Claim tasks one after the other, in the order given, as far as limits allow."""
    return _each(
        ids,
        lambda task_id: claims.claim(task_id=task_id, person=person),
        done="Claimed.",
    )


def assign_many(
    *, ids: Sequence[int], manager: Person, to_person: Person | None, reason: str
) -> list[Result]:
    """Give tasks to a reviewer, or free them (None). Raises Invalid without a reason."""
    _check_reason(reason)
    return _each(
        ids,
        lambda task_id: tasks.reassign(
            task_id=task_id, manager=manager, to_person=to_person, reason=reason
        ),
        done=f"Given to {to_person.name}." if to_person else "Free again.",
    )


def rank_many(
    *, ids: Sequence[int], manager: Person, priority: PriorityClass, reason: str
) -> list[Result]:
    """Raise or lower the class of tasks. Raises Invalid without a reason."""
    _check_reason(reason)
    return _each(
        ids,
        lambda task_id: change_class(
            task_id=task_id, manager=manager, priority=priority, reason=reason
        ),
        done=f"Class {priority.value} now.",
    )


def move_many(
    *, ids: Sequence[int], manager: Person, to_queue: str, reason: str
) -> list[Result]:
    """Put tasks into another queue. Raises Invalid without a reason."""
    _check_reason(reason)
    return _each(
        ids,
        lambda task_id: move(
            task_id=task_id, manager=manager, to_queue=to_queue, reason=reason
        ),
        done=f"Moved to {to_queue}.",
    )


def snooze_many(
    *, ids: Sequence[int], person: Person, until: dt.datetime, reason: str
) -> list[Result]:
    """Put tasks off for a person: they are not served to him before `until`."""
    return _each(
        ids,
        lambda task_id: skipping.put_off(
            task_id=task_id, person=person, until=until, reason=reason
        ),
        done=f"Put off until {until.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC, when it"
        " comes to you again if nobody took it.",
    )


@transaction.atomic
def change_class(
    *, task_id: int, manager: Person, priority: PriorityClass, reason: str
) -> None:
    """Give a task another class, and with it another place in the order.

    Raises NotFound, Forbidden (no manager of the queue) and Conflict (ended, or of
    this class already).
    """
    task = lock_task(task_id)
    check_live(task)
    check_can_manage(get_rights(manager.id), queue_id=task.queue_id)
    before = Task.objects.values_list("priority_class", flat=True).get(id=task_id)
    if before == priority.value:
        raise Conflict(f"The task is of class {before} already.")
    aging = Queue.objects.values_list("aging_seconds", flat=True).get(id=task.queue_id)
    seq = record(
        task,
        "task.reclassed",
        actor_of(manager),
        {"from": before, "to": priority.value, "reason": reason},
    )
    Task.objects.filter(id=task_id).update(
        priority_class=priority.value,
        serve_at=rank(
            priority=priority,
            opened_at=task.opened_at,
            aging=dt.timedelta(seconds=aging),
        ),
        audit_seq=seq,
    )
    publish(task, task.queue_key)


@transaction.atomic
def move(*, task_id: int, manager: Person, to_queue: str, reason: str) -> None:
    """Put a task into another queue, free to its reviewers there.

    Raises NotFound, Forbidden (no manager of the queue it leaves), Conflict (ended)
    and Invalid (it is there already).
    """
    task = lock_task(task_id)
    check_live(task)
    check_can_manage(get_rights(manager.id), queue_id=task.queue_id)
    moving.move(
        task,
        to_queue=to_queue,
        actor=actor_of(manager),
        detail={"reason": reason, "because": "manager"},
    )


def _each(
    ids: Sequence[int], act: Callable[[int], object], *, done: str
) -> list[Result]:
    if len(ids) > MOST_AT_ONCE:
        raise Invalid(f"At most {MOST_AT_ONCE} tasks at once; choose fewer.")
    labels = dict(Task.objects.filter(id__in=ids).values_list("id", "business_key"))
    results = []
    for task_id in dict.fromkeys(ids):
        label = labels.get(task_id) or f"#{task_id}"
        try:
            act(task_id)
        except Refused as refusal:
            results.append(
                Result(task_id, label, is_done=False, sentence=refusal.message)
            )
        else:
            results.append(Result(task_id, label, is_done=True, sentence=done))
    return results


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise Invalid("Say why; the reason is kept with each task.")
