"""Who sees which verdict, and when: the second review is blind. No storage.

Blind means: whoever may still judge a task learns neither verdict nor rationale nor
identity of the others before their own verdict stands (Cymek & Manzey 2022, doi
10.1037/xap0000439). An adjudicator sees both sides, unnamed.
"""

from dataclasses import dataclass
from enum import StrEnum

from review.core.states import Stage, TaskState


class Sight(StrEnum):
    """How much of a verdict one person sees."""

    FULL = "FULL"
    UNNAMED = "UNNAMED"
    HIDDEN = "HIDDEN"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks: `may_judge` this task as it stands; `oversees` it by role."""

    person_id: int
    may_judge: bool
    oversees: bool


def see_verdict(
    *,
    viewer: Viewer,
    author_id: int,
    state: TaskState,
    stage: Stage,
    blind: bool = True,
) -> Sight:
    """Return how much of one verdict the viewer sees while the task stands so.

    Where the quorum is not `blind` its reviewers see who said what, as it comes.
    """
    if viewer.person_id == author_id:
        return Sight.FULL
    if state in {TaskState.DECIDED, TaskState.CANCELED}:
        return Sight.FULL
    if not blind and viewer.may_judge:
        return Sight.FULL
    if stage is Stage.ADJUDICATION and viewer.may_judge:
        return Sight.UNNAMED
    if viewer.oversees and not viewer.may_judge:
        return Sight.FULL
    return Sight.HIDDEN
