"""How much of the promised size the long runs have: `CHAOS`, 1 unless said. No tests."""

import os
from typing import Final

SCALE: Final = float(os.environ.get("CHAOS", "1"))


def scaled(count: float, *, least: int = 1) -> int:
    """Return a count of the promised size at this run's scale."""
    return max(least, round(count * SCALE))
