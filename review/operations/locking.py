"""Take the locks in their one order and read a task as it then stands.

The instance's row first, in a statement of its own (sent together with the next). Whoever writes a verdict holds it,
so what the next statement reads (the task, whose row it locks, and the verdicts) is
how things stand. Read in the statement that waited for the lock it might be stale:
READ COMMITTED re-checks only the row that was waited for.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final
from uuid import UUID

from review.core.quorum import Judgement
from review.core.states import Control, Decision, Outcome, Stage, TaskState
from review.operations import refusals
from workflows.driver import fetch, fetch_each
from workflows.operations.errors import NotFound
from workflows.store import parse_json

# A task never changes its instance, so looking it up needs no lock of its own.
_LOCK_INSTANCE: Final = """
    SELECT 1 FROM workflows_instance
    WHERE id = (SELECT instance_id FROM review_task WHERE id = %s) FOR UPDATE
"""
_LOCK: Final = """
    SELECT t.id, t.instance_id, t.step_id, t.queue_id, q.key, q.lease_seconds,
           t.title, t.initiator, t.state, t.control, t.stage, t.round,
           t.payload_digest, t.excluded, t.claimed_by_id, p.name, t.claimed_at,
           t.lease_token, t.lease_until, t.first_claimed_at, t.due_at, t.breached_at,
           t.warned_at, t.escalations, t.outcome, t.opened_at, t.recorded_at,
           i.audit_seq, clock_timestamp(), c.policy::text,
           (SELECT jsonb_agg(jsonb_build_array(v.person_id, v.decision, v.round,
                                               v.lease_token, v.answer_state,
                                               v.answer_outcome) ORDER BY v.id)::text
            FROM review_verdict v WHERE v.task_id = t.id)
    FROM review_task t
    JOIN review_queue q ON q.id = t.queue_id
    JOIN review_taskcontent c ON c.task_id = t.id
    JOIN workflows_instance i ON i.id = t.instance_id
    LEFT JOIN review_person p ON p.id = t.claimed_by_id
    WHERE t.id = %s FOR UPDATE OF t
"""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A verdict that stands already, with what its author was answered."""

    judgement: Judgement
    token: int
    answer_state: TaskState
    answer_outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class LockedTask:
    """A task whose row, and whose instance's row, this transaction holds.

    `audit_seq` is where the instance's chain ends; `now` is the database's clock.
    """

    id: int
    instance_id: UUID
    step_id: int
    queue_id: int
    queue_key: str
    lease_seconds: int
    title: str
    initiator: str
    state: TaskState
    control: Control
    stage: Stage
    round: int
    payload_digest: str
    excluded: list[int]
    claimed_by: int | None
    holder: str
    claimed_at: dt.datetime | None
    lease_token: int
    lease_until: dt.datetime | None
    first_claimed_at: dt.datetime | None
    due_at: dt.datetime | None
    breached_at: dt.datetime | None
    warned_at: dt.datetime | None
    escalations: int
    outcome: Outcome | None
    opened_at: dt.datetime
    recorded_at: dt.datetime
    audit_seq: int
    now: dt.datetime
    policy: Mapping[str, Any]
    verdicts: Sequence[Earlier]

    @property
    def judgements(self) -> list[Judgement]:
        """Return the submitted verdicts as the quorum sees them, oldest first."""
        return [verdict.judgement for verdict in self.verdicts]

    @property
    def is_held(self) -> bool:
        """Tell whether somebody's lease holds the task now."""
        return self.lease_until is not None and self.lease_until > self.now


_FIELDS: Final = tuple(field.name for field in fields(LockedTask))


def lock_task(task_id: int) -> LockedTask:
    """Lock a task's instance, then the task; return it as it stands. Raises NotFound.

    Waits for whoever works on the instance. Runs inside the caller's transaction.
    """
    _, found = fetch_each((_LOCK_INSTANCE, [task_id]), (_LOCK, [task_id]))
    return _locked(task_id, found)


def read_locked(task_id: int) -> LockedTask:
    """Lock a task whose instance this transaction holds already, and return it."""
    return _locked(task_id, fetch(_LOCK, [task_id]))


def _locked(task_id: int, found: Sequence[Sequence[Any]]) -> LockedTask:
    if not found:
        raise NotFound(f"There is no task {task_id}.")
    values = dict(zip(_FIELDS, found[0], strict=True))
    values["state"] = TaskState(values["state"])
    values["control"] = Control(values["control"])
    values["stage"] = Stage(values["stage"])
    values["outcome"] = Outcome(values["outcome"]) if values["outcome"] else None
    values["holder"] = values["holder"] or ""
    values["policy"] = parse_json(values["policy"])
    values["verdicts"] = [
        Earlier(
            judgement=Judgement(person_id, Decision(decision), number),
            token=token,
            answer_state=TaskState(state),
            answer_outcome=Outcome(outcome) if outcome else None,
        )
        for person_id, decision, number, token, state, outcome in parse_json(
            values["verdicts"] or "[]"
        )
    ]
    return LockedTask(**values)


def check_live(task: LockedTask) -> None:
    """Raise Conflict when the task needs nobody any more."""
    if task.state in {TaskState.DECIDED, TaskState.CANCELED}:
        raise refusals.ended(
            state=task.state.value,
            outcome=task.outcome.value if task.outcome else None,
        )
