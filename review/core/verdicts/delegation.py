"""Who may act in whose place: within limits, one hop, no loops. No storage, no clock.

While a delegation is in force its two persons count as one for four eyes (RELIABILITY
8). One hop only: who stands in for somebody lends nothing at that time, and who has
lent stands in for nobody. So there are neither loops nor chains, and nobody needs to
follow one to learn whose judgement it was.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

LONGEST: Final = dt.timedelta(days=90)
"""Whose absence is longer needs a role given to somebody else, not a stand-in."""


@dataclass(frozen=True, slots=True)
class Lent:
    """A giver's right to review, lent to a taker: for a queue (None: all), for a time.

    `amount` is the largest impact it is for, None any.
    """

    giver_id: int
    taker_id: int
    queue_id: int | None
    amount: Decimal | None
    starts_at: dt.datetime
    ends_at: dt.datetime

    def meets(self, other: "Lent") -> bool:
        """Tell whether there is a moment at which both are in force."""
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at


class DelegationProblem(StrEnum):
    """Why a delegation is not made."""

    TO_ONESELF = "TO_ONESELF"
    OVER_BEFORE_IT_BEGINS = "OVER_BEFORE_IT_BEGINS"
    TOO_LONG = "TOO_LONG"
    NO_AMOUNT = "NO_AMOUNT"
    LOOP = "LOOP"
    GIVER_STANDS_IN = "GIVER_STANDS_IN"
    TAKER_HAS_LENT = "TAKER_HAS_LENT"
    LENT_ALREADY = "LENT_ALREADY"


def find_delegation_problem(
    wanted: Lent, *, existing: Sequence[Lent], now: dt.datetime
) -> DelegationProblem | None:
    """Return why a delegation may not be made beside the existing ones, or None.

    `existing` are the unrevoked ones of giver and taker, in whichever part.
    """
    limit = _find_limit_problem(wanted, now=now)
    if limit:
        return limit
    beside = [one for one in existing if one.meets(wanted)]
    for one in beside:
        if (one.giver_id, one.taker_id) == (wanted.taker_id, wanted.giver_id):
            return DelegationProblem.LOOP
    for one in beside:
        if one.taker_id == wanted.giver_id:
            return DelegationProblem.GIVER_STANDS_IN
        if one.giver_id == wanted.taker_id:
            return DelegationProblem.TAKER_HAS_LENT
        if _is_same(one, wanted):
            return DelegationProblem.LENT_ALREADY
    return None


def _find_limit_problem(wanted: Lent, *, now: dt.datetime) -> DelegationProblem | None:
    if wanted.giver_id == wanted.taker_id:
        return DelegationProblem.TO_ONESELF
    if wanted.ends_at <= max(wanted.starts_at, now):
        return DelegationProblem.OVER_BEFORE_IT_BEGINS
    if wanted.ends_at - wanted.starts_at > LONGEST:
        return DelegationProblem.TOO_LONG
    if wanted.amount is not None and not (
        wanted.amount.is_finite() and wanted.amount > 0
    ):
        return DelegationProblem.NO_AMOUNT
    return None


def _is_same(one: Lent, other: Lent) -> bool:
    return (one.giver_id, one.taker_id, one.queue_id) == (
        other.giver_id,
        other.taker_id,
        other.queue_id,
    )


def covers(amount: Decimal | None, *, impact: Decimal | None) -> bool:
    """Tell whether a limit reaches a case; an impact nobody knows is beyond every one."""
    return amount is None or (impact is not None and impact <= amount)
