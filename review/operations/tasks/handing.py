"""Hand a held task over to a named colleague, who finds it among his own work."""

from typing import Final

from django.db import connection, transaction

from review.core.notices.notices import Notice
from review.models import Person
from review.operations.people.people import actor_of
from review.operations.tasks.claims import check_four_eyes, check_lease
from review.operations.tasks.locking import LockedTask, check_live, lock_task_for
from review.operations.tasks.notes import check_text, write_note
from review.operations.tasks.telling import publish, record, tell_about
from review.operations.verdicts.recording import write
from review.permissions import check_can_review, get_rights
from workflows.core.commitments import stand_in
from workflows.operations.errors import Conflict, Invalid, NotFound
from workflows.store.disclosures import commit_text

_PUSH: Final = """
    UPDATE review_task
    SET state = 'OPEN', claimed_by_id = NULL, claimed_at = NULL, lease_until = NULL,
        is_ahead = false, assigned_to_id = %s, assigned_at = %s,
        assigned_until = %s::timestamptz + make_interval(secs => %s), audit_seq = %s
    WHERE id = %s
"""
_AWAY: Final = """
    SELECT ends_at FROM review_absence
    WHERE person_id = %s AND canceled_at IS NULL
      AND starts_at <= %s AND ends_at > %s
    ORDER BY ends_at DESC LIMIT 1
"""


@transaction.atomic
def hand_over(
    *, task_id: int, person: Person, token: int, to_person_id: int, reason: str
) -> None:
    """Give a held task to a colleague with a note; one's own lease ends.

    It is the colleague's for as long as pushed work is in its queue, then anybody's.
    Raises NotFound; Stale (lease); Forbidden where the colleague may not judge it;
    Conflict where he is away; Invalid (oneself, no reason).
    """
    reason = check_text(reason)
    if to_person_id == person.id:
        raise Invalid("You hold this task already; choose a colleague.")
    task, rights, _ = lock_task_for(task_id, person.id)
    check_live(task)
    check_can_review(rights, queue_id=task.queue_id)
    check_lease(task, person_id=person.id, token=token)
    to = _find_colleague(task, to_person_id)
    said = commit_text(reason)
    detail: dict[str, object] = {
        "token": token,
        "to": to.name,
        "to_person": to.id,
        "reason": stand_in(said[0]),
    }
    seq = record(task, "task.handed_over", actor_of(person), detail)
    write_note(task, person, kind="HAND_OVER", text=reason, said=said, seq=seq)
    values = [to.id, task.now, task.now, task.assign_seconds, seq, task.id]
    write((_PUSH, values))
    publish(task, task.queue_key)
    tell_about(
        task,
        kind=Notice.HANDED_OVER,
        title=f"{person.name} handed you {task.title}",
        text=reason,
        key=f"handed:{task.id}:{token}",
        persons=[to.id],
    )


def _find_colleague(task: LockedTask, person_id: int) -> Person:
    """Return a person who may take the task now. Raises as hand_over."""
    if task.seats > 1:
        raise Conflict(
            "Several people judge this task side by side, so it cannot be handed to"
            " one; give it back, or comment on it.",
            code="judged-together",
        )
    to = Person.objects.filter(id=person_id).first()
    if to is None:
        raise NotFound(f"There is no person {person_id}.")
    check_can_review(get_rights(to.id), queue_id=task.queue_id)
    check_four_eyes(task, person_id=to.id)
    with connection.cursor() as cursor:
        cursor.execute(_AWAY, [to.id, task.now, task.now])
        away = cursor.fetchone()
    if away is not None:
        raise Conflict(
            f"{to.name} is away until {away[0]:%Y-%m-%d %H:%M} UTC;"
            " choose somebody else.",
            code="colleague-away",
        )
    return to
