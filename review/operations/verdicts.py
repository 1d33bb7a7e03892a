"""Submit a verdict: every rule is checked again inside the transaction that decides.

Note [The order of a verdict]
1. The instance's row is locked, then the task's; only then anything is read. Two
   verdicts at once are one after the other, and the second sees the first.
2. The same lease handing in twice gets the first answer again.
3. Person, role, four eyes, lease, digest and input are checked, in this order.
4. The quorum is counted over the submitted verdicts. Where it is reached the engine's
   step completes in this same transaction, and the instance moves on.
A crash before the commit leaves nothing: the lease still holds, and handing in again
is the first time.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction
from django.db.models import F, Q

from review import live
from review.core.edits import list_changed
from review.core.quorum import Judgement, Tally, find_objection, list_excluded, tally
from review.core.states import Decision, Outcome, Stage, TaskState
from review.models import Person, ReasonCode
from review.operations import clocks, refusals
from review.operations.claims import check_lease
from review.operations.edits import (
    Change,
    keep_change,
    list_edited_variables,
    no_change,
    read_change,
)
from review.operations.locking import Earlier, LockedTask, check_live, lock_task
from review.operations.people import actor_of
from review.permissions import check_can_review, get_rights
from workflows import audit, failpoints
from workflows.core.canonical import digest, dumps
from workflows.driver import pipeline, run
from workflows.operations import steps, timers
from workflows.operations.errors import Conflict, Invalid

MAX_RATIONALE: Final = 10_000

_INSERT: Final = """
    INSERT INTO review_verdict
        (task_id, instance_id, round, stage, person_id, person_name, decision,
         reason_code, rationale, edits, lease_token, payload_digest, proposal_digest,
         result_digest, policy_version, claimed_at, submitted_at, occurred_at,
         answer_state, answer_outcome, audit_seq)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s, %s, %s, %s, %s, %s, %s,
            %s, %s, %s, %s)
"""
_UPDATE: Final = """
    UPDATE review_task
    SET state = %s, stage = %s, round = %s, payload_digest = %s, excluded = %s,
        claimed_by_id = NULL, claimed_at = NULL, lease_until = NULL,
        outcome = %s, decided_by = %s, decided_at = %s,
        breached_at = coalesce(breached_at, %s), audit_seq = %s
    WHERE id = %s
"""


@dataclass(frozen=True, slots=True)
class Submitted:
    """What a verdict led to."""

    task_state: TaskState
    outcome: Outcome | None
    round: int


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person hands in, as it came."""

    person: Person
    token: int
    payload_digest: str
    decision: Decision
    reason_code: str
    rationale: str
    edits: Mapping[str, Any]
    occurred_at: dt.datetime | None


@transaction.atomic
def submit(
    *,
    task_id: int,
    person: Person,
    token: int,
    payload_digest: str,
    decision: Decision,
    reason_code: str = "",
    rationale: str = "",
    edits: Mapping[str, Any] | None = None,
    occurred_at: dt.datetime | None = None,
) -> Submitted:
    """Hand in one person's judgement of the task as it was shown to him.

    `edits` are new values by JSON Pointer for EDIT_AND_APPROVE. `occurred_at` is the
    business time of a replayed verdict. Raises NotFound; Conflict (ended, or this
    lease decided otherwise before); Stale (lease, payload); Forbidden (role, four
    eyes); Invalid (reason, edits).
    """
    wish = Wish(
        person=person,
        token=token,
        payload_digest=payload_digest,
        decision=Decision(decision),
        reason_code=reason_code,
        rationale=rationale.strip(),
        edits=edits or {},
        occurred_at=occurred_at,
    )
    task = lock_task(task_id)
    for verdict in task.verdicts:
        if verdict.token == token and verdict.judgement.person_id == person.id:
            return _answer_again(verdict, wish)
    _check(task, wish)
    submitted = _decide(task, wish, _read_change(task, wish))
    failpoints.reach("verdict.uncommitted")
    return submitted


def _answer_again(verdict: Earlier, wish: Wish) -> Submitted:
    if verdict.judgement.decision is not wish.decision:
        said = verdict.judgement.decision.value.lower().replace("_", " ")
        raise Conflict(
            f"Your verdict on this task is recorded already: {said}.",
            code="already-submitted",
        )
    return Submitted(
        task_state=verdict.answer_state,
        outcome=verdict.answer_outcome,
        round=verdict.judgement.round,
    )


def _check(task: LockedTask, wish: Wish) -> None:
    check_live(task)
    check_can_review(get_rights(wish.person.id), queue_id=task.queue_id)
    objection = find_objection(
        person_id=wish.person.id,
        initiator=task.initiator,
        judgements=task.judgements,
        current_round=task.round,
    )
    if objection:
        raise refusals.objected(objection)
    check_lease(task, person_id=wish.person.id, token=wish.token)
    if wish.payload_digest != task.payload_digest:
        raise refusals.changed(shown=wish.payload_digest, current=task.payload_digest)
    _check_reason(task, wish)


def _check_reason(task: LockedTask, wish: Wish) -> None:
    if len(wish.rationale) > MAX_RATIONALE:
        raise Invalid(f"The rationale is longer than {MAX_RATIONALE} characters.")
    if wish.reason_code:
        _check_reason_code(task, wish)
    elif wish.decision is not Decision.APPROVE and not wish.rationale:
        raise Invalid(
            "Rejecting or editing needs a reason code or a rationale.",
            code="reason-missing",
        )


def _check_reason_code(task: LockedTask, wish: Wish) -> None:
    # The queue's own code comes before one of the same name for all queues.
    code = (
        ReasonCode.objects
        .filter(code=wish.reason_code, retired_at=None)
        .filter(Q(queue_id=task.queue_id) | Q(queue=None))
        .order_by(F("queue_id").asc(nulls_last=True))
        .first()
    )
    if code is None or code.decision != wish.decision.value:
        raise Invalid(
            f"The reason {wish.reason_code!r} is not for this decision here;"
            " choose one of the list.",
            code="reason-unknown",
        )
    if code.needs_rationale and not wish.rationale:
        raise Invalid(
            f"The reason {code.label!r} asks for a rationale.",
            code="rationale-missing",
        )


def _read_change(task: LockedTask, wish: Wish) -> Change:
    if wish.decision is Decision.EDIT_AND_APPROVE:
        return read_change(task, wish.edits)
    if wish.edits:
        raise Invalid("Only edit-and-approve changes fields.", code="edits-unasked")
    return no_change(task)


def _decide(
    task: LockedTask,
    wish: Wish,
    change: Change,
) -> Submitted:
    mine = Judgement(wish.person.id, wish.decision, change.round)
    everybody = [*task.judgements, mine]
    standing = tally(
        plan=task.plan,
        judgements=everybody,
        current_round=change.round,
        initiator=task.initiator,
        reject_ends=bool(task.policy.get("reject_ends")),
    )
    answer = Submitted(
        task_state=TaskState.DECIDED if standing.outcome else TaskState.OPEN,
        outcome=standing.outcome,
        round=change.round,
    )
    drafts = _drafts(task, wish, change, standing)
    # Entries follow the chain's end in this order, here as in the engine's advance.
    verdict_seq, last_seq = task.audit_seq + 1, task.audit_seq + len(drafts)
    keep_change(task, change)
    if standing.outcome:
        _complete(task, wish, change, outcome=standing.outcome, drafts=drafts)
    else:
        audit.record(instance_id=task.instance_id, drafts=drafts, now=task.now)
    excluded = list_excluded(
        initiator=task.initiator, judgements=everybody, current_round=change.round
    )
    with pipeline():
        _insert(task, wish, change, answer, audit_seq=verdict_seq)
        _update(task, wish, change, standing, excluded=excluded, audit_seq=last_seq)
    live.publish(
        live.task_topic(task.id),
        live.instance_topic(task.instance_id),
        live.queue_topic(task.queue_key),
        live.DASHBOARD,
    )
    return answer


def _complete(
    task: LockedTask,
    wish: Wish,
    change: Change,
    *,
    outcome: Outcome,
    drafts: Sequence[audit.Draft],
) -> None:
    """End the engine's step with the outcome; the instance moves on right here."""
    decided_at = wish.occurred_at or task.now
    output: dict[str, object] = {
        "outcome": outcome.value,
        "by": "people",
        "reason_code": wish.reason_code,
        "rationale": wish.rationale,
        "task": task.id,
        "decided_at": decided_at.isoformat(),
    }
    steps.complete(
        instance_id=task.instance_id,
        step_id=task.step_id,
        output=output,
        actor=actor_of(wish.person),
        drafts=drafts,
        variables=list_edited_variables(task, change),
        occurred_at=wish.occurred_at,
    )
    if task.due_at is not None:
        timers.cancel_for_ref(
            kind=clocks.KIND,
            ref=clocks.timer_ref(task.id),
            audit_seq=task.audit_seq + 1,
        )


def _drafts(
    task: LockedTask, wish: Wish, change: Change, standing: Tally
) -> list[audit.Draft]:
    """Return the entries: the verdict first, then what it led to."""
    actor = actor_of(wish.person)
    detail: dict[str, object] = {
        "task": task.id,
        "decision": wish.decision.value,
        "round": change.round,
        "stage": task.stage.value,
        "token": wish.token,
        "shown": task.payload_digest,
        "policy": task.policy.get("version"),
    }
    if wish.reason_code:
        detail["reason_code"] = wish.reason_code
    if wish.rationale:
        detail["rationale"] = digest(wish.rationale)
    if change.patch:
        detail["edited"] = list_changed(change.patch)
        detail["edits"] = digest(change.patch)
        detail["result"] = change.payload_digest
    found: list[tuple[str, dict[str, object]]] = [("verdict.submitted", detail)]
    if standing.outcome:
        found.append((
            "task.decided",
            {"task": task.id, "outcome": standing.outcome.value},
        ))
    elif standing.stage is Stage.ADJUDICATION:
        found.append(("task.disputed", {"task": task.id, "round": change.round}))
    drafts = [
        audit.Draft(
            kind=kind,
            actor=actor,
            detail=facts,
            step_id=task.step_id,
            occurred_at=wish.occurred_at,
        )
        for kind, facts in found
    ]
    if _breach_of(task, wish, standing):
        drafts.append(clocks.breach_draft(task))
    return drafts


def _breach_of(task: LockedTask, wish: Wish, standing: Tally) -> dt.datetime | None:
    """Return when the goal passed, if this outcome comes after it and nobody said."""
    if not standing.outcome or task.breached_at or task.due_at is None:
        return None
    return task.due_at if (wish.occurred_at or task.now) > task.due_at else None


def _insert(
    task: LockedTask,
    wish: Wish,
    change: Change,
    answer: Submitted,
    *,
    audit_seq: int,
) -> None:
    run(
        _INSERT,
        [
            task.id,
            task.instance_id,
            change.round,
            task.stage.value,
            wish.person.id,
            wish.person.name,
            wish.decision.value,
            wish.reason_code,
            wish.rationale,
            dumps(change.patch) if change.patch else None,
            wish.token,
            task.payload_digest,
            str(task.policy.get("proposal", "")),
            change.payload_digest,
            str(task.policy.get("version", "")),
            task.claimed_at,
            task.now,
            wish.occurred_at,
            answer.task_state.value,
            answer.outcome.value if answer.outcome else None,
            audit_seq,
        ],
    )


def _update(
    task: LockedTask,
    wish: Wish,
    change: Change,
    standing: Tally,
    *,
    excluded: list[int],
    audit_seq: int,
) -> None:
    done = standing.outcome is not None
    run(
        _UPDATE,
        [
            (TaskState.DECIDED if done else TaskState.OPEN).value,
            standing.stage.value,
            change.round,
            change.payload_digest,
            excluded,
            standing.outcome.value if standing.outcome else None,
            "PEOPLE" if done else None,
            (wish.occurred_at or task.now) if done else None,
            _breach_of(task, wish, standing),
            audit_seq,
            task.id,
        ],
    )
