"""Steps that call outside systems: claimed, run outside any transaction, finished.

Claim raises `lease_token` and `attempt` before the work; finish must carry the token.
A worker that is killed between the two leaves a RUNNING step whose lease lapses; the
next claim takes it over, and whatever the dead worker's orphan still reports is
discarded and audited, because its token is old.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from django.db import connection, transaction

from workflows import audit, store
from workflows.core.actors import Actor, ActorKind
from workflows.core.engine import stimuli
from workflows.core.engine.hearing import hear
from workflows.core.engine.run import Run
from workflows.core.engine.state import StepRow
from workflows.core.states import StepState
from workflows.handlers import HandlerContext, registry
from workflows.operations import plans
from workflows.operations.advance import failure, settle_and_save

GRACE_SECONDS = 15
"""How long a lease outlives the handler's own time limit."""

MAX_CLAIMS = 5
"""A step that was claimed so often without an answer has been killing its workers."""

log = structlog.get_logger(__name__)

_DUE = """
    SELECT s.instance_id FROM workflows_step s
    JOIN workflows_instance i ON i.id = s.instance_id AND i.state = 'ACTIVE'
    WHERE s.external
      AND ((s.state = 'READY' AND s.run_at <= clock_timestamp())
        OR (s.state = 'RUNNING' AND s.lease_until < clock_timestamp()))
    ORDER BY s.run_at NULLS FIRST LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Work:
    """A claimed step with all that its handler needs."""

    step_id: int
    instance_id: UUID
    token: int
    handler: str
    handler_version: str
    timeout_seconds: float
    inputs: Mapping[str, Any]
    context: HandlerContext


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a piece of work."""

    work: Work
    stimulus: stimuli.Stimulus


def work_off(*, worker: str, limit: int = 20, threads: int = 8) -> int:
    """Claim due external steps, run them side by side, finish them; return how many."""
    works = claim(worker=worker, limit=limit)
    if works:
        finish(run_all(works, threads=threads), worker=worker)
    return len(works)


@transaction.atomic
def claim(
    *, worker: str, limit: int, among: Sequence[UUID] | None = None
) -> list[Work]:
    """Claim external steps that are due or whose worker is gone.

    With `among` only those of these instances. Steps claimed too often without an answer become incidents instead.
    """
    due = _list_due(limit=limit) if among is None else among
    runs = store.load_free_runs(due, plan_for=plans.plan_for, limit=limit)
    claimed = [work for run in runs for work in _claim_steps(run, worker=worker)]
    settle_and_save([run for run in runs if run.changes.drafts])
    return claimed


def _list_due(*, limit: int) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [limit])
        return list({row[0]: None for row in cursor.fetchall()})


def run_all(works: Sequence[Work], *, threads: int) -> list[Answer]:
    """Run handlers in threads, each within its time limit; nothing is raised."""
    pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="service")
    try:
        futures = [(work, pool.submit(_run, work)) for work in works]
        return [_answer(work, future) for work, future in futures]
    finally:
        # A handler past its limit runs on in its thread; its answer is nobody's.
        pool.shutdown(wait=False, cancel_futures=True)


def finish(
    answers: Sequence[Answer],
    *,
    worker: str,
    occurred_at: Mapping[UUID, dt.datetime] | None = None,
) -> None:
    """Hand answers to their instances; one failing instance does not stop the rest.

    `occurred_at` is the business time of replayed answers, by instance.
    """
    times = occurred_at or {}
    try:
        _finish(answers, worker=worker, times=times)
    except Exception:
        if connection.in_atomic_block or len(answers) == 1:
            raise
        log.exception("finish_failed", worker=worker, steps=len(answers))
        for answer in answers:
            try:
                _finish([answer], worker=worker, times=times)
            except Exception:
                # The lease lapses and the step is claimed again, at most MAX_CLAIMS.
                log.exception("finish_failed", step=answer.work.step_id)


@transaction.atomic
def _finish(
    answers: Sequence[Answer], *, worker: str, times: Mapping[UUID, dt.datetime]
) -> None:
    ids = {answer.work.instance_id for answer in answers}
    runs = store.load_runs(list(ids), plan_for=plans.plan_for)
    by_id = {run.instance.id: run for run in runs}
    actor = _worker_actor(worker)
    for answer in answers:
        work = answer.work
        run = by_id[work.instance_id]
        run.occurred_at = times.get(work.instance_id)
        step = run.live.get(work.step_id)
        ours = (
            step is not None
            and step.state is StepState.RUNNING
            and step.lease_token == work.token
        )
        if ours:
            hear(run, answer.stimulus)
        else:
            run.add([_stale(work, actor)])
    settle_and_save([run for run in runs if run.changes.drafts])


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


def _claim_steps(run: Run, *, worker: str) -> list[Work]:
    works = []
    for step in _claimable(run):
        lost = step.state is StepState.RUNNING
        if lost and step.attempt >= MAX_CLAIMS:
            run.incident(
                step,
                code="WORKER_LOST",
                message=f"{step.attempt} workers took this step and none answered.",
            )
            continue
        works.append(_claim_step(run, step, worker=worker, lost=lost))
    return works


def _claim_step(run: Run, step: StepRow, *, worker: str, lost: bool) -> Work:
    """Raise token and attempt before the work, under the instance's lock."""
    work = _work(run, step)
    step.state = StepState.RUNNING
    step.attempt = work.context.attempt
    step.lease_token = work.token
    seconds = work.timeout_seconds + GRACE_SECONDS
    step.lease_until = run.now + dt.timedelta(seconds=seconds)
    step.worker = worker
    step.run_at = None
    detail: dict[str, object] = {"attempt": step.attempt, "token": step.lease_token}
    if lost:
        detail["because"] = "lease lapsed"
    run.note(step, "step.claimed", detail, actor=_worker_actor(worker))
    return work


def _work(run: Run, step: StepRow) -> Work:
    planned = run.plan.nodes[step.node_id]
    facts = planned.handler
    return Work(
        step_id=step.id,
        instance_id=run.instance.id,
        token=step.lease_token + 1,
        handler=planned.node.handler,
        handler_version=planned.node.handler_version,
        timeout_seconds=facts.timeout_seconds if facts else 30.0,
        inputs=dict(run.variables.inputs(planned)),
        context=HandlerContext(
            idempotency_key=str(step.id),
            instance_id=run.instance.id,
            step_id=step.id,
            attempt=step.attempt + 1,
            business_key=run.instance.business_key,
            now=run.now,
        ),
    )


def _run(work: Work) -> stimuli.Stimulus:
    try:
        handler = registry.get(work.handler, work.handler_version)
        output = handler.run(work.inputs, work.context)
    except Exception as error:  # noqa: BLE001  whatever a handler raises is an answer
        return failure(work.step_id, error)
    finally:
        # This thread's own connection, if the handler opened one.
        connection.close()
    return stimuli.Done(step_id=work.step_id, output=output)


def _answer(work: Work, future: "Future[stimuli.Stimulus]") -> Answer:
    try:
        stimulus = future.result(timeout=work.timeout_seconds)
    except FutureTimeout:
        limit = f"{work.timeout_seconds:g} s"
        error = TimeoutError(f"{work.handler} did not answer within {limit}.")
        stimulus = failure(work.step_id, error)
    return Answer(work=work, stimulus=stimulus)


def _stale(work: Work, actor: Actor) -> audit.Draft:
    return audit.Draft(
        kind="step.result_discarded",
        actor=actor,
        detail={
            "token": work.token,
            "attempt": work.context.attempt,
            "because": "the lease was lost to another worker or the step has ended",
        },
        step_id=work.step_id,
    )


def _worker_actor(worker: str) -> Actor:
    return Actor(kind=ActorKind.SYSTEM, id="worker", name=worker)


def is_due() -> bool:
    """Say whether an external step is ready or its worker's lease has lapsed."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [1])
        return cursor.fetchone() is not None
