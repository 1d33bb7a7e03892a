"""Replay the work of some weeks under other quorum rules of a queue. Reads only.

Looked at are the queue's tasks that people decide on. Class, process, step and impact
are those they opened with. Who could approve are the queue's reviewers of today, here
or away: not who started the case, nor whom a conflict of interest excluded.
"""

import datetime as dt
from typing import Any, Final

from review.core.policies.quorum_policy import Ask, QuorumRules, settle_plan
from review.core.policies.quorum_preview import Planned, QuorumPreview, preview_quorums
from review.core.states import Control, PolicyKind
from review.core.tasks.coverage import find_gap
from review.core.tasks.desks import Desk
from review.core.tasks.routing import Place
from review.core.verdicts.quorum import Plan, tally
from review.dashboards.sql import read_row, read_rows
from review.models import Queue
from review.operations.policies.policies_in_force import get_in_force
from review.operations.policies.quorum_policies import load_quorum_rules
from review.operations.tasks.coverage import People
from review.operations.tasks.desk_words import find_desk
from workflows.store import database_now

LOOKED_AT: Final = 10_000
"""Tasks that one preview replays at most; of more, an even sample by their ids."""

_WHERE: Final = """
    queue_id = %(queue_id)s AND opened_at >= %(since)s AND state <> 'CANCELED'
    AND control IN ('REVIEW', 'DUAL')
"""
_COUNT: Final = f"SELECT count(*) AS total FROM review_task WHERE {_WHERE}"  # noqa: S608  (a constant)
_TASKS: Final = f"""
    WITH looked AS MATERIALIZED (
        SELECT id, definition_id, definition_key, node_id, priority_class, impact,
            control, decided_by, initiator, lane_id
        FROM review_task
        WHERE {_WHERE} AND (hashint8(id)::bigint & 2147483647) %% %(step)s = 0
        LIMIT %(limit)s
    )
    SELECT t.definition_id, t.definition_key, t.node_id, t.priority_class, t.impact,
        t.control, t.initiator, l.region, l.skill, l.level,
        ARRAY(SELECT jsonb_object_keys(c.routing->'excluded')::bigint) AS excluded,
        coalesce(v.persons, 0) AS persons, v.seconds
    FROM looked t
    JOIN review_lane l ON l.id = t.lane_id
    JOIN review_taskcontent c ON c.task_id = t.id
    LEFT JOIN LATERAL (
        SELECT count(*) AS persons,
            sum(extract(epoch FROM submitted_at - claimed_at))::float8 AS seconds
        FROM review_verdict v
        WHERE v.task_id = t.id
          AND v.decision IN ('APPROVE', 'REJECT', 'EDIT_AND_APPROVE')
          AND NOT EXISTS (SELECT FROM review_verdictundo u WHERE u.verdict_id = v.id)
    ) v ON t.decided_by = 'PEOPLE'
"""  # noqa: S608  (constants of this module)


def preview_quorum(
    *,
    queue: Queue,
    proposed: QuorumRules,
    weeks: int,
    now: dt.datetime | None = None,
) -> QuorumPreview:
    """Return what rules would have asked of the tasks opened in the last weeks.

    They are held against the rules in force, not against what stood at the time, so
    that nothing but the proposal makes a difference.
    """
    since = (now or database_now()) - dt.timedelta(weeks=weeks)
    where = {"queue_id": queue.id, "since": since}
    counted = read_row(_COUNT, where)
    total = counted.total if counted else 0
    step = max(1, -(-total // LOOKED_AT))
    rows = read_rows(_TASKS, {**where, "step": step, "limit": LOOKED_AT + 5000})
    held = get_in_force([queue.id], PolicyKind.QUORUM).get(queue.id)
    standing = load_quorum_rules(held.id) if held else QuorumRules()
    replay = _Replay(queue, standing, proposed)
    cases = [
        replay.play(row, desk)
        for row in rows
        if (desk := find_desk(row.definition_id, row.node_id)) and not desk.own_work
    ]
    # Of the tasks not looked at, as many are for others to review as of these.
    ruled = round(total * len(cases) / len(rows)) if rows else 0
    return preview_quorums(cases, weeks=weeks, total=ruled)


class _Replay:
    """Plays cases; what makes no difference between them is worked out once."""

    def __init__(
        self, queue: Queue, standing: QuorumRules, proposed: QuorumRules
    ) -> None:
        self.queue, self.standing, self.proposed = queue, standing, proposed
        self.people = People()
        self.gaps: dict[object, str] = {}

    def play(self, row: Any, desk: Desk) -> Planned:
        before = self._plan(row, desk, self.standing)
        after = self._plan(row, desk, self.proposed)
        return Planned(
            before=before,
            after=after,
            was=Control(row.control),
            persons=row.persons,
            seconds=row.seconds if row.persons else None,
            gap_before=self._find_gap(row, before),
            gap=self._find_gap(row, after),
        )

    def _plan(self, row: Any, desk: Desk, rules: QuorumRules) -> Plan:
        return settle_plan(
            word=desk.quorum if desk.says_quorum else None,
            control=Control(row.control),
            impact=row.impact,
            answer=rules.answer(
                Ask(row.priority_class, row.definition_key, row.node_id, row.impact)
            ),
        ).plan

    def _find_gap(self, row: Any, plan: Plan) -> str:
        place = Place(self.queue.id, row.region, row.skill, row.level)
        started = row.initiator.removeprefix("person:")
        barred = sorted({
            *row.excluded,
            *([int(started)] if started.isdecimal() else []),
        })
        key = (place, plan, tuple(barred), row.impact)
        if key not in self.gaps:
            gap = find_gap(
                plan=plan,
                standing=tally(
                    plan=plan,
                    judgements=(),
                    current_round=1,
                    initiator=row.initiator,
                ),
                voters=self.people.list_voters(
                    place, excluded=barred, impact=row.impact
                ),
            )
            self.gaps[key] = (
                gap.explain(queue=self.queue.key, asks=place.describe()) if gap else ""
            )
        return self.gaps[key]
