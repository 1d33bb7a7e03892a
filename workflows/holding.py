"""Stops of automatic decisions: who says what is stopped, asked when it matters.

No engine here. Whoever keeps stops registers itself; a run asks once, inside the
transaction that would decide and only where something would be decided, so that a stop
holds for every decision whose transaction began after the stop was committed.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from workflows.core.engine.run import Run
from workflows.core.engine.state import Diverted, Hold


@dataclass(frozen=True, slots=True)
class DivertedStep:
    """A step that a stop kept from deciding, with the place of its entry."""

    instance_id: UUID
    definition_id: int
    diverted: Diverted
    audit_seq: int
    at: dt.datetime


class Stops(Protocol):
    """Who keeps the stops of automatic decisions."""

    def list_holds(self) -> Sequence[Hold]:
        """Return what is stopped now, by the database's clock."""

    def write_diverted(self, steps: Sequence[DivertedStep]) -> None:
        """Keep which steps were diverted, in the transaction that diverted them."""

    def check_start(self, key: str, *, count: int) -> None:
        """Let a process be started so many times now. Raises Busy."""

    def has_room(self, key: str) -> bool:
        """Tell whether a process may be started once now. Raises Busy when too many wait."""

    def hold_start(self, key: str, instance_id: UUID) -> None:
        """Hold an instance that was begun without room, until there is some."""


_stops: list[Stops] = []


def set_stops(stops: Stops) -> None:
    """Say who keeps the stops; the last word counts."""
    _stops[:] = [stops]


def once() -> Callable[[], Sequence[Hold]]:
    """Return what reads the stops when it is first called, and then no more."""
    kept: list[Sequence[Hold]] = []

    def read() -> Sequence[Hold]:
        if not kept:
            kept.append(_stops[0].list_holds() if _stops else ())
        return kept[0]

    return read


def tell_diverted(runs: Sequence[Run], *, audit_seqs: Mapping[int, int]) -> None:
    """Tell who keeps the stops which steps of these runs were diverted."""
    steps = [
        DivertedStep(
            instance_id=run.instance.id,
            definition_id=run.instance.definition_id,
            diverted=one,
            audit_seq=audit_seqs[one.step_id],
            at=run.now,
        )
        for run in runs
        for one in run.changes.diverted
    ]
    for stops in _stops if steps else ():
        stops.write_diverted(steps)


def check_start(key: str, *, count: int = 1) -> None:
    """Let somebody start a process so many times. Raises Busy where intake is slowed."""
    for stops in _stops:
        stops.check_start(key, count=count)


def has_room(key: str) -> bool:
    """Tell whether a process may be started now; False: begin it, and have it held.

    Whoever asks holds the place until its transaction ends. Raises Busy when too many
    wait already.
    """
    return all(stops.has_room(key) for stops in _stops)


def hold_start(key: str, instance_id: UUID) -> None:
    """Hold an instance that was begun without room, in the transaction that began it."""
    for stops in _stops:
        stops.hold_start(key, instance_id)
