"""What a change of quorum rules would have done to the work of some weeks. Pure.

The cases come with their plans under the rules in force and the proposed ones; here
they are counted, with the people that takes (as previewing.py works it out) and what
today's reviewers could not approve.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from review.core.policies.previewing import Pace, Worked, measure
from review.core.policies.quorum_strictness import describe_plan
from review.core.states import Control
from review.core.verdicts.quorum import Plan


class Planned(NamedTuple):
    """One task of the past: its plans, its work, and why nobody could approve it.

    `gap_before` and `gap` are sentences, "" where today's reviewers could.
    """

    before: Plan
    after: Plan
    was: Control = Control.REVIEW
    persons: int = 0
    seconds: float | None = None
    gap_before: str = ""
    gap: str = ""


class Move(NamedTuple):
    """From which plan to which, and whether that takes more persons or fewer."""

    before: str
    after: str
    more: int


@dataclass(frozen=True, slots=True)
class QuorumPreview:
    """The whole answer. Counts are of the cases looked at, `scale` makes them all.

    `gaps` are cases by the sentence why nobody could approve them then; `gaps_before`
    how many nobody could as it is.
    """

    weeks: int
    seen: int
    total: int
    moves: Mapping[Move, int] = field(default_factory=dict)
    gaps: Mapping[str, int] = field(default_factory=dict)
    gaps_before: int = 0
    pace: Pace | None = None
    people_before: float | None = None
    people_after: float | None = None

    @property
    def scale(self) -> float:
        """Return how many cases each one looked at stands for."""
        return self.total / self.seen if self.seen else 0.0

    @property
    def more(self) -> int:
        """Return how many cases looked at would take more persons."""
        return sum(count for move, count in self.moves.items() if move.more > 0)

    @property
    def fewer(self) -> int:
        """Return how many cases looked at would take fewer persons."""
        return sum(count for move, count in self.moves.items() if move.more < 0)

    @property
    def moved(self) -> int:
        """Return how many cases looked at would have another plan."""
        return sum(self.moves.values())


def preview_quorums(
    cases: Iterable[Planned], *, weeks: int, total: int
) -> QuorumPreview:
    """Count what changes; `total` is how many cases there were.

    The work of a case is the approvals its plan needs times the median of one
    judgement's time in those weeks: a dispute takes one more, which nobody can foresee.
    """
    moves: Counter[Move] = Counter()
    gaps: Counter[str] = Counter()
    worked: list[Worked] = []
    seen = gaps_before = before = after = 0
    for case in cases:
        seen += 1
        before += case.before.needed
        after += case.after.needed
        if case.before != case.after:
            more = case.after.needed - case.before.needed
            names = describe_plan(case.before), describe_plan(case.after)
            moves[Move(*names, more)] += 1
        gaps_before += bool(case.gap_before)
        if case.gap:
            gaps[case.gap] += 1
        if case.persons:
            worked.append(Worked(case.was, case.persons, case.seconds))
    pace = measure(worked, weeks=weeks)
    scale = total / seen if seen else 0.0
    return QuorumPreview(
        weeks=weeks,
        seen=seen,
        total=total,
        moves=dict(moves.most_common()),
        gaps=dict(gaps.most_common()),
        gaps_before=gaps_before,
        pace=pace,
        people_before=pace.people(before * scale),
        people_after=pace.people(after * scale),
    )
