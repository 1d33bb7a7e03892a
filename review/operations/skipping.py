"""Pass a task over: it goes back, and is not served to that person for some days."""

from typing import Final

from django.db import transaction
from django.urls import reverse

from review.core.notices import Notice
from review.models import Person
from review.operations.claims import check_lease, free
from review.operations.locking import check_live, lock_task_for
from review.operations.notifying import tell
from review.operations.people import actor_of
from review.operations.serving import SKIP_DAYS
from review.operations.telling import publish, record
from review.permissions import check_can_review
from workflows.driver import fetch, run
from workflows.operations.errors import Invalid

FREE_SKIPS: Final = 2
"""How many tasks of a queue a person may skip within a day without saying why."""
MANY_SKIPS: Final = 3
"""How many persons must have skipped a task for its queue's owner to be told."""
MAX_REASON: Final = 300

_COUNT: Final = """
    SELECT count(*) FROM review_skip k JOIN review_task t ON t.id = k.task_id
    WHERE k.person_id = %s AND t.queue_id = %s AND k.task_id <> %s
      AND k.skipped_at > statement_timestamp() - interval '1 day'
"""
_KEEP: Final = """
    INSERT INTO review_skip (task_id, person_id, reason, skipped_at)
    VALUES (%s, %s, %s, %s)
    ON CONFLICT (task_id, person_id)
    DO UPDATE SET reason = excluded.reason, skipped_at = excluded.skipped_at
"""
_SKIPPERS: Final = f"""
    SELECT count(*), (SELECT q.owner_id FROM review_queue q WHERE q.id = %s)
    FROM review_skip
    WHERE task_id = %s
      AND skipped_at > statement_timestamp() - make_interval(days => {SKIP_DAYS})
"""  # noqa: S608  (constants of this module)


@transaction.atomic
def skip(*, task_id: int, person: Person, token: int, reason: str = "") -> None:
    """Give back a held task and do not be served it again for SKIP_DAYS.

    It goes back to the pool in its old place, also if it was given to the person. The
    third skip within a day and a queue needs a reason. A task that many skipped is
    told to its queue's owner. Raises Stale when the lease is not the person's any
    more, Forbidden for who does not review the queue, Invalid without a reason.
    """
    reason = reason.strip()[:MAX_REASON]
    task, rights, _ = lock_task_for(task_id, person.id)
    check_live(task)
    check_can_review(rights, queue_id=task.queue_id)
    check_lease(task, person_id=person.id, token=token)
    earlier = fetch(_COUNT, [person.id, task.queue_id, task.id])[0][0]
    if earlier >= FREE_SKIPS and not reason:
        raise Invalid(
            f"You skipped {earlier} tasks of this queue within a day;"
            " say why this one is not for you.",
            code="reason-needed",
        )
    run(_KEEP, [task.id, person.id, reason, task.now])
    seq = record(task, "task.skipped", actor_of(person), {"reason": reason})
    free(task, seq=seq, person_id=person.id)
    publish(task, task.queue_key)
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
