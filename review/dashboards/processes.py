"""Numbers of one process by node: what stands there now, and what passed lately.

Each reads a fixed number of statements however many instances there are. What stands now
is counted whole; what passed is measured on the newest SAMPLE cases of the period.
"""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

from review.dashboards.sql import OVERDUE, read_row, read_rows

SAMPLE: Final = 5_000

_VERSIONS: Final = """
    SELECT id, key, version, name, description, owner, process_id, deployed_at,
        retiring_at, retired_at
    FROM workflows_definition WHERE key = %(key)s ORDER BY version_order DESC
"""
# A task that somebody has in hand is being worked on; the engine only waits for it.
_STANDING: Final = f"""
    SELECT s.node_id, count(*) AS live,
        count(*) FILTER (WHERE s.state IN ('READY', 'RUNNING')
            OR t.lease_until > %(now)s) AS active,
        count(*) FILTER (WHERE s.state = 'WAITING'
            AND (t.lease_until IS NULL OR t.lease_until <= %(now)s)) AS waiting,
        count(*) FILTER (WHERE s.state = 'INCIDENT') AS incidents,
        count(*) FILTER (WHERE {OVERDUE.format(now="%(now)s")}) AS breached,
        percentile_cont(0.85) WITHIN GROUP (
            ORDER BY extract(epoch FROM %(now)s - s.started_at)::float8) AS age
    FROM workflows_step s
    JOIN workflows_instance i ON i.id = s.instance_id
    LEFT JOIN review_task t ON t.step_id = s.id
        AND t.state IN ('OPEN', 'CLAIMED', 'WAITING')
    WHERE i.definition_id = ANY(%(definition_ids)s) AND i.process_id = ANY(%(mains)s)
      AND i.state IN ('ACTIVE', 'SUSPENDED')
      AND s.state IN ('READY', 'RUNNING', 'WAITING', 'INCIDENT')
      AND NOT jsonb_exists(s.data, 'loop')
    GROUP BY s.node_id
"""  # noqa: S608  (a constant)
_TOTALS: Final = """
    SELECT count(*) FILTER (WHERE state = 'ACTIVE') AS active,
        count(*) FILTER (WHERE state = 'SUSPENDED') AS suspended,
        count(*) FILTER (WHERE ended_at >= %(since)s) AS ended,
        count(*) FILTER (WHERE started_at >= %(since)s) AS started
    FROM workflows_instance
    WHERE definition_id = ANY(%(definition_ids)s) AND process_id = ANY(%(mains)s)
      AND (state IN ('ACTIVE', 'SUSPENDED') OR started_at >= %(since)s
           OR ended_at >= %(since)s)
"""
# Steps are looked up case by case (OFFSET keeps it so): few cases of very many are
# read. The business time of a replayed fact stands with its entry; when such a step began
# nobody wrote down, so it lasts from what ended before it.
CASES: Final = """
    cases AS MATERIALIZED (
        SELECT i.id, i.business_key, i.state, i.occurred_at, i.started_at, i.ended_at
        FROM workflows_instance i
        WHERE i.definition_id = ANY(%(definition_ids)s)
          AND i.process_id = ANY(%(mains)s) AND i.started_at >= %(since)s
        ORDER BY i.started_at DESC, i.id DESC LIMIT %(sample)s
    ), ends AS MATERIALIZED (
        SELECT c.id AS instance_id, s.node_id, s.audit_seq, s.started_at,
            c.occurred_at IS NOT NULL AS is_replayed,
            CASE WHEN c.occurred_at IS NULL THEN s.ended_at ELSE coalesce((
                SELECT e.occurred_at FROM workflows_auditentry e
                WHERE e.chain = c.id AND e.seq = s.audit_seq), s.ended_at)
            END AS ended_at,
            coalesce(c.occurred_at, c.started_at) AS case_began
        FROM cases c CROSS JOIN LATERAL (
            SELECT * FROM workflows_step s
            WHERE s.instance_id = c.id AND s.state = 'COMPLETED'
              AND s.kind <> ALL(%(hidden)s) AND NOT jsonb_exists(s.data, 'loop')
            OFFSET 0) s
    )
"""
_PASSED: Final = f"""
    WITH {CASES}
    SELECT node_id, count(*) AS passed, count(DISTINCT instance_id) AS cases,
        percentile_cont(ARRAY[0.5, 0.85]) WITHIN GROUP (
            ORDER BY extract(epoch FROM ended_at - CASE WHEN is_replayed
                THEN coalesce(before, case_began) ELSE started_at END)::float8) AS seconds
    FROM (
        SELECT *, lag(ended_at) OVER (PARTITION BY instance_id ORDER BY audit_seq)
            AS before
        FROM ends) steps
    GROUP BY node_id
"""  # noqa: S608  (a constant)
_OVERVIEW: Final = f"""
    SELECT d.key,
        count(*) FILTER (WHERE i.state IN ('ACTIVE', 'SUSPENDED')) AS live,
        count(*) FILTER (WHERE EXISTS (
            SELECT FROM workflows_incident c
            WHERE c.instance_id = i.id AND c.state = 'OPEN')) AS incidents,
        count(*) FILTER (WHERE EXISTS (
            SELECT FROM review_task t
            WHERE t.instance_id = i.id AND t.state IN ('OPEN', 'CLAIMED', 'WAITING')
              AND {OVERDUE.format(now="statement_timestamp()")})) AS breached
    FROM workflows_definition d
    JOIN workflows_instance i ON i.definition_id = d.id
    WHERE i.state IN ('ACTIVE', 'SUSPENDED') GROUP BY d.key
"""  # noqa: S608  (a constant)


@dataclasses.dataclass(frozen=True, slots=True)
class Process:
    """Versions of one process that are looked at together, the newest first."""

    key: str
    versions: Sequence[Any]
    chosen: Sequence[Any]

    @property
    def newest(self) -> Any:
        """Return the newest of the versions that are looked at."""
        return self.chosen[0]

    @property
    def scope(self) -> dict[str, object]:
        """Return the parameters that statements of this module share."""
        return {
            "definition_ids": [row.id for row in self.chosen],
            "mains": sorted({row.process_id for row in self.chosen}),
        }


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """What stands at one node now; `age` is the p85 of how long."""

    live: int
    active: int
    waiting: int
    incidents: int
    breached: int
    age: dt.timedelta


@dataclasses.dataclass(frozen=True, slots=True)
class Passed:
    """What went through one node lately, and how long it stayed there."""

    times: int
    cases: int
    median: dt.timedelta
    p85: dt.timedelta


def find_process(key: str, *, version: str = "") -> Process | None:
    """Return a process with the version that is looked at, else all of its versions.

    None where there is no such key, or no such version of it.
    """
    versions = read_rows(_VERSIONS, {"key": key})
    chosen = [row for row in versions if row.version == version or not version]
    return Process(key, versions, chosen) if chosen else None


def read_standing(process: Process, *, now: dt.datetime) -> dict[str, Standing]:
    """Return what stands at each node where anything does."""
    return {
        row.node_id: Standing(
            live=row.live,
            active=row.active,
            waiting=row.waiting,
            incidents=row.incidents,
            breached=row.breached,
            age=dt.timedelta(seconds=row.age),
        )
        for row in read_rows(_STANDING, {**process.scope, "now": now})
    }


def read_passed(
    process: Process, *, since: dt.datetime, hidden: Sequence[str] = ()
) -> dict[str, Passed]:
    """Return what passed each node in the newest cases that began since a moment."""
    rows = read_rows(
        _PASSED,
        {**process.scope, "since": since, "sample": SAMPLE, "hidden": list(hidden)},
    )
    return {
        row.node_id: Passed(
            times=row.passed,
            cases=row.cases,
            median=dt.timedelta(seconds=row.seconds[0]),
            p85=dt.timedelta(seconds=row.seconds[1]),
        )
        for row in rows
    }


def read_totals(process: Process, *, since: dt.datetime) -> Any:
    """Return how many instances run, and how many began and ended since a moment."""
    return read_row(_TOTALS, {**process.scope, "since": since})


def read_overview() -> dict[str, Any]:
    """Return live instances of each process: all, in incident, with breached work."""
    return {row.key: row for row in read_rows(_OVERVIEW, {})}
