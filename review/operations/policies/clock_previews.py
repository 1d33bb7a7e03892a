"""Replay the clocks of some weeks under other goals or another ladder. Reads only.

Looked at are the tasks that people decide on and that opened in this queue, wherever
they were moved since. What is proposed is held against what is in force, not against
what stood at the time, so that nothing but the proposal makes a difference.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final

from django.db.models import Q

from review.core.clocks.clocks import Event, Placed, place_clock
from review.core.clocks.goals import ClockError
from review.core.policies.clock_policy import (
    Asked,
    ServiceLevels,
    choose_row,
    list_names,
)
from review.core.policies.clock_previewing import (
    Case,
    ClockPreview,
    LadderPreview,
    Life,
    Plan,
    World,
    preview_clocks,
    preview_ladder,
)
from review.core.states import ClockEventKind, Role
from review.core.tasks.desks import Desk
from review.dashboards.sql import read_json, read_rows
from review.models import Queue, RoleGrant
from review.operations.clocks import calendars, clock_terms
from review.operations.clocks.calendars import NamedCalendar
from review.operations.tasks.desk_words import find_desk
from review.operations.tasks.task_rows import QueueFacts, find_queues
from workflows.core.calendars import BusinessCalendar, CalendarError
from workflows.core.ladders import LadderError
from workflows.store import database_now

LOOKED_AT: Final = 10_000
"""Tasks that one preview replays at most; of more, an even sample by their ids."""

_WHERE: Final = """
    t.opened_at >= %(since)s AND t.control IN ('REVIEW', 'DUAL')
    AND (t.queue_id = %(queue_id)s OR t.escalations > 0)
"""
_COUNT: Final = f"SELECT count(*) AS total FROM review_task t WHERE {_WHERE}"  # noqa: S608
# The START's entry is that of the opening: it has the class and the queue of then.
_LIVES: Final = f"""
    WITH looked AS MATERIALIZED (
        SELECT t.id, t.instance_id, t.queue_id, t.escalations, t.definition_id,
            t.definition_key, t.node_id, t.priority_class, t.opened_at, t.confidence,
            t.impact, t.decided_by, coalesce(t.decided_at, t.canceled_at) AS ended_at
        FROM review_task t
        WHERE {_WHERE} AND (hashint8(t.id)::bigint & 2147483647) %% %(step)s = 0
        LIMIT %(limit)s
    )
    SELECT t.*, turns.kinds, turns.ats, turns.reasons,
        a.entry::jsonb #>> '{{detail,class}}' AS class_then,
        a.entry::jsonb #>> '{{detail,queue}}' AS queue_then,
        a.entry::jsonb #>> '{{detail,routing,lane}}' AS lane,
        (SELECT jsonb_object_agg(n, c.payload -> n) FROM unnest(%(names)s::text[]) n
         WHERE c.payload ? n)::text AS variables
    FROM looked t
    JOIN review_taskcontent c ON c.task_id = t.id
    LEFT JOIN LATERAL (
        SELECT array_agg(e.kind ORDER BY e.id) AS kinds,
            array_agg(e.at ORDER BY e.id) AS ats,
            array_agg(e.reason ORDER BY e.id) AS reasons,
            min(e.audit_seq) FILTER (WHERE e.kind = 'START') AS seq
        FROM review_clockevent e WHERE e.task_id = t.id) turns ON true
    LEFT JOIN workflows_auditentry a
        ON a.chain = t.instance_id AND a.seq = turns.seq AND a.kind = 'task.opened'
"""  # noqa: S608  (put together from constants alone)


@dataclass(frozen=True, slots=True)
class _Rules:
    """What tells a task's terms: the queue's levels, and a ladder instead of its own.

    `problems` takes what rows could not tell of a case.
    """

    facts: QueueFacts
    levels: ServiceLevels
    ladder: str = ""
    problems: list[str] = field(default_factory=list)


def preview_levels(
    *,
    queue: Queue,
    proposed: ServiceLevels,
    weeks: int,
    now: dt.datetime | None = None,
) -> ClockPreview:
    """Return what goals would have made of the clocks of the last weeks."""
    facts = find_queues([queue.key])[queue.key]
    standing = _Rules(facts, clock_terms.get_levels(facts))
    wanted = _Rules(facts, proposed)
    looked = _look(queue, [standing, wanted], weeks, now)
    cases = [
        Case(
            _read_life(row, desk, facts, now=looked.now),
            _plan(row, desk, standing, looked),
            _plan(row, desk, wanted, looked),
        )
        for row, desk in looked.rows
    ]
    return preview_clocks(
        cases, weeks=weeks, total=looked.total, problems=wanted.problems
    )


def preview_words(
    *, queue: Queue, proposed: str, weeks: int, now: dt.datetime | None = None
) -> LadderPreview:
    """Return what a ladder, in words, would have set off in the last weeks."""
    facts = find_queues([queue.key])[queue.key]
    standing = _Rules(facts, clock_terms.get_levels(facts))
    wanted = replace(standing, ladder=proposed)
    looked = _look(queue, [standing], weeks, now)
    ruled = [(row, desk) for row, desk in looked.rows if not desk.ladder]
    cases = [
        Case(
            _read_life(row, desk, facts, now=looked.now),
            _plan(row, desk, standing, looked),
            _plan(row, desk, wanted, looked),
        )
        for row, desk in ruled
    ]
    total = round(looked.total * len(ruled) / len(looked.rows)) if looked.rows else 0
    named = (desk.escalate_to for _, desk in ruled if desk.escalate_to)
    world = _read_world(queue, escalates_to=facts.escalate_to or next(named, ""))
    found = preview_ladder(
        cases, proposed=proposed, weeks=weeks, total=total, world=world
    )
    found.aside = looked.total - total
    return found


@dataclass(frozen=True, slots=True)
class _Looked:
    """The tasks of a sample that opened in the queue, and how many there are in all."""

    rows: Sequence[tuple[Any, Desk]]
    total: int
    now: dt.datetime
    find_calendar: Callable[[str], NamedCalendar]


def _look(
    queue: Queue, rules: Sequence[_Rules], weeks: int, now: dt.datetime | None
) -> _Looked:
    moment = now or database_now()
    where = {"queue_id": queue.id, "since": moment - dt.timedelta(weeks=weeks)}
    total = read_rows(_COUNT, where)[0].total
    names = {name for one in rules for name in list_names(one.levels)}
    found = read_rows(
        _LIVES,
        {
            **where,
            "step": max(1, -(-total // LOOKED_AT)),
            "limit": LOOKED_AT + 5000,
            "names": sorted(names),
        },
    )
    here = [
        (row, desk)
        for row in found
        if (desk := find_desk(row.definition_id, row.node_id)) is not None
        and _opened_in(row, desk, queue) == queue.key
    ]
    facts = rules[0].facts
    keys = {desk.calendar for _, desk in here}
    keys |= {row.calendar for one in rules for row in one.levels.rows}
    named = calendars.find_calendars(keys - {""})
    return _Looked(
        rows=here,
        # Of the tasks not looked at, as many opened here as of these.
        total=round(total * len(here) / len(found)) if found else 0,
        now=moment,
        find_calendar=lambda key: named.get(key) or facts.calendar,
    )


def _opened_in(row: Any, desk: Desk, queue: Queue) -> str:
    """Return the key of the queue a task opened in."""
    if row.queue_then:
        return str(row.queue_then)
    return queue.key if row.queue_id == queue.id and not row.escalations else desk.queue


def _read_life(row: Any, desk: Desk, facts: QueueFacts, *, now: dt.datetime) -> Life:
    """Return a task's clock as it ran; one that ran none is taken to have run through."""
    lane = read_json(row.lane) or {}
    events = tuple(
        Event(ClockEventKind(kind), at, reason)
        for kind, at, reason in zip(
            row.kinds or (), row.ats or (), row.reasons or (), strict=True
        )
    ) or (Event(ClockEventKind.START, row.opened_at),)
    is_over = row.ended_at is not None
    until = row.ended_at or now
    if is_over and events[-1].kind is ClockEventKind.STOP:
        until = min(until, events[-1].at)
    return Life(
        task_class=row.class_then or row.priority_class,
        events=events,
        until=until,
        is_over=is_over,
        is_ended_by_clock=row.decided_by == "CLOCK",
        region=str(lane.get("region", "")),
        skill=str(lane.get("skill", "")),
        level=int(lane.get("level", 0)),
        escalates_to=desk.escalate_to or facts.escalate_to,
    )


def _plan(row: Any, desk: Desk, rules: _Rules, looked: _Looked) -> Plan | None:
    """Return the terms a task would start by, as clock_terms finds them; None: none."""
    ladder = rules.ladder or clock_terms.choose_ladder(desk, rules.facts)[0]
    words, number = (desk.sla, desk.warn, desk.calendar), 0
    if rules.levels.rows:
        chosen = choose_row(
            rules.levels,
            Asked(
                task_class=row.class_then or row.priority_class,
                process=row.definition_key,
                step=row.node_id,
                has_goal=bool(desk.sla),
                variables={
                    **(read_json(row.variables) or {}),
                    "confidence": row.confidence,
                    "impact": row.impact,
                },
            ),
        )
        rules.problems.extend(chosen.problems)
        if found := chosen.row:
            words, number = (found.goal, found.warn, found.calendar), found.number
    sla, warn, key = words
    hours = looked.find_calendar(key).hours
    placed = _place(sla, warn, ladder, hours) if sla else None
    return Plan(placed, hours, number) if placed else None


@lru_cache(maxsize=512)
def _place(sla: str, warn: str, ladder: str, hours: BusinessCalendar) -> Placed | None:
    try:
        return place_clock(sla=sla, warn=warn, calendar=hours, ladder=ladder)
    except (ClockError, LadderError, CalendarError):
        return None  # a step's words that cannot be read run no clock


def _read_world(queue: Queue, *, escalates_to: str) -> World:
    """Return what a ladder's acts meet in a queue as things stand."""
    grants = RoleGrant.objects.filter(
        Q(queue=queue) | Q(queue=None), revoked_at__isnull=True
    ).select_related("person")
    by_role: dict[str, dict[int, str]] = {}
    for grant in grants:
        by_role.setdefault(grant.role, {})[grant.person_id] = grant.person.name
    managers: Mapping[int, str] = by_role.get(Role.MANAGER.value, {})
    return World(
        queue=queue.key,
        escalates_to=escalates_to,
        owner=queue.owner.name if queue.owner else "",
        managers=tuple(sorted(managers.values())),
        reviewers=len(by_role.get(Role.REVIEWER.value, {})),
        queues=frozenset(Queue.objects.values_list("key", flat=True)),
    )
