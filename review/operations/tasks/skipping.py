"""Put a task off: it is others' now, and not served to that person until a time."""

import datetime as dt
from typing import Final

from django.db import transaction
from django.urls import reverse

from review.core.notices.notices import Notice
from review.models import Person
from review.operations.notices.notifying import tell
from review.operations.people.people import actor_of
from review.operations.tasks.claims import check_lease, free
from review.operations.tasks.locking import LockedTask, check_live, lock_task_for
from review.operations.tasks.serving import SKIP_DAYS
from review.operations.tasks.telling import publish, record
from review.operations.verdicts import quorums, refusals
from review.permissions import check_can_review
from workflows.driver import fetch, run
from workflows.operations.errors import Conflict, Invalid

FREE_SKIPS: Final = 2
"""How many tasks of a queue a person may skip within a day without saying why."""
MANY_SKIPS: Final = 3
"""How many persons must have skipped a task for its queue's owner to be told."""
MAX_REASON: Final = 300
MOST_DAYS: Final = 30
"""How far ahead a task may be put off."""

_COUNT: Final = """
    SELECT count(*) FROM review_skip k JOIN review_task t ON t.id = k.task_id
    WHERE k.person_id = %s AND t.queue_id = %s AND k.task_id <> %s
      AND k.skipped_at > statement_timestamp() - interval '1 day'
"""
_KEEP: Final = """
    INSERT INTO review_skip (task_id, person_id, reason, skipped_at, until_at)
    VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (task_id, person_id)
    DO UPDATE SET reason = excluded.reason, skipped_at = excluded.skipped_at,
        until_at = excluded.until_at
"""
_SKIPPERS: Final = """
    SELECT count(*), (SELECT q.owner_id FROM review_queue q WHERE q.id = %s)
    FROM review_skip WHERE task_id = %s AND until_at > statement_timestamp()
"""
_GIVEN: Final = """
    SELECT t.assigned_to_id, p.name, t.assigned_until
    FROM review_task t LEFT JOIN review_person p ON p.id = t.assigned_to_id
    WHERE t.id = %s
"""


@transaction.atomic
def skip(*, task_id: int, person: Person, token: int, reason: str = "") -> None:
    """Give back a held task and do not be served it again for SKIP_DAYS.

    It goes back to the pool in its old place, also if it was given to the person. The
    third skip within a day and a queue needs a reason. A task that many skipped is
    told to its queue's owner. Raises Stale when the lease is not the person's any
    more, Forbidden for who does not review the queue, Invalid without a reason.
    """
    task, rights, _ = lock_task_for(task_id, person.id)
    check_live(task)
    check_can_review(rights, queue_id=task.queue_id)
    check_lease(task, person_id=person.id, token=token)
    _keep(task, person, reason=reason, until=None, is_held=True)


@transaction.atomic
def put_off(
    *, task_id: int, person: Person, until: dt.datetime, reason: str = ""
) -> None:
    """Do not be served a task before `until`; what the person holds of it goes back.

    What was given to him goes back to the pool. Raises NotFound; Forbidden for who does
    not review the queue or may not judge it; Conflict for what is not his to take now
    anyway (ended, parked, held by or given to somebody else); Invalid for a time that
    is over or more than MOST_DAYS ahead, and without a reason where a skip needs one.
    """
    task, rights, (given,) = lock_task_for(task_id, person.id, [(_GIVEN, [task_id])])
    check_live(task)
    check_can_review(rights, queue_id=task.queue_id)
    if not task.now < until <= task.now + dt.timedelta(days=MOST_DAYS):
        raise Invalid(f"Choose a time within the next {MOST_DAYS} days.")
    quorums.check_may_judge(task, rights)
    if task.parking is not None:
        raise refusals.parked(parking=task.parking.value)
    is_held = any(hold.person_id == person.id for hold in task.holds) or (
        task.claimed_by == person.id and task.is_held
    )
    if task.is_held and not is_held and task.seats == 1:
        raise refusals.held(holder=task.holder, until=task.lease_until or task.now)
    to, name, given_until = given[0]
    if to not in {None, person.id} and given_until > task.now:
        raise Conflict(
            f"It is given to {name} and would not come to you.", code="task-assigned"
        )
    _keep(task, person, reason=reason, until=until, is_held=is_held or to is not None)


def _keep(
    task: LockedTask,
    person: Person,
    *,
    reason: str,
    until: dt.datetime | None,
    is_held: bool,
) -> None:
    """Note the skip of a locked task and give it back where the person has it."""
    reason = reason.strip()[:MAX_REASON]
    earlier = fetch(_COUNT, [person.id, task.queue_id, task.id])[0][0]
    if earlier >= FREE_SKIPS and not reason:
        raise Invalid(
            f"You skipped {earlier} tasks of this queue within a day;"
            " say why this one is not for you.",
            code="reason-needed",
        )
    detail: dict[str, object] = {"reason": reason}
    if until is not None:
        detail["until"] = until.isoformat()
    back = until or task.now + dt.timedelta(days=SKIP_DAYS)
    run(_KEEP, [task.id, person.id, reason, task.now, back])
    seq = record(task, "task.skipped", actor_of(person), detail)
    if is_held:
        free(task, seq=seq, person_id=person.id)
    publish(task, task.queue_key)
    _tell_owner(task)


def _tell_owner(task: LockedTask) -> None:
    """Tell the queue's owner of a task that many put off."""
    skippers, owner = fetch(_SKIPPERS, [task.queue_id, task.id])[0]
    if skippers >= MANY_SKIPS and owner:
        tell(
            persons=[owner],
            kind=Notice.STUCK,
            title=f"Skipped by {skippers}: {task.title}",
            text=f"{skippers} reviewers passed this task over; look why,"
            " or give it to somebody.",
            url=reverse("task-detail", args=[task.id]),
            instance_id=task.instance_id,
            key=f"skipped:{task.id}:{skippers}",
        )
