"""When the events of a case count as having happened, for logs that are mined.

Note [Two clocks]
An entry has the time it was recorded at; one replayed from elsewhere also the time it
occurred at. What the engine does between two replayed facts has the first alone, years
later. In such a case it counts with the fact before it. So the events of a case never go
backwards, and the time of recording stands beside.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class CaseClock:
    """The time of each entry of one case, in order; moments are UTC text."""

    def __init__(self) -> None:
        self._last = ""
        self._is_replayed = False

    def read(self, fields: Mapping[str, Any]) -> str:
        """Return when an entry counts as having happened."""
        occurred = fields.get("occurred_at")
        if occurred:
            self._is_replayed = True
        moment = str(occurred or ("" if self._is_replayed else fields["at"]))
        self._last = max(self._last, moment)
        return self._last
