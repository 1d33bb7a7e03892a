"""Let a version end by itself: no new starts now, retired when its last instance ends.

`definitions.retire` ends a version at once. Here nothing runs on the way of an
instance that ends: the sweeper looks at the few versions that are on their way out.
"""

import datetime as dt
from collections.abc import Sequence

from django.db import connection, transaction

from workflows import audit
from workflows.core.actors import SWEEPER, Actor
from workflows.models import Definition
from workflows.operations import definitions, start_timers
from workflows.operations.errors import Conflict, NotFound
from workflows.store import database_now

_LIVE = """
    SELECT count(*) FROM workflows_instance
    WHERE definition_id = %s AND state IN ('ACTIVE', 'SUSPENDED')
"""
# A start that is not committed yet is not seen: its instance then runs on a retired
# version, as those do that ran when a version was retired at once.
_CLAIM_IDLE = """
    SELECT id FROM workflows_definition d
    WHERE retiring_at IS NOT NULL AND retired_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM workflows_instance i WHERE i.definition_id = d.id
                      AND i.state IN ('ACTIVE', 'SUSPENDED'))
    ORDER BY id FOR UPDATE SKIP LOCKED
"""


def retire_when_idle(*, definition_id: int, actor: Actor) -> int:
    """Let no new instance start; retire the version when its last one has ended.

    Returns how many instances still run; with none it is retired at once. Raises
    NotFound, and Conflict when it is retired or on its way out already.
    """
    with transaction.atomic():
        now = database_now()
        changed = Definition.objects.filter(
            pk=definition_id, retired_at__isnull=True, retiring_at__isnull=True
        ).update(retiring_at=now)
        definition = Definition.objects.filter(pk=definition_id).first()
        if definition is None:
            raise NotFound(f"There is no definition {definition_id}.")
        if not changed:
            how = "retired" if definition.retired_at else "on its way out"
            raise Conflict(f"{definition} is {how} already.")
        start_timers.disarm(definition)
        definitions.listen(definition.key)
        live = _count_live(definition_id)
        _record([definition], kind="definition.retiring", actor=actor, now=now)
        retire_idle()
    return live


def retire_idle() -> int:
    """Retire the versions on their way out that have no live instance; return how many.

    A crash before the commit leaves them as they were, for the next sweep.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_CLAIM_IDLE)
            idle = [row[0] for row in cursor.fetchall()]
        if not idle:
            return 0
        now = database_now()
        Definition.objects.filter(pk__in=idle).update(retired_at=now)
        retired = list(Definition.objects.filter(pk__in=idle).order_by("id"))
        _record(retired, kind="definition.retired", actor=SWEEPER, now=now)
    return len(retired)


def _count_live(definition_id: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_LIVE, [definition_id])
        return int(cursor.fetchone()[0])


def _record(
    rows: Sequence[Definition], *, kind: str, actor: Actor, now: dt.datetime
) -> None:
    audit.record_installation(
        drafts=[
            audit.Draft(
                kind=kind,
                actor=actor,
                detail={"definition": str(row), "digest": row.digest},
            )
            for row in rows
        ],
        now=now,
    )
