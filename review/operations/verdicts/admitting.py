"""Check what a person hands in besides a vote, and write it: its verdict row and entry.

Note [What is no vote]
To ask for information, to escalate and to abstain are said under a lease and end it.
They are kept as verdict rows, with what was shown, and no quorum counts them.
"""

from collections.abc import Sequence
from typing import Final

from django.db.models import F

from review.core.states import Decision, TaskState
from review.core.verdicts import rationale as rules
from review.dashboards.reasons import reasons_of
from review.models import ReasonCode
from review.operations.tasks.claims import check_lease
from review.operations.tasks.edits import no_change
from review.operations.tasks.locking import Earlier, LockedTask, check_live
from review.operations.verdicts.recording import (
    Sight,
    Wish,
    insert_verdict,
    lock_for,
    read_sight,
    submitted_draft,
    write,
)
from review.permissions import check_can_review
from workflows import audit
from workflows.operations.errors import Conflict, Forbidden, Invalid

MAX_RATIONALE: Final = 10_000


def begin(task_id: int, wish: Wish) -> tuple[LockedTask, Sight | None]:
    """Lock a task for something that is no vote, and check that it may be handed in.

    None as sight says that this very lease handed the same in before. Raises NotFound;
    Conflict; Stale (lease); Forbidden (role, a decision the queue hides); Invalid.
    """
    task, rights, found = lock_for(task_id, wish)
    for verdict in task.verdicts:
        if is_same(verdict, wish):
            check_same(verdict, wish)
            return task, None
    check_live(task)
    check_can_review(rights, queue_id=task.queue_id)
    check_lease(task, person_id=wish.person.id, token=wish.token)
    check_offered(task, wish.decision)
    check_reason(task, wish)
    return task, read_sight(task, wish, found)


def hand_in(
    task: LockedTask,
    wish: Wish,
    sight: Sight,
    *,
    state: TaskState,
    drafts: Sequence[audit.Draft] = (),
) -> int:
    """Write the verdict row and its entry, then `drafts`; return the last one's place."""
    change = no_change(task)
    first = submitted_draft(task, wish, sight, change)
    seq = audit.record(
        instance_id=task.instance_id, drafts=[first, *drafts], now=task.now
    )
    write(
        insert_verdict(
            task,
            wish,
            sight,
            change,
            state=state,
            outcome=None,
            audit_seq=seq - len(drafts),
        )
    )
    return seq


def is_same(verdict: Earlier, wish: Wish) -> bool:
    """Tell whether a verdict was handed in under this very lease, and stands."""
    return (
        verdict.token == wish.token
        and verdict.judgement.person_id == wish.person.id
        and not verdict.is_undone
    )


def check_same(verdict: Earlier, wish: Wish) -> None:
    """Raise Conflict when the same lease hands in something else than before."""
    if verdict.judgement.decision is not wish.decision:
        said = verdict.judgement.decision.value.lower().replace("_", " ")
        raise Conflict(
            f"Your verdict on this task is recorded already: {said}.",
            code="already-submitted",
        )


def check_offered(task: LockedTask, decision: Decision) -> None:
    """Raise Forbidden for a decision that the task's queue does not offer."""
    if decision.value in task.hidden_decisions:
        name = decision.value.lower().replace("_", " ")
        raise Forbidden(
            f"The queue {task.queue_key} does not offer {name}; choose another.",
            code="decision-hidden",
        )


def check_reason(
    task: LockedTask, wish: Wish, *, suggested: Decision | None = None
) -> None:
    """Raise Invalid where the reasons for what is handed in do not suffice."""
    if len(wish.rationale) > MAX_RATIONALE:
        raise Invalid(f"The rationale is longer than {MAX_RATIONALE} characters.")
    code = _find_reason_code(task, wish) if wish.reason_code else None
    given = rules.Given(
        decision=wish.decision,
        has_code=code is not None,
        has_words=bool(wish.rationale),
        offers_codes=_offers_codes(task, wish),
        code_wants_words=code is not None and code.needs_rationale,
        suggested=suggested if wish.occurred_at is None else None,
        confidence=task.confidence,
        impact=task.impact,
    )
    # A replayed past was explained, or not, under the rules of its own time.
    wanted = rules.Rules(
        below_confidence=None if wish.occurred_at else task.rationale_below,
        from_amount=None if wish.occurred_at else task.rationale_above,
    )
    lack = rules.find_lack(given, wanted)
    if lack is not None:
        raise Invalid(lack.sentence, code=lack.code)


def _offers_codes(task: LockedTask, wish: Wish) -> bool:
    """Tell whether a reason code could have been chosen; a replayed past has none."""
    if wish.reason_code or wish.occurred_at:
        return False
    if wish.decision in {Decision.APPROVE, Decision.REQUEST_INFORMATION}:
        return False
    return reasons_of(task.queue_id).filter(decision=wish.decision.value).exists()


def _find_reason_code(task: LockedTask, wish: Wish) -> ReasonCode:
    # The queue's own code comes before one of the same name for all queues.
    code = (
        reasons_of(task.queue_id)
        .filter(code=wish.reason_code)
        .order_by(F("queue_id").asc(nulls_last=True))
        .first()
    )
    if code is None or code.decision != wish.decision.value:
        raise Invalid(
            f"The reason {wish.reason_code!r} is not for this decision here;"
            " choose one of the list.",
            code="reason-unknown",
        )
    return code
