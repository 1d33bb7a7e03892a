"""What workers do for auditors while nobody waits for a notice: bundles, tests of controls."""

from review.operations.evidence import building, control_orders


class Workshop:
    """Works in `bundles` jobs; where no broker is, sweeps do the same."""

    def drain(self, *, seconds: float) -> int:
        """Do what is due for at most about so long; return how much was finished."""
        built = building.drain(seconds=seconds)
        return built + control_orders.drain(seconds=seconds)
