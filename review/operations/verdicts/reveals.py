"""Show a reviewer what the model suggests, and keep when he first saw it."""

import datetime as dt
from typing import Final

from django.db import transaction

from review.core.states import Reveal
from review.models import Person
from review.operations.people.people import actor_of
from review.operations.tasks.claims import check_lease
from review.operations.tasks.locking import LockedTask, check_live, lock_task_for
from review.operations.tasks.telling import record
from review.operations.verdicts.recording import write
from review.permissions import check_can_review
from workflows.operations.errors import Conflict

_FIND: Final = """
    SELECT revealed_at FROM review_unveiling
    WHERE task_id = %s AND lease_token = %s AND person_id = %s
"""
_INSERT: Final = """
    INSERT INTO review_unveiling
        (task_id, instance_id, person_id, lease_token, revealed_at, audit_seq)
    VALUES (%s, %s, %s, %s, %s, %s)
"""


@transaction.atomic
def reveal(*, task_id: int, person: Person, token: int) -> dt.datetime:
    """Let the holder of a lease see the model's view; return when he first did.

    Audited once for each lease. Where the person's own verdict comes first it is
    refused before that; afterwards the author sees it, and may take his verdict back
    while that can be done. Raises NotFound; Stale (lease); Conflict.
    """
    task, rights, found = lock_task_for(
        task_id, person.id, [(_FIND, [task_id, token, person.id])]
    )
    if found[0]:
        revealed_at: dt.datetime = found[0][0][0]
        return revealed_at
    check_can_review(rights, queue_id=task.queue_id)
    if not _handed_in(task, person.id, token=token):
        check_live(task)
        check_lease(task, person_id=person.id, token=token)
    if task.reveal is Reveal.VERDICT_FIRST and not _handed_in(task, person.id):
        raise Conflict(
            "Here your own verdict comes first; the suggestion is shown after it,"
            " and you can take the verdict back then.",
            code="verdict-first",
        )
    detail: dict[str, object] = {"token": token, "mode": task.reveal.value}
    seq = record(task, "task.model_view_revealed", actor_of(person), detail)
    values = [task.id, task.instance_id, person.id, token, task.now, seq]
    write((_INSERT, values))
    return task.now


def _handed_in(task: LockedTask, person_id: int, *, token: int | None = None) -> bool:
    """Tell whether the person handed in a vote in this round (under this lease).

    One taken back counts too: it was made without the model.
    """
    return any(
        one.judgement.person_id == person_id
        and one.judgement.round >= task.round
        and token in {None, one.token}
        for one in task.verdicts
    )
