"""Give back to the author of a vote what he held before it, while that is possible.

Used by settling.undo, which writes that the vote was taken back. The caller holds the
instance's row and the task's; each of these writes one entry.
"""

from dataclasses import replace
from typing import Final

from review.core.states import Stage, TaskState
from review.core.tasks.leases import Lease
from review.models import Person
from review.operations.people.people import actor_of
from review.operations.tasks import seats
from review.operations.tasks.claims import take
from review.operations.tasks.locking import LockedTask
from review.operations.tasks.telling import publish, record
from review.operations.verdicts import effects, quorums
from workflows.driver import run

KIND: Final = "verdict.undone"

_BACK: Final = """
    UPDATE review_task
    SET state = 'OPEN', claimed_by_id = NULL, claimed_at = NULL, lease_until = NULL,
        is_ahead = false, release_at = NULL, stage = %s, excluded = %s,
        audit_seq = %s
    WHERE id = %s
"""
_STILL: Final = """
    UPDATE review_task SET stage = %s, excluded = %s, audit_seq = %s WHERE id = %s
"""
_SAID: Final = "UPDATE review_task SET audit_seq = %s WHERE id = %s"


def hold_again(task: LockedTask, person: Person, *, detail: dict[str, object]) -> Lease:
    """Let the author hold a task alone again that settled by his vote."""
    by = actor_of(person)
    return take(task, person, by=by, occurred_at=None, kind=KIND, detail=detail)


def leave_the_rest(
    task: LockedTask,
    person: Person,
    *,
    verdict_id: int,
    closing: int | None,
    detail: dict[str, object],
) -> Lease | None:
    """Take one of several votes away from those that stand side by side.

    `closing` is the vote by which the task settles. Where the others' votes close it
    without this one too, it goes on settling. Else it is open to all who sat at it,
    and to the author again where a seat is free.
    """
    rest = replace(
        task,
        verdicts=[
            replace(one, is_undone=True) if one.id == verdict_id else one
            for one in task.verdicts
        ],
    )
    if closing not in {None, verdict_id} and _is_closed(rest, closing):
        run(_SAID, [record(task, KIND, actor_of(person), detail), task.id])
        publish(task, task.queue_key)
        return None
    standing = effects.count(rest, rest.judgements, current_round=task.round)
    barred, _ = quorums.settle(
        rest, standing, judgements=rest.judgements, current_round=task.round
    )
    if task.state is TaskState.WAITING:
        seq = record(task, KIND, actor_of(person), detail)
        run(_STILL, [standing.stage.value, barred, seq, task.id])
        publish(task, task.queue_key)
        return None
    # The entry that says so comes next, in this transaction.
    run(_BACK, [standing.stage.value, barred, task.audit_seq + 1, task.id])
    if seats.has_seat_for(rest, person.id):
        return hold_again(rest, person, detail=detail)
    seats.show(rest, seq=record(task, KIND, actor_of(person), detail))
    publish(task, task.queue_key)
    return None


def _is_closed(rest: LockedTask, closing: int | None) -> bool:
    """Tell whether the closing vote closes the task without the one taken back."""
    last = next(one for one in rest.verdicts if one.id == closing)
    if last.judgement.round != rest.round:
        return True  # an edit, which nobody's vote but its own makes
    standing = effects.count(rest, rest.judgements, current_round=rest.round)
    return standing.outcome is not None or standing.stage is Stage.ADJUDICATION
