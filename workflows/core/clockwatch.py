"""Did the database's clock jump? Two readings against a clock that only runs on. Pure."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

MOST: Final = dt.timedelta(seconds=60)
"""Beyond this a difference is no drift and no slow answer, but a jump."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The database's clock, and the steady clock before and after it was read."""

    database: dt.datetime
    before: float
    after: float

    @property
    def is_sharp(self) -> bool:
        """Tell whether the answer came soon enough to be compared."""
        return self.after - self.before < MOST.total_seconds() / 6


def find_jump(first: Reading, second: Reading) -> dt.timedelta | None:
    """Return by how much the database's clock jumped between two sharp readings.

    None for a difference of a minute or less; negative for a jump into the past.
    """
    ran = dt.timedelta(seconds=_middle(second) - _middle(first))
    jump = (second.database - first.database) - ran
    return jump if abs(jump) > MOST else None


def _middle(reading: Reading) -> float:
    return (reading.before + reading.after) / 2


def find_limit(last: Reading, now: float) -> dt.datetime:
    """Return what the database's clock stays below until it jumps, by a steady one."""
    return last.database + dt.timedelta(seconds=now - last.before) + MOST
