"""Which task is whose, and which is next. No storage, no clock.

Rules that read a case are in rules.py, who gets pushed work in assigning.py.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from review.core.states import PriorityClass

DEFAULT_AGING: Final = 14_400
"""Seconds after which a task ranks with a fresh one of the class above its own."""

_CLASSES: Final = tuple(PriorityClass)


class Place(NamedTuple):
    """What a task asks of whoever takes it; empty words ask for nothing."""

    queue_id: int
    region: str = ""
    skill: str = ""
    level: int = 0

    def describe(self) -> str:
        """Return what it asks for in words, "" for nothing."""
        asked = [f"region {self.region}"] if self.region else []
        if self.skill:
            asked.append(f"{self.skill} {self.level}")
        return ", ".join(asked)


class Lack(StrEnum):
    """What a person lacks to take the tasks of a lane."""

    REGION = "REGION"
    SKILL = "SKILL"
    LEVEL = "LEVEL"


@dataclass(frozen=True, slots=True)
class Taker:
    """What a person brings along; no regions means all of them."""

    regions: frozenset[str] = frozenset()
    skills: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Aged:
    """The class a task ranks with by now; `since` is empty while it is its own."""

    ranks_with: PriorityClass
    since: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Wip:
    """How many tasks a person holds of a queue, or of all together, and the limit."""

    held: int
    limit: int | None

    @property
    def is_full(self) -> bool:
        """Tell whether one more would be too many."""
        return self.limit is not None and self.held >= self.limit


def rank(
    *, priority: PriorityClass, opened_at: dt.datetime, aging: dt.timedelta
) -> dt.datetime:
    """Return the moment a task is ranked by: the earlier, the sooner it is served.

    A task of class A counts from when it was opened, each class below from `aging`
    later. So a class comes before the next, first come first served within it, and
    nothing starves: what has waited `aging` longer passes a fresh task of the class
    above. The rank never changes while the task waits, so an index can keep it.
    """
    return opened_at + _CLASSES.index(priority) * aging


def age(
    *,
    priority: PriorityClass,
    opened_at: dt.datetime,
    aging: dt.timedelta,
    now: dt.datetime,
) -> Aged:
    """Return the class whose fresh tasks a task passes by now, and since when."""
    own = _CLASSES.index(priority)
    if aging <= dt.timedelta():
        return Aged(priority)
    steps = min(own, max(0, (now - opened_at) // aging))
    if not steps:
        return Aged(priority)
    return Aged(_CLASSES[own - steps], opened_at + steps * aging)


def find_lack(taker: Taker, place: Place) -> Lack | None:
    """Return what keeps a person from a lane, or None: he may serve it."""
    if place.region and taker.regions and place.region not in taker.regions:
        return Lack.REGION
    if not place.skill:
        return None
    level = taker.skills.get(place.skill, 0)
    if not level:
        return Lack.SKILL
    return Lack.LEVEL if level < place.level else None


def explain_lack(taker: Taker, place: Place) -> str:
    """Return the sentence on what keeps a person from a lane, "" where nothing does."""
    match find_lack(taker, place):
        case Lack.REGION:
            yours = ", ".join(sorted(taker.regions))
            return f"It is work of the region {place.region}; yours: {yours}."
        case Lack.SKILL:
            return f"It asks for {place.skill} {place.level}; you have no such skill."
        case Lack.LEVEL:
            level = taker.skills[place.skill]
            return f"It asks for {place.skill} {place.level}; yours is {level}."
        case None:
            return ""
