"""Arm, cancel and fire timers. What is due, and when, is decided elsewhere.

The sweeper calls `fire_due` again and again:

1. due timers are read without a lock, those of suspended instances left out: they
   would stand in front of others' again and again;
2. their instances are locked, those that somebody works on are left for next time;
3. a timer is claimed by one conditional update, so that it fires once;
4. the engine's own timers of a batch fire together, those of other parts one by one,
   each in a transaction of its own, so that one bad timer cannot stop the rest.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import structlog
from django.db import connection, transaction

from workflows import audit, failpoints, store
from workflows.core.actors import SWEEPER
from workflows.core.canonical import dumps
from workflows.core.engine import clocks, stimuli
from workflows.core.engine.hearing import hear
from workflows.core.engine.run import StepGone
from workflows.core.states import InstanceState
from workflows.kinds import list_sleeping_kinds, timer_kind
from workflows.operations import plans
from workflows.operations.advance import settle_and_save
from workflows.operations.steps import lock_instance

ENGINE_KINDS = clocks.ENGINE_KINDS
BATCH = 200
MAX_ATTEMPTS = 10

log = structlog.get_logger(__name__)

_DUE = """
    SELECT id, instance_id, step_id, node_id, kind, ref, data, due_at
    FROM workflows_timer t
    WHERE state = 'ARMED' AND due_at <= clock_timestamp()
      AND clock_timestamp() < coalesce(%s::timestamptz, 'infinity')
      AND NOT ((kind LIKE 'engine.%%' OR kind = ANY(%s)) AND EXISTS (
        SELECT FROM workflows_instance i
        WHERE i.id = t.instance_id AND i.state = 'SUSPENDED'))
    ORDER BY due_at, id LIMIT %s
"""
_CLAIM = """
    UPDATE workflows_timer t
    SET state = 'FIRED', fired_at = clock_timestamp(), audit_seq = v.audit_seq
    FROM unnest(%s::bigint[], %s::int[]) AS v(id, audit_seq)
    WHERE t.id = v.id AND t.state = 'ARMED'
"""

CANCEL_FOR_REF = """
    UPDATE workflows_timer SET state = 'CANCELED', audit_seq = %s
    WHERE kind = %s AND ref = %s AND state = 'ARMED'
"""
"""Takes the entry's place, the kind and the ref; for callers with a pipeline."""


class DueTimer(NamedTuple):
    """A timer row as the one who fires it sees it."""

    id: int
    instance_id: UUID | None
    step_id: int | None
    node_id: str
    kind: str
    ref: str
    data: Mapping[str, Any]
    due_at: dt.datetime


def arm(
    *,
    instance_id: UUID,
    kind: str,
    ref: str,
    due_at: dt.datetime,
    audit_seq: int,
    step_id: int | None = None,
    data: Mapping[str, object] | None = None,
) -> None:
    """Arm a timer of a registered kind; `audit_seq` is this transaction's entry."""
    arm_many([(instance_id, step_id, kind, ref, dumps(data or {}), due_at, audit_seq)])


def arm_many(rows: Sequence[tuple[object, ...]]) -> None:
    """Arm many timers at once.

    Rows are (instance id, step id, kind, ref, data as JSON text, due at, audit seq).
    """
    if rows:
        store.execute(
            "INSERT INTO workflows_timer (instance_id, step_id, node_id, kind, ref,"
            " data, state, due_at, attempt, audit_seq)"
            " SELECT instance_id, step_id, '', kind, ref, data, 'ARMED', due_at, 0,"
            " audit_seq FROM unnest(%s::uuid[], %s::bigint[], %s::text[], %s::text[],"
            " %s::jsonb[], %s::timestamptz[], %s::int[])"
            " AS v(instance_id, step_id, kind, ref, data, due_at, audit_seq)",
            zip(*rows, strict=True),
        )


def cancel_for_ref(*, kind: str, ref: str, audit_seq: int) -> int:
    """Cancel the armed timers of a kind and ref; return how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(CANCEL_FOR_REF, [audit_seq, kind, ref])
        return int(cursor.rowcount)


def fire_due(*, limit: int = BATCH, below: dt.datetime | None = None) -> int:
    """Fire up to `limit` due timers; return how many fired.

    None fires once the database's clock has reached `below`.
    """
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [below, list_sleeping_kinds(), limit])
        due = [_timer(row) for row in cursor.fetchall()]
    engine = [timer for timer in due if timer.kind in ENGINE_KINDS]
    others = [timer for timer in due if timer.kind not in ENGINE_KINDS]
    fired = _guarded(_fire_engine, engine) if engine else 0
    return fired + sum(_guarded(_fire_other, [timer]) for timer in others)


def _guarded(fire: Any, timers: Sequence[DueTimer]) -> int:
    """Fire timers; where that fails, one by one, and push the bad ones forward."""
    try:
        return int(fire(timers))
    except Exception:
        if connection.in_atomic_block:
            raise
        log.exception("timers_failed", timers=[timer.id for timer in timers])
    if len(timers) > 1:
        return sum(_guarded(fire, [timer]) for timer in timers)
    _push_forward(timers[0])
    return 0


def _push_forward(timer: DueTimer) -> None:
    """Set a timer that cannot fire back, each time further, and keep it armed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE workflows_timer SET attempt = least(attempt + 1, %s),"
            " due_at = clock_timestamp() + power(2, attempt) * interval '10 seconds'"
            " WHERE id = %s AND state = 'ARMED'",
            [MAX_ATTEMPTS, timer.id],
        )


@transaction.atomic
def _fire_engine(timers: Sequence[DueTimer]) -> int:
    ids = list({timer.instance_id for timer in timers if timer.instance_id})
    runs = store.load_free_runs(ids, plan_for=plans.plan_for, limit=len(ids))
    by_id = {run.instance.id: run for run in runs}
    armed = _still_armed([t.id for t in timers if t.instance_id in by_id])
    fired: list[DueTimer] = []
    for read in timers:
        run = by_id.get(read.instance_id) if read.instance_id else None
        if run is None or read.id not in armed:
            continue
        # Its instance may have moved to another version since the timer was read.
        timer = read._replace(node_id=armed[read.id])
        run.add([_entry(timer)])
        fired.append(timer)
        try:
            hear(
                run,
                stimuli.TimerFired(
                    step_id=timer.step_id,
                    node_id=timer.node_id,
                    due_at=timer.due_at,
                    data=timer.data,
                ),
            )
        except StepGone:
            # Two boundary timers of one step due at once: the first ended the step.
            continue
    _claim([
        (t.id, by_id[t.instance_id].instance.head.seq + 1)
        for t in fired
        if t.instance_id
    ])
    settle_and_save([run for run in runs if run.changes.drafts])
    failpoints.reach("timer.fire")
    return len(fired)


@transaction.atomic
def _fire_other(timers: Sequence[DueTimer]) -> int:
    (timer,) = timers
    if timer.instance_id is None:
        return _fire_free(timer)
    locked = lock_instance(timer.instance_id, wait=False)
    if locked is None or timer.id not in _still_armed([timer.id]):
        return 0
    if (
        locked.state is InstanceState.SUSPENDED and timer.kind in list_sleeping_kinds()
    ):  # suspended since the timer was read
        return 0
    seq = audit.record(
        instance_id=timer.instance_id, drafts=[_entry(timer)], now=locked.now
    )
    _claim([(timer.id, seq)])
    timer_kind(timer.kind)(timer, now=locked.now)
    return 1


def _fire_free(timer: DueTimer) -> int:
    """Fire a timer that belongs to no instance, claimed by its own row."""
    now = store.database_now()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE workflows_timer SET state = 'FIRED', fired_at = clock_timestamp()"
            " WHERE id = %s AND state = 'ARMED'",
            [timer.id],
        )
        if cursor.rowcount != 1:
            return 0
    timer_kind(timer.kind)(timer, now=now)
    return 1


def _still_armed(ids: Sequence[int]) -> dict[int, str]:
    """Lock the timers that nobody fired or canceled since; return their nodes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, node_id FROM workflows_timer WHERE id = ANY(%s) AND state = 'ARMED'"
            " ORDER BY id FOR UPDATE",
            [list(ids)],
        )
        return {row[0]: row[1] for row in cursor.fetchall()}


def _claim(rows: Sequence[tuple[int, int]]) -> None:
    if rows:
        store.execute(_CLAIM, zip(*rows, strict=True))


def _entry(timer: DueTimer) -> audit.Draft:
    detail: dict[str, object] = {
        "kind": timer.kind,
        "due_at": timer.due_at.astimezone(dt.UTC).isoformat(),
    }
    if timer.node_id:
        detail["node"] = timer.node_id
    if timer.ref:
        detail["ref"] = timer.ref
    return audit.Draft(
        kind="timer.fired", actor=SWEEPER, detail=detail, step_id=timer.step_id
    )


def _timer(row: Sequence[Any]) -> DueTimer:
    return DueTimer(
        id=row[0],
        instance_id=row[1],
        step_id=row[2],
        node_id=row[3],
        kind=row[4],
        ref=row[5],
        data=store.parse_json(row[6]),
        due_at=row[7],
    )
