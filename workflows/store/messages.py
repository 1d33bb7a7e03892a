"""Rows of subscriptions, messages and signals. Who gets a message: operations.

Order within one save:

1. subscriptions that closed are deleted. A matcher that has just taken one is waited
   for, so what it told an instance that ends here is seen and put back by step 4;
2. those that opened are written;
3. signals are told to all who wait, the new ones too; messages are buffered;
4. what ended instances never heard is deleted (hanging.py), messages among it are put
   back for others (`put_back`).

Pairing happens after the commit, so that both sides stand: operations/correlation.py.
"""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from django.db import connection

from workflows.core.actors import ENGINE
from workflows.core.canonical import dumps
from workflows.core.correlation import SubscriptionKind, fit
from workflows.core.engine.run import Run
from workflows.core.engine.state import SignalThrow
from workflows.store.sql import execute

LONGEST_SECONDS = 3650 * 86400
"""The longest a message is kept for; more would lie beyond the calendar."""

_UNSUBSCRIBE = """
    DELETE FROM workflows_subscription s
    USING unnest(%s::uuid[], %s::bigint[], %s::text[])
      AS v(instance_id, step_id, node_id)
    WHERE s.instance_id = ANY(%s) AND s.instance_id = v.instance_id
      AND s.step_id IS NOT DISTINCT FROM v.step_id
      AND (v.node_id = '' OR s.node_id = v.node_id)
"""
_SUBSCRIBE = """
    INSERT INTO workflows_subscription (kind, name, key, instance_id, step_id,
        definition_key, process_id, node_id, once, opened_at)
    SELECT kind, name, key, instance_id, step_id, '', '', node_id, once, at
    FROM unnest(%s::text[], %s::text[], %s::text[], %s::uuid[], %s::bigint[],
                %s::text[], %s::bool[], %s::timestamptz[])
      AS v(kind, name, key, instance_id, step_id, node_id, once, at)
"""
_BUFFER = """
    INSERT INTO workflows_message (name, key, message_id, variables, state,
        published_at, published_by, initiator, source_instance_id, expires_at, node_id)
    SELECT name, key, message_id, variables, 'BUFFERED', at, published_by, initiator,
           source, at + ttl * interval '1 second', ''
    FROM unnest(%s::text[], %s::text[], %s::text[], %s::jsonb[], %s::timestamptz[],
                %s::text[], %s::text[], %s::uuid[], %s::float[])
      AS v(name, key, message_id, variables, at, published_by, initiator, source, ttl)
    ON CONFLICT DO NOTHING
"""
_TELL_ALL = """
    WITH thrown AS (
        SELECT * FROM unnest(%s::text[], %s::jsonb[], %s::timestamptz[])
            WITH ORDINALITY AS v(name, data, at, n)
    ), later AS (
        SELECT * FROM unnest(%s::int[], %s::uuid[], %s::bigint[])
            AS v(n, instance_id, step_id)
    ), hit AS (
        SELECT t.n, t.data, t.at, s.id, s.instance_id, s.step_id, s.node_id, s.once
        FROM thrown t JOIN workflows_subscription s
          ON s.kind = 'SIGNAL' AND s.name = t.name AND s.key = ''
         AND s.instance_id IS NOT NULL
        WHERE NOT EXISTS (
            SELECT FROM later l WHERE l.n = t.n AND l.instance_id = s.instance_id
            AND l.step_id = s.step_id)
    ), told AS (
        INSERT INTO workflows_stimulus
            (instance_id, kind, step_id, data, attempt, run_at, created_at)
        SELECT instance_id, 'RECEIVED', step_id,
               data || jsonb_build_object('node_id', node_id), 0, at, at
        FROM hit ORDER BY n, id
        RETURNING instance_id
    ), gone AS (
        DELETE FROM workflows_subscription WHERE id IN (
            SELECT id FROM workflows_subscription
            WHERE id IN (SELECT id FROM hit WHERE once) FOR UPDATE SKIP LOCKED)
    )
    SELECT count(*) FROM told
"""
_PUT_BACK = """
    UPDATE workflows_message
    SET state = CASE WHEN expires_at > clock_timestamp()
                     THEN 'BUFFERED' ELSE 'EXPIRED' END,
        ended_at = CASE WHEN expires_at > clock_timestamp()
                        THEN NULL ELSE clock_timestamp() END,
        instance_id = NULL, node_id = ''
    WHERE id = ANY(%s) AND state = 'CORRELATED'
    RETURNING name, key, state
"""
_LET_START = "DELETE FROM workflows_messagestart WHERE instance_id = ANY(%s)"


class Signal(NamedTuple):
    """A signal to tell all who wait; `data` is what they hear, less their node."""

    name: str
    data: dict[str, object]
    at: dt.datetime


def save(runs: Sequence[Run]) -> None:
    """Write what runs no longer and now wait for, and what they throw.

    A batch of processes that know no messages and no signals costs no statement.
    """
    _unsubscribe(runs)
    _subscribe(runs)
    if any(run.changes.signals for run in runs):
        _throw_signals(runs)
    if any(run.changes.messages for run in runs):
        _throw_messages(runs)
    ended = [
        run.instance.id
        for run in runs
        if run.instance.ended_at is not None and "started_by" in run.instance.data
    ]
    if ended:
        with connection.cursor() as cursor:
            cursor.execute(_LET_START, [ended])


def tell_all(
    signals: Sequence[Signal], *, later: Sequence[tuple[int, object, int]] = ()
) -> int:
    """Tell signals to everybody who waits for them now; return how many stimuli.

    `later` are (place of the signal from 1, instance id, step id) of subscriptions
    that opened after that signal. Nobody is waited for: a `once` subscription that
    somebody else holds is told but left standing; its step is ending, or hears two
    signals of which the second finds it gone.
    """
    columns = [list(column) for column in zip(*signals, strict=True)]
    columns[1] = [dumps(data) for data in columns[1]]
    excluded = [list(column) for column in zip(*later, strict=True)] or [[], [], []]
    with connection.cursor() as cursor:
        cursor.execute(_TELL_ALL, [*columns, *excluded])
        (count,) = cursor.fetchone()
    return int(count)


def put_back(message_ids: Sequence[int]) -> list[tuple[str, str]]:
    """Take messages back from receivers that never heard them.

    Returns name and key of those that wait again; the others' time has run out.
    """
    with connection.cursor() as cursor:
        cursor.execute(_PUT_BACK, [list(message_ids)])
        return [(row[0], row[1]) for row in cursor.fetchall() if row[2] == "BUFFERED"]


def _unsubscribe(runs: Sequence[Run]) -> None:
    rows = [
        (run.instance.id, step_id, node_id)
        for run in runs
        if run.plan.has_subscriptions
        for step_id, node_id in run.changes.unsubscribed
    ]
    if rows:
        columns = list(zip(*rows, strict=True))
        execute(_UNSUBSCRIBE, [*columns, columns[0]])


def _subscribe(runs: Sequence[Run]) -> None:
    rows = [
        (
            one.kind,
            fit(one.name),
            "" if one.kind == SubscriptionKind.SIGNAL else fit(one.key),
            run.instance.id,
            one.step_id,
            one.node_id,
            one.once,
            run.now,
        )
        for run in runs
        if run.instance.ended_at is None
        for one in run.changes.subscribed
    ]
    if rows:
        execute(_SUBSCRIBE, zip(*rows, strict=True))


def _throw_signals(runs: Sequence[Run]) -> None:
    signals: list[Signal] = []
    later: list[tuple[int, object, int]] = []
    for run in runs:
        for thrown in run.changes.signals:
            signals.append(_signal(run, thrown))
            later.extend(
                (len(signals), run.instance.id, step_id)
                for step_id in _opened_after(run, thrown)
            )
    tell_all(signals, later=later)


def _signal(run: Run, thrown: SignalThrow) -> Signal:
    data = signal_data(
        name=thrown.name,
        variables=dict(thrown.variables),
        by=ENGINE.ref,
        source=str(run.instance.id),
    )
    return Signal(name=fit(thrown.name), data=data, at=run.now)


def signal_data(
    *, name: str, variables: object, by: str, source: str = ""
) -> dict[str, object]:
    """Return what the receiver of a signal hears, less its node."""
    return {"name": name, "variables": variables, "by": by, "source": source}


def _opened_after(run: Run, thrown: SignalThrow) -> list[int]:
    """Return steps that began to wait for a signal in this advance, after its throw.

    A path that throws and then waits must not hear itself. Numbers of steps rise.
    """
    return [
        one.step_id
        for one in run.changes.subscribed
        if one.kind == SubscriptionKind.SIGNAL
        and one.name == thrown.name
        and one.step_id is not None
        and one.step_id > thrown.step_id
    ]


def _throw_messages(runs: Sequence[Run]) -> None:
    rows = [
        (
            fit(thrown.name),
            fit(thrown.key),
            fit(thrown.message_id),
            dumps(dict(thrown.variables)),
            run.now,
            ENGINE.ref,
            run.instance.initiator,
            run.instance.id,
            min(max(thrown.ttl_seconds, 0.0), LONGEST_SECONDS),
        )
        for run in runs
        for thrown in run.changes.messages
    ]
    # In one order, or two batches with the same ids could wait for each other.
    rows.sort(key=lambda row: (row[0], row[2]))
    execute(_BUFFER, zip(*rows, strict=True))
