"""Submit a verdict: every rule is checked again inside the transaction that decides.

Note [The order of a verdict]
1. The instance's row is locked, then the task's; only then anything is read. Two
   verdicts at once are one after the other, and the second sees the first.
2. The same lease handing in twice gets the first answer again.
3. Person, role, four eyes, lease, digest, reasons, signature and input are checked.
4. The vote is written. Where the queue holds effects for a while (`undo_seconds`) the
   task settles, and a timer does the rest: settling.py; side by side only what closes
   the task does. Else the quorum is counted and,
   where it is reached, the engine's step completes in this same transaction.
A crash before the commit leaves nothing: the lease still holds, and handing in again
is the first time.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.db import transaction

from review.core.states import VOTES, Decision, Outcome, TaskState
from review.core.verdicts import rationale as rules
from review.models import Person
from review.operations.people.people import actor_of
from review.operations.tasks.claims import check_lease, free
from review.operations.tasks.drafts import drop_statement
from review.operations.tasks.edits import Change, no_change, read_change
from review.operations.tasks.locking import Earlier, LockedTask, check_live
from review.operations.tasks.telling import publish
from review.operations.verdicts import effects, quorums, refusals, settling, signing
from review.operations.verdicts.admitting import (
    begin,
    check_offered,
    check_reason,
    check_same,
    hand_in,
    is_same,
)
from review.operations.verdicts.effects import Ballot
from review.operations.verdicts.recording import (
    Seen,
    Sight,
    Wish,
    insert_verdict,
    lock_for,
    read_sight,
    submitted_draft,
    write,
)
from review.permissions import Rights, check_can_review
from workflows import audit, failpoints
from workflows.operations.errors import Invalid

__all__ = ["Seen", "Submitted", "abstain", "submit"]

NO_SEEN: Final = Seen()

_EXCLUDE: Final = """
    UPDATE review_task
    SET excluded = ARRAY(SELECT DISTINCT unnest(excluded || %s::bigint) ORDER BY 1)
    WHERE id = %s
"""
_SAY_WHY: Final = """
    UPDATE review_taskcontent
    SET routing = jsonb_set(routing, '{excluded}',
        coalesce(routing -> 'excluded', '{}') || jsonb_build_object(%s::text, %s::text))
    WHERE task_id = %s
"""


@dataclass(frozen=True, slots=True)
class Submitted:
    """What a verdict led to.

    `outcome` is what it makes of the task, also while its effects are held; until
    `undo_until` its author can take it back.
    """

    task_state: TaskState
    outcome: Outcome | None
    round: int
    verdict_id: int = field(default=0, compare=False)
    undo_until: dt.datetime | None = None


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
    seen: Seen | None = None,
    signature: Mapping[str, Any] | None = None,
    on_behalf_of: int | None = None,
) -> Submitted:
    """Hand in one person's judgement of the task as it was shown to him.

    `edits` are new values by JSON Pointer for EDIT_AND_APPROVE. `occurred_at` is the
    business time of a replayed verdict, which takes effect at once. `signature` is
    what signing.sign returned. Raises NotFound; Conflict (ended, or this lease decided
    otherwise before); Stale (lease, payload); Forbidden (role, four eyes, a decision
    that the queue hides); Invalid (reason, edits, signature).
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
        seen=seen or NO_SEEN,
        signature=signature,
        on_behalf_of=on_behalf_of,
    )
    if wish.decision not in VOTES:
        raise Invalid(
            f"{wish.decision.value} is no vote; it has an act of its own.",
            code="no-vote",
        )
    task, rights, found = lock_for(task_id, wish)
    for verdict in task.verdicts:
        if is_same(verdict, wish):
            return _answer_again(task, verdict, wish)
    wish = _check(task, wish, rights)
    sight = read_sight(task, wish, found)
    check_reason(task, wish, suggested=rules.read_suggestion(sight.suggestion))
    _check_signature(task, wish)
    submitted = _decide(task, wish, sight, _read_change(task, wish))
    failpoints.reach("verdict.uncommitted")
    return submitted


@transaction.atomic
def abstain(
    *, task_id: int, person: Person, token: int, reason: str, reason_code: str = ""
) -> None:
    """Step back from a task for a conflict of interest: it is free for others again.

    The person cannot take it any more; an abstention never counts. Raises as `submit`.
    """
    wish = Wish(
        person=person,
        token=token,
        decision=Decision.ABSTAIN,
        reason_code=reason_code,
        rationale=reason.strip(),
    )
    task, sight = begin(task_id, wish)
    if sight is None:
        return
    draft = audit.Draft(
        kind="task.abstained",
        actor=actor_of(person),
        detail={"task": task.id, "token": token},
        step_id=task.step_id,
    )
    seq = hand_in(task, wish, sight, state=TaskState.OPEN, drafts=[draft])
    free(task, seq=seq, person_id=person.id)
    because = f"{person.name} abstained: {wish.rationale or reason_code}"
    write(
        (_EXCLUDE, [person.id, task.id]),
        (_SAY_WHY, [str(person.id), because[:500], task.id]),
    )
    publish(task, task.queue_key)


def _answer_again(task: LockedTask, verdict: Earlier, wish: Wish) -> Submitted:
    check_same(verdict, wish)
    until = settling.find_until(task, verdict)
    return Submitted(
        task_state=verdict.answer_state,
        outcome=verdict.answer_outcome,
        round=verdict.judgement.round,
        verdict_id=verdict.id,
        undo_until=until if until and until > task.now else None,
    )


def _check(task: LockedTask, wish: Wish, rights: Rights) -> Wish:
    """Check who hands in, under which lease and what; return it with in whose place."""
    check_live(task)
    check_can_review(rights, queue_id=task.queue_id)
    giver_id = quorums.check_may_judge(task, rights, on_behalf_of=wish.on_behalf_of)
    check_lease(task, person_id=wish.person.id, token=wish.token)
    if wish.payload_digest != task.payload_digest:
        raise refusals.changed(shown=wish.payload_digest, current=task.payload_digest)
    check_offered(task, wish.decision)
    return replace(wish, on_behalf_of=giver_id)


def _check_signature(task: LockedTask, wish: Wish) -> None:
    if wish.occurred_at is None:
        signing.check_signature(
            task.signature,
            wish.signature,
            person_id=wish.person.id,
            record=signing.digest_record(
                payload_digest=wish.payload_digest, decision=wish.decision
            ),
            now=task.now,
        )


def _read_change(task: LockedTask, wish: Wish) -> Change:
    if wish.decision is Decision.EDIT_AND_APPROVE:
        return read_change(task, wish.edits)
    if wish.edits:
        raise Invalid("Only edit-and-approve changes fields.", code="edits-unasked")
    return no_change(task)


def _decide(task: LockedTask, wish: Wish, sight: Sight, change: Change) -> Submitted:
    mine = quorums.judge(
        task,
        person_id=wish.person.id,
        decision=wish.decision,
        current_round=change.round,
        on_behalf_of=wish.on_behalf_of,
    )
    everybody = [*task.judgements, mine]
    standing = effects.count(task, everybody, current_round=change.round)
    until = settling.find_window(task, wish)
    if until is not None and settling.closes(task, standing, change):
        until = settling.hold(task, wish, sight, change, outcome=standing.outcome)
        return Submitted(
            task_state=TaskState.SETTLING,
            outcome=standing.outcome,
            round=change.round,
            verdict_id=sight.verdict_id,
            undo_until=until,
        )
    state = TaskState.DECIDED if standing.outcome else TaskState.OPEN
    more: dict[str, object] = {}
    if until is not None:  # beside others: it counts now, and can be taken back
        state, more = TaskState.SETTLING, {"held_until": until.isoformat()}
    verdict = insert_verdict(
        task,
        wish,
        sight,
        change,
        state=state,
        outcome=standing.outcome,
        audit_seq=task.audit_seq + 1,
    )
    ballot = Ballot(
        actor=actor_of(wish.person),
        reason_code=wish.reason_code,
        rationale=wish.rationale,
        change=change,
        at=wish.occurred_at or task.now,
        occurred_at=wish.occurred_at,
    )
    # Entries follow the chain's end in this order, here as in the engine's advance.
    effects.take_effect(
        task,
        ballot,
        standing,
        judgements=everybody,
        first=[submitted_draft(task, wish, sight, change, **more)],
        statements=[verdict, drop_statement(task_id=task.id, person_id=wish.person.id)],
    )
    return Submitted(
        task_state=state,
        outcome=standing.outcome,
        round=change.round,
        verdict_id=sight.verdict_id,
        undo_until=until,
    )
