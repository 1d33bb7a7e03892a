"""Take the locks in their one order and read a task as it then stands.

The instance's row first, in a statement of its own (sent together with the next).
Whoever writes a verdict holds it, so what the next statement reads (the task, whose row
it locks, and the verdicts) is how things stand. Read in the statement that waited for
the lock it might be stale: READ COMMITTED re-checks only the row that was waited for.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from review.core.states import (
    VOTES,
    Control,
    Decision,
    Outcome,
    Parking,
    Reveal,
    Signature,
    Stage,
    TaskState,
)
from review.core.verdicts.quorum import Judgement, Plan, read_plan
from review.operations.verdicts import refusals
from review.permissions import RIGHTS, Rights, rights_of
from workflows.core.states import InstanceState
from workflows.driver import fetch, fetch_each
from workflows.operations.errors import NotFound
from workflows.store import parse_json

_SEATED: Final = frozenset({TaskState.OPEN, TaskState.CLAIMED})

# A task never changes its instance, so looking it up needs no lock of its own.
_LOCK_INSTANCE: Final = """
    SELECT 1 FROM workflows_instance
    WHERE id = (SELECT instance_id FROM review_task WHERE id = %s) FOR UPDATE
"""
# Up to which amount a verdict's person may approve: the queue's own limit goes first.
_LOCK: Final = """
    SELECT t.id, t.instance_id, t.step_id, t.queue_id, q.key, q.lease_seconds,
           t.title, t.initiator, t.state, t.control, t.stage, t.round,
           t.payload_digest, t.excluded, t.claimed_by_id, p.name, t.claimed_at,
           t.lease_token, t.lease_token, t.lease_until, t.first_claimed_at, t.due_at, t.breached_at,
           t.warned_at, t.escalations, t.outcome, t.opened_at, t.recorded_at,
           i.audit_seq, clock_timestamp(), i.state, t.seats, t.reveal, t.confidence,
           t.impact, t.parking, t.parked_for_id, t.release_at, q.undo_seconds,
           q.assign_seconds, q.signature, q.hidden_decisions, q.rationale_below,
           q.rationale_above,
           ARRAY(SELECT jsonb_object_keys(c.routing->'excluded')::bigint),
           CASE WHEN t.seats > 1 THEN (
               SELECT jsonb_agg(jsonb_build_array(s.person_id, h.name, s.token,
                                                  s.claimed_at, s.lease_until)
                                ORDER BY s.lease_until, s.id)::text
               FROM review_seat s JOIN review_person h ON h.id = s.person_id
               WHERE s.task_id = t.id) END,
           c.policy::text,
           (SELECT jsonb_agg(jsonb_build_array(v.id, v.person_id, v.decision, v.round,
                                               v.lease_token, v.answer_state,
                                               v.answer_outcome,
                                               u.verdict_id IS NOT NULL,
                                               v.on_behalf_of_id, v.submitted_at,
                                               CASE WHEN c.policy->'quorum'->>'kind'
                                                    = 'WEIGHTED' THEN (
                   SELECT a.amount FROM review_authority a
                   WHERE a.person_id = coalesce(v.on_behalf_of_id, v.person_id)
                     AND a.revoked_at IS NULL
                     AND (a.queue_id = t.queue_id OR a.queue_id IS NULL)
                   ORDER BY a.queue_id NULLS LAST LIMIT 1) END)
                             ORDER BY v.id)::text
            FROM review_verdict v
            LEFT JOIN review_verdictundo u ON u.verdict_id = v.id
            WHERE v.task_id = t.id)
    FROM review_task t
    JOIN review_queue q ON q.id = t.queue_id
    JOIN review_taskcontent c ON c.task_id = t.id
    JOIN workflows_instance i ON i.id = t.instance_id
    LEFT JOIN review_person p ON p.id = t.claimed_by_id
    WHERE t.id = %s FOR UPDATE OF t
"""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A verdict that was written already, with what its author was answered."""

    id: int
    judgement: Judgement
    token: int
    answer_state: TaskState
    answer_outcome: Outcome | None
    is_undone: bool
    submitted_at: dt.datetime

    @property
    def counts(self) -> bool:
        """Tell whether a quorum counts it: a vote that its author did not take back."""
        return not self.is_undone and self.judgement.decision in VOTES


@dataclass(frozen=True, slots=True)
class Hold:
    """One person's seat at a task that several hold side by side."""

    person_id: int
    name: str
    token: int
    claimed_at: dt.datetime
    lease_until: dt.datetime


@dataclass(frozen=True, slots=True)
class LockedTask:
    """A task whose row, and whose instance's row, this transaction holds.

    `audit_seq` is where the instance's chain ends; `now` is the database's clock.
    `conflicted` are who may not judge it in any round: a conflict of interest.
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
    last_token: int
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
    instance_state: InstanceState
    seats: int
    reveal: Reveal
    confidence: Decimal | None
    impact: Decimal | None
    parking: Parking | None
    parked_for: int | None
    release_at: dt.datetime | None
    undo_seconds: int
    assign_seconds: int
    signature: Signature
    hidden_decisions: Collection[str]
    rationale_below: Decimal | None
    rationale_above: Decimal | None
    conflicted: list[int]
    holds: Sequence[Hold]
    policy: Mapping[str, Any]
    verdicts: Sequence[Earlier]

    @property
    def judgements(self) -> list[Judgement]:
        """Return the votes that count as the quorum sees them, oldest first."""
        return [verdict.judgement for verdict in self.verdicts if verdict.counts]

    @property
    def plan(self) -> Plan:
        """Return how many persons must judge the task, as pinned when it opened."""
        return read_plan(self.policy.get("quorum"), control=self.control)

    def held_by(self, person_id: int) -> "LockedTask":
        """Return the task as one of several persons who hold it side by side has it.

        Where only one may hold it, or the person has no seat, it is as it is.
        """
        for hold in self.holds:
            if hold.person_id == person_id and self.state in _SEATED:
                return replace(
                    self,
                    state=TaskState.CLAIMED,
                    claimed_by=hold.person_id,
                    holder=hold.name,
                    claimed_at=hold.claimed_at,
                    lease_token=hold.token,
                    lease_until=hold.lease_until,
                )
        return self

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


def lock_task_for(
    task_id: int, person_id: int, also: Sequence[tuple[str, Sequence[object]]] = ()
) -> tuple[LockedTask, Rights, list[list[Any]]]:
    """Lock as lock_task does and read a person's rights in the same round trip.

    Of several seats the task shows the person's own (see LockedTask.held_by).
    The rows of `also`, statements read under these locks, come third. Raises NotFound,
    also for an unknown person, and Forbidden for a disabled one.
    """
    _, found, rights, *others = fetch_each(
        (_LOCK_INSTANCE, [task_id]), (_LOCK, [task_id]), (RIGHTS, [person_id]), *also
    )
    task = _locked(task_id, found).held_by(person_id)
    return task, rights_of(person_id, rights), others


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
    values["instance_state"] = InstanceState(values["instance_state"])
    values["reveal"] = Reveal(values["reveal"])
    values["parking"] = Parking(values["parking"]) if values["parking"] else None
    values["signature"] = Signature(values["signature"])
    values["policy"] = parse_json(values["policy"])
    values["holds"] = [
        Hold(
            person_id=person_id,
            name=name,
            token=token,
            claimed_at=dt.datetime.fromisoformat(claimed_at),
            lease_until=dt.datetime.fromisoformat(lease_until),
        )
        for person_id, name, token, claimed_at, lease_until in parse_json(
            values["holds"] or "[]"
        )
    ]
    values["verdicts"] = [
        Earlier(
            id=number,
            judgement=Judgement(
                person_id=person_id,
                decision=Decision(decision),
                round=turn,
                on_behalf_of=on_behalf_of,
                authority=None if authority is None else Decimal(authority),
            ),
            token=token,
            answer_state=TaskState(state),
            answer_outcome=Outcome(outcome) if outcome else None,
            is_undone=is_undone,
            submitted_at=dt.datetime.fromisoformat(submitted_at),
        )
        for (
            number,
            person_id,
            decision,
            turn,
            token,
            state,
            outcome,
            is_undone,
            on_behalf_of,
            submitted_at,
            authority,
        ) in parse_json(values["verdicts"] or "[]")
    ]
    return LockedTask(**values)


def check_live(task: LockedTask) -> None:
    """Raise Conflict when the task needs nobody any more, or nobody just now."""
    if task.state is TaskState.SETTLING and task.release_at is not None:
        raise refusals.settling(until=task.release_at)
    if task.state in {TaskState.DECIDED, TaskState.CANCELED}:
        raise refusals.ended(
            state=task.state.value,
            outcome=task.outcome.value if task.outcome else None,
        )
