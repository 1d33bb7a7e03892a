"""A manager lets a task's clock begin again: a goal that was set on wrong terms, say.

What the clock reached before stays on record, a breach above all: reports count the
task as late. From now on it has its whole goal again, and climbs its ladder anew.
"""

from django.db import transaction

from review.core.states import TaskState
from review.models import Person, Queue
from review.operations.clocks import clocks
from review.operations.people.people import actor_of
from review.operations.tasks.locking import LockedTask, check_live, lock_task_for
from review.permissions import Rights, can_manage
from workflows.core.states import InstanceState
from workflows.operations.errors import Conflict, Forbidden, check_reason


@transaction.atomic
def restart(*, task_id: int, person: Person, reason: str) -> None:
    """Begin a live task's clock again under its own terms.

    For managers of the queue and its owner. Raises NotFound, Forbidden, Invalid (no
    reason) and Conflict: the task has ended, has no clock, or its clock stands.
    """
    check_reason(reason)
    task, rights, _ = lock_task_for(task_id, person.id)
    check_live(task)
    check_can_restart(rights, queue_id=task.queue_id)
    _check_runs(task)
    clocks.reset(task, reason=reason.strip(), actor=actor_of(person))


def check_can_restart(rights: Rights, *, queue_id: int) -> None:
    """Raise Forbidden for who neither manages a queue nor owns it."""
    if not can_restart(rights, queue_id=queue_id):
        raise Forbidden(
            f"{rights.name} may not restart clocks of this queue: it takes its manager"
            " or its owner.",
            code="not-a-manager",
        )


def can_restart(rights: Rights, *, queue_id: int) -> bool:
    """Tell whether a person manages a queue or owns it."""
    return (
        can_manage(rights, queue_id=queue_id)
        or Queue.objects.filter(id=queue_id, owner_id=rights.person_id).exists()
    )


def _check_runs(task: LockedTask) -> None:
    if task.due_at is None:
        raise Conflict(
            "This task has no goal of time, so there is no clock to restart."
        )
    if task.state is TaskState.WAITING:
        raise Conflict("The clock stands while the task is parked; restart it after.")
    if task.instance_state is not InstanceState.ACTIVE:
        raise Conflict("The clock stands with its suspended case; restart it after.")
