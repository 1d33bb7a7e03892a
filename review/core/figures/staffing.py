"""How many people the expected work takes, and what one more would do. No storage.

Little's law (Little 1961, Operations Research 9:383): tasks that come at a rate and take
a mean time each keep rate times time people busy at once, whatever the order of work.
That many would have no minute to spare, so more are needed than are kept busy.

Erlang's waiting formula (Erlang 1917; C in today's books): the chance that who comes
finds everybody busy, if tasks come at random, take exponential times, wait in one line
and each person does one at a time.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

BUSY_SHARE: Final = 0.8
"""How much of a shift goes into tasks: the rest is breaks, talk and learning."""
_TINY: Final = 1e-9


def find_load(*, arrivals_per_hour: float, mean_seconds: float) -> float:
    """Return how many people are busy at once by Little's law."""
    return arrivals_per_hour * mean_seconds / 3600


def find_needed(load: float) -> int:
    """Return how many people keep a load without more than BUSY_SHARE of their time."""
    return math.ceil(load / BUSY_SHARE - _TINY) if load > _TINY else 0


def find_waiting(load: float, *, people: float) -> float:
    """Return the chance that a task finds everybody busy; 1 where work outgrows people.

    Part of a person counts as nobody.
    """
    servers = math.floor(people + _TINY)
    if load <= 0:
        return 0.0
    if servers <= load:
        return 1.0
    lost = 1.0  # Erlang's loss formula, by its recursion
    for number in range(1, servers + 1):
        lost = load * lost / (number + load * lost)
    return lost / (1 - load / servers * (1 - lost))


@dataclass(frozen=True, slots=True)
class Marginal:
    """Breaches to expect as people are, and with one more of them."""

    before: float
    after: float

    @property
    def saved(self) -> float:
        """Return how many breaches fewer are to be expected."""
        return self.before - self.after


def add_person(
    chances: Sequence[tuple[float, int]],
    *,
    person_hours: float,
    added_hours: float,
    most_done: float,
) -> Marginal:
    """Return what so many more hours of work would do to expected breaches.

    `chances` are those of core/figures/forecasting.py, each of so many tasks: to be open still
    when due. Proportional hazards (Cox 1972, J. R. Stat. Soc. B 34:187): hours that grow
    by a factor let each task end at a rate that grows by the same, so a chance c to
    stay open becomes c to the power of that factor. This assumes that people, not
    answers from elsewhere, are what tasks wait for; that the one more takes any of
    them, in the order of the others; and that nothing more comes that is due today.
    No more is saved than `most_done` tasks, all that the hours are enough for. Where
    nobody is there no factor can be told: nothing is promised.
    """
    before = math.fsum(chance * count for chance, count in chances)
    if person_hours <= _TINY or added_hours <= 0:
        return Marginal(before, before)
    factor = (person_hours + added_hours) / person_hours
    after = math.fsum(chance**factor * count for chance, count in chances)
    return Marginal(before, max(after, before - max(most_done, 0.0)))
