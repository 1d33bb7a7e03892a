"""Which words a task's clock starts by: its step's, or those of its queue's policies.

Asked once as the task opens, of the queue it opens in; what answered is pinned with the
START. The versions in force come with the queue's facts, their bodies are read once in
each process. What the words mean: core/clocks/clocks.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

from review.core.policies.clock_policy import (
    Asked,
    Chosen,
    ServiceLevels,
    choose_row,
    read_levels,
)
from review.core.policies.ladder_policy import write_words
from review.core.states import PolicyKind, PriorityClass
from review.core.tasks.desks import Assessment, Desk
from review.models import Policy
from review.operations.clocks import calendars
from review.operations.clocks.calendars import NamedCalendar
from review.operations.clocks.clock_rows import PINS
from review.operations.tasks.task_rows import QueueFacts

CLOCKS, LADDER = PINS
NO_LEVELS: Final = ServiceLevels()


@dataclass(frozen=True, slots=True)
class Terms:
    """The words a clock starts by; `pins` name the policies they come from."""

    sla: str = ""
    warn: str = ""
    ladder: str = ""
    calendar: NamedCalendar = calendars.ALWAYS
    pins: Mapping[str, object] = field(default_factory=dict)
    problems: Sequence[str] = ()

    def explain(self, problems: Sequence[str] = ()) -> dict[str, object]:
        """Return what a task's why says of its clock, beside other `problems`."""
        told = dict(self.pins) if self.sla else {}
        if self.problems:
            told["problems"] = [*problems, *self.problems]
        return told


class Ask(NamedTuple):
    """All that terms are found from; `queue` is the one the task opens in."""

    desk: Desk
    queue: QueueFacts
    process: str
    step: str
    priority: PriorityClass
    variables: Mapping[str, object]
    assessment: Assessment


def find_terms(asks: Sequence[Ask]) -> list[Terms]:
    """Return the terms of many tasks' clocks, with one statement for all calendars."""
    chosen = [_choose(one) for one in asks]
    keys = {
        key
        for one, (row, _) in zip(asks, chosen, strict=True)
        if (key := row.calendar if row else one.desk.calendar)
    }
    named = calendars.find_calendars(keys)
    return [_settle(one, found, named) for one, found in zip(asks, chosen, strict=True)]


def choose_ladder(desk: Desk, queue: QueueFacts) -> tuple[str, Mapping[str, object]]:
    """Return the ladder that counts for a step's tasks, and its policy where one did."""
    if desk.ladder:
        return desk.ladder, {}
    standing = queue.in_force.get(PolicyKind.LADDER)
    if standing is None:
        return queue.ladder, {}
    return load_ladder(standing.id), {LADDER: standing.to_json()}


def get_levels(queue: QueueFacts) -> ServiceLevels:
    """Return the service levels in force for a queue."""
    standing = queue.in_force.get(PolicyKind.CLOCKS)
    return load_levels(standing.id) if standing else NO_LEVELS


@lru_cache(maxsize=512)
def load_levels(policy_id: int) -> ServiceLevels:
    """Return a version's rows; a stored body never changes."""
    return read_levels(
        Policy.objects.values_list("body", flat=True).get(
            pk=policy_id, kind=PolicyKind.CLOCKS.value
        )
    )


@lru_cache(maxsize=512)
def load_ladder(policy_id: int) -> str:
    """Return a version's ladder in words; a stored body never changes."""
    return write_words(
        Policy.objects.values_list("body", flat=True).get(
            pk=policy_id, kind=PolicyKind.LADDER.value
        )
    )


def _choose(one: Ask) -> Chosen:
    levels = get_levels(one.queue)
    if not levels.rows:
        return Chosen(None)
    return choose_row(
        levels,
        Asked(
            task_class=one.priority.value,
            process=one.process,
            step=one.step,
            has_goal=bool(one.desk.sla),
            variables={
                **one.variables,
                "confidence": one.assessment.confidence.value,
                "impact": one.assessment.impact.value,
            },
        ),
    )


def _settle(one: Ask, found: Chosen, named: Mapping[str, NamedCalendar]) -> Terms:
    desk, row = one.desk, found.row
    ladder, pins = choose_ladder(desk, one.queue)
    if row is None:
        return Terms(
            sla=desk.sla,
            warn=desk.warn,
            ladder=ladder,
            calendar=named.get(desk.calendar) or one.queue.calendar,
            pins=pins,
            problems=found.problems,
        )
    standing = one.queue.in_force[PolicyKind.CLOCKS]
    return Terms(
        sla=row.goal,
        warn=row.warn,
        ladder=ladder,
        calendar=named.get(row.calendar) or one.queue.calendar,
        pins={CLOCKS: {**standing.to_json(), "row": row.number}, **pins},
        problems=found.problems,
    )
