"""Park a task until somebody outside answers or a colleague helps; take it up again.

A WAITING task is nobody's to claim and its clock stands. It comes back to who parked
it: by his own word, by the answer, or freed by a manager of the queue. Where several
judge it side by side it waits for all of them: who parked it leaves his seat, the
others keep theirs and are told why.
"""

from typing import Final

from django.db import connection, transaction

from review.core.notices.notices import Notice
from review.core.states import Decision, Parking, Role, TaskState
from review.core.tasks.leases import Lease
from review.models import Person
from review.operations.clocks import clocks
from review.operations.people.people import actor_of
from review.operations.tasks import seats
from review.operations.tasks.claims import check_lease, free, take
from review.operations.tasks.locking import (
    LockedTask,
    check_live,
    lock_task,
    lock_task_for,
)
from review.operations.tasks.notes import check_text, write_note
from review.operations.tasks.telling import publish, record, tell_about
from review.operations.verdicts import refusals
from review.operations.verdicts.admitting import begin, hand_in
from review.operations.verdicts.recording import Wish, write
from review.permissions import check_can_review, check_can_see_queue, get_rights
from workflows import audit
from workflows.core.actors import Actor, ActorKind
from workflows.core.commitments import stand_in
from workflows.operations.errors import Conflict, Forbidden, check_reason
from workflows.store.disclosures import commit_text

MOST_ASKED_OF: Final = 200
_BESIDE: Final = (
    "Somebody who judges this task beside you {what}. It waits and its clock stands;"
    " your place and your draft are kept, and you go on when it does."
)
_PARKED: Final = {
    Parking.INFORMATION: _BESIDE.format(what="asked for information"),
    Parking.HELP: _BESIDE.format(what="asked a colleague for help"),
}

_PARK: Final = """
    UPDATE review_task
    SET state = 'WAITING', claimed_by_id = NULL, claimed_at = NULL, lease_until = NULL,
        is_ahead = false, parked_at = %s, parking = %s, parked_for_id = %s,
        audit_seq = %s
    WHERE id = %s
"""
_ASK: Final = """
    INSERT INTO review_informationrequest
        (task_id, instance_id, asked_by_id, asked_of, question, question_committed,
         question_salt, asked_at, answer, audit_seq)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, '', %s)
"""
_ANSWER: Final = """
    UPDATE review_informationrequest
    SET answer = %s, answer_committed = %s, answer_salt = %s, answered_by = %s, answered_at = %s, audit_seq = %s
    WHERE task_id = %s AND answered_at IS NULL AND withdrawn_at IS NULL
"""
_WITHDRAW: Final = """
    UPDATE review_informationrequest
    SET withdrawn_at = %s, audit_seq = %s
    WHERE task_id = %s AND answered_at IS NULL AND withdrawn_at IS NULL
"""
_GIVE_BACK: Final = """
    UPDATE review_task t
    SET state = 'OPEN', parked_at = NULL, parking = NULL, parked_for_id = NULL,
        assigned_to_id = p.id,
        assigned_at = CASE WHEN p.id IS NOT NULL THEN %(now)s END,
        assigned_until = CASE WHEN p.id IS NOT NULL
            THEN %(now)s + make_interval(secs => %(seconds)s) END,
        audit_seq = %(seq)s
    FROM (SELECT 1) AS one
    LEFT JOIN review_person p ON p.id = %(person)s AND p.disabled_at IS NULL
    WHERE t.id = %(task)s
"""


@transaction.atomic
def ask_information(
    *, task_id: int, person: Person, token: int, question: str, asked_of: str = ""
) -> None:
    """Put a question to somebody outside; the task waits and its clock stands.

    Raises as admitting.begin, and Invalid for an empty question.
    """
    wish = Wish(
        person=person,
        token=token,
        decision=Decision.REQUEST_INFORMATION,
        rationale=check_text(question),
    )
    task, sight = begin(task_id, wish)
    if sight is None:
        return
    to = asked_of.strip()[:MOST_ASKED_OF]
    draft = audit.Draft(
        kind="task.parked",
        actor=actor_of(person),
        detail={
            "task": task.id,
            "parking": Parking.INFORMATION.value,
            "asked_of": to,
            "question": stand_in(sight.spoken[0]),
        },
        step_id=task.step_id,
    )
    seq = hand_in(task, wish, sight, state=TaskState.WAITING, drafts=[draft])
    values = [task.id, task.instance_id, person.id, to, wish.rationale, *sight.spoken]
    write((_ASK, [*values, task.now, seq]))
    _park(task, Parking.INFORMATION, person=person, seq=seq)


@transaction.atomic
def hold_for_help(*, task_id: int, person: Person, token: int, reason: str) -> None:
    """Keep a task for oneself while a colleague helps; it waits and its clock stands.

    Raises Stale (lease), Invalid without a reason.
    """
    reason = check_text(reason)
    task, rights, _ = lock_task_for(task_id, person.id)
    check_live(task)
    check_can_review(rights, queue_id=task.queue_id)
    check_lease(task, person_id=person.id, token=token)
    said = commit_text(reason)
    detail: dict[str, object] = {
        "parking": Parking.HELP.value,
        "token": token,
        "reason": stand_in(said[0]),
    }
    seq = record(task, "task.parked", actor_of(person), detail)
    write_note(task, person, kind="HELP", text=reason, said=said, seq=seq)
    _park(task, Parking.HELP, person=person, seq=seq)
    tell_about(
        task,
        kind=Notice.HELP_ASKED,
        title=f"{person.name} asks for help: {task.title}",
        text=reason,
        key=f"help:{task.id}:{token}",
        managers=True,
    )


@transaction.atomic
def answer(*, task_id: int, answer: str, by: Actor) -> None:
    """Give the answer a task waits for: it goes first to who asked.

    A person needs a role in the queue. Raises NotFound; Conflict when nothing is
    asked; Forbidden; Invalid for an empty answer.
    """
    text = check_text(answer)
    task = lock_task(task_id)
    if by.kind is ActorKind.PERSON:
        check_can_see_queue(get_rights(int(by.id)), queue_id=task.queue_id)
    if task.state is not TaskState.WAITING or task.parking is not Parking.INFORMATION:
        raise Conflict(
            "This task waits for no answer: nothing was asked, or it was answered.",
            code="nothing-asked",
        )
    asker = task.parked_for
    said = commit_text(text)
    detail: dict[str, object] = {"answer": stand_in(said[0]), "to_person": asker}
    seq = record(task, "task.information_given", by, detail)
    write((_ANSWER, [text, *said, by.name[:200], task.now, seq, task.id]))
    with connection.cursor() as cursor:
        cursor.execute(
            _GIVE_BACK,
            {
                "now": task.now,
                "seconds": task.assign_seconds,
                "person": asker,
                "seq": seq,
                "task": task.id,
            },
        )
    if task.seats > 1:
        seats.show(seats.wake(task), seq=seq)
    clocks.resume(task, actor=by)
    publish(task, task.queue_key)
    if asker is not None:
        tell_about(
            task,
            kind=Notice.QUESTION_ANSWERED,
            title=f"Answered: {task.title}",
            text=text[:500],
            key=f"answer:{task.id}:{seq}",
            persons=[asker, *(one.person_id for one in task.holds)],
        )


@transaction.atomic
def resume(*, task_id: int, person: Person, reason: str = "") -> Lease | None:
    """Take a parked task up again; a question that stands is withdrawn.

    Who parked it holds it again under a new token; a manager of the queue frees it,
    with a reason, and None is returned. Raises NotFound, Conflict, Forbidden.
    """
    task, rights, _ = lock_task_for(task_id, person.id)
    check_live(task)
    if task.state is not TaskState.WAITING:
        raise Conflict("This task is not parked; claim it.", code="not-parked")
    actor = actor_of(person)
    if task.parked_for == person.id:
        check_can_review(rights, queue_id=task.queue_id)
        unpark(task, actor=actor)
        task = seats.wake(task)
        return take(task, person, by=actor, occurred_at=None, kind="task.resumed")
    if not rights.holds(Role.MANAGER, queue_id=task.queue_id):
        raise Forbidden(
            "Only who parked this task or a manager of the queue can resume it.",
            code="not-parked-by-you",
        )
    check_reason(reason)
    unpark(task, actor=actor)
    freed: dict[str, object] = {"reason": reason, "freed_from": task.parked_for}
    free(task, seq=record(task, "task.resumed", actor, freed))
    publish(task, task.queue_key)
    return None


def unpark(task: LockedTask, *, actor: Actor) -> None:
    """Let a waiting task's clock run and withdraw its question; another entry follows.

    Nothing for a task that does not wait. The caller changes its state.
    """
    if task.state is not TaskState.WAITING:
        return
    if task.parking is Parking.INFORMATION:
        seq = record(task, "task.question_withdrawn", actor, {})
        write((_WITHDRAW, [task.now, seq, task.id]))
    clocks.resume(task, actor=actor)


def check_parked(task: LockedTask) -> None:
    """Raise Conflict for a task that waits: it is nobody's to claim."""
    if task.state is TaskState.WAITING and task.parking is not None:
        raise refusals.parked(parking=task.parking.value)


def _park(task: LockedTask, parking: Parking, *, person: Person, seq: int) -> None:
    # While the task is still held: what its clock reached by now moves nothing away.
    clocks.pause(task, because=parking.value.lower(), actor=actor_of(person))
    write(
        (_PARK, [task.now, parking.value, person.id, seq, task.id]),
        *seats.rise(task, person_id=person.id),
    )
    _tell_beside(task, person, text=_PARKED[parking], key=f"beside:{task.id}:{seq}")
    publish(task, task.queue_key)


def _tell_beside(task: LockedTask, person: Person, *, text: str, key: str) -> None:
    """Tell those who judge a task side by side, not whose doing it is: they are blind."""
    beside = [one.person_id for one in task.holds if one.person_id != person.id]
    if beside:
        tell_about(
            task,
            kind=Notice.HELP_ASKED,
            title=f"Waits: {task.title}",
            text=text,
            key=key,
            persons=beside,
        )
