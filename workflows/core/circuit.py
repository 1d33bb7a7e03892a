"""Circuit breakers: when calls to a connector are held back. No storage, no clock.

CLOSED lets calls through and remembers when they failed; as many failures within the
window as the breaker allows open it. OPEN holds calls back until `retry_at`, then one
of them goes as a probe (HALF_OPEN): its success closes the circuit, its failure opens
it anew (M. Nygard, "Release It!", 2nd ed., "Circuit Breaker").
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

MAX_FAILURES = 100
"""The times of this many failures are kept at most."""


class CircuitState(StrEnum):
    """Whether calls to a connector go through."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


class Gate(StrEnum):
    """What a call may do now: go, go as the one that finds out, or stay."""

    GO = "GO"
    PROBE = "PROBE"
    STAY = "STAY"


@dataclass(frozen=True, slots=True)
class Breaker:
    """How many failures within how long open a circuit, and for how long.

    Raises ValueError for values that could never open or never close it.
    """

    failures: int = 5
    window_seconds: float = 60
    open_seconds: float = 30

    def __post_init__(self) -> None:
        sound = (
            1 <= self.failures <= MAX_FAILURES
            and self.window_seconds > 0
            and self.open_seconds > 0
        )
        if not sound:
            raise ValueError(
                f"A breaker opens after 1 to {MAX_FAILURES} failures, within a window"
                f" and for a time that are longer than nothing; this is {self}."
            )


@dataclass(frozen=True, slots=True)
class Circuit:
    """A connector's circuit as it stands.

    `failed_at` are the last failures, oldest first. `retry_at` is when the next probe
    may go: while OPEN the end of the pause, while HALF_OPEN the moment at which the
    probe under way is given up, since its worker may have died.
    """

    state: CircuitState = CircuitState.CLOSED
    failed_at: tuple[dt.datetime, ...] = ()
    retry_at: dt.datetime | None = None


def ask(circuit: Circuit, *, now: dt.datetime) -> Gate:
    """Say what a call may do; of those told to PROBE the first alone may."""
    if circuit.state is CircuitState.CLOSED:
        return Gate.GO
    if circuit.retry_at is None or circuit.retry_at <= now:
        return Gate.PROBE
    return Gate.STAY


def probe(circuit: Circuit, *, give_up_at: dt.datetime) -> Circuit:
    """Return the circuit while a probe is under way."""
    return Circuit(CircuitState.HALF_OPEN, circuit.failed_at, give_up_at)


def hear_failures(
    circuit: Circuit, times: Sequence[dt.datetime], *, breaker: Breaker
) -> Circuit:
    """Return the circuit after calls failed at these times, oldest first.

    Failures of calls that were under way when the circuit opened change nothing.
    """
    if circuit.state is not CircuitState.CLOSED or not times:
        return circuit
    last = max(times)
    since = last - dt.timedelta(seconds=breaker.window_seconds)
    recent = tuple(
        sorted(moment for moment in (*circuit.failed_at, *times) if moment > since)
    )[-MAX_FAILURES:]
    if len(recent) < breaker.failures:
        return Circuit(CircuitState.CLOSED, recent)
    return _opened(recent, last, breaker)


def hear_probe(
    circuit: Circuit, *, failed: bool, now: dt.datetime, breaker: Breaker
) -> Circuit:
    """Return the circuit after its probe came back; a late one changes nothing."""
    if circuit.state is CircuitState.CLOSED:
        return circuit
    if failed:
        return _opened(circuit.failed_at, now, breaker)
    return Circuit()


def _opened(
    failed_at: tuple[dt.datetime, ...], since: dt.datetime, breaker: Breaker
) -> Circuit:
    retry_at = since + dt.timedelta(seconds=breaker.open_seconds)
    return Circuit(CircuitState.OPEN, failed_at, retry_at)
