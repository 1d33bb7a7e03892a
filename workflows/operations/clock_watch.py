"""Hold all timers when the database's clock jumps, until a person has looked.

Timers approve, expire and escalate: a clock that is suddenly an hour ahead would do an
hour's worth of that at once. Each sweeper compares the database's clock with a steady
one of its host (time asleep counts in both). The newest of the entries `clock.jumped`
and `clock.accepted` in the installation's chain says whether timers are held; it is
read when a sweeper starts and while they are.
"""

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog
from django.db import transaction

from workflows import audit, store
from workflows.core.actors import SWEEPER, Actor
from workflows.core.clockwatch import Reading, find_jump, find_limit
from workflows.driver import fetch
from workflows.operations.errors import Conflict, check_reason

JUMPED: Final = "clock.jumped"
ACCEPTED: Final = "clock.accepted"

log = structlog.get_logger(__name__)

_STANDS: Final = """
    SELECT kind FROM workflows_auditentry
    WHERE chain = %s AND kind IN ('clock.jumped', 'clock.accepted')
    ORDER BY seq DESC LIMIT 1
"""


def read_clocks() -> Reading:
    """Read the database's clock between two looks at the steady one."""
    before = _steady()
    database = store.database_now()
    return Reading(database=database, before=before, after=_steady())


@dataclass(slots=True)
class Watch:
    """What one sweeper has seen of the clock so far."""

    read: Callable[[], Reading] = read_clocks
    last: Reading | None = None
    held: bool | None = None
    limit: dt.datetime | None = None
    """What no clock that only runs on has reached yet; timers fire below it alone, so
    that a jump between this look and the firing fires none."""

    def may_fire(self) -> bool:
        """Tell whether timers may fire now; a jump seen just now holds them."""
        reading = self.read()
        jump = None
        if reading.is_sharp:
            jump = find_jump(self.last, reading) if self.last else None
            self.last = reading
        if self.last is not None:
            self.limit = find_limit(self.last, reading.after)
        if jump is not None:
            log.error("clock_jumped", seconds=jump.total_seconds())
            _record_jump(jump.total_seconds())
        if jump is not None or self.held is not False:
            self.held = is_held()
        return not self.held


def is_held() -> bool:
    """Tell whether a jump stands that nobody has accepted."""
    return fetch(_STANDS, [audit.INSTALLATION]) == [(JUMPED,)]


@transaction.atomic
def accept(*, actor: Actor, reason: str) -> None:
    """Let timers fire again by the clock as it is. Raises Conflict, Invalid."""
    check_reason(reason)
    if not is_held():
        raise Conflict("No jump of the clock stands; timers are not held.")
    _record(ACCEPTED, actor, {"reason": reason})


@transaction.atomic
def _record_jump(seconds: float) -> None:
    if not is_held():
        _record(JUMPED, SWEEPER, {"seconds": round(seconds)})


def _record(kind: str, actor: Actor, detail: dict[str, object]) -> None:
    draft = audit.Draft(kind=kind, actor=actor, detail=detail)
    audit.record_installation(drafts=[draft], now=store.database_now())


def _steady() -> float:
    # Unlike CLOCK_MONOTONIC it goes on while the machine sleeps, as real time does.
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()
