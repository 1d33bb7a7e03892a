"""Until when a vote can be taken back. Pure.

Note [Undo, alone and side by side]
Alone, a vote holds its task: it settles until `release_at`, and so long its author can
take the vote back. Side by side each vote has a window of its own, in which the others
go on. What closes the task (an outcome, a dispute, an edit) holds it as a vote alone
does. It is the last vote, so its window ends last: whatever was voted before can be
taken back until its own window ends, and nothing happens before the last one's.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from review.core.states import VOTES, Decision, Stage, TaskState

_BESIDE: Final = frozenset({
    TaskState.OPEN,
    TaskState.CLAIMED,
    TaskState.WAITING,
    TaskState.SETTLING,
})


@dataclass(frozen=True, slots=True)
class Vote:
    """A vote as it was written; `was_held` says that its author was given time."""

    decision: Decision
    round: int
    submitted_at: dt.datetime
    was_held: bool
    is_undone: bool


def find_undo_until(
    vote: Vote,
    *,
    state: TaskState,
    stage: Stage,
    current_round: int,
    seats: int,
    undo_seconds: int,
    holds_task_until: dt.datetime | None,
) -> dt.datetime | None:
    """Return until when a vote can be taken back, None where it never can.

    `holds_task_until` is set for the vote that a settling task waits for. The moment
    may have passed already.
    """
    if vote.is_undone or vote.decision not in VOTES:
        return None
    if holds_task_until is not None:
        return holds_task_until
    is_beside = (
        seats > 1
        and state in _BESIDE
        and vote.was_held
        and vote.round == current_round
        # What an edit changed, and a dispute, have taken effect for the others.
        and vote.decision is not Decision.EDIT_AND_APPROVE
        and stage is not Stage.ADJUDICATION
    )
    if not is_beside:
        return None
    return vote.submitted_at + dt.timedelta(seconds=undo_seconds)
