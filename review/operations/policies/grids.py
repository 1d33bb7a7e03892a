"""The grids of queues that are in force, compiled once in each process."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

from review.core.policies.grid_table import Grid, read_grid
from review.core.states import PolicyKind
from review.models import Policy
from review.operations.policies.policies_in_force import InForce, get_in_force


@dataclass(frozen=True, slots=True)
class Standing:
    """A grid in force, and which version it is."""

    version: InForce
    grid: Grid

    @property
    def label(self) -> str:
        """Return how the reasons of a case name it."""
        return f"the queue's grid {self.version.version}"

    def to_json(self) -> dict[str, object]:
        """Return what a task pins of it."""
        return self.version.to_json()


def find_standing(queue_ids: Collection[int]) -> dict[int, Standing]:
    """Return the grids in force by queue, in one statement for all of them."""
    return {
        queue_id: Standing(version, load_grid(version.id))
        for queue_id, version in get_in_force(queue_ids).items()
    }


def find_for_desks(queue_ids: Sequence[int | None]) -> list[Standing | None]:
    """Return the grid for each of many cases; None names no queue whose grid counts."""
    found = find_standing({number for number in queue_ids if number is not None})
    return [found.get(number) if number is not None else None for number in queue_ids]


@lru_cache(maxsize=512)
def load_grid(policy_id: int) -> Grid:
    """Return a version's grid, compiled; a stored body never changes."""
    body, faults = read_grid(
        Policy.objects.values_list("body", flat=True).get(
            pk=policy_id, kind=PolicyKind.GRID.value
        )
    )
    if body is None:
        raise ValueError(f"Policy {policy_id} is no grid: {faults[0].message}")
    return Grid(body)
