"""Intake that a burnt budget slows: how often a process may be started in an hour.

Only what programs and people start is counted. People are refused, with a moment to
come again; what a program starts over the API is begun and held, and goes on in its
order when there is room. What messages, timers and other processes start goes on:
nothing that came may be lost.

Note [A held start]
It is an instance like any other, begun and suspended in one transaction with the
answer to its idempotency key: accepted means kept, once. A sweep resumes it in one
transaction that also gives it its place among the starts of the hour, so a crash leaves
it waiting or going on, never both. Who starts and who releases take one lock of the
process, after which nothing but instance rows is locked.
"""

import datetime as dt
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from review.models import HeldStart
from workflows.core.actors import ENGINE
from workflows.operations import instances
from workflows.operations.errors import Busy, Conflict
from workflows.store import database_now

MOST_HELD: Final = 10_000
"""Starts of a process that wait at once; more are refused."""
MOST_RELEASED: Final = 200
"""How many one sweep lets go where nothing slows them any more."""
_HOUR: Final = dt.timedelta(hours=1)

_BRAKE: Final = """
    SELECT min(per_hour) FROM review_intakebrake
    WHERE process = %s AND ended_at IS NULL
"""
# The newest starts of the last hour, so many as are allowed: the oldest of them says when
# there is room again. One that was held counts from when its turn came.
_STARTS: Final = """
    SELECT at FROM (
        SELECT i.started_at AS at FROM workflows_instance i
        JOIN workflows_definition d ON d.id = i.definition_id AND d.key = %(process)s
        WHERE i.started_at > clock_timestamp() - interval '1 hour'
          AND i.parent_instance_id IS NULL AND i.occurred_at IS NULL
          AND NOT EXISTS (SELECT FROM review_heldstart h WHERE h.instance_id = i.id)
        UNION ALL
        SELECT h.released_at FROM review_heldstart h
        WHERE h.process = %(process)s
          AND h.released_at > clock_timestamp() - interval '1 hour'
    ) starts ORDER BY at DESC LIMIT %(most)s
"""
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 20))"
# Somebody let it go on, or ended it, by hand: it takes nobody's place any more.
_GONE: Final = """
    DELETE FROM review_heldstart h
    WHERE h.process = %s AND h.released_at IS NULL AND NOT EXISTS (
        SELECT FROM workflows_instance i
        WHERE i.id = h.instance_id AND i.state = 'SUSPENDED')
"""


def check_start(key: str, *, count: int) -> None:
    """Let a process be started so many times now. Raises Busy where it is slowed.

    Where a brake stands, starts of the process wait for each other, so that two at once
    cannot both take the last place. Nobody overtakes what is held.
    """
    per_hour = _read_brake(key)
    if per_hour is None and not count_held(key):
        return
    _lock(key)
    room, again = _find_room(key, per_hour)
    if count_held(key) == 0 and (room is None or room >= count):
        return
    raise Busy(
        f"{key} is started at most {per_hour or 0} times an hour while an error budget is"
        " burnt; come again later."
        if per_hour is not None
        else f"Starts of {key} that were held go on first; come again in a moment.",
        seconds=int(again.total_seconds()) + 1,
    )


def has_room(key: str) -> bool:
    """Tell whether a program may start a process now; else its start is to be held.

    Raises Busy when MOST_HELD wait already.
    """
    per_hour = _read_brake(key)
    held = count_held(key)
    if per_hour is None and not held:
        return True
    _lock(key)
    held = count_held(key)
    room, again = _find_room(key, per_hour)
    if held == 0 and (room is None or room >= 1):
        return True
    if held >= MOST_HELD:
        raise Busy(
            f"{held:,} starts of {key} are held already; come again later.",
            seconds=int(again.total_seconds()) + 1,
        )
    return False


def hold_start(key: str, instance_id: UUID) -> None:
    """Hold an instance that was begun without room, in the same transaction."""
    instances.suspend(
        instance_id=instance_id,
        actor=ENGINE,
        reason=f"Intake of {key} is slowed while an error budget is burnt; it waits for"
        " its turn.",
    )
    HeldStart.objects.create(
        instance_id=instance_id, process=key, held_at=database_now()
    )


def count_held(key: str) -> int:
    """Return how many starts of a process wait for room."""
    return HeldStart.objects.filter(process=key, released_at=None).count()


def release_due() -> None:
    """Let held starts go on as far as there is room; any number of sweepers may."""
    waiting = HeldStart.objects.filter(released_at=None).values_list(
        "process", flat=True
    )
    for key in waiting.distinct().order_by("process"):
        release(key)


@transaction.atomic
def release(key: str) -> int:
    """Let held starts of a process go on in their order; return how many did."""
    _lock(key)
    with connection.cursor() as cursor:
        cursor.execute(_GONE, [key])
    room, _ = _find_room(key, _read_brake(key))
    turn = HeldStart.objects.filter(process=key, released_at=None).order_by("id")
    found = list(turn[: MOST_RELEASED if room is None else min(room, MOST_RELEASED)])
    for one in found:
        _let_go(one)
    return len(found)


def forget_old() -> None:
    """Forget whose turn came days ago; the entries of their cases keep it."""
    past = database_now() - dt.timedelta(days=2)
    HeldStart.objects.filter(released_at__lt=past).delete()


def _let_go(held: HeldStart) -> None:
    try:
        with transaction.atomic():
            instances.resume(
                instance_id=held.instance_id,
                actor=ENGINE,
                reason="There is room for it; its turn has come.",
            )
    except Conflict:
        pass  # somebody resumed or ended it in this very moment
    held.released_at = database_now()
    held.save(update_fields=["released_at"])


def _read_brake(key: str) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(_BRAKE, [key])
        return cursor.fetchone()[0]  # type: ignore[no-any-return]


def _lock(key: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [f"intake:{key}"])


def _find_room(key: str, per_hour: int | None) -> tuple[int | None, dt.timedelta]:
    """Return how many may be started now (None: any), and when to come again."""
    if per_hour is None:
        return None, dt.timedelta(seconds=1)
    with connection.cursor() as cursor:
        cursor.execute(_STARTS, {"process": key, "most": per_hour})
        started = [row[0] for row in cursor.fetchall()]
    again = _HOUR
    if started and per_hour:
        again = max(started[-1] + _HOUR - database_now(), dt.timedelta(seconds=1))
    return max(per_hour - len(started), 0), again
