"""Circuits of connectors as rows: asked when steps are claimed, told when calls end.

Nothing is written while calls succeed. A failure, and every change of a circuit, locks
the connector's own row, after all other rows and never together with a second one.
Opening and closing are entries in the chain of the installation.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import connection, transaction

from workflows import audit
from workflows.core import circuit as core
from workflows.core.actors import ENGINE, Actor
from workflows.core.circuit import Breaker, CircuitState, Gate
from workflows.handlers import Handler, registry
from workflows.models import Circuit
from workflows.operations.errors import NotFound, check_reason
from workflows.store import database_now

_PROBE = """
    UPDATE workflows_circuit
    SET state = 'HALF_OPEN', retry_at = %s, changed_at = clock_timestamp()
    WHERE connector = %s AND state <> 'CLOSED' AND retry_at <= %s
"""
_FIRST = """
    INSERT INTO workflows_circuit (connector, state, failed_at, changed_at)
    VALUES (%s, 'CLOSED', '{}', clock_timestamp()) ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call to a connector ended; `failed` is technical, not a business error."""

    connector: str
    breaker: Breaker
    failed: bool
    probe: bool


@dataclass(frozen=True, slots=True)
class Pass:
    """What the gate says: go, go as the probe, or stay until a moment."""

    gate: Gate
    until: dt.datetime


@dataclass(slots=True)
class Gatekeeper:
    """The circuits that are not closed, read once for one claim."""

    now: dt.datetime
    _broken: dict[str, core.Circuit] = field(default_factory=dict)

    @classmethod
    def read(cls, *, now: dt.datetime) -> "Gatekeeper":
        """Return a gatekeeper; without breakers in this process nothing is read."""
        keeper = cls(now)
        if any(handler.breaker for handler in registry.list_handlers()):
            keeper._broken = {row.connector: _value(row) for row in list_broken()}
        return keeper

    def ask(self, handler: Handler, *, lease: dt.timedelta) -> Pass:
        """Say whether a step may be claimed now.

        Of all workers that find the pause over, the one whose update hits takes the
        probe; its lease says how long the others wait for what it finds.
        """
        circuit = self._broken.get(handler.connector)
        if circuit is None:
            return Pass(Gate.GO, self.now)
        give_up_at = self.now + lease
        gate = core.ask(circuit, now=self.now)
        if gate is Gate.PROBE:
            with connection.cursor() as cursor:
                cursor.execute(_PROBE, [give_up_at, handler.connector, self.now])
                won = cursor.rowcount == 1
            self._broken[handler.connector] = core.probe(circuit, give_up_at=give_up_at)
            if won:
                return Pass(Gate.PROBE, self.now)
        return Pass(Gate.STAY, self._look_again(handler, circuit))

    def _look_again(self, handler: Handler, circuit: core.Circuit) -> dt.datetime:
        """While a probe is out look sooner than it is given up: it may do well."""
        pause = handler.breaker.open_seconds if handler.breaker else 1.0
        soon = self.now + dt.timedelta(seconds=pause)
        return min(soon, max(circuit.retry_at or soon, self.now))


def hear(outcomes: Sequence[Outcome]) -> None:
    """Let circuits hear how calls ended; each connector in a transaction of its own.

    A crash between this and the finish of the steps counts a failure that will be
    tried again: one too many, never one too few.
    """
    for name in sorted({one.connector for one in outcomes if one.failed or one.probe}):
        own = [one for one in outcomes if one.connector == name]
        _hear(name, own, breaker=own[0].breaker)


@transaction.atomic
def _hear(name: str, outcomes: Sequence[Outcome], *, breaker: Breaker) -> None:
    row, now = _lock(name)
    circuit = before = _value(row)
    failures = [now for one in outcomes if one.failed and not one.probe]
    circuit = core.hear_failures(circuit, failures, breaker=breaker)
    for one in outcomes:
        if one.probe:
            circuit = core.hear_probe(
                circuit, failed=one.failed, now=now, breaker=breaker
            )
    if circuit != before:
        _store(row, circuit, now=now)
        _tell(name, before, circuit, actor=ENGINE, now=now)


@transaction.atomic
def close(*, connector: str, actor: Actor, reason: str) -> None:
    """Close a circuit on a person's word: calls go through again at once.

    Raises NotFound for a connector without a circuit, Invalid without a reason.
    """
    check_reason(reason)
    if not Circuit.objects.filter(pk=connector).exists():
        raise NotFound(f"No call to a connector {connector!r} has ever failed.")
    row, now = _lock(connector)
    before, closed = _value(row), core.Circuit()
    _store(row, closed, now=now)
    _tell(connector, before, closed, actor=actor, now=now, reason=reason)


def list_circuits() -> list[Circuit]:
    """Return the circuits of all connectors that ever failed, by name."""
    return list(Circuit.objects.order_by("connector"))


def list_broken() -> list[Circuit]:
    """Return the circuits that hold calls back, by name."""
    rows = Circuit.objects.exclude(state=CircuitState.CLOSED.value)
    return list(rows.order_by("connector"))


def _lock(name: str) -> tuple[Circuit, dt.datetime]:
    with connection.cursor() as cursor:
        cursor.execute(_FIRST, [name])
    row = Circuit.objects.select_for_update().get(pk=name)
    return row, database_now()


def _value(row: Circuit) -> core.Circuit:
    return core.Circuit(CircuitState(row.state), tuple(row.failed_at), row.retry_at)


def _store(row: Circuit, circuit: core.Circuit, *, now: dt.datetime) -> None:
    row.state = circuit.state.value
    row.failed_at = list(circuit.failed_at)
    row.retry_at = circuit.retry_at
    row.changed_at = now
    row.save()


def _tell(
    name: str,
    before: core.Circuit,
    after: core.Circuit,
    *,
    actor: Actor,
    now: dt.datetime,
    reason: str = "",
) -> None:
    """Write an entry when calls stop or go again, not for every probe that failed."""
    was_closed = before.state is CircuitState.CLOSED
    if was_closed == (after.state is CircuitState.CLOSED):
        return
    detail: dict[str, object] = {"connector": name}
    if was_closed:
        detail["failures"] = len(after.failed_at)
    if after.retry_at is not None:
        detail["retry_at"] = after.retry_at.astimezone(dt.UTC).isoformat()
    if reason:
        detail["reason"] = reason
    kind = "circuit.opened" if was_closed else "circuit.closed"
    audit.record_installation(drafts=[audit.Draft(kind, actor, detail)], now=now)
