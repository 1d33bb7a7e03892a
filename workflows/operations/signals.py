"""Broadcast signals: to all who wait at that moment, and to signal start events.

A signal is not kept: whoever begins to wait after the broadcast has committed does
not hear it. Set-based, whether one waits or a hundred thousand.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from workflows import dispatch, inbox, store
from workflows.core.actors import ENGINE, Actor
from workflows.core.correlation import fit
from workflows.core.engine.run import Run
from workflows.operations import beginnings, timing
from workflows.operations.errors import Invalid
from workflows.operations.messages import variables_text
from workflows.operations.receipts import received

_STARTS = """
    SELECT name, definition_id, process_id, node_id FROM workflows_subscription
    WHERE kind = 'SIGNAL' AND name = ANY(%s) AND key = '' AND definition_id IS NOT NULL
    ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class Broadcast:
    """How many that waited were told, and how many instances were started."""

    told: int
    started: int


@dataclass(frozen=True, slots=True)
class Heard:
    """A signal as the instances hear it that it starts."""

    data: Mapping[str, Any]
    initiator: str
    now: dt.datetime


@transaction.atomic
def broadcast(*, name: str, variables: Mapping[str, object], actor: Actor) -> Broadcast:
    """Tell a signal to everybody who waits for it now. Raises Invalid."""
    if not name.strip():
        raise Invalid("Name the signal.")
    variables_text(name, variables)
    now = store.database_now()
    data = store.signal_data(name=name, variables=variables, by=actor.ref)
    told = store.tell_all([store.Signal(name=fit(name), data=data, at=now)])
    started = _start([Heard(data=data, initiator=actor.ref, now=now)])
    if told or started:
        dispatch.ring_after_commit("engine")
    return Broadcast(told=told, started=started)


def start_listeners(runs: Sequence[Run]) -> None:
    """Start what the signals that these runs throw begin, in their transaction.

    Those who wait are told when the runs are saved (store/messages.py).
    """
    thrown = [
        Heard(
            data=store.signal_data(
                name=signal.name,
                variables=signal.variables,
                by=ENGINE.ref,
                source=str(run.instance.id),
            ),
            initiator=run.instance.initiator,
            now=run.now,
        )
        for run in runs
        for signal in run.changes.signals
    ]
    if thrown:
        _start(thrown)
        dispatch.ring_after_commit("engine")


def _start(signals: Sequence[Heard]) -> int:
    """Start an instance at each start event of these signals; return how many."""
    beginnings_of: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            _STARTS, [sorted({fit(str(one.data["name"])) for one in signals})]
        )
        for name, *beginning in cursor.fetchall():
            beginnings_of[name].append((beginning[0], beginning[1], beginning[2]))
    by_node: dict[str, list[Run]] = defaultdict(list)
    for signal in signals:
        for definition_id, process_id, node_id in beginnings_of.get(
            fit(str(signal.data["name"])), ()
        ):
            run = beginnings.begin(
                definition_id=definition_id,
                process_id=process_id,
                variables=signal.data["variables"],
                actor=ENGINE,
                initiator=signal.initiator,
                now=signal.now,
            )
            run.add([received({**signal.data, "node_id": node_id})])
            by_node[node_id].append(run)
    timing.save_runs([run for runs in by_node.values() for run in runs])
    for node_id, runs in by_node.items():
        inbox.wish_start(runs, data={"node_id": node_id})
    return sum(len(runs) for runs in by_node.values())
