"""A human kind without people, and a way to let everything run that is due."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

import pytest

import tests.factories.handlers  # noqa: F401  registers the handlers
from workflows import kinds
from workflows.kinds import HumanOpened, HumanRequest


class Waiting:
    """Every human step waits; the engine's tests answer it themselves."""

    def __init__(self) -> None:
        self.opened: list[int] = []
        self.canceled: list[int] = []

    def open_many(
        self, *, requests: Sequence[HumanRequest], now: dt.datetime
    ) -> list[HumanOpened]:
        return [HumanOpened(step_id=r.step_id, output=None) for r in requests]

    def open_none(
        self, *, requests: Sequence[HumanRequest], now: dt.datetime
    ) -> list[HumanOpened]:
        raise LookupError("nobody takes human steps today")

    def write_opened(
        self,
        *,
        opened: Sequence[HumanOpened],
        audit_seqs: Mapping[int, int],
        now: dt.datetime,
    ) -> None:
        self.opened.extend(one.step_id for one in opened)

    def cancel_many(
        self,
        *,
        step_ids: Sequence[int],
        audit_seqs: Mapping[int, int],
        now: dt.datetime,
    ) -> None:
        self.canceled.extend(step_ids)


@pytest.fixture
def people() -> Iterator[Waiting]:
    """Answer for the people, and put back whoever did before."""
    before = list(kinds._human)
    waiting = Waiting()
    kinds.set_human_kind(waiting)
    yield waiting
    kinds._human[:] = before
