"""Explain a clock: every turn of it, its stretches, its rungs, and where time went.

Read from what was kept, under the terms pinned when it started: nothing is decided
again, and a calendar that changed since moves nothing here either.
"""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from review.core.clocks.clocks import Event, Reading, list_halts
from review.core.clocks.durations import Halt, Happening, Times, find_holds, split
from review.core.clocks.ladders import BREACH
from review.core.states import ClockEventKind
from review.core.tasks import holding
from review.core.tasks.holding import Told
from review.dashboards.said import Said, read_said
from review.dashboards.sql import read_json, read_row, read_rows
from review.operations.clocks import clock_rows
from review.operations.clocks.clock_rows import Kept, Owner
from workflows.core.calendars import business_time_between, is_working
from workflows.operations.errors import NotFound

_TASK: Final = """
    SELECT t.id, t.instance_id, t.step_id, t.title, t.state, t.opened_at, t.warn_at,
        t.due_at, t.breached_at, t.seats, q.lease_seconds, q.name AS queue_name,
        coalesce(t.decided_at, t.canceled_at) AS ended_at, c.clock::text AS terms,
        clock_timestamp() AS now
    FROM review_task t
    JOIN review_queue q ON q.id = t.queue_id
    JOIN review_taskcontent c ON c.task_id = t.id
    WHERE t.id = %(id)s
"""
_INSTANCE: Final = """
    SELECT c.instance_id, c.state, c.due_at, c.breached_at, c.ended_at,
        i.business_key AS title, clock_timestamp() AS now
    FROM review_instanceclock c JOIN workflows_instance i ON i.id = c.instance_id
    WHERE c.instance_id = %(id)s
"""
_EVENTS: Final = """
    SELECT e.kind, e.at, e.reason, e.due_at, e.instance_id AS chain,
        coalesce(a.entry, '') AS entry,
        coalesce(a.entry::jsonb ->> 'actor_name', a.actor) AS actor
    FROM review_clockevent e
    LEFT JOIN workflows_auditentry a ON a.chain = e.instance_id AND a.seq = e.audit_seq
    WHERE e.instance_id = %(instance)s AND e.task_id IS NOT DISTINCT FROM %(task)s
    ORDER BY e.id
"""
_RECORDS: Final = """
    SELECT cycle, rung, words, is_breach, reached_at, noticed_at, did
    FROM review_clockrecord
    WHERE instance_id = %(instance)s AND task_id IS NOT DISTINCT FROM %(task)s
    ORDER BY id
"""
_HAPPENED: Final = """
    SELECT kind, actor, coalesce(occurred_at, at) AS at, entry
    FROM workflows_auditentry
    WHERE chain = %(chain)s AND step_id = %(step)s
      AND (kind LIKE 'task.%%' OR kind LIKE 'verdict.%%')
    ORDER BY seq
"""


@dataclasses.dataclass(frozen=True, slots=True)
class TurnSeen:
    """One event of the clock, with who turned it and when due was thereafter."""

    kind: ClockEventKind
    at: dt.datetime
    reason: str
    actor: str
    due_at: dt.datetime | None


@dataclasses.dataclass(frozen=True, slots=True)
class Stretch:
    """A span of the clock: its wall time, split into working and other hours."""

    since: dt.datetime
    until: dt.datetime
    is_open: bool
    is_running: bool
    reason: str
    wall: dt.timedelta
    working: dt.timedelta

    @property
    def idle(self) -> dt.timedelta:
        """Return the part outside working hours, in which no clock runs."""
        return self.wall - self.working


@dataclasses.dataclass(frozen=True, slots=True)
class RungSeen:
    """One rung: where it lies now, and when it was reached and noticed, and what came."""

    words: str
    is_breach: bool
    lies_at: dt.datetime | None
    reached_at: dt.datetime | None
    noticed_at: dt.datetime | None
    did: str


@dataclasses.dataclass(frozen=True, slots=True)
class Trace:
    """A clock explained; `reading` is None for a task that has no clock.

    `wall` and `business` are where a task's time went, by two measures; a whole
    instance has none. `pins` name the policies that its goal and its ladder come from.
    """

    owner: Owner
    title: str
    now: dt.datetime
    problem: str
    sla: str
    calendar: str
    zone: str
    is_working_now: bool
    is_stopped: bool
    breached_at: dt.datetime | None
    reading: Reading | None
    turns: Sequence[TurnSeen]
    stretches: Sequence[Stretch]
    rungs: Sequence[RungSeen]
    wall: Times | None
    business: Times | None
    pins: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def explain_clock(task_id: int) -> Trace:
    """Explain the clock of a task. Raises NotFound."""
    row = read_row(_TASK, {"id": task_id})
    if row is None:
        raise NotFound(f"There is no task {task_id}.")
    owner = Owner(row.instance_id, row.id)
    terms = read_json(row.terms) or {}
    kept = clock_rows.load(owner)
    if kept is None and row.due_at is not None:
        kept = _adopted(row, terms)
    wall, business = _times(row, kept)
    return _trace(
        owner, row, kept, problem=terms.get("problem", ""), times=(wall, business)
    )


def explain_instance_clock(instance_id: UUID) -> Trace:
    """Explain the clock of a whole instance. Raises NotFound where it has none."""
    row = read_row(_INSTANCE, {"id": instance_id})
    if row is None:
        raise NotFound(f"The instance {instance_id} has no clock of its own.")
    owner = Owner(row.instance_id)
    kept = clock_rows.load(owner)
    return _trace(owner, row, kept, problem="", times=(None, None))


def _trace(
    owner: Owner,
    row: Any,
    kept: Kept | None,
    *,
    problem: str,
    times: tuple[Times | None, Times | None],
) -> Trace:
    now = row.now
    keys = {"instance": owner.instance_id, "task": owner.task_id}
    seen = read_rows(_EVENTS, keys)
    said = read_said(seen)
    reading = kept.read(row.ended_at or now) if kept else None
    wall, business = times
    return Trace(
        owner=owner,
        title=row.title,
        now=now,
        problem=problem,
        sla=kept.sla if kept else "",
        calendar=kept.calendar.label if kept else "",
        zone=kept.calendar.hours.zone if kept else "UTC",
        is_working_now=bool(kept and is_working(kept.calendar.hours, now)),
        is_stopped=row.ended_at is not None,
        breached_at=row.breached_at,
        reading=reading,
        turns=[
            TurnSeen(
                ClockEventKind(one.kind),
                one.at,
                one.reason or _typed_reason(one, said),
                one.actor or "",
                one.due_at,
            )
            for one in seen
        ],
        stretches=_stretches(kept, reading, end=row.ended_at or now),
        rungs=_rungs(kept, reading, read_rows(_RECORDS, keys)),
        wall=wall,
        business=business,
        pins=kept.pins if kept else {},
    )


def _typed_reason(event: Any, said: Said) -> str:
    """Return why somebody set a clock anew: his words stand with the entry alone."""
    if event.kind != ClockEventKind.RESET or not event.entry:
        return ""
    told = said.open(event.chain, read_json(event.entry).get("detail", {}))
    reason = told.get("reason", "")
    return reason if isinstance(reason, str) else ""


def _stretches(
    kept: Kept | None, reading: Reading | None, *, end: dt.datetime
) -> list[Stretch]:
    if kept is None or reading is None:
        return []
    return [
        Stretch(
            since=span.since,
            until=span.until or max(end, span.since),
            is_open=span.until is None,
            is_running=span.is_running,
            reason=span.reason,
            wall=(span.until or max(end, span.since)) - span.since,
            working=span.business,
        )
        for span in reading.spans
        # A clock that was stopped with its task does not go on standing.
        if span.until is not None or span.is_running or span.since < end
    ]


def _rungs(
    kept: Kept | None, reading: Reading | None, records: Sequence[Any]
) -> list[RungSeen]:
    """Return the rungs of this cycle in order, and breaches of earlier ones before."""
    if kept is None or reading is None:
        return []
    found = {one.rung: one for one in records if one.cycle == kept.cycle}
    earlier = [
        RungSeen(
            words=f"{one.words} (cycle {one.cycle})",
            is_breach=one.is_breach,
            lies_at=one.reached_at,
            reached_at=one.reached_at,
            noticed_at=one.noticed_at,
            did=one.did,
        )
        for one in records
        if one.cycle != kept.cycle
    ]
    return earlier + [
        RungSeen(
            words=step.words,
            is_breach=step.act.word == BREACH,
            lies_at=kept.when(step, reading),
            reached_at=found[step.number].reached_at if step.number in found else None,
            noticed_at=found[step.number].noticed_at if step.number in found else None,
            did=found[step.number].did if step.number in found else "",
        )
        for step in kept.steps
    ]


def _times(row: Any, kept: Kept | None) -> tuple[Times, Times]:
    """Return where a task's time went, by the wall clock and in business time."""
    end = row.ended_at or row.now
    happenings = list_happenings(row)
    lease = dt.timedelta(seconds=row.lease_seconds)
    holds = find_holds(happenings, ended_at=end, lease=lease)
    halts = [
        Halt(since, until or end, reason)
        for since, until, reason in (list_halts(kept.events) if kept else ())
    ]
    whole = {
        "opened_at": row.opened_at,
        "ended_at": end,
        "holds": holds,
        "halts": halts,
    }
    wall = split(**whole, measure=lambda since, until: until - since)
    if kept is None:
        return wall, wall
    hours = kept.calendar.hours
    business = split(
        **whole, measure=lambda since, until: business_time_between(hours, since, until)
    )
    return wall, business


def list_happenings(row: Any) -> list[Happening]:
    """Return the turns of a task's holds from its audit entries, oldest first."""
    told = (
        Told(one.kind, one.actor, one.at, read_json(one.entry).get("detail", {}))
        for one in read_rows(_HAPPENED, {"chain": row.instance_id, "step": row.step_id})
        if one.kind in holding.TURNS
    )
    return holding.list_happenings(told, task_id=row.id, is_alone=row.seats == 1)


def _adopted(row: Any, terms: dict[str, Any]) -> Kept:
    clock, pinned = clock_rows.adopt(
        terms=terms, opened_at=row.opened_at, due_at=row.due_at
    )
    start = Event(ClockEventKind.START, clock.started_at)
    return clock_rows.unpack(
        Owner(row.instance_id, row.id), events=(start,), terms=pinned
    )
