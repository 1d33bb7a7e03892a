"""Count the reasons that people gave in some weeks. Reads only."""

import datetime as dt
from collections.abc import Sequence
from typing import Final

from review.core.policies.reason_policy import Reason
from review.core.policies.reason_preview import Given, ReasonPreview, preview_reasons
from review.dashboards.sql import read_rows
from review.models import Queue
from workflows.store import database_now

# What came out the other way is known where others judged the same round.
_GIVEN: Final = """
    SELECT v.reason_code AS code, count(*) AS given,
        count(*) FILTER (WHERE others.are) AS judged,
        count(*) FILTER (WHERE others.are AND CASE t.outcome
            WHEN 'APPROVED' THEN v.decision = 'REJECT'
            WHEN 'REJECTED' THEN v.decision <> 'REJECT' END) AS overturned
    FROM review_task t
    JOIN review_verdict v ON v.task_id = t.id
    CROSS JOIN LATERAL (
        SELECT v.decision IN ('APPROVE', 'REJECT', 'EDIT_AND_APPROVE')
            AND t.state = 'DECIDED' AND t.decided_by = 'PEOPLE'
            AND EXISTS (
                SELECT FROM review_verdict o
                WHERE o.task_id = v.task_id AND o.round = v.round
                  AND o.person_id <> v.person_id
                  AND o.decision IN ('APPROVE', 'REJECT', 'EDIT_AND_APPROVE')) AS are
        ) others
    WHERE t.queue_id = %(queue_id)s AND v.submitted_at >= %(since)s
      AND (v.reason_code <> '' OR v.decision IN ('REJECT', 'EDIT_AND_APPROVE'))
      AND NOT EXISTS (SELECT FROM review_verdictundo u WHERE u.verdict_id = v.id)
    GROUP BY 1
"""


def preview_reason_codes(
    *,
    queue: Queue,
    before: Sequence[Reason],
    proposed: Sequence[Reason],
    weeks: int,
    now: dt.datetime | None = None,
) -> ReasonPreview:
    """Return how the codes of both lists were given in the last weeks."""
    since = (now or database_now()) - dt.timedelta(weeks=weeks)
    rows = read_rows(_GIVEN, {"queue_id": queue.id, "since": since})
    return preview_reasons(
        before=before,
        after=proposed,
        given={
            row.code: Given(row.given, row.judged, row.overturned)
            for row in rows
            if row.code
        },
        weeks=weeks,
        without=sum(row.given for row in rows if not row.code),
    )
