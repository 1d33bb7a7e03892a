"""Tests of controls over cases, each one statement for a lot of them. Nothing is written.

A test looks at tasks, verdicts or entries of `cases` and gives a row for each, with
`why` where the control did not hold; one test reads events, and judges them in core.
What it means is said in `asks`; the digest of statement and rules is kept with each
run, so that one can tell whether two runs asked the same.
"""

import dataclasses
import datetime as dt
import hashlib
import inspect
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from types import ModuleType
from typing import Any, Final, NamedTuple
from uuid import UUID

from review.core.clocks import clock_audit, clocks, goals
from review.core.clocks.clock_audit import (
    FindCalendar,
    FindPolicy,
    Marks,
    Text,
    Turn,
    find_fault,
)
from review.core.policies import ladder_policy
from review.core.states import ClockEventKind, PolicyState
from review.dashboards.sql import read_json, read_rows
from review.models import Policy
from workflows.core import calendars

MOST_KEPT: Final = 5_000
"""Exceptions of one test that are kept as rows; all are counted."""

_RUN: Final = """
    WITH cases AS MATERIALIZED (SELECT unnest(%(cases)s::uuid[]) AS id),
    looked AS MATERIALIZED ({looked})
    SELECT count.looked, count.failed, one.instance_id, one.task_id, one.seq, one.why
    FROM (SELECT count(*) AS looked, count(why) AS failed FROM looked) count
    LEFT JOIN LATERAL (
        SELECT * FROM looked WHERE why IS NOT NULL
        ORDER BY instance_id, task_id, seq LIMIT %(most)s) one ON true
"""
# Votes that count: of the last round, not taken back. Who stands in for another is
# that other person too.
_DUAL: Final = """
    SELECT t.instance_id, t.id AS task_id, NULL::integer AS seq, CASE
        WHEN votes.persons < plan.needed THEN format(
            '%%s of %%s persons judged', votes.persons, plan.needed)
        WHEN votes.doubled THEN 'one person counted twice, for himself and for another'
        END AS why
    FROM cases JOIN review_task t ON t.instance_id = cases.id
    JOIN review_taskcontent c ON c.task_id = t.id
    CROSS JOIN LATERAL (SELECT greatest(
        CASE WHEN t.control = 'DUAL' THEN 2 ELSE 1 END,
        coalesce((c.policy #>> '{quorum,needed}')::int, 1)) AS needed) plan
    CROSS JOIN LATERAL (
        SELECT count(DISTINCT v.person_id) AS persons,
            count(DISTINCT v.person_id) + count(v.on_behalf_of_id) > (
                SELECT count(DISTINCT one) FROM review_verdict w
                LEFT JOIN review_verdictundo wu ON wu.verdict_id = w.id,
                    unnest(ARRAY[w.person_id, w.on_behalf_of_id]) one
                WHERE w.task_id = t.id AND w.round = t.round AND wu.verdict_id IS NULL
                  AND w.decision IN ('APPROVE', 'REJECT', 'EDIT_AND_APPROVE')
            ) AS doubled
        FROM review_verdict v LEFT JOIN review_verdictundo u ON u.verdict_id = v.id
        WHERE v.task_id = t.id AND v.round = t.round AND u.verdict_id IS NULL
          AND v.decision IN ('APPROVE', 'REJECT', 'EDIT_AND_APPROVE')) votes
    WHERE t.state = 'DECIDED' AND t.decided_by = 'PEOPLE' AND plan.needed > 1
      AND NOT (t.outcome = 'REJECTED' AND c.policy ->> 'reject_ends' = 'true')
"""
# Judged in core/clocks/clock_audit.py: business time is no matter for SQL.
_CLOCK: Final = """
    WITH cases AS (SELECT unnest(%(cases)s::uuid[]) AS id), clocks AS (
        SELECT t.instance_id, t.id AS task_id, t.due_at AS marked_due, t.breached_at,
            e.id, e.kind, e.at, e.reason, e.due_at, e.terms
        FROM cases JOIN review_task t ON t.instance_id = cases.id
        JOIN review_clockevent e ON e.task_id = t.id
        WHERE t.due_at IS NOT NULL
        UNION ALL
        SELECT c.instance_id, NULL, c.due_at, c.breached_at,
            e.id, e.kind, e.at, e.reason, e.due_at, e.terms
        FROM cases JOIN review_instanceclock c ON c.instance_id = cases.id
        JOIN review_clockevent e ON e.instance_id = cases.id AND e.task_id IS NULL)
    SELECT instance_id, task_id, marked_due, breached_at, kind, at, reason, due_at,
        terms ->> 'goal' AS goal, terms ->> 'calendar' AS calendar,
        terms ->> 'sla' AS sla, terms ->> 'ladder' AS ladder,
        (terms -> 'clock_policy')::text AS clock_policy,
        (terms -> 'ladder_policy')::text AS ladder_policy
    FROM clocks ORDER BY instance_id, task_id NULLS FIRST, id
"""
_RATIONALE: Final = """
    SELECT v.instance_id, v.task_id, v.audit_seq AS seq, CASE
        WHEN v.reason_code <> '' AND words.none AND coalesce(told.asks, EXISTS (
            SELECT FROM review_reasoncode r WHERE r.code = v.reason_code
              AND (r.queue_id = t.queue_id OR r.queue_id IS NULL) AND r.needs_rationale))
            THEN format('the reason %%s asks for words', v.reason_code)
        WHEN v.decision <> 'APPROVE' AND v.reason_code = '' AND words.none
            THEN format('%%s without a reason', lower(replace(v.decision, '_', ' ')))
        WHEN v.decision = 'APPROVE' AND words.none
            AND t.confidence < q.rationale_below
            THEN format('approved at the confidence %%s without words',
                        trim_scale(t.confidence))
        WHEN v.decision = 'APPROVE' AND words.none
            AND t.impact >= q.rationale_above
            THEN format('approved an amount of %%s without words', trim_scale(t.impact))
        END AS why
    FROM cases JOIN review_verdict v ON v.instance_id = cases.id
    JOIN review_task t ON t.id = v.task_id
    JOIN review_queue q ON q.id = t.queue_id
    LEFT JOIN review_verdictundo u ON u.verdict_id = v.id
    -- Words that were erased were there: their commitment stays.
    CROSS JOIN LATERAL (
        SELECT v.rationale = '' AND v.rationale_committed = '' AS none) words
    -- Where a policy rules the reasons: as the version of that time said, not today's.
    LEFT JOIN LATERAL (
        SELECT (SELECT bool_or(coalesce(one ->> 'words', '') = 'yes') FROM
                jsonb_array_elements(p.body -> 'rows') AS codes (one)
                WHERE one ->> 'code' = v.reason_code) AS asks
        FROM review_policy p
        WHERE words.none AND v.reason_code <> '' AND p.queue_id = t.queue_id
          AND p.kind = 'REASONS' AND p.state IN ('IN_FORCE', 'SUPERSEDED')
          AND (p.superseded_at IS NULL OR p.superseded_at > p.effective_at)
          AND (p.version = 1 OR p.effective_at <= v.submitted_at)
        ORDER BY p.version DESC LIMIT 1) told ON true
    WHERE u.verdict_id IS NULL AND v.decision <> 'REQUEST_INFORMATION'
"""
_SELF: Final = """
    SELECT v.instance_id, v.task_id, v.audit_seq AS seq, CASE
        WHEN t.initiator = 'person:' || v.person_id
            THEN format('%%s judged what he had started', v.person_name)
        WHEN t.initiator = 'person:' || v.on_behalf_of_id
            THEN format('%%s judged for who had started it', v.person_name)
        END AS why
    FROM cases JOIN review_verdict v ON v.instance_id = cases.id
    JOIN review_task t ON t.id = v.task_id
    WHERE v.decision IN ('APPROVE', 'REJECT', 'EDIT_AND_APPROVE')
"""
_POLICY: Final = """
    SELECT v.instance_id, v.task_id, v.audit_seq AS seq, CASE
        WHEN v.policy_version IS DISTINCT FROM c.policy ->> 'version'
            THEN format('judged by %%s, opened under %%s', v.policy_version,
                        coalesce(c.policy ->> 'version', 'none'))
        END AS why
    FROM cases JOIN review_verdict v ON v.instance_id = cases.id
    JOIN review_taskcontent c ON c.task_id = v.task_id
"""
_CHAIN: Final = """
    SELECT i.id AS instance_id, NULL::bigint AS task_id, links.bad AS seq, CASE
        WHEN links.bad IS NOT NULL THEN format(
            'entry %%s does not follow, or is not what was hashed', links.bad)
        WHEN links.last IS DISTINCT FROM i.audit_seq
            THEN format('the case counts %%s entries, the chain has %%s',
                        i.audit_seq, coalesce(links.last, 0))
        WHEN links.head IS DISTINCT FROM i.audit_head
            THEN 'the case names another last entry'
        END AS why
    FROM cases JOIN workflows_instance i ON i.id = cases.id
    LEFT JOIN LATERAL (
        SELECT min(e.seq) FILTER (WHERE
                e.seq <> e.place
                OR e.hash <> sha256(convert_to(e.entry, 'UTF8'))
                OR strpos(e.entry, '"prev":"' || encode(coalesce(
                    e.before, decode(repeat('00', 32), 'hex')), 'hex') || '"') = 0
            ) AS bad,
            max(e.seq) AS last,
            (array_agg(e.hash ORDER BY e.seq DESC))[1] AS head
        FROM (
            SELECT a.seq, a.hash, a.entry, lag(a.hash) OVER w AS before,
                row_number() OVER w AS place
            FROM workflows_auditentry a WHERE a.chain = i.id
            WINDOW w AS (ORDER BY a.seq)) e) links ON true
"""


class Fault(NamedTuple):
    """One thing looked at whose control did not hold, and why."""

    instance_id: UUID
    task_id: int | None
    seq: int | None
    why: str


@dataclasses.dataclass(frozen=True, slots=True)
class ControlTest:
    """One test: what it asks, of what, by which statement.

    `judged_by` are the modules that judge what the statement reads; without any the
    statement judges itself.
    """

    code: str
    name: str
    asks: str
    of: str
    statement: str
    judged_by: tuple[ModuleType, ...] = ()

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the statement, and of the rules that judge what it reads."""
        hashed = hashlib.sha256(self.statement.encode())
        for module in self.judged_by:
            hashed.update(inspect.getsource(module).encode())
        return hashed.hexdigest()


TESTS: Final = (
    ControlTest(
        "dual_control",
        "Dual control held",
        "As many different natural persons judged the last round as were asked for.",
        "tasks",
        _DUAL,
    ),
    ControlTest(
        "clock",
        "Clock right",
        "Worked out again from its events and the calendar pinned with it, each clock"
        " gives the due moments that are kept; late is marked where it was, and only"
        " there. Where a policy of the queue gave its goal or ladder, they are what that"
        " version says.",
        "clocks of tasks and cases",
        _CLOCK,
        judged_by=(clock_audit, clocks, goals, ladder_policy, calendars),
    ),
    ControlTest(
        "rationale",
        "Rationale present",
        "A reason or words wherever the decision, its reason or the queue asks for them.",
        "verdicts",
        _RATIONALE,
    ),
    ControlTest(
        "self_approval",
        "No self-approval",
        "Nobody judged what he had started, nor stood in for who had.",
        "votes",
        _SELF,
    ),
    ControlTest(
        "policy",
        "Policy as pinned",
        "Each verdict names the version its task was opened under.",
        "verdicts",
        _POLICY,
    ),
    ControlTest(
        "chain",
        "No gap in any chain",
        "Entries count from 1 without a gap, each names the hash of the one before, each"
        " is what was hashed, and the case names the last.",
        "chains",
        _CHAIN,
    ),
)


@dataclasses.dataclass(frozen=True, slots=True)
class Result:
    """What one test found: how many it looked at, how many did not hold, which."""

    test: ControlTest
    looked: int
    failed: int
    exceptions: Sequence[Fault]


def run_test(
    test: ControlTest, cases: Sequence[UUID], *, find_calendar: FindCalendar
) -> Result:
    """Run one test over these cases."""
    if test.judged_by:
        return _run_clock(test, cases, find_calendar)
    rows = read_rows(
        _RUN.format(looked=test.statement),
        {"cases": list(cases), "most": MOST_KEPT},
    )
    return Result(
        test=test,
        looked=rows[0].looked,
        failed=rows[0].failed,
        exceptions=[
            Fault(row.instance_id, row.task_id, row.seq, row.why)
            for row in rows
            if row.why is not None
        ],
    )


def _run_clock(
    test: ControlTest, cases: Sequence[UUID], find_calendar: FindCalendar
) -> Result:
    rows = read_rows(test.statement, {"cases": list(cases)})
    find_policy = _read_policies(rows)
    looked = 0
    faults: list[Fault] = []
    for (case, task), theirs in groupby(rows, key=attrgetter("instance_id", "task_id")):
        events = list(theirs)
        why = find_fault(
            [_read_turn(row) for row in events],
            Marks(events[0].marked_due, events[0].breached_at),
            find_calendar=find_calendar,
            find_policy=find_policy,
        )
        looked += 1
        if why:
            faults.append(Fault(case, task, None, why))
    return Result(test, looked, len(faults), faults[:MOST_KEPT])


def _read_policies(rows: Sequence[Any]) -> FindPolicy:
    """Return the versions that the terms of these clocks name, by id."""
    pinned = (
        read_json(text)
        for row in rows
        for text in (row.clock_policy, row.ladder_policy)
    )
    found = Policy.objects.filter(pk__in={one["id"] for one in pinned if one})
    texts = {
        one.pk: Text(one.digest, one.body, was_in_force=_was_in_force(one))
        for one in found
    }
    return texts.get


def _was_in_force(policy: Policy) -> bool:
    held = {PolicyState.APPROVED, PolicyState.IN_FORCE, PolicyState.SUPERSEDED}
    since, until = policy.effective_at, policy.superseded_at
    return (
        PolicyState(policy.state) in held
        and since is not None
        and (until is None or since <= until)
    )


def _read_turn(row: Any) -> Turn:
    return Turn(
        kind=ClockEventKind(row.kind),
        at=row.at,
        reason=row.reason,
        due_at=row.due_at,
        goal=dt.timedelta(microseconds=int(row.goal)) if row.goal else None,
        calendar=row.calendar or "",
        sla=row.sla or "",
        ladder=row.ladder or "",
        clock_policy=read_json(row.clock_policy),
        ladder_policy=read_json(row.ladder_policy),
    )


def add_up(found: Iterable[Sequence[Result]]) -> list[Result]:
    """Return the sums of what tests found in several lots of cases, in their order."""
    looked, failed = Counter[str](), Counter[str]()
    kept: dict[str, list[Fault]] = {}
    tests: dict[str, ControlTest] = {}
    for results in found:
        for one in results:
            code = one.test.code
            tests[code] = one.test
            looked[code] += one.looked
            failed[code] += one.failed
            mine = kept.setdefault(code, [])
            mine.extend(one.exceptions[: MOST_KEPT - len(mine)])
    return [
        Result(test, looked[code], failed[code], kept[code])
        for code, test in tests.items()
    ]
