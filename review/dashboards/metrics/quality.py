"""Quality beside speed, and where the time went."""

from review.dashboards.metrics.rows import QualityRow, Split
from review.dashboards.metrics.scopes import Period, Scope


def read_split(scope: Scope, period: Period) -> Split:
    """Return where the time of the tasks closed in the period went."""
    return Split(0, [], [])


def read_quality(scope: Scope, period: Period) -> list[QualityRow]:
    """Return the shares of quality with what they are of and their 95 % intervals."""
    return []
