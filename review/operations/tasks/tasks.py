"""Escalate and reassign tasks. Claiming them is in claims.py, judging in verdicts.py."""

from django.db import transaction

from review.core.states import Decision, TaskState
from review.core.tasks.leases import Lease
from review.models import Person
from review.operations.people.people import actor_of
from review.operations.tasks import parking
from review.operations.tasks.claims import check_four_eyes, free, take
from review.operations.tasks.locking import check_live, lock_task
from review.operations.tasks.moving import find_escalation, move
from review.operations.tasks.telling import publish, record
from review.operations.verdicts.admitting import begin, hand_in
from review.operations.verdicts.recording import Wish
from review.permissions import check_can_manage, check_can_review, get_rights
from workflows.operations.errors import Invalid


@transaction.atomic
def escalate(
    *,
    task_id: int,
    person: Person,
    token: int,
    reason: str,
    to_queue: str = "",
    reason_code: str = "",
) -> str:
    """Hand a held task to another queue; return that queue's key.

    Without `to_queue` it goes where the step or the queue escalates to. Raises Stale,
    Invalid (no reason, nowhere to go, the same queue), NotFound, and Forbidden where
    the queue does not offer it.
    """
    if not reason.strip():
        raise Invalid("Say why this task needs somebody else; the reason is kept.")
    wish = Wish(
        person=person,
        token=token,
        decision=Decision.ESCALATE,
        reason_code=reason_code,
        rationale=reason.strip(),
    )
    task, sight = begin(task_id, wish)
    if sight is None:
        return task.queue_key  # handed in before: it is where it went
    target = to_queue or find_escalation(task)
    if not target:
        raise Invalid(f"The queue {task.queue_key} escalates to no other; name one.")
    hand_in(task, wish, sight, state=TaskState.OPEN)
    move(
        task,
        to_queue=target,
        actor=actor_of(person),
        detail={"reason": reason, "because": "person"},
    )
    return target


@transaction.atomic
def reassign(
    *, task_id: int, manager: Person, to_person: Person | None, reason: str
) -> Lease | None:
    """Give a task to a named reviewer, or free it (None), whoever holds it now.

    Raises Forbidden when the manager does not manage the queue or the reviewer may
    not judge this task, and Invalid without a reason.
    """
    if not reason.strip():
        raise Invalid("Say why this task changes hands; the reason is kept.")
    task = lock_task(task_id)
    check_live(task)
    check_can_manage(get_rights(manager.id), queue_id=task.queue_id)
    actor = actor_of(manager)
    detail: dict[str, object] = {"reason": reason, "from": task.holder or None}
    parking.unpark(task, actor=actor)
    if to_person is None:
        seq = record(task, "task.reassigned", actor, {**detail, "to": None})
        free(task, seq=seq)
        publish(task, task.queue_key)
        return None
    check_can_review(get_rights(to_person.id), queue_id=task.queue_id)
    check_four_eyes(task, person_id=to_person.id)
    return take(
        task,
        to_person,
        by=actor,
        occurred_at=None,
        kind="task.reassigned",
        detail={**detail, "to": to_person.name, "to_person": to_person.id},
    )
