"""Who gets a task that a queue gives out by itself. No storage, no clock, no chance."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from review.core.states import Assignment
from review.core.tasks.routing import Place, Taker, Wip, find_lack


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A reviewer of a queue as the choice sees him.

    `load` is what he holds and has been given in all queues, `turn` rises each time the
    queue gives him something; `is_here`: neither absent nor out of his hours.
    """

    person_id: int
    name: str
    taker: Taker
    is_here: bool = True
    load: int = 0
    limit: int | None = None
    queue_load: int = 0
    queue_limit: int | None = None
    turn: int = 0

    @property
    def has_room(self) -> bool:
        """Tell whether one more task keeps within both limits."""
        return not (
            Wip(self.load, self.limit).is_full
            or Wip(self.queue_load, self.queue_limit).is_full
        )


@dataclass(frozen=True, slots=True)
class Chosen:
    """Who gets it, and the sentence why."""

    person_id: int
    name: str
    why: str


_Key = Callable[[Candidate], tuple[int, ...]]


def _by_turn(one: Candidate) -> tuple[int, ...]:
    return (one.turn, one.person_id)


def _by_load(one: Candidate) -> tuple[int, ...]:
    return (one.load, one.turn, one.person_id)


_WHYS: Final = {
    Assignment.ROUND_ROBIN: "It is {name}'s turn.",
    Assignment.LEAST_LOADED: "{name} has the least to do ({load}).",
    Assignment.SKILL_MATCH: "{name} knows it best ({skill}), with {load} to do.",
}


def choose(
    mode: Assignment,
    candidates: Iterable[Candidate],
    *,
    place: Place,
    excluded: Iterable[int] = (),
    knows: Sequence[int] = (),
) -> Chosen | None:
    """Return who gets a task now, or None: it waits in the pool.

    Nobody gets it who is not here, has no room, is excluded or may not serve its lane.
    Of those left it goes to the first of `knows` (who judged or held the case, last
    first); else by `mode`: round robin to whose turn is longest ago, least loaded,
    or the best level in the lane's skill and among these the least loaded. Equals
    take turns, so that the order of `candidates` never matters.
    """
    barred = frozenset(excluded)
    able = [
        one
        for one in candidates
        if one.is_here
        and one.has_room
        and one.person_id not in barred
        and find_lack(one.taker, place) is None
    ]
    if mode is Assignment.PULL or not able:
        return None
    by_id = {one.person_id: one for one in able}
    for person_id in knows:
        if person_id in by_id:
            name = by_id[person_id].name
            return Chosen(person_id, name, f"{name} knows this case.")
    best = min(able, key=_key(mode, place))
    why = _WHYS[mode].format(
        name=best.name,
        load=best.load,
        skill=f"{place.skill} {best.taker.skills.get(place.skill, 0)}".strip(),
    )
    return Chosen(best.person_id, best.name, why)


def explain_nobody(
    candidates: Iterable[Candidate],
    *,
    place: Place,
    excluded: Iterable[int] = (),
    had: Iterable[int] = (),
) -> str:
    """Return the sentence why none of a queue's reviewers gets a task now.

    Each is counted once, by what keeps him from it longest: he is excluded, cannot
    serve its lane, just `had` it, is not here, has no room.
    """
    barred, before = frozenset(excluded), frozenset(had)
    counts: dict[str, int] = {}
    for one in candidates:
        if one.person_id in barred:
            why = "may not judge it"
        elif find_lack(one.taker, place) is not None:
            why = f"without {place.describe()}"
        elif one.person_id in before:
            why = "just had it"
        elif not one.is_here:
            why = "not here now"
        else:
            why = "with no room for more"
        counts[why] = counts.get(why, 0) + 1
    if not counts:
        return "Nobody reviews this queue."
    told = ", ".join(f"{number} {why}" for why, number in counts.items())
    total = sum(counts.values())
    return f"Nobody can take it now: of {total} reviewer{'s'[: total > 1]} {told}."


def give(candidates: Sequence[Candidate], person_id: int) -> list[Candidate]:
    """Return the candidates as they stand after one of them got a task."""
    turn = max((one.turn for one in candidates), default=0) + 1
    return [
        replace(one, load=one.load + 1, queue_load=one.queue_load + 1, turn=turn)
        if one.person_id == person_id
        else one
        for one in candidates
    ]


def _key(mode: Assignment, place: Place) -> _Key:
    match mode:
        case Assignment.ROUND_ROBIN:
            return _by_turn
        case Assignment.SKILL_MATCH if place.skill:
            return lambda one: (-one.taker.skills.get(place.skill, 0), *_by_load(one))
        case _:
            return _by_load
