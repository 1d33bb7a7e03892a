"""Move running instances as an approved change says: batch by batch, in the background.

A batch and its counts commit together under the lock of the move's row. Any number of
workers may do this; one that dies leaves its batch undone, and the next goes on behind
the last that was committed.
"""

import datetime as dt
import time
from collections import Counter
from typing import Final

import structlog
from django.db import transaction

from review import live
from review.core.changes import MOST_MOVE_FAILURES, MoveState
from review.models import DefinitionMove
from review.operations.definitions.definition_changes import BELL, tell_author
from review.operations.people.people import actor_of
from workflows import audit, dispatch
from workflows.core.actors import SWEEPER
from workflows.operations.instance_migration import Report, find_route, migrate_next
from workflows.store import database_now

HERE_SECONDS: Final = 1.0
"""How long a sweep moves instances where no broker takes the ring."""
SLICE_SECONDS: Final = 10.0
PAUSE_SECONDS: Final = 10
KEPT: Final = 100
"""How many reasons, and how many blocked instances, a move names one by one."""

log = structlog.get_logger(__name__)


def drain(*, seconds: float = SLICE_SECONDS) -> int:
    """Move instances for about so long; return how many moves came to their end."""
    until = time.monotonic() + min(seconds, SLICE_SECONDS)
    finished = 0
    while (move_id := _find_due()) is not None:
        finished += _go_on(move_id)
        if time.monotonic() >= until:
            dispatch.ring(BELL)
            break
    return finished


def sweep() -> None:
    """Ring for moves that are due; go on with them here where no broker is."""
    if _find_due() is not None and not dispatch.ring(BELL):
        drain(seconds=HERE_SECONDS)


def _find_due() -> int | None:
    return (
        DefinitionMove.objects
        .filter(state=MoveState.WAITING.value, next_at__lte=database_now())
        .order_by("next_at", "id")
        .values_list("id", flat=True)
        .first()
    )


def _go_on(move_id: int) -> bool:
    """Move the next batch; return whether that was the end."""
    try:
        return _take_batch(move_id)
    except Exception as error:
        # Whatever it is: other moves must go on behind this one.
        log.exception("move_broke", move=move_id)
        return _put_off(move_id, f"{type(error).__name__}: {error}")


@transaction.atomic
def _take_batch(move_id: int) -> bool:
    move = _lock(move_id)
    if move is None:
        return False  # another worker has it, or has ended it
    change = move.change
    route = find_route(
        key=change.key,
        source=move.source.version,
        target=move.target.version,
        nodes=move.nodes,
    )
    person = change.settled_by
    actor = actor_of(person) if person is not None else SWEEPER
    report, ended = migrate_next(
        route, after=move.after, actor=actor, reason=change.reason
    )
    now = database_now()
    _count(move, report)
    if ended is not None:
        # Behind the others, so that two migrations share the worker.
        move.after, move.next_at = ended, now
        move.save()
        live.publish(live.POLICIES)
        return False
    _end(move, MoveState.DONE, now=now)
    return True


def _count(move: DefinitionMove, report: Report) -> None:
    move.migrated += report.migrated
    move.blocked += report.blocked
    move.gone += report.gone
    reasons = Counter({(node, text): count for node, text, count in move.reasons})
    reasons.update(report.reasons)
    move.reasons = [
        [node, text, count] for (node, text), count in reasons.most_common(KEPT)
    ]
    # By their ids alone: what a case is called may have to be forgotten.
    blocked = [
        [str(one.instance_id), one.obstacles[0].message] for one in report.examples
    ]
    move.examples = [*move.examples, *blocked][:KEPT]
    move.failures, move.error = 0, ""


def _put_off(move_id: int, words: str) -> bool:
    with transaction.atomic():
        move = _lock(move_id)
        if move is None:
            return False
        now = database_now()
        move.failures += 1
        move.error = words[:500]
        if move.failures >= MOST_MOVE_FAILURES:
            _end(move, MoveState.FAILED, now=now)
            return True
        move.next_at = now + dt.timedelta(seconds=PAUSE_SECONDS * move.failures)
        move.save()
    return False


def _lock(move_id: int) -> DefinitionMove | None:
    return (
        DefinitionMove.objects
        .select_for_update(skip_locked=True, of=("self",))
        .filter(pk=move_id, state=MoveState.WAITING.value)
        .select_related("change__settled_by", "source", "target")
        .first()
    )


def _end(move: DefinitionMove, state: MoveState, *, now: dt.datetime) -> None:
    move.state = state.value
    move.next_at, move.finished_at = None, now
    move.save()
    change = move.change
    counts = f"{move.migrated:,} moved, {move.blocked:,} stayed"
    tell_author(
        change,
        f"{move.source.version}: {counts}",
        move.error,
        key=f"moved:{move.id}",
    )
    detail: dict[str, object] = {
        "change": change.id,
        "from": str(move.source),
        "to": str(move.target),
        "migrated": move.migrated,
        "blocked": move.blocked,
        "gone": move.gone,
    }
    if state is MoveState.FAILED:
        detail["error"] = move.error
    word = "migrated" if state is MoveState.DONE else "migration_failed"
    draft = audit.Draft(kind=f"definition.{word}", actor=SWEEPER, detail=detail)
    audit.record_installation(drafts=[draft], now=now)
    live.publish(live.POLICIES)
