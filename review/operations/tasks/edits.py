"""What an edit-and-approve changes: the next round's payload, and what is kept of it.

How edits become a patch is in core/tasks/edits.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import connection

from review.core.tasks.edits import EditError, Patch, apply_patch, make_patch
from review.core.verdicts.shown import digest_shown
from review.evidence.personal import committed_payload
from review.operations.tasks.locking import LockedTask
from workflows.core.canonical import CanonicalError, dumps
from workflows.operations.errors import Invalid
from workflows.store import parse_json, payloads

_CONTENT: Final = "SELECT payload, proposal FROM review_taskcontent WHERE task_id = %s"
_OPENED: Final = """
    SELECT payload FROM review_taskrevision WHERE task_id = %s ORDER BY round LIMIT 1
"""
_KEEP_OLD: Final = """
    INSERT INTO review_taskrevision
        (task_id, round, payload, payload_digest, superseded_at)
    SELECT task_id, %s, payload, %s, %s FROM review_taskcontent WHERE task_id = %s
"""
_PUT_NEW: Final = """
    UPDATE review_taskcontent SET payload = %s::jsonb WHERE task_id = %s
"""


@dataclass(frozen=True, slots=True)
class Change:
    """The round a verdict counts for, and its payload where an edit made it."""

    round: int
    payload_digest: str
    patch: Patch = field(default_factory=list)
    payload: Mapping[str, Any] | None = None


def no_change(task: LockedTask) -> Change:
    """Return the change of a verdict without edits."""
    return Change(round=task.round, payload_digest=task.payload_digest)


def read_change(task: LockedTask, edits: Mapping[str, Any]) -> Change:
    """Return what edits by JSON Pointer make of the task's payload.

    Raises Invalid for a field that is not there, a value that is no JSON, and when
    nothing would change.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CONTENT, [task.id])
        (payload_text, proposal_text) = cursor.fetchone()
    payload = _read_whole(task, payload_text)
    try:
        patch = make_patch(payload=payload, edits=edits)
        edited = apply_patch(payload=payload, patch=patch)
        committed, _ = committed_payload(task.instance_id, task.policy, edited)
        shown = digest_shown(
            payload=committed,
            proposal=None if proposal_text is None else parse_json(proposal_text),
            policy_version=str(task.policy["version"]),
        )
    except (EditError, CanonicalError) as error:
        raise Invalid(str(error), code="edits-unusable") from error
    if not patch:
        raise Invalid(
            "No field was changed; approve the case as it is.", code="edits-missing"
        )
    return Change(
        round=task.round + 1, payload_digest=shown, patch=patch, payload=edited
    )


def reread_change(task: LockedTask, patch: Patch, *, result_digest: str) -> Change:
    """Return the change of a patch that was read before, on the payload it is for.

    Raises EditError where the payload is another one.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CONTENT, [task.id])
        payload = _read_whole(task, cursor.fetchone()[0])
    return Change(
        round=task.round + 1,
        payload_digest=result_digest,
        patch=patch,
        payload=apply_patch(payload=payload, patch=patch),
    )


def keep_change(task: LockedTask, change: Change) -> None:
    """Keep the payload that this round was shown, and put the edited one up."""
    if change.payload is None:
        return
    with connection.cursor() as cursor:
        cursor.execute(_KEEP_OLD, [task.round, task.payload_digest, task.now, task.id])
        cursor.execute(_PUT_NEW, [dumps(change.payload), task.id])


def list_edited_variables(task: LockedTask, change: Change) -> dict[str, Any]:
    """Return the top-level fields that the edits of all rounds changed, as they are.

    Called after keep_change: the first kept payload is the one the task opened with.
    """
    if change.round == 1:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_OPENED, [task.id])
        opened = _read_whole(task, cursor.fetchone()[0])
        cursor.execute(_CONTENT, [task.id])
        final = _read_whole(task, cursor.fetchone()[0])
    return {
        name: value
        for name, value in final.items()
        if name not in opened or opened[name] != value
    }


def _read_whole(task: LockedTask, text: str) -> dict[str, Any]:
    """Return a kept payload with the large values in their places: edits go inside."""
    return dict(payloads.shown_values(task.instance_id, parse_json(text)))
