"""Who is looking at a task now. Information only: the lease is the lock.

A page says so every few seconds; who has not said so for STALE_SECONDS is gone. No
entry is left: looking is not an act.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection, transaction

from review.models import Person, Task
from review.permissions import can_review, check_can_see_queue, get_rights
from workflows.operations.errors import Invalid, NotFound

STALE_SECONDS: Final = 30
GONE_SECONDS: Final = 3600
MODES: Final = frozenset({"VIEWING", "EDITING", "AWAY"})
MOST_SHOWN: Final = 8

_PING: Final = """
    INSERT INTO review_presence (task_id, person_id, mode, seen_at)
    VALUES (%(task)s, %(person)s, %(mode)s, clock_timestamp())
    ON CONFLICT (task_id, person_id)
    DO UPDATE SET mode = excluded.mode, seen_at = excluded.seen_at
"""
# Whoever has judged the task stays unnamed to who still may: not even a name is a hint.
_OTHERS: Final = """
    SELECT p.name, x.mode
    FROM review_presence x JOIN review_person p ON p.id = x.person_id
    WHERE x.task_id = %(task)s AND x.person_id <> %(person)s
      AND x.seen_at > clock_timestamp() - make_interval(secs => %(stale)s)
      AND NOT (x.person_id = ANY(%(unnamed)s))
    ORDER BY p.name, p.id LIMIT %(most)s
"""
_LEAVE: Final = "DELETE FROM review_presence WHERE task_id = %s AND person_id = %s"
_SWEEP: Final = """
    DELETE FROM review_presence
    WHERE seen_at < clock_timestamp() - make_interval(secs => %s)
"""


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody else at the same task: VIEWING, EDITING or AWAY."""

    name: str
    mode: str


@transaction.atomic
def ping(*, task_id: int, person: Person, mode: str) -> Sequence[Present]:
    """Say that a person is at a task, and return who else is.

    Raises NotFound, Forbidden for who may not see the queue, Invalid for another mode.
    """
    if mode not in MODES:
        raise Invalid(f"{mode!r:.20} is none of viewing, editing and away.")
    task = Task.objects.filter(id=task_id).only("queue_id", "state", "excluded").first()
    if task is None:
        raise NotFound(f"There is no task {task_id}.")
    rights = get_rights(person.id)
    check_can_see_queue(rights, queue_id=task.queue_id)
    may_judge = (
        task.state in {"OPEN", "CLAIMED", "WAITING"}
        and person.id not in task.excluded
        and can_review(rights, queue_id=task.queue_id)
    )
    values: dict[str, Any] = {
        "task": task_id,
        "person": person.id,
        "mode": mode,
        "stale": STALE_SECONDS,
        "unnamed": list(task.excluded) if may_judge else [],
        "most": MOST_SHOWN,
    }
    with connection.cursor() as cursor:
        cursor.execute(_PING, values)
        cursor.execute(_OTHERS, values)
        return [Present(name, seen) for name, seen in cursor.fetchall()]


def leave(*, task_id: int, person: Person) -> None:
    """Say that a person has closed a task's page."""
    with connection.cursor() as cursor:
        cursor.execute(_LEAVE, [task_id, person.id])


def forget_gone() -> None:
    """Delete the rows of who went without saying so."""
    with connection.cursor() as cursor:
        cursor.execute(_SWEEP, [GONE_SECONDS])
