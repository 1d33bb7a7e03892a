"""What workers do while nobody waits for it: move instances, then what there is else."""

from review.operations.definitions import definition_moves
from workflows.kinds import Bundler


class Backroom:
    """Moves instances in the jobs of bundles, before these: new versions wait for it."""

    def __init__(self, then: Bundler) -> None:
        self._then = then

    def drain(self, *, seconds: float) -> int:
        """Do what is due for about so long; return how much came to its end."""
        moved = definition_moves.drain(seconds=seconds)
        return moved + self._then.drain(seconds=seconds)
