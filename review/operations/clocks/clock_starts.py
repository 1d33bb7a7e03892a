"""Clocks of tasks that open, and of tasks that are withdrawn: many at a time."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.db import connection

from review.core.clocks.clocks import Clock, start_clock
from review.core.clocks.goals import ClockError
from review.operations.clocks import clock_rows
from review.operations.clocks.clock_rows import Owner
from review.operations.clocks.clock_terms import Terms
from review.operations.clocks.clocks import KIND, timer_ref
from review.operations.tasks.task_rows import OpenedTask
from workflows.core.calendars import CalendarError
from workflows.core.ladders import LadderError
from workflows.operations import timers

_CANCEL_TIMERS: Final = """
    UPDATE workflows_timer t SET state = 'CANCELED', audit_seq = v.audit_seq
    FROM unnest(%s::text[], %s::int[]) AS v(ref, audit_seq)
    WHERE t.kind = %s AND t.ref = v.ref AND t.state = 'ARMED'
"""
_STOP: Final = """
    INSERT INTO review_clockevent (instance_id, task_id, kind, at, reason, audit_seq)
    SELECT t.instance_id, t.id, 'STOP', %s, 'withdrawn', v.audit_seq
    FROM unnest(%s::bigint[], %s::int[]) AS v(id, audit_seq)
    JOIN review_task t ON t.id = v.id
    WHERE t.due_at IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Begun:
    """A clock that starts with its task, or why there is none; `terms` for the task."""

    clock: Clock | None = None
    terms: Mapping[str, object] = field(default_factory=dict)
    pinned: Mapping[str, object] = field(default_factory=dict)


def begin(terms: Terms, *, opened_at: dt.datetime) -> Begun:
    """Start the clock of these words; what cannot be read leaves a task without one."""
    if not terms.sla:
        return Begun()
    sla, warn, calendar = terms.sla, terms.warn, terms.calendar
    try:
        clock = start_clock(
            started_at=opened_at,
            sla=sla,
            warn=warn,
            calendar=calendar.hours,
            ladder=terms.ladder,
        )
    except (ClockError, LadderError, CalendarError) as error:
        problem = {"sla": sla, "warn": warn, "problem": str(error)}
        return Begun(terms={**problem, **terms.pins})
    told = clock_rows.describe(clock, sla=sla, warn=warn, calendar=calendar)
    return Begun(
        clock=clock,
        terms={**told, **terms.pins},
        pinned={**clock_rows.pin(clock, sla=sla, calendar=calendar), **terms.pins},
    )


def write_starts(tasks: Sequence[OpenedTask], *, seqs: Sequence[int]) -> None:
    """Write the START events of opened tasks and arm their timers, set-based."""
    timed = [
        (one, one.clock, seq)
        for one, seq in zip(tasks, seqs, strict=True)
        if one.output is None and one.clock is not None
    ]
    if not timed:
        return
    clock_rows.write_starts([
        (Owner(one.request.instance_id, one.task_id), clock, "", one.pinned, seq)
        for one, clock, seq in timed
    ])
    timers.arm_many([
        (
            one.request.instance_id,
            one.step_id,
            KIND,
            timer_ref(one.task_id),
            "{}",
            clock.first_at,
            seq,
        )
        for one, clock, seq in timed
        # A replayed past runs no clock of today: its verdict settles it.
        if not one.request.occurred_at
    ])


def withdraw(rows: Sequence[tuple[int, int]], *, now: dt.datetime) -> None:
    """End the clocks of withdrawn tasks; rows are (task, its entry's place)."""
    if not rows:
        return
    ids, seqs = [row[0] for row in rows], [row[1] for row in rows]
    with connection.cursor() as cursor:
        cursor.execute(_CANCEL_TIMERS, [[timer_ref(task) for task in ids], seqs, KIND])
        cursor.execute(_STOP, [now, ids, seqs])
