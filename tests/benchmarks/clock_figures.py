"""The figures of clocks, counted a second time in plain Python, without the product.

`python -m tests.benchmarks.clock_figures LOG.xes.gz [LIMIT]` replays a log with the
demonstration's queues, calendars, routing and escalations, reads what the clocks left
and counts every due moment, warning and breach again: half a minute at a time over the
wall clock of the zone, from the stored hours and the days off alone. Prints JSON; ends
with 1 where a figure differs.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Hours:
    """Working hours as stored: texts of a week, a zone's name, days off."""

    zone: str
    week: Mapping[str, Sequence[Sequence[str]]]
    days_off: frozenset[dt.date]

    def list_spans(self, start: dt.datetime) -> Iterator[tuple[float, float]]:
        """Yield working spans as POSIX seconds, day by day from a moment's own day."""
        here = ZoneInfo(self.zone)
        date = start.astimezone(here).date()
        while True:
            if date not in self.days_off:
                for since, to in self.week.get(str(date.weekday()), ()):
                    yield self._posix(date, since), self._posix(date, to)
            date += DAY

    def _posix(self, date: dt.date, text: str) -> float:
        hours, minutes = (int(part) for part in text.split(":"))
        if hours == 24:
            date, hours = date + DAY, 0
        wall = dt.datetime(
            date.year, date.month, date.day, hours, minutes, tzinfo=ZoneInfo(self.zone)
        )
        return wall.timestamp()


def count_due(
    hours: Hours,
    started: dt.datetime,
    seconds: float,
    halts: Sequence[tuple[dt.datetime, dt.datetime]] = (),
) -> float:
    """Return when so many working seconds are over, as POSIX seconds.

    Working spans are cut by the halts one after the other; nothing is added or moved.
    """
    left = seconds
    for opens, closes in hours.list_spans(started):
        for since, until in _cut(max(opens, started.timestamp()), closes, halts):
            if until - since >= left:
                return since + left
            left -= until - since
    raise AssertionError("unreachable: days never end")


def count_worked(
    hours: Hours,
    started: dt.datetime,
    ended: dt.datetime,
    halts: Sequence[tuple[dt.datetime, dt.datetime]] = (),
) -> float:
    """Return the working seconds between two moments, without the halts."""
    total = 0.0
    for opens, closes in hours.list_spans(started):
        if opens >= ended.timestamp():
            return total
        low, high = max(opens, started.timestamp()), min(closes, ended.timestamp())
        total += sum(until - since for since, until in _cut(low, high, halts))
    raise AssertionError("unreachable: days never end")


def _cut(
    since: float, until: float, halts: Sequence[tuple[dt.datetime, dt.datetime]]
) -> Iterator[tuple[float, float]]:
    for low, high in halts:
        begin, end = low.timestamp(), high.timestamp()
        if end <= since or begin >= until:
            continue
        if begin > since:
            yield since, begin
        since = max(since, min(end, until))
    if since < until:
        yield since, until


def compare() -> dict[str, Any]:
    """Compare what is stored with what is counted here; return counts and differences.

    Each task is taken twice: as it was replayed, and with two pauses cut out of its
    life, which the product's clock reads from events and this module cuts from spans.
    """
    from django.db import connection  # noqa: PLC0415

    counts: Counter[str] = Counter()
    wrong: list[str] = []
    hours = _read_hours()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.id, t.opened_at, t.warn_at, t.due_at, t.breached_at,"
            " t.decided_at, e.terms::text,"
            " (SELECT count(*) FROM review_clockrecord r WHERE r.task_id = t.id"
            "  AND r.is_breach), t.escalations"
            " FROM review_task t JOIN review_clockevent e"
            " ON e.task_id = t.id AND e.kind = 'START' ORDER BY t.id"
        )
        rows = cursor.fetchall()
    for row in rows:
        task, opened, warn, due, breached, decided, text, records, escalated = row
        terms = json.loads(text)
        calendar = hours[terms["calendar"]]
        goal = terms["goal"] / 1_000_000
        found = {
            "due": (due, count_due(calendar, opened, goal)),
            "warning": (
                warn,
                count_due(calendar, opened, terms["steps"][0][3] / 1_000_000),
            ),
        }
        for name, (stored, counted) in found.items():
            if abs(stored.timestamp() - counted) > 0.001:
                wrong.append(f"task {task}: {name} {stored}, counted {counted}")
        late = decided is not None and count_worked(calendar, opened, decided) > goal
        if decided is not None and late != (breached is not None):
            wrong.append(f"task {task}: breached {breached}, counted {late}")
        if decided is not None and records != int(late):
            wrong.append(f"task {task}: {records} records of its breach")
        wrong += _compare_paused(
            task, opened, ended=decided or due, goal=goal, terms=terms, hours=calendar
        )
        counts["clocks"] += 1
        counts["breaches"] += int(late)
        counts["escalated"] += int(escalated > 0)
        counts["with a calendar"] += int(bool(terms["calendar"]))
    return {**counts, "differences": len(wrong), "first": wrong[:5]}


def _compare_paused(
    task: int,
    opened: dt.datetime,
    *,
    ended: dt.datetime,
    goal: float,
    terms: Mapping[str, Any],
    hours: Hours,
) -> Iterable[str]:
    from review.core.clocks.clocks import Event, read_clock  # noqa: PLC0415
    from review.core.states import ClockEventKind  # noqa: PLC0415
    from review.operations.clocks.calendars import find_labeled  # noqa: PLC0415

    life = max(ended - opened, dt.timedelta(minutes=5))
    halts = [
        (opened + life / 7, opened + life / 7 * 2),
        (opened + life / 2, opened + life / 3 * 2),
    ]
    events = [Event(ClockEventKind.START, opened)]
    for since, until in halts:
        events += [
            Event(ClockEventKind.PAUSE, since, "information"),
            Event(ClockEventKind.RESUME, until),
        ]
    end = opened + life
    reading = read_clock(
        events,
        goal=dt.timedelta(seconds=goal),
        calendar=find_labeled(terms["calendar"]).hours,
        now=end,
    )
    worked = count_worked(hours, opened, end, halts)
    due = count_due(hours, opened, goal, halts)
    if abs(reading.elapsed.total_seconds() - worked) > 0.001:
        yield f"task {task}: {reading.elapsed} elapsed with pauses, counted {worked}"
    if reading.due_at is None or abs(reading.due_at.timestamp() - due) > 0.001:
        yield f"task {task}: due {reading.due_at} with pauses, counted {due}"


def _read_hours() -> dict[str, Hours]:
    from django.db import connection  # noqa: PLC0415

    found = {
        "": Hours(
            "UTC", {str(day): [["00:00", "24:00"]] for day in range(7)}, frozenset()
        )
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.key || ' v' || v.version, v.zone, v.hours::text, v.days_off"
            " FROM review_calendarversion v JOIN review_calendar c"
            " ON c.id = v.calendar_id"
        )
        for label, zone, week, days_off in cursor.fetchall():
            found[label] = Hours(zone, json.loads(week), frozenset(days_off))
    return found


def main(log: Path, limit: int | None) -> int:
    """Replay a log on servers of its own and compare; return the exit code."""
    from django.core.management import call_command  # noqa: PLC0415

    from review.demo import cast  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    cast.set_stage()
    out = io.StringIO()
    words = [str(log), "--definition", "travel-declaration", "--json"]
    # What was stuck is told below.
    with contextlib.suppress(SystemExit):
        call_command(
            "replay_log",
            *words,
            *(["--limit", str(limit)] if limit else []),
            stdout=out,
        )
    told = json.loads(out.getvalue())
    figures = compare()
    print(json.dumps({"replay": told, "clocks": figures}, indent=2))
    return int(bool(figures["differences"] or told["stuck"]))


if __name__ == "__main__":
    import os

    from tests.benchmarks.ours import environment
    from tests.benchmarks.servers import bench_servers

    with bench_servers() as bench:
        os.environ.update(environment(bench, "clock_figures"))
        import django

        django.setup()
        most = int(sys.argv[2]) if len(sys.argv) > 2 else None
        code = main(Path(sys.argv[1]), most)
    raise SystemExit(code)
