"""Timer start events: a new instance at each due moment of the newest version."""

import datetime as dt

from django.db import connection

from workflows.core.actors import SWEEPER
from workflows.core.bpmn.graph import EventKind, Node, TimerKind
from workflows.core.canonical import dumps
from workflows.core.iso8601 import parse_duration, parse_moment, parse_repetition
from workflows.handlers import TimerRow, register_timer_kind
from workflows.models import Definition
from workflows.operations import plans
from workflows.operations.instances import Start, start_many

KIND = "engine.start"


def arm(*, definition_id: int, now: dt.datetime) -> int:
    """Arm the timer starts of a definition and disarm those of its older versions.

    Returns how many were armed. Raises Iso8601Error for a text that is no moment,
    duration or repetition; deployment has refused such packages before.
    """
    definition = Definition.objects.get(pk=definition_id)
    _disarm(definition.key)
    plan = plans.plan_for(definition.id, definition.process_id)
    starts = [n for n in plan.process.starts() if n.event is EventKind.TIMER]
    for node in starts:
        due_at, data = _first(node, now)
        _insert(definition, node, due_at=due_at, data=data)
    return len(starts)


def fire(timer: TimerRow, *, now: dt.datetime) -> None:
    """Start an instance at a timer start event and arm its next moment."""
    definition = Definition.objects.get(pk=timer.data["definition_id"])
    start_many(
        definition_id=definition.id,
        starts=[Start(variables={}, initiator=SWEEPER)],
        node_id=timer.node_id,
    )
    node = plans.plan_for(definition.id, definition.process_id).nodes[timer.node_id]
    spec = node.node.timer
    if spec is None or spec.kind is not TimerKind.CYCLE:
        return
    cycle = parse_repetition(spec.text)
    fired = int(timer.data["fired"]) + 1
    if cycle.count is None or fired < cycle.count:
        # From the due moment, not from now: a late sweep must not move the schedule.
        due_at = cycle.interval.after(timer.due_at)
        _insert(definition, node.node, due_at=due_at, data={"fired": fired})


def _first(node: Node, now: dt.datetime) -> tuple[dt.datetime, dict[str, object]]:
    spec = node.timer
    if spec is None:
        raise ValueError(f"Timer start {node.id} has no timer definition.")
    match spec.kind:
        case TimerKind.DATE:
            return parse_moment(spec.text), {"fired": 0}
        case TimerKind.DURATION:
            return parse_duration(spec.text).after(now), {"fired": 0}
        case TimerKind.CYCLE:
            return parse_repetition(spec.text).interval.after(now), {"fired": 0}


def _insert(
    definition: Definition, node: Node, *, due_at: dt.datetime, data: dict[str, object]
) -> None:
    full = {**data, "definition_id": definition.id}
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO workflows_timer (node_id, kind, ref, data, state, due_at,"
            " attempt, audit_seq) VALUES (%s, %s, %s, %s::jsonb, 'ARMED', %s, 0, 0)",
            [node.id, KIND, definition.key, dumps(full), due_at],
        )


def _disarm(key: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE workflows_timer SET state = 'CANCELED'"
            " WHERE kind = %s AND ref = %s AND state = 'ARMED'",
            [KIND, key],
        )


register_timer_kind(KIND, fire)
