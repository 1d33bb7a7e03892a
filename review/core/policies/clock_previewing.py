"""What other goals or another ladder would have made of the clocks of some weeks. Pure.

A clock's recorded turns are read under other terms: when it ran and stood is what
happened, where its steps lie is what is asked. People are taken to have worked as they
did, and whoever held a task to have let it go in time for the acts that take it away.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from review.core.clocks.clocks import NO_TIME, Event, Placed, list_cycles, read_clock
from review.core.clocks.ladders import BREACH, WARN, Step, list_due, name_act
from review.core.policies.previewing import Interval, wilson
from review.core.states import PriorityClass
from workflows.core.calendars import BusinessCalendar
from workflows.core.ladders import DECIDING, Act, read_ladder

_MOMENT: Final = dt.timedelta(microseconds=1)
_NOTHING: Final[frozenset[int]] = frozenset()
_CLASSES: Final = tuple(word.value for word in PriorityClass)
ALL: Final = "all"

NOTICES: Final = "Notices"
KINDS_OF_ACTS: Final[Mapping[str, str]] = {
    WARN: NOTICES,
    "notify": NOTICES,
    "raise": "Raised a class",
    "widen": "Widened",
    "reassign": "Reassigned",
    "escalate": "Escalated",
    "reject": "Rejected by the clock",
    "return": "Returned by the clock",
}
"""What a table counts each act of a ladder under, in its order."""
WHO_HAS_IT: Final = "who has it, else owner and managers"


class Plan(NamedTuple):
    """The terms of one clock: its goal and steps, and the hours it is counted in.

    `row` is the row of the queue's clocks that gave them, 0 for the step's own words.
    """

    placed: Placed
    calendar: BusinessCalendar
    row: int = 0


class Life(NamedTuple):
    """One clock of the past: its turns, and when it ended or was looked at.

    `is_over` tells which; `region`, `skill` and `level` are the lane it opened in.
    """

    task_class: str
    events: tuple[Event, ...]
    until: dt.datetime
    is_over: bool
    is_ended_by_clock: bool = False
    region: str = ""
    skill: str = ""
    level: int = 0
    escalates_to: str = ""


class Case(NamedTuple):
    """A life with the terms now in force and the proposed ones; None runs no clock."""

    life: Life
    before: Plan | None
    after: Plan | None


@dataclass(slots=True)
class Tally:
    """Clocks under one set of terms: how many ran, were warned, were late."""

    timed: int = 0
    warned: int = 0
    breached: int = 0

    @property
    def late(self) -> Interval | None:
        """Return the share that was late, with its 95 % interval; None without any."""
        return wilson(self.breached, self.timed) if self.timed else None


@dataclass(slots=True)
class ClockPreview:
    """The whole answer for goals. Counts are of the clocks looked at.

    By class, and all of them under `ALL`. `rows` counts what each row took.
    """

    weeks: int
    total: int
    seen: int = 0
    changed: int = 0
    open: int = 0
    by_clock: int = 0
    before: dict[str, Tally] = field(default_factory=dict)
    after: dict[str, Tally] = field(default_factory=dict)
    rows: Counter[int] = field(default_factory=Counter)
    newly_late: int = 0
    no_longer_late: int = 0
    problems: Counter[str] = field(default_factory=Counter)

    @property
    def scale(self) -> float:
        """Return how many clocks each one looked at stands for."""
        return self.total / self.seen if self.seen else 0.0

    @property
    def classes(self) -> list[str]:
        """Return the classes that clocks were seen of, all of them last."""
        found = {*self.before, *self.after} - {ALL}
        return [*sorted(found), ALL] if found else []


def elapse(life: Life, calendar: BusinessCalendar) -> list[dt.timedelta]:
    """Return the business time that each cycle of a clock ran, in order.

    What was done at the very moment it was due was in time: a cycle that was ended
    counts for a microsecond less.
    """
    found = []
    for events, next_at in list_cycles(life.events):
        until = next_at or life.until
        reading = read_clock(events, goal=NO_TIME, calendar=calendar, now=until)
        ended = next_at is not None or life.is_over
        found.append(max(reading.elapsed - _MOMENT * ended, NO_TIME))
    return found


def list_reached(steps: Sequence[Step], elapsed: dt.timedelta) -> list[Step]:
    """Return the steps that come in so much time; a deciding one is the last."""
    reached = []
    for step in list_due(steps, elapsed=elapsed, done=_NOTHING):
        reached.append(step)
        if step.act.word in DECIDING:
            break
    return reached


def preview_clocks(
    cases: Iterable[Case], *, weeks: int, total: int, problems: Iterable[str] = ()
) -> ClockPreview:
    """Count what goals would have made of past clocks; `total` is how many there were."""
    found = ClockPreview(weeks=weeks, total=total, problems=Counter(problems))
    for life, before, after in cases:
        found.seen += 1
        found.open += not life.is_over
        found.by_clock += life.is_ended_by_clock
        found.changed += before != after
        if after is not None and after.row:
            found.rows[after.row] += 1
        was = _judge(life, before)
        will = was if before == after else _judge(life, after)
        _add(found.before, life, was)
        _add(found.after, life, will)
        found.newly_late += will.is_late and not was.is_late
        found.no_longer_late += was.is_late and not will.is_late
    return found


class _Fate(NamedTuple):
    is_timed: bool = False
    is_warned: bool = False
    is_late: bool = False


def _judge(life: Life, plan: Plan | None) -> _Fate:
    if plan is None:
        return _Fate()
    words = {
        step.act.word
        for elapsed in elapse(life, plan.calendar)
        for step in list_reached(plan.placed.steps, elapsed)
    }
    return _Fate(is_timed=True, is_warned=WARN in words, is_late=BREACH in words)


def _add(tallies: dict[str, Tally], life: Life, fate: _Fate) -> None:
    for name in (life.task_class, ALL):
        tally = tallies.setdefault(name, Tally())
        tally.timed += fate.is_timed
        tally.warned += fate.is_warned
        tally.breached += fate.is_late


# --- ladders --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class World:
    """What acts of a ladder meet in their queue, as things stand today."""

    queue: str
    escalates_to: str = ""
    owner: str = ""
    managers: tuple[str, ...] = ()
    reviewers: int = 0
    queues: frozenset[str] = frozenset()

    def find_lack(self, who: str) -> str:
        """Return why a word of `notify` would reach nobody, "" where it reaches some."""
        if who == "owner" and not self.owner:
            return "the queue has no owner."
        if who == "managers" and not self.managers:
            return "nobody manages the queue."
        return ""


@dataclass(slots=True)
class Acts:
    """What a ladder would have done: acts by kind, notices by whom, and what not.

    `undone` counts sentences of what could never be done (nowhere to escalate to);
    `idle` acts that found nothing to do (a case of class A is not raised).
    """

    done: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)
    undone: Counter[str] = field(default_factory=Counter)
    idle: int = 0


@dataclass(slots=True)
class LadderPreview:
    """The whole answer for a ladder. Counts are of the clocks looked at.

    `aside` are clocks left out, since their steps have a ladder of their own.
    """

    weeks: int
    total: int
    world: World
    seen: int = 0
    aside: int = 0
    untimed: int = 0
    before: Acts = field(default_factory=Acts)
    after: Acts = field(default_factory=Acts)

    @property
    def scale(self) -> float:
        """Return how many clocks each one looked at stands for."""
        return self.total / self.seen if self.seen else 0.0

    def per_day(self, count: int) -> float:
        """Return how often a day something was that was counted so often."""
        return count * self.scale / (self.weeks * 7)


def preview_ladder(
    cases: Iterable[Case], *, proposed: str, weeks: int, total: int, world: World
) -> LadderPreview:
    """Count what a ladder would have set off; the goals are those in force for both.

    What `proposed` says and could not be done today is named, reached or not.
    """
    found = LadderPreview(weeks=weeks, total=total, world=world)
    found.after.undone.update(dict.fromkeys(_list_lacks(proposed, world), 0))
    for life, before, after in cases:
        found.seen += 1
        if before is None or after is None:
            found.untimed += 1
            continue
        for plan, acts in ((before, found.before), (after, found.after)):
            for elapsed in elapse(life, plan.calendar):
                _climb(life, list_reached(plan.placed.steps, elapsed), acts, world)
    return found


def _list_lacks(words: str, world: World) -> list[str]:
    """Return what each act of a ladder would lack for a case as it comes."""
    return [
        f"{name_act(rung, act)}: {lack}"
        for rung in read_ladder(words)
        for act in rung.acts
        if (
            lack := _Now("C", "", "", 0, world.queue).meet(
                act, world, escalates_to=world.escalates_to
            )
        )
    ]


def _climb(life: Life, steps: Iterable[Step], acts: Acts, world: World) -> None:
    """Count one cycle's acts; each changes what the next one meets."""
    now = _Now(life.task_class, life.region, life.skill, life.level, world.queue)
    for step in steps:
        if step.act.word == BREACH:
            continue
        lack = now.meet(step.act, world, escalates_to=life.escalates_to)
        kind = KINDS_OF_ACTS[step.act.word]
        if lack is None:
            acts.idle += 1
        elif lack:
            acts.undone[f"{step.words}: {lack}"] += 1
        else:
            acts.done[kind] += 1
            if kind == NOTICES:
                acts.told[step.act.argument or WHO_HAS_IT] += 1


@dataclass(slots=True)
class _Now:
    """A case as its ladder finds and changes it."""

    task_class: str
    region: str
    skill: str
    level: int
    queue: str
    was_escalated: bool = False

    def meet(self, act: Act, world: World, *, escalates_to: str) -> str | None:
        """Do an act: return "", what it lacks, or None where nothing was to be done."""
        match act.word:
            case "raise":
                return "" if self._raise(act.argument) else None
            case "widen":
                return "" if self._widen(by_region=act.argument == "region") else None
            case "escalate":
                return self._escalate(act.argument, act.argument or escalates_to, world)
            case "reassign" if world.reviewers < 2:
                return "nobody else reviews the queue."
            case "notify" | "warn":
                return world.find_lack(act.argument)
            case _:
                return ""

    def _raise(self, wanted: str) -> bool:
        place = _CLASSES.index(self.task_class)
        target = _CLASSES.index(wanted) if wanted else max(0, place - 1)
        self.task_class = _CLASSES[min(place, target)]
        return target < place

    def _widen(self, *, by_region: bool) -> bool:
        before = (self.region, self.skill, self.level)
        if by_region:
            self.region = ""
        elif self.level > 1:
            self.level -= 1
        else:
            self.skill, self.level = "", 0
        return before != (self.region, self.skill, self.level)

    def _escalate(self, named: str, target: str, world: World) -> str | None:
        if not target:
            return f"the queue {self.queue} escalates to no other."
        if target not in world.queues:
            return f"there is no queue {target}."
        if self.was_escalated and not named:
            return None
        if target == self.queue:
            return f"the task is in the queue {target} already."
        self.queue, self.was_escalated = target, True
        return ""
