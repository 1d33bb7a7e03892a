"""Leases: a claim with a fencing token and an expiry. No storage, no clock."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from review.core.states import TaskState


@dataclass(frozen=True, slots=True)
class Lease:
    """One person's hold of one task until a moment (UTC)."""

    task_id: int
    token: int
    until: dt.datetime


class LeaseProblem(StrEnum):
    """Why a lease that somebody shows does not hold."""

    NOT_CLAIMED = "NOT_CLAIMED"
    TAKEN = "TAKEN"
    RENEWED = "RENEWED"
    LAPSED = "LAPSED"


def is_free(
    *, state: TaskState, lease_until: dt.datetime | None, now: dt.datetime
) -> bool:
    """Tell whether a task can be claimed: open, or held by a lease that lapsed."""
    if state is TaskState.OPEN:
        return True
    return state is TaskState.CLAIMED and lease_until is not None and lease_until <= now


def find_lease_problem(
    *,
    state: TaskState,
    claimed_by: int | None,
    lease_token: int,
    lease_until: dt.datetime | None,
    person_id: int,
    token: int,
    now: dt.datetime,
) -> LeaseProblem | None:
    """Return why the person's token does not hold the task now, or None.

    A lapsed lease is refused even when nobody has taken the task since: what was
    read under it may have been read by others too.
    """
    if state is not TaskState.CLAIMED or lease_until is None:
        return LeaseProblem.NOT_CLAIMED
    if claimed_by != person_id:
        return LeaseProblem.TAKEN
    if lease_token != token:
        return LeaseProblem.RENEWED
    if lease_until <= now:
        return LeaseProblem.LAPSED
    return None
