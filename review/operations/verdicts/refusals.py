"""The sentences with which claims and verdicts are refused: what, and what to do now.

No rule is decided here.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Final

from review.core.tasks.leases import LeaseProblem
from review.core.verdicts.quorum import Objection
from workflows.operations.errors import Conflict, Forbidden, Refused, Stale

_OBJECTIONS: Final = {
    Objection.INITIATOR: "You started this case, so somebody else must judge it.",
    Objection.ALREADY_JUDGED: (
        "You have already judged this task; a second, different person must."
    ),
    Objection.COUNTS_AS_INITIATOR: (
        "{partners} and you count as one person while one stands in for the other, and"
        " one of you started this case."
    ),
    Objection.COUNTS_AS_JUDGE: (
        "{partners} and you count as one person while one stands in for the other, and"
        " one of you has judged this task; a different person must."
    ),
    Objection.COUNTS_AS_SEATED: (
        "{partners} and you count as one person while one stands in for the other, and"
        " one of you holds this task now."
    ),
    Objection.CONFLICT: "You have a conflict of interest in this case.",
    Objection.BEYOND_DELEGATION: (
        "What was lent to you by {partners} does not reach the amount of this case."
    ),
}


def no_lease(
    problem: LeaseProblem, *, holder: str, until: dt.datetime | None
) -> Refused:
    """Return the refusal for a lease that does not hold."""
    moment = f"{until:%Y-%m-%d %H:%M:%S} UTC" if until else ""
    sentences = {
        LeaseProblem.NOT_CLAIMED: (
            "Nobody holds this task now; claim it again, the draft is yours."
        ),
        LeaseProblem.TAKEN: (
            f"{holder} holds this task until {moment}; your claim was over."
        ),
        LeaseProblem.RENEWED: (
            "You claimed this task again since, perhaps in another tab;"
            " go on with the newer claim."
        ),
        LeaseProblem.LAPSED: (
            f"Your claim lapsed at {moment}; claim the task again, it is still free."
        ),
    }
    code = f"lease-{problem.value.lower().replace('_', '-')}"
    return Stale(sentences[problem], code=code)


def held(*, holder: str, until: dt.datetime) -> Refused:
    """Return the refusal for a task somebody else holds."""
    return Conflict(
        f"{holder} holds this task until {until:%Y-%m-%d %H:%M:%S} UTC;"
        " take the next one.",
        code="task-held",
    )


def seats_taken(*, names: str, until: dt.datetime) -> Refused:
    """Return the refusal for a task whose seats are all taken."""
    return Conflict(
        f"All seats of this task are taken ({names}); the first may be free at"
        f" {until:%Y-%m-%d %H:%M:%S} UTC. Take the next task.",
        code="seats-taken",
    )


def ended(*, state: str, outcome: str | None) -> Refused:
    """Return the refusal for a task that needs nobody any more."""
    what = f"was decided ({outcome.lower()})" if outcome else f"is {state.lower()}"
    return Conflict(f"This task {what}; nothing is left to do here.", code="task-ended")


def settling(*, until: dt.datetime) -> Refused:
    """Return the refusal for a task whose last verdict can still be taken back."""
    return Conflict(
        "A verdict on this task stands and can be taken back by its author until"
        f" {until:%H:%M:%S} UTC; look again then.",
        code="task-settling",
    )


def parked(*, parking: str) -> Refused:
    """Return the refusal for a task that waits for somebody outside or for help."""
    what = "an answer from outside" if parking == "INFORMATION" else "a colleague"
    return Conflict(
        f"This task waits for {what} and is nobody's to claim now;"
        " who parked it or a manager of the queue can resume it.",
        code="task-parked",
    )


def parked_beside(*, parking: str) -> Refused:
    """Return the refusal for who sits at a task that another of them parked."""
    what = "an answer from outside" if parking == "INFORMATION" else "a colleague"
    return Conflict(
        f"This task waits for {what}: somebody who judges it beside you asked. Your"
        " place and your draft are kept; hand in again when it goes on.",
        code="task-parked",
    )


def objected(
    objection: Objection,
    *,
    partners: Sequence[str] = (),
    eligible: Sequence[str] = (),
    more: int = 0,
    queue: str = "",
    escalates_to: str = "",
) -> Refused:
    """Return the refusal for a person whom four eyes exclude: why, and who may.

    `partners` count as one with the person; `eligible` and `more` others may judge;
    where nobody may, the queue it `escalates_to` is named.
    """
    code = f"four-eyes-{objection.value.lower().replace('_', '-')}"
    if objection is Objection.CONFLICT:
        code = "conflict-of-interest"
    why = _OBJECTIONS[objection].format(partners=" and ".join(partners) or "Another")
    return Forbidden(f"{why}{_to_whom(eligible, more, queue, escalates_to)}", code=code)


def _to_whom(eligible: Sequence[str], more: int, queue: str, escalates_to: str) -> str:
    if eligible:
        rest = f" and {more} more" if more else ""
        return f" Who may: {', '.join(eligible)}{rest}."
    if not queue:
        return " Any other reviewer of the queue may."
    if escalates_to and escalates_to != queue:
        return f" Nobody else reviews {queue} now; a manager can send it to {escalates_to}."
    return f" Nobody else reviews {queue} now; an administrator can give somebody the role."


def changed(*, shown: str, current: str) -> Refused:
    """Return the refusal for a verdict on something else than what stands there."""
    return Stale(
        "The case is not what you were shown any more"
        f" (shown {shown[:12]}, now {current[:12]});"
        " look at it again before you decide.",
        code="payload-changed",
    )
