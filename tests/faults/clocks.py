"""Wrong clocks: promise 13 with servers an hour off, a database's clock that jumps, and
both changes of summer time. Runs of `make chaos`; each needs libfaketime.
"""

from __future__ import annotations

import datetime as dt
import json
import signal
import time
from typing import Any, Final

from tests.faults.fleet import CREW, Fleet, a_fleet
from tests.faults.scale import scaled
from tests.faults.wrongclocks import MISSING, find_library

Told = dict[str, Any]
Found = tuple[Told, bool | None]

WRONG: Final = {
    "engine-1": "+1h",
    "engine-2": "-1h",
    "services-1": "-1h",
    "services-2": "+1h",
    "sweeper": "+1h",
    "sweeper-2": "-1h",
    "sealer": "-1h",
    "judge": "+1h",
}
TWO_SWEEPERS: Final = {**CREW, "sweeper-2": CREW["sweeper"]}
CHANGES: Final = ("2026-03-29T01:00:00+00:00", "2026-10-25T01:00:00+00:00")
"""Of Europe, in 2026: the hour from 2 to 3 is left out, or comes twice."""
BEFORE_SECONDS: Final = 100
AFTER_SECONDS: Final = 150
PATIENCE_SECONDS: Final = 300.0
LATE_SECONDS: Final = 60.0
"""A wrong clock would make them an hour late; work that waits for others some seconds."""

_FIRED: Final = """
    SELECT kind, count(*) FILTER (WHERE state = 'FIRED'),
        count(*) FILTER (WHERE state = 'ARMED'),
        count(*) FILTER (WHERE fired_at < due_at),
        max(extract(epoch FROM fired_at - greatest(due_at, %s)))::float8
    FROM workflows_timer GROUP BY kind ORDER BY kind
"""
_NOW: Final = "SELECT clock_timestamp()"
# Reckoned by the database from what the cases themselves say, not by the engine.
_DUE_ELSEWHERE: Final = """
    SELECT count(*) FROM workflows_timer t
    LEFT JOIN workflows_instance i ON i.id = t.instance_id
    LEFT JOIN workflows_step s ON s.id = t.step_id
    WHERE (t.node_id = 'alarm' AND t.due_at <> (i.variables->>'moment')::timestamptz)
       OR (t.node_id = 'pause' AND t.due_at <> s.started_at + interval '0.5 seconds')
"""
_BREACHED: Final = """
    SELECT count(*) FILTER (WHERE reached_at = started_at + interval '1 second'),
        max(extract(epoch FROM noticed_at - reached_at))::float8
    FROM review_clockrecord WHERE is_breach
"""
# What stands in `serve_at` is an order: later than it was by a class, on purpose.
_MOMENTS: Final = """
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND data_type = 'timestamp with time zone'
      AND (table_name LIKE 'workflows%' OR table_name LIKE 'review%')
      AND column_name <> 'serve_at'
    ORDER BY 1, 2
"""


def skew() -> Found:
    """13: every process an hour wrong, one way or the other, while timers are due."""
    return _with_library(_skew)


def jump() -> Found:
    """13: the database's clock jumps by an hour; timers wait for a person."""
    return _with_library(_jump)


def summer() -> Found:
    """13: timers, cycles, goals and rungs over both changes of summer time."""
    return _with_library(_summer)


def _with_library(run: Any) -> Found:
    return run() if find_library() else ({"not_run": MISSING}, None)


# --- processes an hour wrong ----------------------------------------------------------


def _skew() -> tuple[Told, bool]:
    cases, alarms, cycles = (scaled(each, least=5) for each in (500, 5000, 20))
    ahead = 25 + alarms / 200  # by then all processes run
    with a_fleet() as fleet:
        fleet.crew, fleet.clocks = dict(TWO_SWEEPERS), WRONG
        ((began,),) = fleet.query(_NOW)
        fleet.run("-m", "tests.faults.judged", "begin", str(cases), clock="-1h")
        fleet.run("-m", "tests.faults.loads", "cycles", str(cycles), clock="+1h")
        fleet.run(
            *("-m", "tests.faults.loads", "timers", str(alarms), str(ahead)),
            clock="-1h",
        )
        ((since,),) = fleet.query(_NOW)
        fleet.tend()
        judge = fleet.program("judge", "-m", "tests.faults.judged", "judge", str(cases))
        fleet.children["judge"] = judge.start()
        expected = cases + alarms + 5 * cycles
        done = "SELECT count(*) FROM workflows_instance WHERE state = 'COMPLETED'"
        seconds = _wait_until(fleet, done, expected)
        told = _count_fired(fleet, since=since)
        ((breached, noticed),) = fleet.query(_BREACHED)
        told |= {
            "breached_after_their_second": breached,
            "breach_noticed_seconds_later": round(noticed or 0.0, 1),
            "expected": expected,
            "completed": fleet.count(done),
            "seconds": seconds,
            "due_at_another_moment": fleet.count(_DUE_ELSEWHERE),
            "wrong_moments_stored": _list_wrong_moments(fleet, began),
            "processes_wrong": len(WRONG),
        }
    return told, (
        told["completed"] == expected
        and told["breached_after_their_second"] == cases
        and told["early"] == told["armed_still"] == told["due_at_another_moment"] == 0
        and told["fired"] == told["entries"] + 5 * cycles  # which have no chain yet
        and not told["wrong_moments_stored"]
        and told["latest_seconds"] < LATE_SECONDS
    )


def _count_fired(fleet: Fleet, *, since: dt.datetime) -> Told:
    """Return what fired, and how late: reckoned from when there was who could fire it."""
    with fleet.postgres.connect() as connection:
        rows = connection.execute(_FIRED, [since]).fetchall()
    return {
        "fired_by_kind": {kind: fired for kind, fired, *_ in rows},
        "fired": sum(row[1] for row in rows),
        "armed_still": sum(row[2] for row in rows),
        "early": sum(row[3] for row in rows),
        "latest_seconds": round(max((row[4] or 0.0 for row in rows), default=0.0), 1),
        "entries": fleet.count(
            "SELECT count(*) FROM workflows_auditentry WHERE kind = 'timer.fired'"
        ),
    }


def _list_wrong_moments(fleet: Fleet, began: Any) -> list[str]:
    """Return every column of the product with a moment that only a wrong clock has."""
    found = []
    with fleet.postgres.connect() as connection:
        for table, column in connection.execute(_MOMENTS).fetchall():
            query = (
                f"SELECT count(*) FROM {table} WHERE {column} <"  # noqa: S608
                f" %s - interval '30 minutes'"
                f" OR {column} > clock_timestamp() + interval '30 minutes'"
            )
            row = connection.execute(query, [began]).fetchone()
            if row is not None and row[0]:
                found.append(f"{table}.{column}: {row[0]}")
    return found


def _wait_until(fleet: Fleet, query: str, count: int) -> float:
    """Look after the fleet until a count is reached; return the seconds it took."""
    began = time.monotonic()
    while fleet.count(query) < count:
        if time.monotonic() - began > PATIENCE_SECONDS:
            break
        fleet.tend()
        time.sleep(0.2)
    return round(time.monotonic() - began, 1)


# --- a database's clock that jumps ----------------------------------------------------


def _jump() -> tuple[Told, bool]:
    soon, later = scaled(200, least=20), scaled(1000, least=50)
    fired = "SELECT count(*) FROM workflows_timer WHERE state = 'FIRED'"
    due = "SELECT count(*) FROM workflows_timer WHERE due_at <= clock_timestamp()"
    with a_fleet(database_clock="+0") as fleet:
        fleet.crew = dict(TWO_SWEEPERS)
        fleet.run("-m", "tests.faults.loads", "timers", str(soon), "15")
        fleet.run("-m", "tests.faults.loads", "timers", str(later), "3000")
        fleet.tend()
        _wait_until(fleet, fired, soon)
        before = fleet.count(fired)
        fleet.set_database_clock("+1h")
        _wait_until(fleet, due, soon + later)
        overdue = fleet.count(due) - before
        time.sleep(5.0)
        # Who comes anew holds them, too; what was seen is in the log, not in a process.
        for name in ("sweeper", "sweeper-2"):
            fleet.children[name].send_signal(signal.SIGKILL)
            fleet.children[name].wait(10)
        fleet.tend()
        time.sleep(10.0)
        held = fleet.count(fired) - before
        entries = _count_entries(fleet)
        ((since,),) = fleet.query(_NOW)
        fleet.run("manage.py", "accept_clock", "--reason", "The hour was missing.")
        seconds = _wait_until(fleet, fired, soon + later)
        told = {
            "timers": soon + later,
            "fired_before": before,
            "overdue_by_the_jump": overdue,
            "fired_while_held": held,
            "entries": entries,
            "seconds_after_acceptance": seconds,
            **_count_fired(fleet, since=since),
        }
    return told, (
        before == soon
        and overdue == later
        and held == 0
        and entries == {"clock.jumped": 1}
        and told["fired"] == told["entries"] == soon + later
        and told["early"] == told["armed_still"] == 0
        and told["latest_seconds"] < LATE_SECONDS
    )


def _count_entries(fleet: Fleet) -> Told:
    return dict(
        fleet.query(
            "SELECT kind, count(*) FROM workflows_auditentry"
            " WHERE kind LIKE 'clock.%' GROUP BY kind"
        )
    )


# --- summer time ----------------------------------------------------------------------


def _summer() -> tuple[Told, bool]:
    told = {change: _over(dt.datetime.fromisoformat(change)) for change in CHANGES}
    return told, all(
        not each["wrong"]
        and each["early"] == 0
        and each["fired"] == each["entries"] > 0
        and each["latest_seconds"] < LATE_SECONDS
        and each["right"].keys() == {"moments", "cycles", "goals", "rungs", "ladders"}
        and each["reached_the_change"]
        for each in told.values()
    )


def _over(change: dt.datetime) -> Told:
    """Let the database live through a change; processes keep this day's clock."""
    words = ("-m", "tests.faults.summer")
    with a_fleet(database_clock="+0") as fleet:
        crew = ("engine-1", "engine-2", "sweeper", "sweeper-2")
        fleet.crew = {name: TWO_SWEEPERS[name] for name in crew}
        offset = change.timestamp() - BEFORE_SECONDS - time.time()
        fleet.set_database_clock(f"{offset:+.0f}")
        time.sleep(2.5)
        fleet.run(*words, "begin", change.isoformat())
        ((begun,),) = fleet.query(_NOW)
        fleet.tend()
        end = change + dt.timedelta(seconds=AFTER_SECONDS)
        while fleet.query(_NOW)[0][0] < end:
            fleet.tend()
            time.sleep(0.5)
        told: Told = json.loads(fleet.run(*words, "compare", change.isoformat()))
    return told | {"reached_the_change": begun < change}
