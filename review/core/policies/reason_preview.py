"""How reasons were given in some weeks, and what a change of them loses. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from review.core.policies.previewing import ENOUGH, Interval, wilson
from review.core.policies.reason_policy import Reason
from review.core.states import Decision


class Given(NamedTuple):
    """How often a code was given, in how many cases others judged too, and how many of
    these came out the other way."""

    times: int = 0
    judged: int = 0
    overturned: int = 0


@dataclass(frozen=True, slots=True)
class ReasonFigures:
    """One code as it is and as it would be; None where it is not in a list.

    `becomes` is the code given instead where two are merged.
    """

    code: str
    decision: Decision
    before: Reason | None
    after: Reason | None
    given: Given
    becomes: str = ""

    @property
    def label(self) -> str:
        """Return what the list shows for it, then or else now."""
        one = self.after or self.before
        return one.label if one else self.code

    @property
    def was(self) -> str:
        """Return what the list shows now, "" where that stays."""
        before = self.before.label if self.before else self.label
        return before if before != self.label else ""

    @property
    def is_offered(self) -> bool:
        """Tell whether it may be given then."""
        return self.after is not None and not self.after.is_retired

    @property
    def is_lost(self) -> bool:
        """Tell whether it may be given now, and not then."""
        was = self.before is not None and not self.before.is_retired
        return was and not self.is_offered

    @property
    def is_new(self) -> bool:
        """Tell whether it may be given then, and not now."""
        is_offered_now = self.before is not None and not self.before.is_retired
        return self.is_offered and not is_offered_now

    @property
    def error(self) -> Interval | None:
        """Return the share that came out the other way; None with too few judged."""
        if self.given.judged < ENOUGH:
            return None
        return wilson(self.given.overturned, self.given.judged)


@dataclass(frozen=True, slots=True)
class ReasonPreview:
    """The whole answer: every code of either list, by how often it was given.

    `without` counts verdicts that could have had a code and had none.
    """

    weeks: int
    total: int
    figures: tuple[ReasonFigures, ...]
    without: int = 0

    @property
    def lost(self) -> tuple[ReasonFigures, ...]:
        """Return what goes away, without what becomes another code."""
        return tuple(one for one in self.figures if one.is_lost and not one.becomes)

    @property
    def merged(self) -> tuple[ReasonFigures, ...]:
        """Return what becomes another code."""
        return tuple(one for one in self.figures if one.is_lost and one.becomes)

    @property
    def unused(self) -> tuple[ReasonFigures, ...]:
        """Return what stays offered and was never given."""
        return tuple(
            one
            for one in self.figures
            if one.is_offered and not one.is_new and not one.given.times
        )

    def count_then(self, figures: ReasonFigures) -> int:
        """Return how often a code would have been given with what is merged into it."""
        if not figures.is_offered:
            return 0
        merged = (one for one in self.merged if one.becomes == figures.code)
        return figures.given.times + sum(one.given.times for one in merged)


def preview_reasons(
    *,
    before: Sequence[Reason],
    after: Sequence[Reason],
    given: Mapping[str, Given],
    weeks: int,
    without: int = 0,
) -> ReasonPreview:
    """Hold two lists against what people gave; codes of neither are left out."""
    old = {one.code: one for one in before}
    new = {one.code: one for one in after}
    figures = [
        ReasonFigures(
            code=code,
            decision=(new.get(code) or old[code]).decision,
            before=old.get(code),
            after=new.get(code),
            given=given.get(code, Given()),
            becomes=new[code].instead if code in new else "",
        )
        for code in {**new, **old}
    ]
    figures.sort(key=lambda one: (-one.given.times, one.code))
    return ReasonPreview(
        weeks=weeks,
        total=sum(one.given.times for one in figures),
        figures=tuple(figures),
        without=without,
    )
