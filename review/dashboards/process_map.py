"""What really happened in cases of a process, for the mined map: variants and times.

Read from the newest MOST cases of a period. Counting is core/figures/mining.py's.
"""

import dataclasses
import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from review.core.figures.mining import END, START, Pair, Variant
from review.dashboards.processes import CASES, Process
from review.dashboards.sql import read_rows
from workflows.core.bpmn.following import HIDDEN

MOST: Final = 20_000
LISTED: Final = 200
"""Cases of one edge or variant that a page lists."""

_HIDDEN: Final = sorted(kind.value for kind in HIDDEN)
_VARIANTS: Final = f"""
    WITH {CASES}, traces AS (
        SELECT c.id, c.ended_at IS NOT NULL AS has_ended,
            coalesce(array_agg(e.node_id ORDER BY e.audit_seq)
                FILTER (WHERE e.node_id IS NOT NULL), '{{}}') AS trace,
            extract(epoch FROM CASE WHEN c.occurred_at IS NULL THEN c.ended_at
                ELSE max(e.ended_at) END
                - coalesce(c.occurred_at, c.started_at))::float8 AS seconds
        FROM cases c LEFT JOIN ends e ON e.instance_id = c.id
        GROUP BY c.id, c.ended_at, c.occurred_at, c.started_at
    )
    SELECT trace, has_ended, count(*) AS cases,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS seconds
    FROM traces GROUP BY trace, has_ended
"""  # noqa: S608  (a constant)
_NEXT: Final = """
    SELECT instance_id, node_id, ended_at, case_began, audit_seq,
        lag(node_id) OVER steps AS before, lag(ended_at) OVER steps AS before_at,
        lead(node_id) OVER steps AS after
    FROM ends WHERE node_id = ANY(%(kept)s)
    WINDOW steps AS (PARTITION BY instance_id ORDER BY audit_seq)
"""
_TIMES: Final = f"""
    WITH {CASES}
    SELECT coalesce(before, %(start)s) AS source, node_id AS target,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(
            epoch FROM ended_at - coalesce(before_at, case_began))::float8) AS seconds
    FROM ({_NEXT}) steps GROUP BY 1, 2
"""  # noqa: S608  (a constant)
_OF_EDGE: Final = f"""
    WITH {CASES}, found AS (
        SELECT DISTINCT instance_id FROM ({_NEXT}) steps
        WHERE CASE WHEN %(target)s = %(end)s
            THEN node_id = %(source)s AND after IS NULL
            ELSE node_id = %(target)s AND coalesce(before, %(start)s) = %(source)s END
    )
    SELECT c.* FROM cases c JOIN found f ON f.instance_id = c.id
    WHERE %(target)s <> %(end)s OR c.ended_at IS NOT NULL
    ORDER BY c.started_at DESC, c.id DESC LIMIT %(limit)s
"""  # noqa: S608  (a constant)
_OF_VARIANT: Final = f"""
    WITH {CASES}, found AS (
        SELECT instance_id FROM ends GROUP BY instance_id
        HAVING array_agg(node_id ORDER BY audit_seq) = %(trace)s::varchar[]
    )
    SELECT c.* FROM cases c JOIN found f ON f.instance_id = c.id
    WHERE (c.ended_at IS NOT NULL) = %(has_ended)s
    ORDER BY c.started_at DESC, c.id DESC LIMIT %(limit)s
"""  # noqa: S608  (a constant)
# What people did beside the model; these kinds are rare and have an index of their own.
_ACTS: Final = f"""
    WITH {CASES}
    SELECT e.kind, count(*) AS times, count(DISTINCT e.chain) AS cases
    FROM workflows_auditentry e
    WHERE e.kind = ANY(%(kinds)s) AND e.actor LIKE 'person:%%'
      AND e.chain IN (SELECT id FROM cases)
    GROUP BY e.kind ORDER BY times DESC, e.kind
"""  # noqa: S608  (a constant)
ACTS: Final[Mapping[str, str]] = {
    "step.skipped": "Steps that people skipped",
    "step.moved": "Tokens that people moved",
    "step.variables_edited": "Edits of a step's variables",
    "instance.variables_edited": "Edits of an instance's variables",
    "instance.migrated": "Instances taken to another version",
    "incident.resolved": "Incidents that people resolved",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Act:
    """How often people intervened in one way."""

    kind: str
    label: str
    times: int
    cases: int


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """Which cases are mined."""

    process: Process
    since: dt.datetime

    @property
    def values(self) -> dict[str, object]:
        """Return the parameters of CASES."""
        return {
            **self.process.scope,
            "since": self.since,
            "sample": MOST,
            "hidden": _HIDDEN,
        }


def read_variants(asked: Question) -> list[Variant]:
    """Return how the cases went, with everything that they completed."""
    return [
        Variant(tuple(row.trace), row.cases, row.has_ended, row.seconds)
        for row in read_rows(_VARIANTS, asked.values)
    ]


def read_times(asked: Question, *, kept: Collection[str]) -> dict[Pair, float]:
    """Return the median seconds from the end of one activity to that of the next."""
    rows = read_rows(_TIMES, {**asked.values, "kept": sorted(kept), "start": START})
    return {(row.source, row.target): row.seconds for row in rows}


def list_cases_of_edge(
    asked: Question, pair: Pair, *, kept: Collection[str]
) -> list[Any]:
    """Return the newest cases in which one activity directly followed the other."""
    words = {"start": START, "end": END, "source": pair[0], "target": pair[1]}
    return read_rows(
        _OF_EDGE,
        {**asked.values, **words, "kept": sorted(kept), "limit": LISTED + 1},
    )


def list_cases_of_variant(
    asked: Question, trace: Sequence[str], *, has_ended: bool
) -> list[Any]:
    """Return the newest cases that went exactly this way."""
    return read_rows(
        _OF_VARIANT,
        {
            **asked.values,
            "trace": list(trace),
            "has_ended": has_ended,
            "limit": LISTED + 1,
        },
    )


def read_acts(asked: Question) -> list[Act]:
    """Return how often people intervened in the cases, by kind."""
    rows = read_rows(_ACTS, {**asked.values, "kinds": list(ACTS)})
    return [Act(row.kind, ACTS[row.kind], row.times, row.cases) for row in rows]
