"""People who act on an open task, and type a name into each of their reasons."""

from __future__ import annotations

import datetime as dt
from typing import Final, NamedTuple

from review.core.interventions import Act
from review.core.states import PriorityClass
from review.models import Person, Task
from review.operations.clocks import restarting
from review.operations.instances import approvals
from review.operations.instances.acts import Wish
from review.operations.tasks import bulk_tasks, claims, parking, skipping, tasks
from tests.factories.processes import TESTER
from workflows.operations import instances, interventions
from workflows.store import database_now

NICK = "Quillfeather"
"""A name that no variable has: only what is typed says it."""
KINDS: Final = frozenset({
    "instance.resumed", "instance.suspended", "instance.variables_edited",
    "intervention.declined", "intervention.proposed", "sla.reset", "task.escalated",
    "task.parked", "task.reassigned", "task.reclassed", "task.released",
    "task.resumed", "task.skipped",
})  # fmt: skip
"""What entries tell of these acts."""


class Speakers(NamedTuple):
    """Who acts: a reviewer, a manager of both queues, two who may intervene."""

    reviewer: Person
    manager: Person
    owner: Person
    other: Person


def speak(task: Task, who: Speakers, said: str, *, away: str) -> None:
    """Do what a task with a clock allows, saying the same each time; it is free after.

    `away` is a queue that it is moved to, and back from.
    """
    home, number = task.queue.key, task.id
    lease = claims.claim(person=who.reviewer, task_id=number)
    claims.release(person=who.reviewer, token=lease.token, reason=said, task_id=number)
    bulk_tasks.change_class(
        manager=who.manager, priority=PriorityClass.A, reason=said, task_id=number
    )
    restarting.restart(person=who.manager, reason=said, task_id=number)
    for queue in (away, home):
        bulk_tasks.move(
            manager=who.manager, to_queue=queue, reason=said, task_id=number
        )
    lease = claims.claim(person=who.reviewer, task_id=number)
    parking.hold_for_help(
        person=who.reviewer, token=lease.token, reason=said, task_id=number
    )
    parking.resume(person=who.manager, reason=said, task_id=number)
    tasks.reassign(
        manager=who.manager, to_person=who.reviewer, reason=said, task_id=number
    )
    tasks.reassign(manager=who.manager, to_person=None, reason=said, task_id=number)
    tomorrow = database_now() + dt.timedelta(days=1)
    skipping.put_off(person=who.reviewer, until=tomorrow, reason=said, task_id=number)
    _intervene(task, who, said)


def _intervene(task: Task, who: Speakers, said: str) -> None:
    case = task.instance_id
    instances.suspend(instance_id=case, actor=TESTER, reason=said)
    instances.resume(instance_id=case, actor=TESTER, reason=said)
    interventions.edit_variables(
        instance_id=case, actor=TESTER, reason=said, assign={"looked_at": True}
    )
    wish = Wish(act=Act.CANCEL, instance_id=case, reason=said)
    proposed = approvals.propose(person=who.owner, wish=wish)
    approvals.decline(intervention_id=proposed, person=who.other, reason=said)
