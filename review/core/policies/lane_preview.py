"""What a change of routing rules would have done to the work of some weeks. Pure.

The cases come with where the rules in force and the proposed ones send them; here they
are counted by lane, with the people each lane takes (as previewing.py works it out) and
who could take its work.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from review.core.policies.previewing import Pace, Worked, measure
from review.core.states import Control, PriorityClass


class LaneName(NamedTuple):
    """A lane by the words of its queue, region, skill and level."""

    queue: str
    region: str = ""
    skill: str = ""
    level: int = 0


class Sent(NamedTuple):
    """Where a case goes: its lane, the class that rules give (None: none), a problem."""

    lane: LaneName
    priority: PriorityClass | None = None
    problem: str = ""


class Routing(NamedTuple):
    """One task of the past: where it goes by each set of rules, and its work."""

    before: Sent
    after: Sent
    was: Control = Control.REVIEW
    persons: int = 0
    seconds: float | None = None


@dataclass(slots=True)
class LaneFigures:
    """One lane's share: cases now and then, people a working day, and who takes it."""

    lane: LaneName
    before: int = 0
    after: int = 0
    people_before: float | None = None
    people_after: float | None = None
    takers: int = 0

    @property
    def is_unserved(self) -> bool:
        """Tell whether work would come that nobody can take."""
        return bool(self.after) and not self.takers


@dataclass(frozen=True, slots=True)
class LanePreview:
    """The whole answer. Counts are of the cases looked at, `scale` makes them all."""

    weeks: int
    seen: int
    total: int
    moves: Mapping[tuple[LaneName, LaneName], int] = field(default_factory=dict)
    classes: int = 0
    lanes: tuple[LaneFigures, ...] = ()
    problems: Mapping[str, int] = field(default_factory=dict)
    pace: Pace | None = None

    @property
    def scale(self) -> float:
        """Return how many cases each one looked at stands for."""
        return self.total / self.seen if self.seen else 0.0

    @property
    def moved(self) -> int:
        """Return how many cases looked at would lie in another lane."""
        return sum(self.moves.values())


def preview_lanes(
    cases: Iterable[Routing],
    *,
    weeks: int,
    total: int,
    count_takers: Callable[[LaneName], int],
) -> LanePreview:
    """Count by lane; `total` is how many cases there were, `cases` are those looked at.

    `classes` are cases that rules give another class, `problems` the sentences that the
    proposed rules leave and those in force do not.
    """
    moves: Counter[tuple[LaneName, LaneName]] = Counter()
    problems: Counter[str] = Counter()
    counts: dict[LaneName, tuple[Counter[Control], Counter[Control]]] = {}
    worked: list[Worked] = []
    seen = classes = 0
    for case in cases:
        seen += 1
        if case.before.lane != case.after.lane:
            moves[case.before.lane, case.after.lane] += 1
        classes += case.before.priority is not case.after.priority
        if case.after.problem and case.after.problem != case.before.problem:
            problems[case.after.problem] += 1
        for number, sent in enumerate((case.before, case.after)):
            counts.setdefault(sent.lane, (Counter(), Counter()))[number][case.was] += 1
        if case.persons:
            worked.append(Worked(case.was, case.persons, case.seconds))
    pace = measure(worked, weeks=weeks)
    scale = total / seen if seen else 0.0
    return LanePreview(
        weeks=weeks,
        seen=seen,
        total=total,
        moves=dict(moves.most_common()),
        classes=classes,
        lanes=tuple(
            LaneFigures(
                lane=lane,
                before=before.total(),
                after=after.total(),
                people_before=_people(before, pace, scale=scale),
                people_after=_people(after, pace, scale=scale),
                takers=count_takers(lane),
            )
            for lane, (before, after) in sorted(counts.items())
        ),
        problems=dict(problems.most_common()),
        pace=pace,
    )


def _people(cases: Mapping[Control, int], pace: Pace, *, scale: float) -> float | None:
    judgements = sum(
        count * pace.per_case.get(control, 0) for control, count in cases.items()
    )
    return pace.people(judgements * scale)
