"""What saving an instance writes: the model of `workflows.store`'s set-based SQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from tests.simulation.rows import (
    ENGINE_TIMERS,
    Database,
    Heard,
    Incident,
    Message,
    Refused,
    Subscription,
    Tables,
    Task,
    Timer,
    Transaction,
    check_rows,
    text,
)
from workflows.core.engine.run import Run
from workflows.core.engine.state import StepRow
from workflows.core.engine.stimuli import StimulusKind
from workflows.core.states import FINAL_INSTANCE_STATES, FINAL_STEP_STATES, StepState


def save(tx: Transaction, runs: Sequence[Run]) -> None:
    """Stage all that runs changed. A run without an entry has changed nothing."""
    for run in runs:
        seqs = {row.step_id for row in tx.link(run)}
        if not run.changes.drafts:
            continue
        _save_instance(tx, run)
        for step in run.touched:
            # The deferred trigger refuses a changed step without an entry of its own
            # transaction; `noted` steps must have one that names them.
            if step.noted and step.id not in seqs:
                raise Refused(f"Step {step.id} ({step.node_id}) changed unaudited.")
            _save_step(tx, run, step)
        _save_timers(tx, run)
        _save_subscriptions(tx, run)
        _save_tells(tx, run)
        _save_throws(tx, run)
        _save_incidents(tx, run)
        _save_tasks(tx, run)
        tx.write(lambda tables, run=run: check_rows(tables, run))  # type: ignore[misc]


def _save_instance(tx: Transaction, run: Run) -> None:
    row = run.instance
    variables = text(row.variables)
    data = text(row.data)
    kept = replace(row, new=False, variables_changed=False, data_changed=False)

    def change(tables: Tables) -> None:
        before = tables.instances.get(row.id)
        if before is None:
            tables.instances[row.id] = (kept, variables, data)
            return
        # Columns are written where their flag says that they changed, only then.
        kept.head = replace(row.head)
        tables.instances[row.id] = (
            kept,
            variables if row.variables_changed else before[1],
            data if row.data_changed else before[2],
        )

    tx.write(change)


def _save_step(tx: Transaction, run: Run, step: StepRow) -> None:
    data = text(step.data)
    running = step.state is StepState.RUNNING
    # A lease outlives no state but RUNNING.
    kept = replace(
        step,
        new=False,
        changed=False,
        noted=False,
        lease_until=step.lease_until if running else None,
    )
    new = step.new

    def change(tables: Tables) -> None:
        if new and step.id in tables.steps:
            raise Refused(f"Step {step.id} exists already.")
        if not new and step.id not in tables.steps:
            raise Refused(f"Step {step.id} ({step.node_id}) was never inserted.")
        tables.steps[step.id] = (kept, data, run.instance.id)
        live = tables.live.setdefault(run.instance.id, {})
        if kept.state in FINAL_STEP_STATES:
            live.pop(step.id, None)
        else:
            live[step.id] = None

    tx.write(change)


def _save_timers(tx: Transaction, run: Run) -> None:
    """Disarm first, then arm: an event that is armed again has one timer, not none."""
    instance_id = run.instance.id
    off, armed = list(run.changes.timers_off), list(run.changes.timers)
    numbers = tx.database.numbers

    def change(tables: Tables) -> None:
        for step_id, node_id in off:
            for timer in tables.timers.values():
                ours = timer.step_id == step_id and (
                    step_id is not None or timer.instance_id == instance_id
                )
                named = not node_id or timer.node_id == node_id
                engine = timer.kind.startswith(ENGINE_TIMERS)
                if ours and named and engine and timer.state == "ARMED":
                    timer.state = "CANCELED"
        for arm in armed:
            number = next(numbers)
            tables.timers[number] = Timer(
                id=number,
                instance_id=instance_id,
                step_id=arm.step_id,
                node_id=arm.node_id,
                kind=arm.kind,
                data=text(arm.data),
                due_at=arm.due_at,
            )

    tx.write(change)


def _save_subscriptions(tx: Transaction, run: Run) -> None:
    instance_id = run.instance.id
    off, opened = list(run.changes.unsubscribed), list(run.changes.subscribed)
    ended = run.instance.state in FINAL_INSTANCE_STATES
    numbers = tx.database.numbers

    def change(tables: Tables) -> None:
        for number, row in list(tables.subscriptions.items()):
            ours = row.instance_id == instance_id
            for step_id, node_id in off:
                named = not node_id or row.node_id == node_id
                if ours and row.step_id == step_id and named:
                    tables.subscriptions.pop(number, None)
            if ours and ended:
                tables.subscriptions.pop(number, None)
        for wish in opened:
            number = next(numbers)
            tables.subscriptions[number] = Subscription(
                id=number,
                instance_id=instance_id,
                step_id=wish.step_id,
                node_id=wish.node_id,
                kind=wish.kind,
                name=wish.name,
                key=wish.key,
                once=wish.once,
            )

    tx.write(change)


def _save_tells(tx: Transaction, run: Run) -> None:
    """Insert what others must hear; nobody's lock is needed for that."""
    for tell in run.changes.tells:
        tell_instance(
            tx,
            UUID(str(tell.instance_id)),
            kind=tell.kind,
            step_id=tell.step_id,
            data=tell.data,
        )
    if run.instance.ended_at is not None:
        tx.write(lambda tables: forget(tables, run.instance.id))


def tell_instance(
    tx: Transaction, instance_id: UUID, *, kind: str, step_id: int | None, data: object
) -> None:
    """Stage a stimulus row."""
    heard = Heard(
        id=0,
        instance_id=instance_id,
        kind=kind,
        step_id=step_id,
        data=text(data),
        run_at=tx.database.now,
    )

    def change(tables: Tables) -> None:
        # The id is the sequence's at the insert; taking orders by it.
        heard.id = next(tx.database.numbers)
        tables.stimuli[heard.id] = heard

    tx.write(change)


def _save_throws(tx: Transaction, run: Run) -> None:
    """Publish messages; broadcast signals to whoever waits when this commits."""
    now = tx.database.now
    messages, signals = list(run.changes.messages), list(run.changes.signals)

    def change(tables: Tables) -> None:
        for thrown in messages:
            message = Message(
                message_id=thrown.message_id,
                name=thrown.name,
                key=thrown.key,
                variables=text(thrown.variables),
                expires_at=now + dt.timedelta(seconds=thrown.ttl_seconds),
            )
            tables.messages.setdefault(message.message_id, message)
        for signal in signals:
            broadcast(tx.database, tables, signal.name, signal.variables)

    tx.write(change)


def broadcast(
    database: Database, tables: Tables, name: str, variables: Mapping[str, object]
) -> None:
    """Tell all who wait for a signal; a subscription for one time then ends."""
    for row in list(tables.subscriptions.values()):
        if row.kind != "SIGNAL" or row.name != name:
            continue
        number = next(database.numbers)
        data = {"node_id": row.node_id, "name": name, "variables": variables}
        tables.stimuli[number] = Heard(
            id=number,
            instance_id=row.instance_id,
            kind=StimulusKind.RECEIVED,
            step_id=row.step_id,
            data=text(data),
            run_at=database.now,
        )
        row.served = True
        if row.once:
            del tables.subscriptions[row.id]


def forget(tables: Tables, instance_id: UUID) -> None:
    """Drop what an ended instance would still have heard."""
    for number, heard in list(tables.stimuli.items()):
        if heard.instance_id == instance_id:
            del tables.stimuli[number]


def _save_incidents(tx: Transaction, run: Run) -> None:
    off, opened = list(run.changes.incidents_off), list(run.changes.incidents)
    numbers = tx.database.numbers

    def change(tables: Tables) -> None:
        for incident in tables.incidents.values():
            if incident.step_id in off:
                incident.open = False
        for new in opened:
            if any(
                i.open and i.step_id == new.step_id for i in tables.incidents.values()
            ):
                raise Refused(f"Step {new.step_id} has an open incident already.")
            number = next(numbers)
            tables.incidents[number] = Incident(
                id=number,
                instance_id=run.instance.id,
                step_id=new.step_id,
                code=new.code,
            )

    tx.write(change)


def _save_tasks(tx: Transaction, run: Run) -> None:
    off = list(run.changes.humans_off)

    def change(tables: Tables) -> None:
        for step_id in off:
            if step_id in tables.tasks:
                tables.tasks[step_id].open = False

    tx.write(change)


def open_task(tx: Transaction, run: Run, step: StepRow) -> None:
    """Stage a person's task for a step."""
    task = Task(step_id=step.id, instance_id=run.instance.id, node_id=step.node_id)

    def change(tables: Tables) -> None:
        # A step that is asked again has its task again.
        tables.tasks[task.step_id] = task

    tx.write(change)
