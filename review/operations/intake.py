"""Intake that a burnt budget slows: how often a process may be started in an hour.

Only what programs and people start is counted and refused, with a moment to come again.
What messages, timers and other processes start goes on: nothing that came may be lost.
"""

import datetime as dt
from typing import Final

from django.db import connection

from workflows.operations.errors import Busy

_BRAKE: Final = """
    SELECT min(per_hour) FROM review_intakebrake
    WHERE process = %s AND ended_at IS NULL
"""
# The newest starts of the last hour, so many as are allowed: the oldest of them says when
# there is room again.
_STARTS: Final = """
    SELECT i.started_at FROM workflows_instance i
    JOIN workflows_definition d ON d.id = i.definition_id AND d.key = %s
    WHERE i.started_at > clock_timestamp() - interval '1 hour'
      AND i.parent_instance_id IS NULL AND i.occurred_at IS NULL
    ORDER BY i.started_at DESC LIMIT %s
"""
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 20))"


def check_start(key: str, *, count: int) -> None:
    """Let a process be started so many times now. Raises Busy where it is slowed.

    Where a brake stands, starts of the process wait for each other, so that two at once
    cannot both take the last place.
    """
    with connection.cursor() as cursor:
        cursor.execute(_BRAKE, [key])
        (per_hour,) = cursor.fetchone()
        if per_hour is None:
            return
        cursor.execute(_LOCK, [f"intake:{key}"])
        cursor.execute(_STARTS, [key, per_hour])
        started = [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    if len(started) + count <= per_hour:
        return
    again = dt.timedelta(hours=1)
    if started and per_hour:
        again = max(started[-1] + again - now, dt.timedelta(seconds=1))
    raise Busy(
        f"{key} is started at most {per_hour} times an hour while an error budget is"
        " burnt; come again later.",
        seconds=int(again.total_seconds()) + 1,
    )
