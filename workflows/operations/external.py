"""Steps that call outside systems: claimed, run outside any transaction, finished.

Claim raises `lease_token` and `attempt` before the work; finish must carry the token.
A worker that is killed between the two leaves a RUNNING step whose lease lapses; the
next claim takes it over, and whatever the dead worker's orphan still reports is
discarded and audited, because its token is old. Claiming is in claims.py, how calls
run in calls.py.
"""

import datetime as dt
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import structlog
from django.db import InterfaceError, OperationalError, connection, transaction

from workflows import audit, failpoints, store
from workflows.core.actors import Actor
from workflows.core.engine import braking, stimuli
from workflows.core.engine.behaviours import RULES
from workflows.core.engine.hearing import hear
from workflows.core.engine.run import Run
from workflows.core.engine.state import StepRow
from workflows.core.states import StepState
from workflows.operations import circuits, plans
from workflows.operations.advance import settle_and_save
from workflows.operations.calls import Answer, Pool, Work, find_handler, run_all
from workflows.operations.claims import MAX_CLAIMS, claim, is_due, worker_actor

__all__ = [
    "MAX_CLAIMS",
    "Answer",
    "Work",
    "claim",
    "finish",
    "is_due",
    "run_all",
    "work_off",
]

LEASE_SECONDS = 30
"""The longest lease of a worker that makes it longer again and again."""

LIMIT = 1_000
THREADS = 32
SECONDS = 60.0
"""How much `work_off` has under way, how much of it in threads, and for how long."""

CLAIM_AT_ONCE = 250
POLL_SECONDS = 0.25
PATIENCE_SECONDS = 60.0
"""How long answers are kept for a database that is away."""

log = structlog.get_logger(__name__)

_EXTEND = """
    UPDATE workflows_step s
    SET lease_until = clock_timestamp() + v.seconds * interval '1 second'
    FROM unnest(%s::bigint[], %s::bigint[], %s::float8[]) AS v(id, token, seconds)
    WHERE s.id = v.id AND s.lease_token = v.token AND s.state = 'RUNNING'
    RETURNING s.id, s.lease_token
"""


def work_off(
    *,
    worker: str,
    limit: int = LIMIT,
    threads: int = THREADS,
    seconds: float = SECONDS,
) -> int:
    """Work external steps off until none is due; return how many were answered.

    At most `limit` calls are under way at once, at most `threads` of them in threads;
    more are claimed while others run, and finished in batches. After `seconds` no more
    are claimed, unless a call under way may last longer than a minute: one slow call
    does not leave the rest of the room unused.
    """
    desk = _Desk(worker=worker, pool=Pool(threads=threads, calls=limit))
    until = time.monotonic() + seconds
    try:
        while True:
            desk.claim_more(until=until, seconds=seconds)
            if not desk.is_busy:
                return desk.answered
            desk.take_answers()
    finally:
        desk.pool.close()


@dataclass(slots=True)
class _Desk:
    """One worker's calls under way, its answers not yet finished, and when to look."""

    worker: str
    pool: Pool
    answered: int = 0
    _answers: list[Answer] = field(default_factory=list)
    _look_at: float = 0.0
    _away_since: float = 0.0

    @property
    def is_busy(self) -> bool:
        return bool(self._answers) or len(self.pool) > 0

    def claim_more(self, *, until: float, seconds: float) -> None:
        """Claim as much as there is room for, unless a look found little just now."""
        now = time.monotonic()
        over = now >= until and self.pool.longest() <= max(seconds, SECONDS)
        if over or now < self._look_at:
            return
        room = self.pool.room()
        most = min(room.calls, CLAIM_AT_ONCE)
        if most <= 0:
            return
        try:
            works = claim(
                worker=self.worker, limit=most, room=room, lease_seconds=LEASE_SECONDS
            )
        except (OperationalError, InterfaceError) as error:
            self._wait_for_database(error)
            return
        failpoints.reach("claim.committed")
        self.pool.start(works)
        # What was not full finds the rest by polling; answers wake it up before.
        self._look_at = now if len(works) >= most else now + POLL_SECONDS

    def take_answers(self) -> None:
        """Take what was answered, keep the leases of the rest, and finish."""
        self._answers.extend(self.pool.take(seconds=POLL_SECONDS))
        try:
            self.pool.drop(extend(self.pool.list_to_extend()))
            if self._answers:
                failpoints.reach("finish.before")
                finish(self._answers, worker=self.worker)
                self.answered += len(self._answers)
                self._answers.clear()
                self._look_at = 0.0
            self._away_since = 0.0
        except (OperationalError, InterfaceError) as error:
            # Tokens make a second finish harmless, should the first have committed.
            self._wait_for_database(error)

    def _wait_for_database(self, error: Exception) -> None:
        """Keep the answers while the database is away. Raises `error` in the end."""
        now = time.monotonic()
        self._away_since = self._away_since or now
        if connection.in_atomic_block or now - self._away_since > PATIENCE_SECONDS:
            raise error
        if not self.is_busy:
            raise error  # nothing is lost by giving the worker back
        log.warning("services_without_database", error=str(error))
        connection.close()
        time.sleep(POLL_SECONDS)


# --- finish --------------------------------------------------------------------------


def extend(works: Sequence[Work]) -> list[Work]:
    """Make the leases of work under way longer; return work whose lease was lost."""
    if not works:
        return []
    with connection.cursor() as cursor:
        columns = (
            [work.step_id for work in works],
            [work.token for work in works],
            [float(work.lease_seconds) for work in works],
        )
        cursor.execute(_EXTEND, columns)
        held = set(cursor.fetchall())
    return [work for work in works if work.key not in held]


def finish(
    answers: Sequence[Answer],
    *,
    worker: str,
    occurred_at: Mapping[UUID, dt.datetime] | None = None,
) -> None:
    """Hand answers to their instances; one failing instance does not stop the rest.

    `occurred_at` is the business time of replayed answers, by instance. Raises
    OperationalError and InterfaceError where the database is away.
    """
    times = occurred_at or {}
    circuits.hear(_outcomes(answers))
    try:
        _finish(answers, worker=worker, times=times)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        if connection.in_atomic_block or len(answers) == 1:
            raise
        log.exception("finish_failed", worker=worker, steps=len(answers))
        for answer in answers:
            try:
                _finish([answer], worker=worker, times=times)
            except (OperationalError, InterfaceError):
                raise
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
    actor = worker_actor(worker)
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
        if step is not None and ours:
            _hear_answer(run, step, answer.stimulus)
        else:
            run.add([_stale(work, actor)])
    settle_and_save([run for run in runs if run.changes.drafts])
    failpoints.reach("finish.uncommitted")


def _hear_answer(run: Run, step: StepRow, said: stimuli.Stimulus) -> None:
    """Let a run hear what a call came to, unless a stop was placed meanwhile.

    What a stopped handler says decides nothing any more; that it failed is no decision.
    """
    hold = None
    if not isinstance(said, stimuli.Failed):
        hold = braking.find_hold(run, run.plan.nodes[step.node_id], step)
    if hold is None:
        hear(run, said)
    else:
        braking.divert(run, step, hold, answered=True)
        run.drain(RULES)


def _outcomes(answers: Sequence[Answer]) -> list[circuits.Outcome]:
    """Return how calls to connectors with a breaker ended, technical failures apart."""
    found = []
    for answer in answers:
        work, said = answer.work, answer.stimulus
        failed = isinstance(said, stimuli.Failed) and not said.permanent
        if not failed and not work.probe:
            continue
        handler = find_handler(work)
        if handler is not None and handler.breaker is not None:
            outcome = circuits.Outcome(
                handler.connector, handler.breaker, failed=failed, probe=work.probe
            )
            found.append(outcome)
    return found


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
