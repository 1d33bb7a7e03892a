"""Replay the work of some weeks through other routing rules of a queue. Reads only.

Looked at are the tasks that people decide on and whose step names this queue: these its
rules are asked about. The variables are those their payload has; conflicts of interest
are not asked again. Who could take a lane's work are its reviewers of today, here or
away.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from review.core.policies.lane_preview import (
    LaneName,
    LanePreview,
    Routing,
    Sent,
    preview_lanes,
)
from review.core.states import Control
from review.core.tasks.desks import Desk
from review.core.tasks.routing import Place, find_lack
from review.core.tasks.rules import Ruleset, Words, is_feel
from review.dashboards.sql import read_json, read_rows
from review.models import Queue
from review.operations.people.staff import list_staff
from review.operations.tasks.desk_words import find_desk
from review.operations.tasks.routing import Ask, find_route, get_rules
from review.operations.tasks.task_rows import find_queues
from workflows.core.feel import FeelSyntaxError, compile_expression
from workflows.operations import definitions
from workflows.store import database_now

LOOKED_AT: Final = 10_000
"""Tasks that one preview replays at most; of more, an even sample by their ids."""

_PLACES: Final = """
    SELECT definition_id, node_id, count(*) AS tasks FROM review_task
    WHERE opened_at >= %(since)s AND state <> 'CANCELED'
      AND control IN ('REVIEW', 'DUAL')
    GROUP BY 1, 2
"""
_TASKS: Final = """
    WITH looked AS MATERIALIZED (
        SELECT t.id, t.definition_id, t.node_id, t.control, t.decided_by
        FROM review_task t
        JOIN unnest(%(definitions)s::bigint[], %(nodes)s::text[])
          AS d(definition_id, node_id) USING (definition_id, node_id)
        WHERE t.opened_at >= %(since)s AND t.state <> 'CANCELED'
          AND t.control IN ('REVIEW', 'DUAL')
          AND (hashint8(t.id)::bigint & 2147483647) %% %(step)s = 0
        LIMIT %(limit)s
    )
    SELECT t.definition_id, t.node_id, t.control, {variables} AS variables,
        coalesce(v.persons, 0) AS persons, v.seconds
    FROM looked t
    JOIN review_taskcontent c ON c.task_id = t.id
    LEFT JOIN LATERAL (
        SELECT count(*) AS persons,
            sum(extract(epoch FROM submitted_at - claimed_at))::float8 AS seconds
        FROM review_verdict v
        WHERE v.task_id = t.id
          AND v.decision IN ('APPROVE', 'REJECT', 'EDIT_AND_APPROVE')
          AND NOT EXISTS (SELECT FROM review_verdictundo u WHERE u.verdict_id = v.id)
    ) v ON t.decided_by = 'PEOPLE'
"""
_NAMED: Final = """(
    SELECT jsonb_object_agg(n, c.payload -> n) FROM unnest(%(names)s::text[]) n
    WHERE c.payload ? n)::text"""
_WHOLE: Final = "c.payload::text"


def preview_routing(
    *, queue: Queue, proposed: Ruleset, weeks: int, now: dt.datetime | None = None
) -> LanePreview:
    """Return what rules would have done to the tasks opened in the last weeks.

    They are held against the rules in force, not against what stood at the time, so
    that nothing but the proposal makes a difference.
    """
    moment = now or database_now()
    since = moment - dt.timedelta(weeks=weeks)
    standing = get_rules(find_queues([queue.key])[queue.key])
    desks: dict[tuple[int, str], Desk] = {}
    total = 0
    for row in read_rows(_PLACES, {"since": since}):
        desk = find_desk(row.definition_id, row.node_id)
        if desk is not None and desk.queue == queue.key:
            desks[row.definition_id, row.node_id] = desk
            total += row.tasks
    rows = _read(desks, [standing, proposed], since=since, total=total)
    return preview_lanes(
        (
            _replay(row, desks[row.definition_id, row.node_id], standing, proposed)
            for row in rows
        ),
        weeks=weeks,
        total=total,
        count_takers=_count_takers(moment),
    )


def _read(
    desks: Mapping[tuple[int, str], Desk],
    rulesets: Sequence[Ruleset],
    *,
    since: dt.datetime,
    total: int,
) -> list[Any]:
    if not desks:
        return []
    names = _list_names(desks.values(), rulesets)
    is_whole = any(desk.routing for desk in desks.values())
    return read_rows(
        _TASKS.format(variables=_WHOLE if is_whole else _NAMED),
        {
            "definitions": [place[0] for place in desks],
            "nodes": [place[1] for place in desks],
            "since": since,
            "step": max(1, -(-total // LOOKED_AT)),
            "limit": LOOKED_AT + 5000,
            "names": sorted(names),
        },
    )


def _replay(row: Any, desk: Desk, standing: Ruleset, proposed: Ruleset) -> Routing:
    variables = read_json(row.variables) or {}
    decide = None
    if desk.routing:
        package = definitions.compiled(row.definition_id)
        decide = package.decisions.get(desk.routing)

    def send(rules: Ruleset) -> Sent:
        way = find_route(
            Ask(
                words=desk.words,
                decision=desk.routing,
                decide=decide,
                variables=variables,
                ruleset=rules,
            )
        )
        lane = LaneName(way.queue or desk.queue, way.region, way.skill, way.level)
        return Sent(lane, way.priority, way.problems[0] if way.problems else "")

    return Routing(
        before=send(standing),
        after=send(proposed),
        was=Control(row.control),
        persons=row.persons,
        seconds=row.seconds if row.persons else None,
    )


def _count_takers(now: dt.datetime) -> Callable[[LaneName], int]:
    staff = list_staff(now=now)

    @cache
    def count(lane: LaneName) -> int:
        found = Queue.objects.filter(key=lane.queue).values_list("id", flat=True)
        place = Place(found[0] if found else 0, lane.region, lane.skill, lane.level)
        return sum(
            one.reviews(place.queue_id) and find_lack(one.taker, place) is None
            for one in staff
        )

    return count


def _list_names(desks: Iterable[Desk], rulesets: Sequence[Ruleset]) -> set[str]:
    """Return the variables that steps' words and rules read."""
    texts = [text for desk in desks for text in _list_words(desk.words)]
    for rules in rulesets:
        for rule in rules.rules:
            texts += [text for text in rule.sets.values() if is_feel(text)]
            texts.append(rule.when)
    found: set[str] = set()
    for text in texts:
        try:
            found |= compile_expression(text.removeprefix("=").strip()).names
        except FeelSyntaxError:
            continue  # "-" and "": they ask for nothing
    return found


def _list_words(words: Words) -> list[str]:
    return [text for text in (words.region, words.skill, words.level) if is_feel(text)]
