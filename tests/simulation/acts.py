"""What people, operators and senders do to instances, one transaction each.

Resumable steps like those of `shell`; the rules are those of `workflows.operations`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias
from uuid import UUID

from tests.simulation.rows import NEVER, Database, Tables, Transaction, parse
from tests.simulation.saving import broadcast, save, tell_instance
from tests.simulation.shell import Services, Steps, put_aside, ring, settle, wait_for
from workflows.core.actors import Actor, ActorKind
from workflows.core.chain import Draft
from workflows.core.engine import stimuli
from workflows.core.engine.hearing import hear
from workflows.core.engine.run import Run, StepGone
from workflows.core.engine.stimuli import StimulusKind
from workflows.core.states import InstanceState, StepState

PERSON = Actor(kind=ActorKind.PERSON, id="1", name="Person")

Do: TypeAlias = Callable[[Transaction, Run], None]


def act(
    db: Database,
    services: Services,
    instance_id: UUID,
    do: Do,
    *,
    by: str,
) -> Steps:
    """Do something to one instance under its lock, and let it go on from there.

    `do` may raise StepGone: nothing of it is then kept, as after a 409.
    """
    try:
        with db.begin(by) as tx:
            yield from wait_for(tx, instance_id)
            run = tx.load(instance_id)
            do(tx, run)
            started = settle(tx, [run], services)
            save(tx, [run, *started])
            yield "before commit"
    except StepGone:
        return
    yield "before the bell"
    ring(db, [run], started=bool(started))


def answer_task(step_id: int) -> Do:
    """Return a person's answer to a task."""

    def do(tx: Transaction, run: Run) -> None:
        check_active(run)
        _, step = run.step(step_id)
        if step.state not in (StepState.WAITING, StepState.INCIDENT):
            raise StepGone(f"Step {step_id} does not wait for an answer.")
        hear(run, stimuli.Done(step_id=step_id, output={}, actor=PERSON))

        def change(tables: Tables) -> None:
            tables.tasks[step_id].open = False

        tx.write(change)

    return do


def retry_incident(incident_id: int) -> Do:
    """Return an operator's retry of a step that is in an incident."""

    def do(tx: Transaction, run: Run) -> None:
        check_active(run)
        incident = tx.database.rows.incidents[incident_id]
        if not incident.open:
            raise StepGone(f"Incident {incident_id} has been resolved already.")

        def change(tables: Tables) -> None:
            # Before the step moves: it may open a new one in this transaction.
            tables.incidents[incident_id].open = False

        tx.write(change)
        step_id = incident.step_id
        hear(run, stimuli.Retry(step_id=step_id, actor=PERSON, reason="again"))

    return do


def cancel_case(tx: Transaction, run: Run) -> None:
    """End a case at once."""
    check_active(run)
    hear(run, stimuli.Cancel(reason="no longer wanted", actor=PERSON))


def suspend(tx: Transaction, run: Run) -> None:
    """Hold an instance: its work is put aside."""
    check_active(run)
    run.instance.state = InstanceState.SUSPENDED
    run.add([Draft(kind="instance.suspended", actor=PERSON, detail={})])
    instance_id = run.instance.id
    tx.write(lambda tables: put_aside(tables, instance_id))


def resume(tx: Transaction, run: Run) -> None:
    """Let a suspended instance go on; its work is due at once."""
    if run.instance.state is not InstanceState.SUSPENDED:
        raise StepGone("The instance is not suspended.")
    run.instance.state = InstanceState.ACTIVE
    run.add([Draft(kind="instance.resumed", actor=PERSON, detail={})])
    instance_id, now = run.instance.id, run.now

    def change(tables: Tables) -> None:
        for heard in tables.stimuli.values():
            if heard.instance_id == instance_id:
                heard.run_at = now
        for step_id in tables.live.get(instance_id, ()):
            step = tables.steps[step_id][0]
            if step.state is StepState.READY and step.run_at == NEVER:
                step.run_at = now

    tx.write(change)


def check_active(run: Run) -> None:
    """Refuse to act on an instance that is suspended or has ended."""
    if run.instance.state is not InstanceState.ACTIVE:
        raise StepGone(f"The instance is {run.instance.state.value.lower()}.")


def correlate(db: Database, *, by: str) -> Steps:
    """Pair buffered messages with open subscriptions of their name and key."""
    yield "picked"
    with db.begin(by) as tx:
        taken: set[int] = set()
        for message in db.rows.messages.values():
            if message.state != "BUFFERED" or message.expires_at <= db.now:
                continue
            for row in db.rows.subscriptions.values():
                fits = row.kind == "MESSAGE" and row.name == message.name
                if fits and row.key == message.key and row.id not in taken:
                    deliver(tx, row.id, message_id=message.message_id)
                    if row.once:
                        taken.add(row.id)
                    break
    db.bells.append("engine")


def deliver(tx: Transaction, subscription_id: int, *, message_id: str) -> None:
    """Turn a pair into a stimulus: exactly one receiver for one message."""
    rows = tx.database.rows
    row, message = rows.subscriptions[subscription_id], rows.messages[message_id]
    tell_instance(
        tx,
        row.instance_id,
        kind=StimulusKind.RECEIVED,
        step_id=row.step_id,
        data={
            "node_id": row.node_id,
            "name": message.name,
            "variables": parse(message.variables),
            "message_id": message_id,
        },
    )

    def change(tables: Tables) -> None:
        tables.messages[message_id].state = "DELIVERED"
        if row.once:
            tables.subscriptions.pop(subscription_id, None)

    tx.write(change)


def throw_signal(db: Database, name: str, *, by: str) -> Steps:
    """Tell all who wait for a signal at this moment, in one transaction."""
    yield "picked"
    waiting = [
        row
        for row in db.rows.subscriptions.values()
        if row.kind == "SIGNAL" and row.name == name
    ]
    if all(row.served for row in waiting):
        # Somebody else has thrown it meanwhile; a second one would be one too many.
        return
    with db.begin(by) as tx:
        tx.write(lambda tables: broadcast(db, tables, name, {}))
    db.bells.append("engine")
