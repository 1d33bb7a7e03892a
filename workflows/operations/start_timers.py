"""Rows for timer start events. What happens when they are due is in schedules.py."""

import datetime as dt

from django.db import connection

from workflows.core.bpmn.graph import EventKind, Node, Process, TimerKind
from workflows.core.canonical import dumps
from workflows.core.iso8601 import parse_duration, parse_moment, parse_repetition
from workflows.models import Definition

KIND = "engine.start"


def arm(*, definition: Definition, process: Process, now: dt.datetime) -> int:
    """Arm the timer starts of a definition and disarm those of its older versions.

    Returns how many were armed. Raises Iso8601Error for a text that is no moment,
    duration or repetition; the reader has refused such packages before.
    """
    _disarm(definition.key)
    starts = [node for node in process.starts() if node.event is EventKind.TIMER]
    for node in starts:
        arm_node(definition, node, due_at=_first(node, now), fired=0)
    return len(starts)


def arm_node(
    definition: Definition, node: Node, *, due_at: dt.datetime, fired: int
) -> None:
    """Arm one moment of a timer start that has fired so often before."""
    data = {"definition_id": definition.id, "fired": fired}
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO workflows_timer (node_id, kind, ref, data, state, due_at,"
            " attempt, audit_seq) VALUES (%s, %s, %s, %s::jsonb, 'ARMED', %s, 0, 0)",
            [node.id, KIND, definition.key, dumps(data), due_at],
        )


def disarm(definition: Definition) -> None:
    """Disarm the timer starts of one version, which takes no new instances any more."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE workflows_timer SET state = 'CANCELED'"
            " WHERE kind = %s AND ref = %s AND state = 'ARMED'"
            " AND data->>'definition_id' = %s",
            [KIND, definition.key, str(definition.id)],
        )


def _first(node: Node, now: dt.datetime) -> dt.datetime:
    spec = node.timer
    if spec is None:
        raise ValueError(f"Timer start {node.id} has no timer definition.")
    match spec.kind:
        case TimerKind.DATE:
            return parse_moment(spec.text)
        case TimerKind.DURATION:
            return parse_duration(spec.text).after(now)
        case TimerKind.CYCLE:
            return parse_repetition(spec.text).first(now)


def _disarm(key: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE workflows_timer SET state = 'CANCELED'"
            " WHERE kind = %s AND ref = %s AND state = 'ARMED'",
            [KIND, key],
        )
