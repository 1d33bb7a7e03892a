"""What a person has typed about a task: kept until he hands it in or drops it.

A draft outlives lease, session and sign-out. It is nobody's evidence, so no entry.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection, transaction

from review.models import Draft, Person
from review.operations.tasks import notes
from workflows.core.canonical import dumps
from workflows.operations.errors import Invalid, NotFound

MOST_CHARACTERS: Final = 40_000
MOST_DRAFTS: Final = 200
"""Drafts a person keeps; the oldest go first."""

_KEEP: Final = """
    INSERT INTO review_draft (task_id, person_id, payload_digest, fields, saved_at)
    VALUES (%s, %s, %s, %s::jsonb, clock_timestamp())
    ON CONFLICT (person_id, task_id) DO UPDATE
    SET payload_digest = EXCLUDED.payload_digest, fields = EXCLUDED.fields,
        saved_at = EXCLUDED.saved_at
    RETURNING saved_at
"""
_DROP: Final = "DELETE FROM review_draft WHERE task_id = %s AND person_id = %s"
_THIN_OUT: Final = """
    DELETE FROM review_draft WHERE id IN (
        SELECT id FROM review_draft WHERE person_id = %s
        ORDER BY saved_at DESC, id DESC OFFSET %s)
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """A draft: the form's fields by name, and what was on the screen then."""

    fields: Mapping[str, str]
    payload_digest: str
    saved_at: dt.datetime


def keep(
    *, task_id: int, person_id: int, payload_digest: str, fields: Mapping[str, str]
) -> dt.datetime:
    """Keep a form's fields in place of what was kept before; return when.

    Raises Invalid when they are larger than a draft may be.
    """
    if sum(map(len, fields.values())) > MOST_CHARACTERS:
        raise Invalid(
            f"A draft holds at most {MOST_CHARACTERS} characters; shorten the text.",
            code="draft-too-long",
        )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_KEEP, [task_id, person_id, payload_digest, dumps(dict(fields))])
        saved_at: dt.datetime = cursor.fetchone()[0]
        cursor.execute(_THIN_OUT, [person_id, MOST_DRAFTS])
    return saved_at


def read(*, task_id: int, person_id: int) -> Kept | None:
    """Return what a person has typed about a task, None without a draft."""
    draft = Draft.objects.filter(task_id=task_id, person_id=person_id).first()
    if draft is None:
        return None
    return Kept(
        fields=dict(draft.fields),
        payload_digest=draft.payload_digest,
        saved_at=draft.saved_at,
    )


def drop(*, task_id: int, person_id: int) -> bool:
    """Forget a draft; return whether there was one."""
    with connection.cursor() as cursor:
        cursor.execute(_DROP, [task_id, person_id])
        return bool(cursor.rowcount)


def drop_statement(*, task_id: int, person_id: int) -> tuple[str, Sequence[object]]:
    """Return the statement that forgets a draft, for callers with a pipeline."""
    return _DROP, [task_id, person_id]


@transaction.atomic
def hand_over_as_comment(*, task_id: int, person: Person) -> int:
    """Leave one's draft as a comment at the task and forget it; return the note's id.

    For who has lost the lease to a colleague. Raises NotFound without a draft, and
    what notes.comment raises.
    """
    kept = read(task_id=task_id, person_id=person.id)
    if kept is None:
        raise NotFound("There is no draft of yours at this task to hand over.")
    note_id = notes.comment(task_id=task_id, person=person, text=_describe(kept.fields))
    drop(task_id=task_id, person_id=person.id)
    return note_id


def _describe(fields: Mapping[str, Any]) -> str:
    """Return a draft's fields as lines; the decision is left out.

    Who may still judge the task reads this: the review stays blind.
    """
    hidden = {"decision", "csrfmiddlewaretoken", "token", "payload_digest", "then"}
    lines = [
        f"{name.removeprefix('edit-')}: {value}"
        for name, value in fields.items()
        if name not in hidden and value
    ]
    return "\n".join(["Draft handed over.", *lines])
