"""Message start events: begin the instances that buffered messages ask for.

Called under the locks of their names and keys; see operations/correlation.py.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from workflows import inbox, store
from workflows.core.actors import ENGINE
from workflows.core.correlation import Buffered
from workflows.core.engine.run import Run
from workflows.operations import beginnings, timing
from workflows.operations.receipts import received
from workflows.store.matching import Topic

_STARTS = """
    SELECT name, opened_at, definition_id, definition_key, process_id, node_id
    FROM workflows_subscription
    WHERE kind = 'MESSAGE' AND key = '' AND definition_id IS NOT NULL
      AND name = ANY(%s)
    ORDER BY id
"""
_HELD = """
    SELECT definition_key, process_id, name, key FROM workflows_messagestart
    WHERE (name, key) IN (SELECT * FROM unnest(%s::text[], %s::text[]))
"""
_CONTENTS = """
    SELECT id, name, key, variables, message_id, published_by, initiator,
           source_instance_id
    FROM workflows_message WHERE id = ANY(%s)
"""
_STARTED = """
    UPDATE workflows_message m
    SET state = 'CORRELATED', ended_at = clock_timestamp(),
        instance_id = v.instance_id, node_id = v.node_id
    FROM unnest(%s::bigint[], %s::uuid[], %s::text[]) AS v(id, instance_id, node_id)
    WHERE m.id = v.id AND m.state = 'BUFFERED'
"""
# The unique constraint stands behind the lock: a second one takes all of it back.
_HOLD = """
    INSERT INTO workflows_messagestart
        (definition_key, process_id, name, key, instance_id)
    SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::uuid[])
"""


class Beginning(NamedTuple):
    """A message start event that waits."""

    name: str
    opened_at: dt.datetime
    definition_id: int
    definition_key: str
    process_id: str
    node_id: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """A message and the start event it goes to."""

    message_id: int
    topic: Topic
    beginning: Beginning


def start(messages: Mapping[Topic, Sequence[Buffered]]) -> Counter[Topic]:
    """Start an instance for each message that may; return how many of each topic.

    The oldest start event has it whose process has no running instance of that name
    and key. The instance begins with the message's variables and, as its business
    key, the message's key.
    """
    chosen = _choose(messages)
    if chosen:
        _begin(chosen)
    return Counter(one.topic for one in chosen)


def _choose(messages: Mapping[Topic, Sequence[Buffered]]) -> list[Chosen]:
    topics = [topic for topic, left in messages.items() if left]
    if not topics:
        return []
    beginnings_of = _list_beginnings({name for name, _ in topics})
    held = _list_held(topics) if beginnings_of else set()
    chosen: list[Chosen] = []
    for topic in topics:
        for message in messages[topic]:
            for one in beginnings_of.get(topic[0], ()):
                place = (one.definition_key, one.process_id, *topic)
                if one.opened_at > message.expires_at or place in held:
                    continue
                chosen.append(Chosen(message.id, topic, one))
                if topic[1]:
                    held.add(place)
                break
    return chosen


def _begin(chosen: Sequence[Chosen]) -> None:
    contents = _contents([one.message_id for one in chosen])
    now = store.database_now()
    runs: list[Run] = []
    by_node: dict[str, list[Run]] = defaultdict(list)
    for one in chosen:
        run = _run(one, contents[one.message_id], now=now)
        runs.append(run)
        by_node[one.beginning.node_id].append(run)
    timing.save_runs(runs)
    for node_id, started in by_node.items():
        inbox.wish_start(started, data={"node_id": node_id})
    pairs = list(zip(chosen, runs, strict=True))
    given = [(c.message_id, run.instance.id, c.beginning.node_id) for c, run in pairs]
    store.execute(_STARTED, zip(*given, strict=True))
    holds = [
        (c.beginning.definition_key, c.beginning.process_id, *c.topic, run.instance.id)
        for c, run in pairs
        if c.topic[1]
    ]
    if holds:
        store.execute(_HOLD, zip(*holds, strict=True))


def _run(chosen: Chosen, content: Mapping[str, Any], *, now: dt.datetime) -> Run:
    name, key = chosen.topic
    run = beginnings.begin(
        definition_id=chosen.beginning.definition_id,
        process_id=chosen.beginning.process_id,
        variables=content["variables"],
        actor=ENGINE,
        initiator=content["initiator"],
        now=now,
        business_key=key,
    )
    run.add([received({**content, "node_id": chosen.beginning.node_id})])
    if key:
        # Whoever ends this instance lets the next message of the key start one.
        run.instance.data["started_by"] = {"name": name, "key": key}
    return run


def _list_beginnings(names: set[str]) -> dict[str, list[Beginning]]:
    found: dict[str, list[Beginning]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_STARTS, [sorted(names)])
        for row in cursor.fetchall():
            found[row[0]].append(Beginning(*row))
    return dict(found)


def _list_held(topics: Sequence[Topic]) -> set[tuple[str, str, str, str]]:
    columns = [[name for name, _ in topics], [key for _, key in topics]]
    with connection.cursor() as cursor:
        cursor.execute(_HELD, columns)
        return {(row[0], row[1], row[2], row[3]) for row in cursor.fetchall()}


def _contents(message_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return what the messages say, in the form that receivers hear it."""
    with connection.cursor() as cursor:
        cursor.execute(_CONTENTS, [list(message_ids)])
        return {row[0]: _content(row) for row in cursor.fetchall()}


def _content(row: Sequence[Any]) -> dict[str, Any]:
    source: UUID | None = row[7]
    return {
        "message": row[0],
        "name": row[1],
        "key": row[2],
        "variables": store.parse_json(row[3]),
        "id": row[4],
        "by": row[5],
        "initiator": row[6],
        "source": str(source) if source else "",
    }
