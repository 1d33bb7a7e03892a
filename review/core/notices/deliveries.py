"""What becomes of a mail or post after a try. Pure: `now` and chance are given."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from review.core.notices.notices import DeliveryState

FIRST_WAIT: Final = dt.timedelta(seconds=30)
LONGEST_WAIT: Final = dt.timedelta(hours=1)
GIVE_UP_AFTER: Final = dt.timedelta(days=5)
"""As mail servers do (RFC 5321, 4.5.4.1), so that a long weekend loses nothing."""


@dataclass(frozen=True, slots=True)
class Next:
    """What a delivery is now, and when it is looked at again where it waits."""

    state: DeliveryState
    next_at: dt.datetime


def plan_retry(
    *,
    attempts: int,
    due_at: dt.datetime,
    now: dt.datetime,
    jitter: float,
    at_least: dt.timedelta = dt.timedelta(0),
) -> Next:
    """Say what follows a try, number `attempts` from 1, that may yet succeed.

    The wait doubles up to an hour; half of it is drawn by `jitter` in [0, 1), so that
    what failed together does not come again together. Five days after it was due it is
    given up.
    """
    if now - due_at >= GIVE_UP_AFTER:
        return Next(DeliveryState.DEAD, now)
    ceiling = min(FIRST_WAIT * 2 ** min(attempts - 1, 20), LONGEST_WAIT)
    wait = ceiling * (0.5 + jitter / 2)
    return Next(DeliveryState.WAITING, now + max(wait, at_least))
