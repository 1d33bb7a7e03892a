"""The operations around the pure engine, one transaction each, as resumable steps.

Each is a generator: whatever lies between two `yield`s happens at once; at a `yield`
others may run, the clock may move, or the process may die. A `yield` inside a
transaction holds its row locks, as in the real store. The rules are those of
`workflows.operations`, over the rows of `rows`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias
from uuid import UUID

from tests.simulation.rows import (
    NEVER,
    Database,
    Tables,
    Timer,
    Transaction,
    claimable,
    new_instance,
    parse,
)
from tests.simulation.saving import forget, open_task, save, tell_instance
from workflows.core.actors import ENGINE, SWEEPER, Actor, ActorKind
from workflows.core.chain import Draft
from workflows.core.engine import stimuli
from workflows.core.engine.hearing import hear
from workflows.core.engine.run import Run, StepGone
from workflows.core.engine.state import ChildStart, StepRow
from workflows.core.engine.stimuli import StimulusKind
from workflows.core.states import FINAL_INSTANCE_STATES, InstanceState, StepState

WORKER = Actor(kind=ActorKind.SYSTEM, id="worker", name="Worker")

LEASE = dt.timedelta(seconds=45)
MAX_CLAIMS = 5

Steps: TypeAlias = Generator[str, None, None]


class Services(Protocol):
    """What handlers answer; `token` is that of the claim, 0 inside a transaction.

    `decides` says whether a person's step is decided without a person.
    """

    def answer(self, step: StepRow, token: int) -> stimuli.Stimulus: ...
    def decides(self, step: StepRow) -> bool: ...


@dataclass(frozen=True, slots=True)
class Work:
    """A claimed external step."""

    instance_id: UUID
    step_id: int
    token: int


# --- advancing -----------------------------------------------------------------------


def advance(db: Database, services: Services, *, by: str, limit: int) -> Steps:
    """Let due instances hear what waits for them; ring for what is left."""
    due = db.pick_due(limit=limit)
    if not due:
        return
    yield "picked"
    with db.begin(by) as tx:
        runs = tx.load_free(due, limit=limit)
        if not runs:
            park(tx, due)
            return
        for run in runs:
            take(tx, run)
            go_on(run)
        started = settle(tx, runs, services)
        save(tx, [*runs, *started])
        yield "before commit"
    yield "before the bell"
    ring(db, runs, started=bool(started))


def take(tx: Transaction, run: Run) -> None:
    """Hear and delete what an instance's inbox holds, oldest first."""
    heard = [
        row
        for row in tx.database.rows.stimuli.values()
        if row.instance_id == run.instance.id and row.run_at <= run.now
    ]
    heard.sort(key=lambda row: row.id)
    taken = [row.id for row in heard]

    def change(tables: Tables) -> None:
        for number in taken:
            tables.stimuli.pop(number, None)

    tx.write(change)
    for row in heard:
        hear_row(tx, run, kind=row.kind, step_id=row.step_id, data=parse(row.data))


def hear_row(
    tx: Transaction, run: Run, *, kind: str, step_id: int | None, data: Any
) -> None:
    """Hear one stimulus; one for a step that has ended is dropped.

    A message that nobody can hear any more goes back to where it came from.
    """
    try:
        hear(run, stimulus(kind, step_id, data))
    except StepGone:
        message_id = data.get("message_id")
        if message_id is not None:
            tx.write(lambda tables: _give_back(tables, message_id))
        return
    if kind == StimulusKind.RECEIVED:
        tx.fired.append((run.instance.id, step_id or 0, data["node_id"]))
        if "message_id" in data:
            tx.heard.append(data["message_id"])


def _give_back(tables: Tables, message_id: str) -> None:
    tables.messages[message_id].state = "BUFFERED"


def stimulus(kind: str, step_id: int | None, data: Any) -> stimuli.Stimulus:
    """Return the engine's value for a stored stimulus."""
    match StimulusKind(kind):
        case StimulusKind.START:
            return stimuli.Start()
        case StimulusKind.CHILD_ENDED:
            return stimuli.Done(step_id=step_id or 0, output=data["variables"])
        case StimulusKind.CHILD_FAILED:
            return stimuli.Fault(
                step_id=step_id or 0,
                code=str(data["code"]),
                message=str(data.get("message") or "The called process failed."),
            )
        case StimulusKind.CHILD_ESCALATED:
            return stimuli.Escalated(
                step_id=step_id or 0, code=data["code"], message=data["message"]
            )
        case StimulusKind.RECEIVED:
            return stimuli.Received(
                step_id=step_id,
                node_id=data["node_id"],
                name=data["name"],
                variables=data["variables"],
            )
        case StimulusKind.CANCEL:
            return stimuli.Cancel(reason="", actor=ENGINE, because=data["reason"])


def go_on(run: Run) -> None:
    """Do the READY steps whose moment has come."""
    due = [
        step.id
        for step in run.live.values()
        if step.state is StepState.READY
        and not step.new
        and not step.external
        and step.run_at is not None
        and step.run_at <= run.now
    ]
    for step_id in due:
        if step_id in run.live and run.instance.state is InstanceState.ACTIVE:
            hear(run, stimuli.Go(step_id=step_id))


def settle(tx: Transaction, runs: Sequence[Run], services: Services) -> list[Run]:
    """Run calls, begin called processes, open tasks until nothing is asked for."""
    started: list[Run] = []
    opened: list[tuple[Run, StepRow]] = []
    asked = list(runs)
    while asked:
        humans: list[tuple[Run, StepRow]] = []
        for run in asked:
            while calls := run.take_calls():
                for call in calls:
                    # The answer before it may have ended this one's scope.
                    if call.step.id in run.live:
                        hear(run, services.answer(call.step, 0))
            started.extend(begin_child(tx, run, one) for one in run.take_children())
            humans.extend((run, human.step) for human in run.take_humans())
        asked = open_tasks(humans, opened, services)
    for run, step in opened:
        # None for a step that was opened and canceled in this one transaction.
        if step.id in run.live:
            open_task(tx, run, step)
    return started


def open_tasks(
    humans: Sequence[tuple[Run, StepRow]],
    opened: list[tuple[Run, StepRow]],
    services: Services,
) -> list[Run]:
    """Open tasks, or have them decided at once; return the runs that then go on."""
    going_on = []
    for run, step in humans:
        if step.id not in run.live:
            # What was decided at once before it has ended its scope.
            continue
        if services.decides(step):
            hear(run, stimuli.Done(step_id=step.id, output={}))
            going_on.append(run)
        else:
            run.waits(step)
            opened.append((run, step))
    return going_on


def begin_child(tx: Transaction, run: Run, child: ChildStart) -> Run:
    """Begin the instance that a call activity calls; it starts when it is advanced."""
    _, step = run.step(child.step_id)
    called = new_instance(
        tx,
        process_id=child.called,
        variables=child.variables,
        parent=(run.instance.id, child.step_id),
        depth=run.instance.depth + 1,
    )
    step.data = {**step.data, "child": str(called.instance.id)}
    _note_start(tx, called)
    return called


def start(db: Database, *, process_id: str, variables: Mapping[str, object]) -> UUID:
    """Begin a case: its row, its first entry and what it hears first, at once."""
    with db.begin("starter") as tx:
        run = new_instance(tx, process_id=process_id, variables=variables)
        _note_start(tx, run)
        save(tx, [run])
    return run.instance.id


def _note_start(tx: Transaction, run: Run) -> None:
    run.add([Draft(kind="instance.started", actor=ENGINE, detail={})])
    kind = StimulusKind.START
    tell_instance(tx, run.instance.id, kind=kind, step_id=None, data={})


def park(tx: Transaction, instance_ids: Sequence[UUID]) -> None:
    """Put aside the work of suspended instances; ended ones lose theirs."""

    def change(tables: Tables) -> None:
        for instance_id in instance_ids:
            state = tables.instances[instance_id][0].state
            if state is InstanceState.SUSPENDED:
                put_aside(tables, instance_id)
            elif state in FINAL_INSTANCE_STATES:
                forget(tables, instance_id)

    tx.write(change)


def put_aside(tables: Tables, instance_id: UUID) -> None:
    """Let nothing of an instance come due until it is resumed."""
    for heard in tables.stimuli.values():
        if heard.instance_id == instance_id:
            heard.run_at = NEVER
    for step_id in tables.live.get(instance_id, ()):
        step = tables.steps[step_id][0]
        if step.state is StepState.READY:
            step.run_at = NEVER


def ring(db: Database, runs: Sequence[Run], *, started: bool) -> None:
    """Ring for whoever has something to do now; a lost ring costs time only."""
    steps = [step for run in runs for step in run.touched]
    if any(s.external and s.state is StepState.READY for s in steps):
        db.bells.append("services")
    if started or any(run.changes.tells for run in runs):
        db.bells.append("engine")


# --- external steps ------------------------------------------------------------------


def serve(db: Database, services: Services, *, by: str, limit: int) -> Steps:
    """Claim external steps, work on them outside any transaction, report."""
    due = db.pick_services(limit=limit)
    if not due:
        return
    yield "picked"
    works: list[Work] = []
    with db.begin(by) as tx:
        runs = tx.load_free(due, limit=limit)
        for run in runs:
            works.extend(claim(run))
        save(tx, runs)
        yield "before commit"
    for work in works:
        yield "outside"
        step = db.rows.steps[work.step_id][0]
        answer = services.answer(step, work.token)
        yield "answered"
        yield from finish(db, services, work, answer, by=by)


def claim(run: Run) -> list[Work]:
    """Raise token and attempt before the work, under the instance's lock."""
    works = []
    for step in list(run.live.values()):
        if not step.external or step.new or not claimable(step, run.now):
            continue
        if step.state is StepState.RUNNING and step.attempt >= MAX_CLAIMS:
            run.incident(step, code="WORKER_LOST", message="No worker answered.")
            continue
        step.state = StepState.RUNNING
        step.attempt += 1
        step.lease_token += 1
        step.lease_until = run.now + LEASE
        step.run_at = None
        run.note(step, "step.claimed", {"token": step.lease_token}, actor=WORKER)
        works.append(Work(run.instance.id, step.id, step.lease_token))
    return works


def finish(
    db: Database,
    services: Services,
    work: Work,
    answer: stimuli.Stimulus,
    *,
    by: str,
) -> Steps:
    """Hand an answer to its instance, if its token is still the step's."""
    with db.begin(by) as tx:
        yield from wait_for(tx, work.instance_id)
        run = tx.load(work.instance_id)
        step = run.live.get(work.step_id)
        if is_ours(step, work):
            given = db.rows.steps[work.step_id][0].lease_token
            tx.finished.append((work.step_id, work.token, given))
            hear(run, answer)
        else:
            detail = {"token": work.token}
            run.add([
                Draft(
                    kind="step.result_discarded",
                    actor=WORKER,
                    detail=detail,
                    step_id=work.step_id,
                )
            ])
        started = settle(tx, [run], services)
        save(tx, [run, *started])
        yield "before commit"
    yield "before the bell"
    ring(db, [run], started=bool(started))


def is_ours(step: StepRow | None, work: Work) -> bool:
    """Say whether a worker still holds the step: an older token is a zombie's."""
    return (
        step is not None
        and step.state is StepState.RUNNING
        and step.lease_token == work.token
    )


def wait_for(tx: Transaction, instance_id: UUID) -> Iterator[str]:
    """Wait until an instance's row is free (FOR UPDATE)."""
    while not tx.is_free(instance_id):
        yield "waiting"


# --- timers --------------------------------------------------------------------------


def sweep(db: Database, services: Services, *, by: str, limit: int) -> Steps:
    """Fire due timers, then ring for whatever is due."""
    due = db.pick_timers(limit=limit)
    yield "picked"
    if due:
        with db.begin(by) as tx:
            ids = list({timer.instance_id: None for timer in due})
            runs = tx.load_free(ids, limit=len(ids))
            by_id = {run.instance.id: run for run in runs}
            for timer in due:
                if timer.instance_id in by_id and is_armed(db, timer):
                    fire(tx, by_id[timer.instance_id], timer)
            started = settle(tx, runs, services)
            save(tx, [*runs, *started])
            yield "before commit"
        yield "before the bell"
        ring(db, runs, started=bool(started))
    if db.pick_due(limit=1):
        db.bells.append("engine")
    if db.pick_services(limit=1):
        db.bells.append("services")


def is_armed(db: Database, timer: Timer) -> bool:
    """Say whether nobody fired or disarmed a timer since it was read."""
    return db.rows.timers[timer.id].state == "ARMED"


def fire(tx: Transaction, run: Run, timer: Timer) -> None:
    """Fire one timer under its instance's lock, once."""
    detail: dict[str, object] = {"node": timer.node_id, "due_at": str(timer.due_at)}
    run.add([
        Draft(kind="timer.fired", actor=SWEEPER, detail=detail, step_id=timer.step_id)
    ])

    def change(tables: Tables) -> None:
        tables.timers[timer.id].state = "FIRED"

    tx.write(change)
    try:
        hear(
            run,
            stimuli.TimerFired(
                step_id=timer.step_id,
                node_id=timer.node_id,
                due_at=timer.due_at,
                data=parse(timer.data),
            ),
        )
    except StepGone:
        # Two timers of one step due at once: the first ended the step.
        return
    tx.fired.append((run.instance.id, timer.step_id or 0, timer.node_id))
