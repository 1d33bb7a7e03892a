"""Claim external steps: under the instance's lock, in one transaction, for one worker.

What may be claimed is bounded by the worker's room and by the circuits of connectors.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection, transaction

from workflows import store
from workflows.core.actors import Actor, ActorKind
from workflows.core.circuit import Gate
from workflows.core.contracts import VersionError
from workflows.core.engine import braking, stimuli
from workflows.core.engine.activities import Work as Asked
from workflows.core.engine.activities import work_of
from workflows.core.engine.behaviours import RULES
from workflows.core.engine.hearing import hear
from workflows.core.engine.run import Run
from workflows.core.engine.state import StepRow
from workflows.core.states import StepState
from workflows.handlers import Handler, HandlerContext, UnknownHandler, registry
from workflows.operations import circuits, plans
from workflows.operations.advance import settle_and_save
from workflows.operations.calls import Room, Work

GRACE_SECONDS = 15
"""How long a lease outlives the handler's own time limit."""

MAX_CLAIMS = 5
"""A step that was claimed so often without an answer has been killing its workers."""

_ENDLESS = 1_000_000

CIRCUIT_CODES = ("cs.circuit", "cs.failure")
"""Error codes whose boundary events are the drawn fallback of an open circuit."""

_DUE = """
    SELECT s.instance_id FROM workflows_step s
    JOIN workflows_instance i ON i.id = s.instance_id AND i.state = 'ACTIVE'
    WHERE s.external
      AND ((s.state = 'READY' AND s.run_at <= clock_timestamp())
        OR (s.state = 'RUNNING' AND s.lease_until < clock_timestamp()))
    ORDER BY s.run_at NULLS FIRST LIMIT %s
"""
_POSTPONE = """
    UPDATE workflows_step s SET run_at = v.run_at
    FROM unnest(%s::bigint[], %s::timestamptz[]) AS v(id, run_at)
    WHERE s.id = v.id AND s.state = 'READY'
"""


@dataclass(slots=True)
class _Claiming:
    """What one claim goes by: room in the pool, circuits, and what must wait."""

    worker: str
    room: Room
    keeper: circuits.Gatekeeper
    lease_seconds: float | None
    postponed: list[tuple[int, dt.datetime]] = field(default_factory=list)


@transaction.atomic
def claim(
    *,
    worker: str,
    limit: int,
    among: Sequence[UUID] | None = None,
    room: Room | None = None,
    lease_seconds: float | None = None,
) -> list[Work]:
    """Claim external steps that are due or whose worker is gone.

    With `among` only those of these instances, with `room` only what there is room
    for. A lease outlives the handler's limit; `lease_seconds` is shorter, for a caller
    who extends it. Steps claimed too often without an answer become incidents, and
    those behind an open circuit wait or take their drawn fallback.
    """
    due = _list_due(limit=limit) if among is None else among
    runs = store.load_free_runs(due, plan_for=plans.plan_for, limit=limit)
    if not runs:
        return []
    claiming = _Claiming(
        worker=worker,
        room=room or Room(threads=_ENDLESS, calls=_ENDLESS),
        keeper=circuits.Gatekeeper.read(now=runs[0].now),
        lease_seconds=lease_seconds,
    )
    claimed = [work for run in runs for work in _claim_steps(run, claiming)]
    settle_and_save([run for run in runs if run.changes.drafts])
    if claiming.postponed:
        store.execute(_POSTPONE, zip(*claiming.postponed, strict=True))
    return claimed


def _list_due(*, limit: int) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [limit * 2])
        return list({row[0]: None for row in cursor.fetchall()})


def _claimable(run: Run) -> list[StepRow]:
    return [
        step
        for step in run.live.values()
        if step.external
        and not step.new
        and (
            (
                step.state is StepState.READY
                and step.run_at is not None
                and step.run_at <= run.now
            )
            or (
                step.state is StepState.RUNNING
                and step.lease_until is not None
                and step.lease_until < run.now
            )
        )
    ]


def _claim_steps(run: Run, claiming: _Claiming) -> list[Work]:
    works = []
    for step in _claimable(run):
        if step.id not in run.live:
            continue  # the fallback of another step canceled it
        lost = step.state is StepState.RUNNING
        if lost and step.attempt >= MAX_CLAIMS:
            run.incident(
                step,
                code="WORKER_LOST",
                message=f"{step.attempt} workers took this step and none answered.",
            )
            continue
        if (work := _claim_step(run, step, claiming)) is not None:
            works.append(work)
    return works


def _claim_step(run: Run, step: StepRow, claiming: _Claiming) -> Work | None:
    planned = run.plan.nodes[step.node_id]
    if hold := braking.find_hold(run, planned, step):
        braking.divert(run, step, hold)
        run.drain(RULES)
        return None
    asked = work_of(run, planned, step)
    timeout = asked.facts.timeout_seconds if asked.facts else 30.0
    lease = timeout + GRACE_SECONDS
    if claiming.lease_seconds is not None:
        lease = min(lease, claiming.lease_seconds)
    handler = _find_handler(asked)
    probe = False
    if handler is not None:
        answer = claiming.keeper.ask(handler, lease=dt.timedelta(seconds=lease))
        if answer.gate is Gate.STAY:
            _hold_back(run, step, handler, claiming, until=answer.until)
            return None
        probe = answer.gate is Gate.PROBE
        # A probe was promised to the others; it goes even where the room is used up.
        if not claiming.room.take(handler) and not probe:
            if handler.concurrency and claiming.room.calls > 0:
                _postpone(step, claiming, until=run.now, spread=1.0)
            return None
    _take(run, step, claiming, lease=lease, probe=probe)
    return Work(
        step_id=step.id,
        instance_id=run.instance.id,
        token=step.lease_token,
        handler=asked.handler,
        handler_version=asked.version,
        timeout_seconds=timeout,
        inputs=dict(asked.inputs),
        context=HandlerContext(
            idempotency_key=str(step.id),
            instance_id=run.instance.id,
            step_id=step.id,
            attempt=step.attempt,
            business_key=run.instance.business_key,
            now=run.now,
        ),
        lease_seconds=0.0 if claiming.lease_seconds is None else lease,
        probe=probe,
    )


def _take(
    run: Run, step: StepRow, claiming: _Claiming, *, lease: float, probe: bool
) -> None:
    """Raise token and attempt before the work, under the instance's lock."""
    lost = step.state is StepState.RUNNING
    step.state = StepState.RUNNING
    step.attempt += 1
    step.lease_token += 1
    step.lease_until = run.now + dt.timedelta(seconds=lease)
    step.worker = claiming.worker
    step.run_at = None
    detail: dict[str, object] = {"attempt": step.attempt, "token": step.lease_token}
    if lost:
        detail["because"] = "lease lapsed"
    if probe:
        detail["probe"] = True
    run.note(step, "step.claimed", detail, actor=worker_actor(claiming.worker))


def _find_handler(asked: Asked) -> Handler | None:
    try:
        return registry.get(asked.handler, asked.version)
    except (UnknownHandler, VersionError):
        return None  # the call says so


def _hold_back(
    run: Run,
    step: StepRow,
    handler: Handler,
    claiming: _Claiming,
    *,
    until: dt.datetime,
) -> None:
    """Let a step behind an open circuit take its drawn fallback, or else wait."""
    code = _drawn_fallback(run, step)
    if code:
        message = f"The circuit of {handler.connector} is open after failures."
        hear(run, stimuli.Fault(step_id=step.id, code=code, message=message))
    elif step.state is StepState.READY:
        pause = handler.breaker.open_seconds if handler.breaker else 1.0
        _postpone(step, claiming, until=until, spread=pause / 10)


def _drawn_fallback(run: Run, step: StepRow) -> str:
    """Return the reserved code that a boundary event here or further out catches."""
    at: StepRow | None = step
    while at is not None:
        drawn = {event.error_code for event in run.plan.nodes[at.node_id].attached}
        for code in CIRCUIT_CODES:
            if code in drawn:
                return code
        at = run.live.get(at.scope_id) if at.scope_id is not None else None
    return ""


def _postpone(
    step: StepRow, claiming: _Claiming, *, until: dt.datetime, spread: float
) -> None:
    """Look at a step again later; no attempt is used, and nothing is audited.

    Steps are spread over a while after that moment, lest they all come at once.
    """
    later = dt.timedelta(seconds=spread * (1 + step.id % 97) / 97)
    claiming.postponed.append((step.id, until + later))


def worker_actor(worker: str) -> Actor:
    """Return who acts when a worker claims or finishes."""
    return Actor(kind=ActorKind.SYSTEM, id="worker", name=worker)


def is_due() -> bool:
    """Say whether an external step is ready or its worker's lease has lapsed."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [1])
        return cursor.fetchone() is not None
