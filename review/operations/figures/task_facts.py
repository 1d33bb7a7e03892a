"""Find what tasks add to managers' figures, many at a time, from the truth alone.

Nothing here is written; core/figures/facts.py says what is counted.
"""

import datetime as dt
import functools
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from review.core.clocks.clocks import Event, list_halts
from review.core.clocks.durations import Halt, find_holds
from review.core.clocks.durations import Measure as Ruler
from review.core.figures.facts import (
    CLASS_CELLS,
    DISPUTED,
    GIVEN,
    RELEASED,
    Fact,
    Lengths,
    Life,
    measure_life,
)
from review.core.states import ClockEventKind
from review.core.tasks.holding import TURNS, Told, list_happenings
from review.dashboards.audit_conditions import OVERTURNED
from review.dashboards.sql import read_json, read_rows
from review.operations.clocks import calendars
from workflows.core.calendars import CalendarError, business_time_between

_MAKE_CLASS_CELLS: Final = f"""
    INSERT INTO review_rollupcell
        (id, queue_id, task_class, definition_key, node_id, region, skill)
    SELECT v.id, NULL, v.name, '', '', '', ''
    FROM (VALUES {", ".join(f"({cell}, '{name}')" for name, cell in CLASS_CELLS.items())})
        AS v(id, name)
    WHERE NOT EXISTS (SELECT FROM review_rollupcell c WHERE c.id = v.id)
    ON CONFLICT DO NOTHING
    RETURNING id
"""  # noqa: S608
_MAKE_CELLS: Final = """
    INSERT INTO review_rollupcell
        (queue_id, task_class, definition_key, node_id, region, skill)
    SELECT DISTINCT t.queue_id, t.priority_class, t.definition_key, t.node_id,
        l.region, l.skill
    FROM review_task t JOIN review_lane l ON l.id = t.lane_id
    WHERE t.id = ANY(%(ids)s) AND t.decided_by IS DISTINCT FROM 'AUTO'
      AND NOT EXISTS (
        SELECT FROM review_rollupcell c
        WHERE c.queue_id = t.queue_id AND c.task_class = t.priority_class
          AND c.definition_key = t.definition_key AND c.node_id = t.node_id
          AND c.region = l.region AND c.skill = l.skill)
    ON CONFLICT DO NOTHING
    RETURNING id
"""
# Earlier and later are tasks of the same step in the same case, one after the other:
# those that are open side by side are neither.
_TASKS: Final = f"""
    SELECT t.id, t.instance_id, t.step_id, cell.id AS cell_id, t.priority_class,
        t.state, t.seats,
        t.round, t.opened_at, t.first_claimed_at, t.decided_by, q.lease_seconds,
        coalesce(t.decided_at, t.canceled_at) AS ended_at,
        least(t.breached_at, (
            SELECT min(r.reached_at) FROM review_clockrecord r
            WHERE r.task_id = t.id AND r.is_breach)) AS breached_at,
        EXISTS (SELECT FROM review_task e
                WHERE e.instance_id = t.instance_id AND e.node_id = t.node_id
                  AND e.id < t.id
                  AND coalesce(e.decided_at, e.canceled_at) <= t.opened_at)
            AS has_earlier,
        EXISTS (SELECT FROM review_task e
                WHERE e.instance_id = t.instance_id AND e.node_id = t.node_id
                  AND e.id > t.id
                  AND e.opened_at >= coalesce(t.decided_at, t.canceled_at))
            AS has_later,
        EXISTS (SELECT FROM review_informationrequest r WHERE r.task_id = t.id)
            AS was_asked,
        coalesce(p.is_suggested, false) AS is_suggested,
        coalesce(p.is_overturned, false) AS is_overturned
    FROM review_task t
    JOIN review_queue q ON q.id = t.queue_id
    JOIN review_lane l ON l.id = t.lane_id
    JOIN review_rollupcell cell
      ON cell.queue_id = t.queue_id AND cell.task_class = t.priority_class
     AND cell.definition_key = t.definition_key AND cell.node_id = t.node_id
     AND cell.region = l.region AND cell.skill = l.skill
    LEFT JOIN LATERAL (
        SELECT jsonb_typeof(c.proposal) = 'object' AS is_suggested,
            {OVERTURNED} AS is_overturned
        FROM review_taskcontent c WHERE c.task_id = t.id
    ) p ON t.decided_by = 'PEOPLE'
    WHERE t.id = ANY(%(ids)s) AND t.decided_by IS DISTINCT FROM 'AUTO'
"""  # noqa: S608  (constants)
_ENTRIES: Final = """
    SELECT a.step_id, a.kind, a.actor, coalesce(a.occurred_at, a.at) AS at,
        CASE WHEN a.kind = ANY(%(turns)s) THEN a.entry END AS entry
    FROM unnest(%(chains)s::uuid[]) AS v(chain)
    JOIN workflows_auditentry a ON a.chain = v.chain
    WHERE a.kind = ANY(%(kinds)s) AND a.step_id = ANY(%(steps)s)
    ORDER BY a.chain, a.seq
"""
_CLOCKS: Final = """
    SELECT task_id, kind, at, reason, terms ->> 'calendar' AS calendar
    FROM review_clockevent WHERE task_id = ANY(%(ids)s) ORDER BY id
"""
_KINDS: Final = sorted(TURNS | GIVEN | RELEASED | {DISPUTED})


def find_facts(task_ids: Sequence[int]) -> dict[int, Fact]:
    """Return the facts of tasks by id, as they are committed now; makes their cells.

    Work that the grid decided alone, and tasks that are gone, have none.
    """
    if not task_ids:
        return {}
    keys = {"ids": list(task_ids)}
    read_rows(_MAKE_CLASS_CELLS, {})
    read_rows(_MAKE_CELLS, keys)
    rows = read_rows(_TASKS, keys)
    ended = [row for row in rows if row.ended_at is not None]
    told: dict[int, list[Told]] = defaultdict(list)
    turns: dict[int, list[Any]] = defaultdict(list)
    if ended:
        told = _read_entries(ended)
        for one in read_rows(_CLOCKS, {"ids": [row.id for row in ended]}):
            turns[one.task_id].append(one)
    rulers = functools.cache(_find_ruler)
    return {
        row.id: _fact(row, told[row.step_id], turns[row.id], rulers)
        if row.ended_at is not None
        else _live_fact(row)
        for row in rows
    }


def _read_entries(rows: Sequence[Any]) -> dict[int, list[Told]]:
    found: dict[int, list[Told]] = defaultdict(list)
    for one in read_rows(
        _ENTRIES,
        {
            "chains": list({row.instance_id for row in rows}),
            "steps": [row.step_id for row in rows],
            "kinds": _KINDS,
            "turns": sorted(TURNS),
        },
    ):
        entry = read_json(one.entry)
        detail = entry.get("detail", {}) if entry else {}
        found[one.step_id].append(Told(one.kind, one.actor, _utc(one.at), detail))
    return found


def _live_fact(row: Any) -> Fact:
    begun = row.first_claimed_at
    breached = row.breached_at
    return Fact(
        task_id=row.id,
        cell_id=row.cell_id,
        task_class=row.priority_class,
        state=row.state,
        opened_at=_utc(row.opened_at),
        begun_at=None if begun is None else _utc(begun),
        breached_at=None if breached is None else _utc(breached),
    )


def _fact(row: Any, told: Sequence[Told], turns: Sequence[Any], rulers: Any) -> Fact:
    kinds = [one.kind for one in told]
    wall, business = Lengths(), Lengths()
    pauses: dict[str, tuple[int, int]] = {}
    ended = _utc(row.ended_at)
    if row.decided_by is not None:
        wall, business, pauses = measure_life(
            _read_life(row, told, turns),
            business=rulers(_last_calendar(turns)),
        )
    by_people = row.decided_by == "PEOPLE"
    is_reworked = row.round > 1 or row.has_earlier
    return Fact(
        task_id=row.id,
        cell_id=row.cell_id,
        task_class=row.priority_class,
        state=row.state,
        opened_at=_utc(row.opened_at),
        begun_at=_utc(row.first_claimed_at or ended),
        ended_at=ended,
        breached_at=None if row.breached_at is None else _utc(row.breached_at),
        is_decided=by_people,
        is_reworked=is_reworked,
        is_first_pass=by_people
        and not (is_reworked or row.has_later or row.was_asked or DISPUTED in kinds),
        is_suggested=row.is_suggested,
        is_overturned=row.is_overturned,
        reassigned=sum(kind in GIVEN for kind in kinds),
        wall=wall,
        business=business,
        pauses=pauses,
    )


def _read_life(row: Any, told: Sequence[Told], turns: Sequence[Any]) -> Life:
    ended = _utc(row.ended_at)
    released = [one.at for one in told if one.kind in RELEASED]
    holds = find_holds(
        list_happenings(told, task_id=row.id, is_alone=row.seats == 1),
        ended_at=ended,
        lease=dt.timedelta(seconds=row.lease_seconds),
    )
    events = [
        Event(ClockEventKind(one.kind), _utc(one.at), one.reason) for one in turns
    ]
    return Life(
        opened_at=_utc(row.opened_at),
        ended_at=ended,
        released_at=max([ended, *released]),
        was_claimed=bool(holds),
        holds=holds,
        halts=[
            Halt(since, until or ended, reason)
            for since, until, reason in list_halts(events)
        ],
    )


def _last_calendar(turns: Sequence[Any]) -> str:
    """Return the calendar by which the clock counted last, "" for around the clock."""
    return next((one.calendar for one in reversed(turns) if one.calendar), "")


def _find_ruler(label: str) -> Ruler | None:
    """Return what measures business time by a calendar, None for every hour."""
    try:
        calendar = calendars.find_labeled(label)
    except CalendarError:
        return None
    if not calendar.key:
        return None
    return functools.partial(business_time_between, calendar.hours)


def _utc(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC)
