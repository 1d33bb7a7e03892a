"""Circuits: what opens them, who may find out, and what closes them."""

import datetime as dt

import pytest

from workflows.core.circuit import (
    Breaker,
    Circuit,
    CircuitState,
    Gate,
    ask,
    hear_failures,
    hear_probe,
    probe,
)

NOW = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
BREAKER = Breaker(failures=3, window_seconds=60, open_seconds=30)


def at(seconds: float) -> dt.datetime:
    return NOW + dt.timedelta(seconds=seconds)


def after(*seconds: float) -> Circuit:
    circuit = Circuit()
    for each in seconds:
        circuit = hear_failures(circuit, [at(each)], breaker=BREAKER)
    return circuit


def test_circuit_opens_with_the_failure_that_is_too_many() -> None:
    assert after(0, 1).state is CircuitState.CLOSED
    opened = after(0, 1, 2)
    assert (opened.state, opened.retry_at) == (CircuitState.OPEN, at(32))


def test_failures_outside_the_window_do_not_count() -> None:
    assert after(0, 1, 60.5).state is CircuitState.CLOSED
    assert after(0, 1, 59.5).state is CircuitState.OPEN


def test_failures_of_one_batch_count_each() -> None:
    opened = hear_failures(Circuit(), [at(0), at(0), at(1)], breaker=BREAKER)
    assert opened.retry_at == at(31)


def test_late_failures_do_not_prolong_an_open_circuit() -> None:
    opened = after(0, 1, 2)
    assert hear_failures(opened, [at(20)], breaker=BREAKER) == opened


@pytest.mark.parametrize(
    ("seconds", "gate"), [(31, Gate.STAY), (32, Gate.PROBE), (500, Gate.PROBE)]
)
def test_open_circuit_holds_calls_back_until_its_pause_ends(
    seconds: float, gate: Gate
) -> None:
    assert ask(after(0, 1, 2), now=at(seconds)) is gate


def test_closed_circuit_lets_calls_through() -> None:
    assert ask(after(0, 1), now=at(2)) is Gate.GO


def test_one_probe_at_a_time_until_it_is_given_up() -> None:
    probing = probe(after(0, 1, 2), give_up_at=at(80))
    assert probing.state is CircuitState.HALF_OPEN
    assert ask(probing, now=at(79)) is Gate.STAY
    assert ask(probing, now=at(80)) is Gate.PROBE


def test_probe_closes_or_opens_anew() -> None:
    probing = probe(after(0, 1, 2), give_up_at=at(80))
    good = hear_probe(probing, failed=False, now=at(40), breaker=BREAKER)
    assert good == Circuit()
    bad = hear_probe(probing, failed=True, now=at(40), breaker=BREAKER)
    assert (bad.state, bad.retry_at) == (CircuitState.OPEN, at(70))


def test_probe_that_comes_back_to_a_closed_circuit_changes_nothing() -> None:
    closed = after(0)
    assert hear_probe(closed, failed=True, now=at(9), breaker=BREAKER) == closed
