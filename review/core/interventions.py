"""Acts of people on running instances: which there are and who may settle a proposal.

Pure. Under dual control an act is first a proposal: it is done when another natural
person with the same right approves it, while the instance stands as it stood then.
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum


class Act(StrEnum):
    """What a person can do to a running instance."""

    SUSPEND = "SUSPEND"
    RESUME = "RESUME"
    CANCEL = "CANCEL"
    RETRY = "RETRY"
    MEND = "MEND"
    SETTLE = "SETTLE"
    SKIP = "SKIP"
    MOVE = "MOVE"
    EDIT = "EDIT"


class ProposalState(StrEnum):
    """Where a proposed act is. LAPSED: its time ran out, or the instance moved on."""

    PROPOSED = "PROPOSED"
    DONE = "DONE"
    DECLINED = "DECLINED"
    WITHDRAWN = "WITHDRAWN"
    LAPSED = "LAPSED"


CONTROL_WORDS = {
    Act.SUSPEND: "suspend",
    Act.RESUME: "resume",
    Act.CANCEL: "cancel",
    Act.RETRY: "retry",
    # To correct the input is to edit variables; to settle by hand is to skip a step.
    Act.MEND: "edit",
    Act.SETTLE: "skip",
    Act.SKIP: "skip",
    Act.MOVE: "move",
    Act.EDIT: "edit",
}
"""The word of the setting that puts an act under dual control."""


class Objection(StrEnum):
    """Why a proposal cannot be approved by this person now."""

    SETTLED = "SETTLED"
    SAME_PERSON = "SAME_PERSON"
    EXPIRED = "EXPIRED"
    MOVED_ON = "MOVED_ON"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposed act as the rules see it.

    `standing` is the place of the last entry of the instance's chain that told of a
    change of the run itself when the act was proposed.
    """

    state: ProposalState
    proposed_by: int
    expires_at: dt.datetime
    standing: int


def needs_second_person(act: Act, *, controlled: Collection[str]) -> bool:
    """Tell whether the act is under dual control."""
    return CONTROL_WORDS[act] in controlled


def find_objection(
    proposal: Proposal, *, person_id: int, standing: int, now: dt.datetime
) -> Objection | None:
    """Return why this natural person may not approve the proposal now, or None.

    Whoever proposed never approves, whatever the account: persons are compared. An
    instance that has moved is another one than what was looked at.
    """
    if proposal.state is not ProposalState.PROPOSED:
        return Objection.SETTLED
    if person_id == proposal.proposed_by:
        return Objection.SAME_PERSON
    if now >= proposal.expires_at:
        return Objection.EXPIRED
    if standing != proposal.standing:
        return Objection.MOVED_ON
    return None
