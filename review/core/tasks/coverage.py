"""Can those who are left still approve a task at all? No storage.

Asked of what nobody holds. Where it must err it hopes: a gap is only told where no
choice of persons could fill it. That some of them are away now is no gap.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from review.core.states import Stage
from review.core.verdicts.quorum import Plan, Tally


class Lack(StrEnum):
    """What those who are left lack to approve a task."""

    NOBODY = "NOBODY"
    PERSONS = "PERSONS"
    AUTHORITY = "AUTHORITY"


@dataclass(frozen=True, slots=True)
class Voter:
    """Somebody who may still judge a task; `partners` count as one person with him."""

    person_id: int
    authority: Decimal | None = None
    partners: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Gap:
    """Why a task cannot be approved: `needed` more persons, and `free` are left; or the
    authority still asked for, and what they reach together."""

    lack: Lack
    needed: int
    free: int
    asked: Decimal = Decimal(0)
    reached: Decimal = Decimal(0)

    def explain(self, *, queue: str, asks: str = "") -> str:
        """Return why, and what to do, in two short sentences."""
        more = f"Let more persons review {queue}, or move the task to another queue."
        who = f" and has {asks}" if asks else ""
        match self.lack:
            case Lack.NOBODY:
                return f"Nobody is left who may judge it{who}. {more}"
            case Lack.PERSONS:
                left = f"{self.free} {'is' if self.free == 1 else 'are'} left"
                return (
                    f"It takes {self.needed} more persons, and only {left} who may"
                    f" judge it{who}. {more}"
                )
            case Lack.AUTHORITY:
                return (
                    f"It takes authority over {self.asked:,.2f} more, and those who may"
                    f" judge it reach {self.reached:,.2f}. Give somebody authority, or"
                    " move the task to another queue."
                )


def find_gap(*, plan: Plan, standing: Tally, voters: Sequence[Voter]) -> Gap | None:
    """Return what keeps a task from ever being approved as things stand, or None.

    `voters` are all who may judge it still: nobody excluded is among them.
    """
    if standing.outcome:
        return None
    alone = standing.stage is Stage.ADJUDICATION
    needed = 1 if alone else max(1, plan.needed - standing.approvals)
    free, pairs = _count_persons(voters)
    if free < needed:
        lack = Lack.PERSONS if free else Lack.NOBODY
        return Gap(lack, needed=needed, free=free)
    if plan.amount is None:
        return None
    asked = plan.amount - standing.covered
    weights = [one.authority or Decimal(0) for one in voters]
    reached = max(weights) if alone else sum(weights) - _count_twice(pairs)
    if reached >= asked:
        return None
    return Gap(Lack.AUTHORITY, needed=needed, free=free, asked=asked, reached=reached)


def _count_persons(
    voters: Sequence[Voter],
) -> tuple[int, list[tuple[Voter, Voter]]]:
    """Return how many could vote, and pairs of whom only one can.

    Each pair is taken out once; a greedy pairing finds at least half of all, so the
    count is never too small.
    """
    by_id = {one.person_id: one for one in voters}
    paired: set[int] = set()
    pairs = []
    for one in sorted(voters, key=lambda each: each.person_id):
        if one.person_id in paired:
            continue
        other = next((p for p in sorted(one.partners & set(by_id) - paired)), None)
        if other is not None:
            paired |= {one.person_id, other}
            pairs.append((one, by_id[other]))
    return len(voters) - len(pairs), pairs


def _count_twice(pairs: Sequence[tuple[Voter, Voter]]) -> Decimal:
    return sum(
        (min(a.authority or Decimal(0), b.authority or Decimal(0)) for a, b in pairs),
        Decimal(0),
    )
