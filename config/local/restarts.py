"""When a dead child is started again, and when it is given up; pure."""

from __future__ import annotations

from dataclasses import dataclass

FIRST_DELAY_SECONDS = 0.5
MOST_DELAY_SECONDS = 8.0
DEATHS_GIVEN_UP = 5
WINDOW_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Restarts:
    """The moments of a child's deaths within the window, in seconds of any clock."""

    deaths: tuple[float, ...] = ()

    def after_death(self, *, at: float) -> Restarts:
        recent = [death for death in self.deaths if at - death < WINDOW_SECONDS]
        return Restarts((*recent, at))

    @property
    def is_given_up(self) -> bool:
        return len(self.deaths) >= DEATHS_GIVEN_UP

    @property
    def delay_seconds(self) -> float:
        """How long to wait after the last death: doubling, up to a cap."""
        doublings = max(len(self.deaths) - 1, 0)
        return float(min(FIRST_DELAY_SECONDS * 2**doublings, MOST_DELAY_SECONDS))
