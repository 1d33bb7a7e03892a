"""Which task is whose, and which is next. No storage, no clock."""

import datetime as dt
from typing import Final, NamedTuple

from review.core.states import PriorityClass

DEFAULT_AGING: Final = 14_400
"""Seconds after which a task ranks with a fresh one of the class above its own."""

_CLASSES: Final = tuple(PriorityClass)


class Place(NamedTuple):
    """What a task asks of whoever takes it; empty words ask for nothing."""

    queue_id: int
    region: str = ""
    skill: str = ""
    level: int = 0


def rank(
    *, priority: PriorityClass, opened_at: dt.datetime, aging: dt.timedelta
) -> dt.datetime:
    """Return the moment a task is ranked by: the earlier, the sooner it is served.

    A task of class A counts from when it was opened, each class below from `aging`
    later. So a class comes before the next, first come first served within it, and
    nothing starves: what has waited `aging` longer passes a fresh task of the class
    above. The rank never changes while the task waits, so an index can keep it.
    """
    return opened_at + _CLASSES.index(priority) * aging
