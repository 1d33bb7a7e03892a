"""Tests of controls over all cases of a selection, each one statement. Nothing is written.

A test looks at tasks, verdicts or entries of `cases` and gives a row for each, with
`why` where the control did not hold. What it means is said in `asks`; the statement's
digest is kept with each run, so that one can tell whether two runs asked the same.
"""

import dataclasses
import hashlib
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from review.dashboards.sql import read_rows

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
_CLOCK: Final = """
    SELECT t.instance_id, t.id AS task_id, NULL::integer AS seq, CASE
        WHEN turns.first <> 'START' THEN 'the clock never started'
        WHEN turns.halts NOT BETWEEN turns.resumes AND turns.resumes + 1
            THEN 'pauses and resumptions do not match'
        WHEN t.breached_at IS NOT NULL AND t.breached_at < turns.began
            THEN 'marked late before the clock began'
        WHEN t.breached_at IS NULL AND turns.stopped > turns.stop_due
            THEN 'stopped after the due moment, not marked late'
        WHEN t.breached_at IS NOT NULL AND turns.stopped < turns.stop_due
            AND t.breached_at > turns.stopped
            THEN 'marked late, stopped before the due moment'
        END AS why
    FROM cases JOIN review_task t ON t.instance_id = cases.id
    CROSS JOIN LATERAL (
        SELECT (array_agg(e.kind ORDER BY e.id))[1] AS first, min(e.at) AS began,
            count(*) FILTER (WHERE e.kind = 'PAUSE') AS halts,
            count(*) FILTER (WHERE e.kind = 'RESUME' AND e.before = 'PAUSE') AS resumes,
            max(e.at) FILTER (WHERE e.kind = 'STOP' AND e.is_last) AS stopped,
            max(e.due_before) FILTER (WHERE e.kind = 'STOP' AND e.is_last) AS stop_due
        FROM (
            SELECT c.id, c.kind, c.at,
                lag(c.kind) OVER w AS before, lag(c.due_at) OVER w AS due_before,
                row_number() OVER (ORDER BY c.id DESC) = 1 AS is_last
            FROM review_clockevent c WHERE c.task_id = t.id
            WINDOW w AS (ORDER BY c.id)) e) turns
    WHERE t.due_at IS NOT NULL AND turns.first IS NOT NULL
"""
_RATIONALE: Final = """
    SELECT v.instance_id, v.task_id, v.audit_seq AS seq, CASE
        WHEN v.reason_code <> '' AND words.none AND EXISTS (
            SELECT FROM review_reasoncode r WHERE r.code = v.reason_code
              AND (r.queue_id = t.queue_id OR r.queue_id IS NULL) AND r.needs_rationale)
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


@dataclasses.dataclass(frozen=True, slots=True)
class ControlTest:
    """One test: what it asks, of what, by which statement."""

    code: str
    name: str
    asks: str
    of: str
    statement: str

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the statement."""
        return hashlib.sha256(self.statement.encode()).hexdigest()


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
        "Each clock started, its halts match, and late is marked where it stopped late.",
        "tasks with a due moment",
        _CLOCK,
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
    exceptions: Sequence[Any]


def run_test(test: ControlTest, cases: Sequence[UUID]) -> Result:
    """Run one test over these cases."""
    rows = read_rows(
        _RUN.format(looked=test.statement),
        {"cases": list(cases), "most": MOST_KEPT},
    )
    return Result(
        test=test,
        looked=rows[0].looked,
        failed=rows[0].failed,
        exceptions=[row for row in rows if row.why is not None],
    )
