"""What the votes of a task make of it: an outcome and the engine's next step, or a turn.

Used where a vote takes effect at once (verdicts.py) and where its effects were held
until its author could not take it back any more (settling.py). The caller holds the
instance's row and the task's, and has written nothing to the chain since reading them.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from review import live
from review.core.states import Outcome, Stage, TaskState
from review.core.verdicts.proof import digest_proof
from review.core.verdicts.quorum import Judgement, Tally, tally
from review.operations.clocks import clocks, ladder_steps
from review.operations.tasks import seats
from review.operations.tasks.edits import Change, keep_change, list_edited_variables
from review.operations.tasks.locking import LockedTask
from review.operations.verdicts import quorums
from workflows import audit
from workflows.core.actors import Actor
from workflows.core.canonical import dumps
from workflows.driver import pipeline, run
from workflows.operations import steps

Statement = tuple[str, Sequence[object]]

_KEEP_PROOF: Final = """
    UPDATE review_taskcontent SET proof = %s::jsonb WHERE task_id = %s
"""
_UPDATE: Final = """
    UPDATE review_task
    SET state = %s, stage = %s, round = %s, payload_digest = %s, excluded = %s,
        claimed_by_id = NULL, claimed_at = NULL, lease_until = NULL, release_at = NULL,
        is_ahead = false, outcome = %s, decided_by = %s, decided_at = %s,
        breached_at = coalesce(breached_at, %s), audit_seq = %s
    WHERE id = %s
"""


@dataclass(frozen=True, slots=True)
class Ballot:
    """The vote that came last: whose it is, why, and what it changes.

    `at` is when it was handed in, by business time where that is `occurred_at`.
    """

    actor: Actor
    reason_code: str
    rationale: str
    change: Change
    at: dt.datetime
    occurred_at: dt.datetime | None


def count(
    task: LockedTask, judgements: Sequence[Judgement], *, current_round: int
) -> Tally:
    """Count judgements of a round by the plan pinned with the task."""
    return tally(
        plan=task.plan,
        judgements=judgements,
        current_round=current_round,
        initiator=task.initiator,
        reject_ends=bool(task.policy.get("reject_ends")),
    )


def take_effect(
    task: LockedTask,
    ballot: Ballot,
    standing: Tally,
    *,
    judgements: Sequence[Judgement],
    first: Sequence[audit.Draft],
    statements: Sequence[Statement] = (),
) -> None:
    """Do what the count says: end the engine's step, or open the task for the next.

    `judgements` are those counted; `first` come before the entries of the effect;
    `statements` go with the writing of the task, in one round trip. Raises Conflict
    when the step or its instance has ended.
    """
    turn = ballot.change.round
    barred, proof = quorums.settle(
        task, standing, judgements=judgements, current_round=turn
    )
    drafts = [*first, *_drafts(task, ballot, standing, proof)]
    last_seq = task.audit_seq + len(drafts)
    keep_change(task, ballot.change)
    if standing.outcome:
        _complete(task, ballot, outcome=standing.outcome, drafts=drafts)
    else:
        audit.record(instance_id=task.instance_id, drafts=drafts, now=task.now)
    ending: Sequence[Statement] = ()
    if standing.outcome:
        ending = clocks.list_ending(
            task,
            at=ballot.at,
            breached=_breach_of(task, ballot, standing) is not None,
            seq=task.audit_seq + 1,
        )
    with pipeline():
        for sql, parameters in (*statements, *ending):
            run(sql, parameters)
        _update(task, ballot, standing, barred=barred, audit_seq=last_seq)
        if proof:
            run(_KEEP_PROOF, [dumps(proof), task.id])
        # Whose vote it is comes last of those counted.
        voter = judgements[-1].person_id
        for sql, parameters in seats.after_vote(task, standing, person_id=voter):
            run(sql, parameters)
    if standing.outcome is None and standing.stage is Stage.ADJUDICATION:
        quorums.tell_of_dispute(task, barred=barred, current_round=turn)
    live.publish(
        live.task_topic(task.id),
        live.instance_topic(task.instance_id),
        live.queue_topic(task.queue_key),
        live.DASHBOARD,
    )


def _complete(
    task: LockedTask,
    ballot: Ballot,
    *,
    outcome: Outcome,
    drafts: Sequence[audit.Draft],
) -> None:
    """End the engine's step with the outcome; the instance moves on right here."""
    output: dict[str, object] = {
        "outcome": outcome.value,
        "by": "people",
        "reason_code": ballot.reason_code,
        "rationale": ballot.rationale,
        "task": task.id,
        "decided_at": ballot.at.isoformat(),
    }
    steps.complete(
        instance_id=task.instance_id,
        step_id=task.step_id,
        output=output,
        actor=ballot.actor,
        drafts=drafts,
        variables=list_edited_variables(task, ballot.change),
        occurred_at=ballot.occurred_at,
    )


def _drafts(
    task: LockedTask,
    ballot: Ballot,
    standing: Tally,
    proof: Mapping[str, object] | None,
) -> list[audit.Draft]:
    found: list[tuple[str, dict[str, object]]] = []
    if standing.outcome:
        outcome = standing.outcome.value
        facts: dict[str, object] = {"task": task.id, "outcome": outcome}
        if proof:
            facts["proof"] = digest_proof(proof)
        found.append(("task.decided", facts))
    elif standing.stage is Stage.ADJUDICATION:
        turn = ballot.change.round
        found.append(("task.disputed", {"task": task.id, "round": turn}))
    drafts = [
        audit.Draft(
            kind=kind,
            actor=ballot.actor,
            detail=facts,
            step_id=task.step_id,
            occurred_at=ballot.occurred_at,
        )
        for kind, facts in found
    ]
    if _breach_of(task, ballot, standing):
        drafts.append(ladder_steps.breach_draft(task))
    return drafts


def _breach_of(task: LockedTask, ballot: Ballot, standing: Tally) -> dt.datetime | None:
    """Return when the goal passed, if this outcome comes after it and nobody said.

    The clock stops at the vote: seconds in which its effects were held are nobody's.
    """
    if not standing.outcome or task.breached_at or task.due_at is None:
        return None
    return task.due_at if ballot.at > task.due_at else None


def _update(
    task: LockedTask,
    ballot: Ballot,
    standing: Tally,
    *,
    barred: Sequence[int],
    audit_seq: int,
) -> None:
    change = ballot.change
    done = standing.outcome is not None
    run(
        _UPDATE,
        [
            (TaskState.DECIDED if done else TaskState.OPEN).value,
            standing.stage.value,
            change.round,
            change.payload_digest,
            list(barred),
            standing.outcome.value if standing.outcome else None,
            "PEOPLE" if done else None,
            ballot.at if done else None,
            _breach_of(task, ballot, standing),
            audit_seq,
            task.id,
        ],
    )
