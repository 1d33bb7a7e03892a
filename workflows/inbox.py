"""What instances still have to hear: rows that are inserted, taken and deleted.

Inserting never waits for an instance's lock; taking happens under it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from workflows.core.canonical import dumps
from workflows.core.engine.run import Run
from workflows.store import copy_in, parse_json

SET_BACK_SECONDS = 5
"""First delay of a stimulus on which the engine failed; it doubles, to an hour."""

_TAKE = """
    WITH taken AS (
        DELETE FROM workflows_stimulus
        WHERE instance_id = ANY(%s) AND run_at <= clock_timestamp()
        RETURNING id, instance_id, kind, step_id, data
    )
    SELECT instance_id, kind, step_id, data FROM taken ORDER BY id
"""
_PARK = """
    UPDATE workflows_stimulus s SET run_at = '9999-01-01 00:00+00'
    FROM workflows_instance i
    WHERE i.id = s.instance_id AND i.state = 'SUSPENDED' AND i.id = ANY(%s)
"""
_PARK_STEPS = """
    UPDATE workflows_step s SET run_at = '9999-01-01 00:00+00'
    FROM workflows_instance i
    WHERE i.id = s.instance_id AND i.state = 'SUSPENDED' AND i.id = ANY(%s)
      AND s.state = 'READY'
"""
_FORGET = """
    DELETE FROM workflows_stimulus s USING workflows_instance i
    WHERE i.id = s.instance_id AND i.state NOT IN ('ACTIVE', 'SUSPENDED')
      AND i.id = ANY(%s)
"""
_UNPARK = """
    UPDATE workflows_stimulus SET run_at = clock_timestamp(), attempt = 0 WHERE instance_id = %s
"""
_UNPARK_STEPS = """
    UPDATE workflows_step SET run_at = clock_timestamp()
    WHERE instance_id = %s AND state = 'READY' AND run_at = '9999-01-01 00:00+00'
"""
_SET_BACK = """
    UPDATE workflows_stimulus
    SET attempt = attempt + 1,
        run_at = clock_timestamp()
               + least(%s * power(2, attempt), 3600) * interval '1 second'
    WHERE instance_id = %s
    RETURNING attempt
"""
_SHELVE = """
    UPDATE workflows_stimulus SET run_at = '9999-01-01 00:00+00' WHERE instance_id = %s
"""
_SET_BACK_STEPS = """
    UPDATE workflows_step
    SET run_at = clock_timestamp() + %s * interval '12 seconds'
    WHERE instance_id = %s AND state = 'READY' AND NOT external
"""
_COPY_STIMULI = """
    COPY workflows_stimulus
        (instance_id, kind, step_id, data, attempt, run_at, created_at)
    FROM STDIN
"""


class Heard(NamedTuple):
    """A stimulus taken from its row."""

    instance_id: UUID
    kind: str
    step_id: int | None
    data: Mapping[str, Any]


def take(instance_ids: Sequence[UUID]) -> list[Heard]:
    """Delete and return what these locked instances have to hear, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [list(instance_ids)])
        return [
            Heard(row[0], row[1], row[2], parse_json(row[3]))
            for row in cursor.fetchall()
        ]


def park(instance_ids: Sequence[UUID]) -> None:
    """Put aside, without an end, what suspended instances have to hear and to do.

    Their rows must not stand in front of others' again and again; `unpark` brings
    them back. Instances that have ended lose theirs.
    """
    with connection.cursor() as cursor:
        cursor.execute(_PARK, [list(instance_ids)])
        cursor.execute(_PARK_STEPS, [list(instance_ids)])
        cursor.execute(_FORGET, [list(instance_ids)])


def unpark(instance_id: UUID) -> None:
    """Bring back what a resumed instance has to hear and to do."""
    with connection.cursor() as cursor:
        cursor.execute(_UNPARK, [instance_id])
        cursor.execute(_UNPARK_STEPS, [instance_id])


def set_back(instance_id: UUID) -> int:
    """Push what an instance has to hear into the future, each time further.

    Returns how often that has happened to what it has to hear.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SET_BACK, [SET_BACK_SECONDS, instance_id])
        attempts = [int(row[0]) for row in cursor.fetchall()]
        cursor.execute(_SET_BACK_STEPS, [SET_BACK_SECONDS, instance_id])
    return max(attempts, default=0)


def shelve(instance_id: UUID) -> None:
    """Put aside what an instance has to hear until a person has looked at it."""
    with connection.cursor() as cursor:
        cursor.execute(_SHELVE, [instance_id])


def wish_start(runs: Sequence[Run], *, data: Mapping[str, object]) -> None:
    """Let new instances hear that they may start.

    A crash after the commit leaves these rows, which any worker picks up.
    """
    text = dumps(data)
    rows = [(run.instance.id, "START", None, text, 0, run.now, run.now) for run in runs]
    copy_in(_COPY_STIMULI, rows)
