"""What people order to be done with many incidents. Pure."""

from enum import StrEnum
from typing import Final

from review.core.interventions import Act

MOST: Final = 20_000
"""Incidents in one order, and open ones that the desk groups at a time."""
AT_ONCE: Final = 50
"""An order of so many is worked off while its author waits: a second or two."""


class OrderAct(StrEnum):
    """Try the steps again, or declare them done by hand."""

    RETRY = "RETRY"
    SETTLE = "SETTLE"

    @property
    def act(self) -> Act:
        """Return the act on each incident."""
        return Act(self.value)

    @property
    def verb(self) -> str:
        """Return what was done, for a sentence."""
        return "retried" if self is OrderAct.RETRY else "settled by hand"
