"""Route cases as their tasks open: lane, class, queue, exclusions, and who gets them.

Set-based: the number of statements does not grow with the cases. What a rule means is
in core/tasks/rules.py, whom a queue pushes work to in core/tasks/assigning.py.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final
from uuid import UUID

from django.urls import reverse

from review.core.notices.notices import Notice
from review.core.states import Assignment, PolicyKind, PriorityClass
from review.core.tasks.assigning import Candidate, Chosen, choose, give
from review.core.tasks.desks import Decide, Desk
from review.core.tasks.exclusions import Conflicts, find_conflicts
from review.core.tasks.routing import Place
from review.core.tasks.rules import Route, Ruleset, Words, read_rules, route
from review.models import Policy
from review.operations.notices.notifying import tell
from review.operations.people.staff import Member, find_knowers, list_staff
from review.operations.tasks.task_rows import (
    Destination,
    OpenedTask,
    QueueFacts,
    find_queues,
)
from workflows.core.feel import from_feel
from workflows.driver import run

_KEEP_TURNS: Final = """
    INSERT INTO review_turn (queue_id, person_id, number)
    SELECT v.queue_id, v.person_id, v.number
    FROM unnest(%(queues)s::bigint[], %(people)s::bigint[], %(numbers)s::bigint[])
      AS v(queue_id, person_id, number)
    ON CONFLICT (queue_id, person_id)
    DO UPDATE SET number = greatest(review_turn.number, excluded.number)
"""
NO_RULES: Final = Ruleset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A case that asks for people, before it is known whose it is.

    `barred` are whom four eyes exclude. `waits` tells that people must decide, now:
    what the grid settles and what is replayed is given to nobody.
    """

    instance_id: UUID
    business_key: str
    desk: Desk
    queue: QueueFacts
    variables: Mapping[str, object]
    priority: PriorityClass
    decide: Decide | None
    barred: Sequence[int]
    waits: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """All that a route is found from; `decision` names the step's own, `decide` is it."""

    words: Words
    decision: str
    decide: Decide | None
    variables: Mapping[str, object]
    ruleset: Ruleset


@dataclass(frozen=True, slots=True)
class Routed:
    """Where an arrival goes; `exclude` is pinned to be asked again at each claim."""

    queue: QueueFacts
    priority: PriorityClass
    destination: Destination
    exclude: Sequence[Mapping[str, str]] = ()


class _Staff:
    """The reviewers, read when the first case asks for them and kept as work is given."""

    def __init__(self, now: dt.datetime) -> None:
        self._now = now
        self._members: list[Member] | None = None
        self._by_queue: dict[int, list[Candidate]] = {}
        self._loads: dict[int, int] = {}
        self.turns: dict[tuple[int, int], int] = {}

    @property
    def members(self) -> list[Member]:
        if self._members is None:
            self._members = list_staff(now=self._now)
        return self._members

    def list_candidates(self, queue: QueueFacts) -> list[Candidate]:
        if queue.id is None:
            return []
        if queue.id not in self._by_queue:
            self._by_queue[queue.id] = [
                one.as_candidate(queue_id=queue.id, queue_limit=queue.wip_limit)
                for one in self.members
                if one.reviews(queue.id)
            ]
        # What other queues gave him in this batch counts as well.
        return [
            replace(one, load=self._loads.get(one.person_id, one.load))
            for one in self._by_queue[queue.id]
        ]

    def give(self, queue: QueueFacts, person_id: int) -> None:
        assert queue.id is not None
        after = give(self.list_candidates(queue), person_id)
        self._by_queue[queue.id] = after
        chosen = next(one for one in after if one.person_id == person_id)
        self._loads[person_id] = chosen.load
        self.turns[queue.id, person_id] = chosen.turn


def route_many(arrivals: Sequence[Arrival], *, now: dt.datetime) -> list[Routed]:
    """Return where each arrival goes, in order. Writes nothing but whose turn it was."""
    routes = [_route(one) for one in arrivals]
    queues = _find_targets(arrivals, routes)
    staff = _Staff(now)
    knowers = _find_knowers(arrivals, routes, queues)
    routed = [
        _settle(
            one,
            way,
            queue=queues[way.queue or one.queue.key],
            staff=staff,
            knows=knowers.get(one.instance_id, ()),
            now=now,
        )
        for one, way in zip(arrivals, routes, strict=True)
    ]
    keep_turns(staff.turns)
    return routed


def pin(routed: Routed) -> dict[str, object]:
    """Return what the task's policy keeps, to be asked again at each claim."""
    if not routed.exclude:
        return {}
    return {"exclude": list(routed.exclude)}


def tell_assigned(opened: Iterable[OpenedTask]) -> None:
    """Tell each person once what was given to him of what was just written."""
    given: dict[int, list[OpenedTask]] = {}
    for one in opened:
        if one.destination.assigned_to is not None:
            given.setdefault(one.destination.assigned_to, []).append(one)
    for person_id, tasks in given.items():
        first = tasks[0]
        more = f" and {len(tasks) - 1} more" if len(tasks) > 1 else ""
        tell(
            persons=[person_id],
            kind=Notice.ASSIGNED,
            title=f"Given to you: {first.assessment.title}{more}",
            text=f"It waits for you in {first.queue.key} until it goes back to the pool.",
            url=reverse("task-detail", args=[first.task_id]),
            instance_id=first.request.instance_id,
            key=f"assigned:{first.task_id}:open",
        )


def keep_turns(turns: Mapping[tuple[int, int], int]) -> None:
    """Write whose turn it was: numbers by queue and person."""
    if not turns:
        return
    # In one order, so that two transactions that give work out cannot deadlock.
    rows = sorted((*key, number) for key, number in turns.items())
    run(
        _KEEP_TURNS,
        {
            "queues": [row[0] for row in rows],
            "people": [row[1] for row in rows],
            "numbers": [row[2] for row in rows],
        },
    )


def get_rules(queue: QueueFacts) -> Ruleset:
    """Return the rules in force for a queue; they are read once for each version."""
    held = queue.in_force.get(PolicyKind.ROUTING)
    return NO_RULES if held is None else _load_rules(held.id, held.version, held.digest)


@lru_cache(maxsize=256)
def _load_rules(policy_id: int, version: int, digest: str) -> Ruleset:
    # A version's body never changes, and the digest is part of the cache's key.
    body = Policy.objects.values_list("body", flat=True).get(id=policy_id)
    return read_rules(body, version=f"{version}")


def find_route(ask: Ask) -> Route:
    """Return where a case goes by a step's words, its decision and a queue's rules."""
    answer, problems = _ask(ask)
    found = route(
        words=ask.words,
        ruleset=ask.ruleset,
        variables=ask.variables,
        answer=answer,
    )
    return replace(found, problems=(*problems, *found.problems)) if problems else found


def _route(one: Arrival) -> Route:
    return find_route(
        Ask(
            words=one.desk.words,
            decision=one.desk.routing,
            decide=one.decide,
            variables=one.variables,
            ruleset=get_rules(one.queue),
        )
    )


def _ask(ask: Ask) -> tuple[object, tuple[str, ...]]:
    """Return what the step's DMN decision on routing answers, and its problems."""
    if not ask.decision:
        return None, ()
    if ask.decide is None:
        return None, (f"The definition has no decision {ask.decision!r}.",)
    decided = ask.decide(ask.variables)
    return from_feel(decided.value), tuple(decided.messages)


def _find_targets(
    arrivals: Iterable[Arrival], routes: Iterable[Route]
) -> dict[str, QueueFacts]:
    known = {one.queue.key: one.queue for one in arrivals}
    others = sorted({way.queue for way in routes if way.queue} - set(known))
    return known | (find_queues(others) if others else {})


def _find_knowers(
    arrivals: Sequence[Arrival],
    routes: Sequence[Route],
    queues: Mapping[str, QueueFacts],
) -> dict[UUID, list[int]]:
    asked = {
        (one.instance_id, one.business_key)
        for one, way in zip(arrivals, routes, strict=True)
        if one.waits
        and (queue := queues[way.queue or one.queue.key]).assignment
        is not Assignment.PULL
        and queue.is_sticky
    }
    return find_knowers(sorted(asked)) if asked else {}


def _settle(
    one: Arrival,
    way: Route,
    *,
    queue: QueueFacts,
    staff: _Staff,
    knows: Sequence[int],
    now: dt.datetime,
) -> Routed:
    conflicts = Conflicts({})
    if way.exclusions:
        conflicts = find_conflicts(
            way.exclusions,
            people=[member.person for member in staff.members],
            payload=one.variables,
        )
    priority = way.priority or one.priority
    excluded = sorted({*one.barred, *conflicts.excluded})
    chosen = None
    if one.waits and queue.assignment is not Assignment.PULL and queue.id is not None:
        chosen = choose(
            queue.assignment,
            staff.list_candidates(queue),
            place=Place(queue.id, way.region, way.skill, way.level),
            excluded=excluded,
            knows=knows,
        )
        if chosen is not None:
            staff.give(queue, chosen.person_id)
    until = now + dt.timedelta(seconds=queue.assign_seconds) if chosen else None
    return Routed(
        queue=queue,
        priority=priority,
        destination=Destination(
            region=way.region,
            skill=way.skill,
            level=way.level,
            excluded=excluded,
            assigned_to=chosen.person_id if chosen else None,
            assigned_until=until,
            record=make_record(
                way, conflicts, chosen, until, version=get_rules(one.queue).version
            ),
        ),
        exclude=[{"by": each.by, "text": each.text} for each in way.exclusions],
    )


def make_record(
    way: Route,
    conflicts: Conflicts,
    chosen: Chosen | None,
    until: dt.datetime | None,
    *,
    version: str,
) -> dict[str, object]:
    """Return what the task keeps of its routing, and its entry says; {} for nothing."""
    lane = {"region": way.region, "skill": way.skill, "level": way.level}
    assigned: dict[str, object] = {}
    if chosen and until:
        assigned = {
            "person": chosen.person_id,
            "name": chosen.name,
            "why": chosen.why,
            "until": until.isoformat(),
        }
    told: dict[str, object] = {
        "lane": {word: value for word, value in lane.items() if value},
        "queue": way.queue,
        "class": way.priority.value if way.priority else "",
        "rules": version,
        "matches": [match.to_json() for match in way.matches],
        "excluded": {str(key): why for key, why in conflicts.excluded.items()},
        "assigned": assigned,
        "problems": [*way.problems, *conflicts.problems],
    }
    return {word: value for word, value in told.items() if value}
