"""Stops under several workers, at a small share; `make chaos` runs it at full size."""

import pytest

from tests.faults import stopping

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def test_nothing_stopped_decides_and_everything_goes_on_once() -> None:
    told = stopping.run_here(48, 4)
    assert told["kept"], told
    assert told["stops_pressed"] >= 4
