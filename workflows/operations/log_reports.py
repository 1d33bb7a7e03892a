"""What a verification of the log reads and reports. Nothing is judged here."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from django.db import connection

from workflows.core.chain import Fault

FAULTS_KEPT: Final = 1_000
_NO_CHAIN: Final = UUID(int=0)
_BATCH: Final = 5_000


@dataclass(frozen=True, slots=True)
class Epoch:
    """A time under one signing key that began with an entry of the log.

    `signed` is how many entries the key before had signed, as far as its last word is
    known, and `kept` how many of these the log still holds; `lost` is the difference,
    and what a restored backup cost.
    """

    origin: str
    seq: int
    at: dt.datetime
    actor: str
    reason: str
    old_origin: str
    signed: int | None
    kept: int | None

    @property
    def lost(self) -> int:
        return max((self.signed or 0) - (self.kept or 0), 0) if self.was_cut else 0

    @property
    def was_cut(self) -> bool:
        """Tell whether entries that were signed are no longer in the log."""
        return (
            self.signed is not None
            and self.kept is not None
            and self.kept < self.signed
        )

    def __str__(self) -> str:
        text = (
            f"{self.origin} signs since {self.at:%Y-%m-%d %H:%M:%S} UTC: {self.reason}"
        )
        if self.was_cut:
            text += (
                f" THE LOG WAS CUT: {self.old_origin} had signed {self.signed} entries,"
                f" {self.kept} of them are here, {self.lost} are lost."
            )
        return text


@dataclass(slots=True)
class Report:
    """What was read and what was wrong; the first `FAULTS_KEPT` faults are kept.

    `anchors` notes of outsiders were compared, the largest over `anchored` entries.
    """

    entries: int = 0
    chains: int = 0
    leaves: int = 0
    checkpoints: int = 0
    unsealed: int = 0
    fault_count: int = 0
    anchored: int = 0
    anchors: int = 0
    epochs: list[Epoch] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return self.fault_count == 0

    def add(self, fault: Fault) -> None:
        """Count a fault, and keep it while there is room."""
        self.fault_count += 1
        if len(self.faults) < FAULTS_KEPT:
            self.faults.append(fault)

    def add_log_fault(self, code: str, message: str) -> None:
        """Count a fault of the tree, which belongs to no chain."""
        self.add(Fault(_NO_CHAIN, 0, code, message))


def stream(sql: str, chain: UUID | None = None) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a query, a few thousand in memory at a time."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, {"chain": chain})
        while rows := cursor.fetchmany(_BATCH):
            yield from rows
