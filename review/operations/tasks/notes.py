"""Comments at a task, and the notes that go with a call for help or a hand-over."""

from typing import Final

from django.db import transaction

from review.models import Person
from review.operations.people.people import actor_of
from review.operations.tasks.locking import LockedTask, lock_task
from review.operations.tasks.telling import publish, record
from review.permissions import check_can_comment, get_rights
from workflows.core.commitments import stand_in
from workflows.driver import fetch
from workflows.operations.errors import Conflict, Invalid
from workflows.store.disclosures import commit_text, is_erased

MOST_CHARACTERS: Final = 45_000

_INSERT: Final = """
    INSERT INTO review_note
        (task_id, instance_id, person_id, person_name, kind, text, committed, salt,
         written_at, audit_seq)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id
"""


@transaction.atomic
def comment(*, task_id: int, person: Person, text: str) -> int:
    """Add a comment to a task, whatever its state; return the note's id.

    Raises NotFound, Forbidden for who has no role in the queue and for auditors,
    Invalid for a text that is empty or too long, Conflict where the case's content
    was erased.
    """
    text = check_text(text)
    task = lock_task(task_id)
    check_can_comment(get_rights(person.id), queue_id=task.queue_id)
    if is_erased(task.instance_id):
        raise Conflict(
            "The content of this case was erased, so nothing is added to it.",
            code="content-erased",
        )
    said = commit_text(text)
    detail: dict[str, object] = {"text": stand_in(said[0])}
    seq = record(task, "task.commented", actor_of(person), detail)
    note_id = write_note(task, person, kind="COMMENT", text=text, said=said, seq=seq)
    publish(task)
    return note_id


def write_note(
    task: LockedTask,
    person: Person,
    *,
    kind: str,
    text: str,
    said: tuple[str, bytes | None],
    seq: int,
) -> int:
    """Write a note at a locked task; `seq` is the entry that names it by `said`."""
    values = [
        task.id,
        task.instance_id,
        person.id,
        person.name,
        kind,
        text,
        *said,
        task.now,
        seq,
    ]
    return int(fetch(_INSERT, values)[0][0])


def check_text(text: str) -> str:
    """Return a text without the space around it. Raises Invalid."""
    text = text.strip()
    if not text:
        raise Invalid("Write something; an empty text tells nobody anything.")
    if len(text) > MOST_CHARACTERS:
        raise Invalid(f"Keep the text under {MOST_CHARACTERS} characters.")
    return text
