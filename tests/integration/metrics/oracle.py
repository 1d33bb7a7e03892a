"""Managers' figures counted a second time: plain Python over rows and entries.

Nothing of the product is imported; only the working hours of stored calendars are read
by the benchmark's own counter. Durations are exact seconds, not buckets.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from tests.benchmarks.clock_figures import Hours, count_worked

TAKING = {
    "task.claimed", "task.begun", "task.resumed", "task.reassigned",
    "task.handed_over", "verdict.undone",
}  # fmt: skip
ENDING = {
    "task.released", "task.parked", "task.skipped", "task.abstained",
    "task.handed_over", "verdict.submitted", "verdict.held",
}  # fmt: skip
LOSING = {
    "task.lapsed", "task.seat_lapsed", "task.reassigned", "task.rebalanced",
    "task.escalated", "task.decided_by_clock",
}  # fmt: skip
REFUSALS = {"reject", "decline", "refuse", "deny", "block", "return"}
Moment = dt.datetime
_TASKS = """
    SELECT t.id, t.instance_id::text, t.step_id, t.node_id, t.state, t.outcome, t.round,
        t.decided_by, t.opened_at, t.first_claimed_at, t.decided_at, t.canceled_at,
        t.due_at, t.breached_at, t.priority_class, t.definition_key, t.seats,
        t.business_key, q.key AS queue, q.lease_seconds, l.region || '/' || l.skill AS team,
        c.proposal::text AS proposal, i.state AS case_state
    FROM review_task t JOIN review_queue q ON q.id = t.queue_id
    JOIN review_lane l ON l.id = t.lane_id
    JOIN workflows_instance i ON i.id = t.instance_id
    LEFT JOIN review_taskcontent c ON c.task_id = t.id ORDER BY t.id
"""


@dataclass
class Seen:
    """One task with all that was found out about it; durations in seconds."""

    row: dict[str, Any]
    ended: Moment | None
    breached: Moment | None
    reassigned: int = 0
    reworked: bool = False
    first_pass: bool = False
    suggested: bool = False
    overturned: bool = False
    wall: dict[str, float] = field(default_factory=dict)
    business: dict[str, float] = field(default_factory=dict)
    pauses: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def begun(self) -> Moment | None:
        found: Moment | None = self.row["first_claimed_at"] or self.ended
        return found


def see_all() -> list[Seen]:
    """Read everything and return each task that was somebody's work."""
    tasks = [row for row in _rows(_TASKS) if row["decided_by"] != "AUTO"]
    entries: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in _rows(
        "SELECT step_id, kind, actor, coalesce(occurred_at, at) AS at, entry"
        " FROM workflows_auditentry WHERE step_id IS NOT NULL ORDER BY chain, seq"
    ):
        row["detail"] = json.loads(row["entry"]).get("detail", {})
        entries[row["step_id"]].append(row)
    clocks: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in _rows(
        "SELECT task_id, kind, at, reason, terms::text FROM review_clockevent"
        " WHERE task_id IS NOT NULL ORDER BY id"
    ):
        clocks[row["task_id"]].append(row)
    records: dict[int, list[Moment]] = defaultdict(list)
    for row in _rows(
        "SELECT task_id, reached_at FROM review_clockrecord WHERE is_breach"
    ):
        records[row["task_id"]].append(row["reached_at"])
    asked = {
        row["task_id"] for row in _rows("SELECT task_id FROM review_informationrequest")
    }
    calendars = _calendars()
    return [
        _see(
            row,
            tasks=tasks,
            entries=entries[row["step_id"]],
            clock=clocks[row["id"]],
            records=records[row["id"]],
            asked=row["id"] in asked,
            calendars=calendars,
        )
        for row in tasks
    ]


def _see(
    row: dict[str, Any],
    *,
    tasks: Sequence[dict[str, Any]],
    entries: Sequence[dict[str, Any]],
    clock: Sequence[dict[str, Any]],
    records: Sequence[Moment],
    asked: bool,
    calendars: dict[str, Hours],
) -> Seen:
    ended = row["decided_at"] or row["canceled_at"]
    moments = [*records, *([row["breached_at"]] if row["breached_at"] else [])]
    seen = Seen(row, ended, min(moments) if moments else None)
    if ended is None:
        return seen
    same = [
        other
        for other in tasks
        if other["id"] != row["id"]
        and other["instance_id"] == row["instance_id"]
        and other["node_id"] == row["node_id"]
    ]
    earlier = any(
        (
            other["decided_at"]
            or other["canceled_at"]
            or Moment.max.replace(tzinfo=dt.UTC)
        )
        <= row["opened_at"]
        for other in same
        if other["id"] < row["id"]
    )
    later = any(o["opened_at"] >= ended for o in same if o["id"] > row["id"])
    kinds = [entry["kind"] for entry in entries]
    seen.reassigned = sum(
        kinds.count(f"task.{word}")
        for word in ("reassigned", "rebalanced", "handed_over")
    )
    seen.reworked = row["round"] > 1 or earlier
    people = row["decided_by"] == "PEOPLE"
    seen.first_pass = people and not (
        seen.reworked or later or asked or "task.disputed" in kinds
    )
    proposal = json.loads(row["proposal"]) if row["proposal"] else None
    if people and isinstance(proposal, dict):
        seen.suggested = True
        word = (
            proposal.get("action")
            or proposal.get("decision")
            or proposal.get("recommendation")
            or ""
        )
        wanted = "REJECTED" if str(word).lower() in REFUSALS else "APPROVED"
        seen.overturned = row["round"] > 1 or row["outcome"] != wanted
    if row["decided_by"]:
        _measure(seen, entries, clock, calendars)
    return seen


def _measure(
    seen: Seen,
    entries: Sequence[dict[str, Any]],
    clock: Sequence[dict[str, Any]],
    calendars: dict[str, Hours],
) -> None:
    """Cut the task's life at every event, and put each piece where it belongs."""
    opened, ended = seen.row["opened_at"], seen.ended
    assert ended is not None
    holds = _holds(seen.row, entries, ended)
    halts = _halts(clock, ended)
    cuts = sorted({
        opened, ended,
        *(at for since, until, _ in holds for at in (since, until)),
        *(at for since, until, _ in halts for at in (since, until)),
    })  # fmt: skip
    pieces = [(a, b) for a, b in itertools.pairwise(cuts) if opened <= a and b <= ended]
    labels = [json.loads(row["terms"]).get("calendar") for row in clock if row["terms"]]
    hours = calendars.get(labels[-1]) if labels and labels[-1] else None
    released = max([
        ended,
        *(e["at"] for e in entries if e["kind"] in {"task.decided", "task.decided_by_clock"}),
    ])  # fmt: skip
    first = min((since for since, _, _ in holds), default=None)

    def wall(a: Moment, b: Moment) -> float:
        return (b - a).total_seconds()

    def worked(a: Moment, b: Moment) -> float:
        return count_worked(hours, a, b) if hours else wall(a, b)

    pauses: dict[str, list[float]] = {}
    for found, ruler in ((seen.wall, wall), (seen.business, worked)):
        sums: dict[str, float] = defaultdict(float)
        for a, b in pieces:
            spent = ruler(a, b)
            standing = [why for since, until, why in halts if since <= a and b <= until]
            if standing:
                sums["paused"] += spent
                pauses.setdefault(standing[0], []).append(spent)
                continue
            sums["lead"] += spent
            if first is None or b <= first:
                sums["queue_wait"] += spent
            else:
                sums["cycle"] += spent
            held = [acted for since, until, acted in holds if since <= a and b <= until]
            sums["handling"] += spent if held else 0
            sums["touch"] += spent if any(held) else 0
        sums["lead"] += ruler(ended, released)
        whole = ("lead", "paused") if first is None else (
            "queue_wait", "cycle", "handling", "touch", "lead", "paused")  # fmt: skip
        found.update({name: sums[name] for name in whole})
        found["whole"] = found["lead"] + found["paused"]
    for why, parts in pauses.items():
        half = len(parts) // 2
        if sum(parts[:half]):
            seen.pauses[why] = (sum(parts[:half]), sum(parts[half:]))


def _holds(
    row: dict[str, Any], entries: Sequence[dict[str, Any]], ended: Moment
) -> list[tuple[Moment, Moment, bool]]:
    """Return (since, until, did something come of it) for each hold."""
    lease = dt.timedelta(seconds=row["lease_seconds"])
    holding: dict[str, Moment] = {}
    done: list[tuple[Moment, Moment, bool]] = []

    def let_go(who: Iterable[str], at: Moment, *, acted: bool) -> None:
        for name in list(who):
            if name in holding:
                since = holding.pop(name)
                done.append((
                    since,
                    max(since, at if acted else min(at, since + lease)),
                    acted,
                ))

    for entry in entries:
        kind, detail, at = entry["kind"], entry["detail"], entry["at"]
        if detail.get("task", row["id"]) != row["id"]:
            continue
        if kind in ENDING:
            let_go(
                [entry["actor"]] if row["seats"] > 1 else list(holding), at, acted=True
            )
        if kind in LOSING or (kind in TAKING | ENDING and "lapsed_from" in detail):
            let_go(list(holding), at, acted=False)
        given = detail.get("to_person")
        if kind in TAKING and (given or detail.get("token")):
            taker = f"person:{given}" if given else entry["actor"]
            let_go([taker], at, acted=False)
            holding[taker] = at
    let_go(list(holding), ended, acted=True)
    return done


def _halts(
    clock: Sequence[dict[str, Any]], ended: Moment
) -> list[tuple[Moment, Moment, str]]:
    stands: tuple[Moment, str] | None = None
    found: list[tuple[Moment, Moment, str]] = []
    for event in clock:
        if event["kind"] in {"PAUSE", "STOP"}:
            stands = stands or (event["at"], event["reason"])
        elif stands:
            found.append((stands[0], event["at"], stands[1]))
            stands = None
    if stands and stands[0] < ended:
        found.append((stands[0], ended, stands[1]))
    return found


def _calendars() -> dict[str, Hours]:
    return {
        row["label"]: Hours(
            row["zone"], json.loads(row["hours"]), frozenset(row["days_off"])
        )
        for row in _rows(
            "SELECT c.key || ' v' || v.version AS label, v.zone, v.hours::text AS hours,"
            " v.days_off FROM review_calendarversion v"
            " JOIN review_calendar c ON c.id = v.calendar_id"
        )
    }


def exact(durations: Iterable[float], percent: int) -> float | None:
    """Return a percentile by the nearest rank: the least that so many do not exceed."""
    ordered = sorted(durations)
    rank = -(-percent * len(ordered) // 100)
    return ordered[max(rank, 1) - 1] if ordered else None


def within(moment: Moment | None, since: Moment, until: Moment) -> bool:
    return moment is not None and since <= moment < until


def tally(tasks: Iterable[Seen], keep: Callable[[Seen], object]) -> int:
    return sum(1 for task in tasks if keep(task))


def _rows(sql: str) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
