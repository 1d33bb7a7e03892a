"""Replay the work of some weeks under another grid. Reads only.

Tasks of steps that name a grid of their own are left out: the queue's grid has no say
there. The confidence, impact and other inputs are those the tasks were opened with.
"""

import datetime as dt
import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from review.core.policies import grid as rules
from review.core.policies.grid import Reading
from review.core.policies.grid_table import Grid
from review.core.policies.previewing import Case, Preview, preview
from review.core.states import Control
from review.core.tasks.desks import Desk
from review.dashboards.sql import read_rows
from review.models import Queue
from review.operations.policies.grids import find_standing
from review.operations.tasks.desk_words import find_desk
from workflows.store import database_now

WEEKS: Final = (2, 4, 8, 12)
LOOKED_AT: Final = 30_000
"""Tasks that one preview replays at most; of more, an even sample by their ids."""

_COUNT: Final = """
    SELECT count(*) AS total FROM review_task
    WHERE queue_id = %(queue_id)s AND opened_at >= %(since)s AND state <> 'CANCELED'
"""
_TASKS: Final = """
    WITH looked AS MATERIALIZED (
        SELECT id, definition_id, node_id, confidence, impact, control, outcome,
            decided_by
        FROM review_task
        WHERE queue_id = %(queue_id)s AND opened_at >= %(since)s AND state <> 'CANCELED'
          AND (hashint8(id)::bigint & 2147483647) %% %(step)s = 0
        LIMIT %(limit)s
    )
    SELECT t.definition_id, t.node_id, t.confidence, t.impact, t.control,
        {inputs} AS inputs,
        CASE WHEN t.decided_by = 'PEOPLE' THEN coalesce(v.persons, 0) ELSE 0 END
            AS persons,
        v.seconds, t.outcome = 'REJECTED' OR v.is_edited AS is_overturned
    FROM looked t
    {content}
    LEFT JOIN LATERAL (
        SELECT count(*) AS persons, bool_or(decision = 'EDIT_AND_APPROVE') AS is_edited,
            sum(extract(epoch FROM submitted_at - claimed_at))::float8 AS seconds
        FROM review_verdict v
        WHERE v.task_id = t.id
          AND v.decision IN ('APPROVE', 'REJECT', 'EDIT_AND_APPROVE')
          AND NOT EXISTS (SELECT FROM review_verdictundo u WHERE u.verdict_id = v.id)
    ) v ON t.decided_by = 'PEOPLE'
"""
_INPUTS: Final = """(
    SELECT jsonb_agg(c.payload #> string_to_array(p.path, %(dot)s) ORDER BY p.place)
    FROM unnest(%(paths)s::text[]) WITH ORDINALITY AS p(path, place))::text"""
_DOT: Final = "\x1f"
_CONTENT: Final = "JOIN review_taskcontent c ON c.task_id = t.id"


class Question(NamedTuple):
    """All that a grid is asked for a case: `inputs` is JSON text, `dual` the step's."""

    confidence: Decimal | None
    impact: Decimal | None
    inputs: str | None
    dual: bool


Answer = Callable[[Question], Control]


def preview_grid(
    *, queue: Queue, proposed: Grid, weeks: int, now: dt.datetime | None = None
) -> Preview:
    """Return what a grid would have done to the tasks opened in the last weeks.

    It is held against the grid in force, not against what stood at the time, so that
    nothing but the proposal makes a difference.
    """
    since = (now or database_now()) - dt.timedelta(weeks=weeks)
    where = {"queue_id": queue.id, "since": since}
    total = read_rows(_COUNT, where)[0].total
    step = max(1, -(-total // LOOKED_AT))
    standing = find_standing([queue.id]).get(queue.id)
    grids = [proposed, *([standing.grid] if standing else [])]
    paths = _merge({path for grid in grids for path in grid.paths})
    before = _answer(standing.grid if standing else None, paths)
    after = _answer(proposed, paths)
    statement = _TASKS.format(
        inputs=_INPUTS if paths else "NULL::text", content=_CONTENT if paths else ""
    )
    rows = read_rows(
        statement,
        {
            **where,
            "step": step,
            "limit": LOOKED_AT + 5000,
            "paths": [_DOT.join(path) for path in paths],
            "dot": _DOT,
        },
    )
    desks: dict[tuple[int, str], Desk | None] = {
        place: find_desk(*place)
        for place in {(row.definition_id, row.node_id) for row in rows}
    }
    cases = [
        _case(row, desk, before=before, after=after)
        for row in rows
        if (desk := desks[row.definition_id, row.node_id]) and not desk.grid
    ]
    # Of the tasks not looked at, as many are under the queue's grid as of these.
    ruled = round(total * len(cases) / len(rows)) if rows else 0
    return preview(cases, weeks=weeks, total=ruled, aside=total - ruled)


def _case(row: Any, desk: Desk, *, before: Answer, after: Answer) -> Case:
    question = Question(row.confidence, row.impact, row.inputs, desk.dual)
    return Case(
        before=before(question),
        after=after(question),
        was=Control(row.control),
        persons=row.persons,
        seconds=row.seconds if row.persons else None,
        overturned=bool(row.is_overturned),
    )


def _merge(paths: set[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Leave out what stands within another path's value."""
    return sorted(
        path
        for path in paths
        if not any(path[:n] in paths for n in range(1, len(path)))
    )


def _nest(paths: Sequence[tuple[str, ...]], text: str | None) -> dict[str, Any]:
    """Return the variables whose values stand in a JSON list, path by path."""
    found: dict[str, Any] = {}
    values = json.loads(text, parse_float=Decimal) if text else ()
    for path, value in zip(paths, values, strict=False):
        inner = found
        for name in path[:-1]:
            inner = inner.setdefault(name, {})
        inner[path[-1]] = value
    return found


def _answer(grid: Grid | None, paths: Sequence[tuple[str, ...]]) -> Answer:
    """Return what a grid makes of a case; without a grid people decide.

    Cases that the grid cannot tell apart are evaluated once.
    """
    if grid is None:
        return lambda asked: rules.without_grid(dual=asked.dual).control

    kept: dict[object, Control] = {}

    def answer(asked: Question) -> Control:
        sure = _read(asked.confidence, "Confidence")
        stake = _read(asked.impact, "Impact")
        inputs = rules.put_to_grid(confidence=sure, impact=stake)
        place = grid.classify(*inputs) if inputs else None
        key = (place, sure.value is None, asked.inputs, asked.dual)
        found = kept.get(key)
        if found is None:
            value: object = None
            if inputs is not None:
                given = _nest(paths, asked.inputs)
                value = grid.answer({
                    **given,
                    "confidence": inputs[0],
                    "impact": inputs[1],
                })
            control, _ = rules.read_answer(value)
            found = kept[key] = rules.settle(
                answer=control, confidence=sure, impact=stake, dual=asked.dual
            ).control
        return found

    return answer


def _read(value: Decimal | None, name: str) -> Reading:
    # A task keeps only what was usable, so there is nothing more to say.
    return Reading(value) if value is not None else Reading(None, f"{name} is missing.")
