"""What is around the processes: services, persons, senders, operators. All seeded."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from tests.simulation import acts, shell
from tests.simulation.canvas import RETRY, START
from tests.simulation.drawing import Drawn, draw
from tests.simulation.oracle import DOWN, Expected, expect
from tests.simulation.rows import Database, Message, Subscription, Tables
from tests.simulation.trees import (
    Block,
    Call,
    Inset,
    Race,
    Scope,
    Wait,
    Work,
    walk,
)
from workflows.core.bpmn.graph import EventKind, Process, RetrySpec
from workflows.core.engine import stimuli
from workflows.core.engine.plan import Plan, build_plan
from workflows.core.engine.state import StepRow
from workflows.core.states import InstanceState

LONG = dt.timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the engine must know of a handler."""

    external: bool
    retry: RetrySpec = RETRY
    timeout_seconds: float = 30.0
    compensation: str = ""


@dataclass(slots=True)
class Script:
    """What a tree says of the world around it, by node id.

    `signals` are the names that are thrown when somebody waits for them.
    """

    tree: Block
    drawn: Drawn
    plans: Mapping[str, Plan]
    expected: Expected
    works: dict[str, Work] = field(default_factory=dict)
    signals: set[str] = field(default_factory=set)
    repeating: bool = False


def read_script(tree: Block) -> Script:
    """Draw a tree, compile it, and gather what the world must do for it."""
    drawn = draw(tree)
    plans = {name: _plan(process) for name, process in drawn.processes.items()}
    script = Script(tree=tree, drawn=drawn, plans=plans, expected=expect(tree))
    for block in walk(tree):
        _read(script, block)
    return script


def _plan(process: Process) -> Plan:
    handlers = {
        node.id: Facts(external=node.handler == "outside")
        for node in process.nodes.values()
        if node.handler
    }
    return build_plan(process, handlers=handlers, decisions={})


def _read(script: Script, block: Block) -> None:
    if isinstance(block, Work):
        script.works[block.name] = block
    if isinstance(block, Wait) and block.event is EventKind.SIGNAL:
        script.signals.add(block.name)
    if isinstance(block, Race) and block.events[block.chosen] is EventKind.SIGNAL:
        script.signals.add(f"{block.name}.e{block.chosen}")
    if isinstance(block, Work | Scope | Call):
        for guard in block.guards:
            if guard.event is EventKind.SIGNAL and guard.fires:
                script.signals.add(guard.name)
                script.repeating |= not guard.interrupting
    if isinstance(block, Inset) and block.event is EventKind.SIGNAL:
        script.signals.add(f"{block.name}.on")
        script.repeating |= not block.interrupting


class World:
    """One run's database and all who act on it."""

    def __init__(self, script: Script, chance: random.Random) -> None:
        self.script = script
        self.chance = chance
        self.db = Database(script.plans)
        self.tries: Counter[int] = Counter()
        self.highest: dict[int, int] = {}
        self.roots: dict[str, UUID] = {}
        self.unsent: list[Message] = []
        self.canceled: set[UUID] = set()

    def begin(self, cases: int) -> None:
        """Start the cases, and lay ready the messages that they will need."""
        for number in range(cases):
            case = f"case {number}"
            variables = {"case": case, **START}
            self.roots[case] = shell.start(
                self.db, process_id="main", variables=variables
            )
            self.db.bells.append("engine")
            for name, times in sorted(self.script.expected.messages.items()):
                for index in range(times):
                    self.unsent.append(
                        Message(
                            message_id=f"{case}/{name}/{index}",
                            name=name,
                            key=case,
                            variables="{}",
                            expires_at=self.db.now + LONG,
                        )
                    )

    # --- services ----------------------------------------------------------------

    def answer(self, step: StepRow, token: int) -> stimuli.Stimulus:
        """Answer as a handler; what is called counts, also when nobody learns of it."""
        work = self.script.works[step.node_id]
        self.tries[step.id] += 1
        if work.broken:
            return stimuli.Failed(
                step_id=step.id,
                code=DOWN,
                message="It never answers.",
                jitter=0.0,
                permanent=True,
            )
        if work.raises:
            return stimuli.Fault(
                step_id=step.id, code=work.raises, message="It cannot be done."
            )
        if self.tries[step.id] <= work.fails:
            return stimuli.Failed(
                step_id=step.id,
                code="DOWN",
                message="Nobody answers.",
                jitter=self.chance.random(),
                permanent=work.hard,
            )
        return stimuli.Done(step_id=step.id, output={"token": token})

    def decides(self, step: StepRow) -> bool:
        """Say whether rules decide a person's step at once."""
        return self.script.works[step.node_id].instant

    # --- what somebody may do now ------------------------------------------------

    def wishes(self) -> Iterator[tuple[str, str, object]]:
        """Yield what people and senders may do now: (kind, name, argument)."""
        for task in self.db.rows.tasks.values():
            if task.open and self.may_answer(task.step_id, task.node_id):
                yield "answer", task.node_id, task.step_id
        for incident in self.db.rows.incidents.values():
            state = self.db.instance(incident.instance_id).state
            if incident.open and state is InstanceState.ACTIVE:
                yield "retry", str(incident.step_id), incident.id
        if self.unsent:
            yield "publish", self.unsent[0].message_id, None
        if self.can_correlate():
            yield "correlate", "", None
        for row in self.db.rows.subscriptions.values():
            if self.may_throw(row):
                yield "signal", row.name, row.id

    def may_answer(self, step_id: int, node_id: str) -> bool:
        """Say whether a person answers now: some never do, some wait for an event."""
        found = self.db.rows.steps.get(step_id)
        work = self.script.works[node_id]
        if found is None or work.absent:
            return False
        step, _, instance_id = found
        if self.db.instance(instance_id).state is not InstanceState.ACTIVE:
            return False
        fired = self.db.rows.fired
        return all(
            fired.get((instance_id, self.host(step, host), event), 0) >= times
            for event, host, times in work.gates
        )

    def host(self, step: StepRow, node_id: str) -> int:
        """Return the step of an activity around a step, or the step itself."""
        at: StepRow | None = step
        while at is not None and at.node_id != node_id:
            at = self.db.rows.steps[at.scope_id][0] if at.scope_id else None
        return at.id if at is not None else 0

    def can_correlate(self) -> bool:
        """Say whether a buffered message has somebody who waits for it."""
        waiting = {
            (row.name, row.key)
            for row in self.db.rows.subscriptions.values()
            if row.kind == "MESSAGE"
        }
        return any(
            message.state == "BUFFERED" and (message.name, message.key) in waiting
            for message in self.db.rows.messages.values()
        )

    def may_throw(self, row: Subscription) -> bool:
        """Say whether a signal is due: once for each subscription that needs one."""
        return (
            row.kind == "SIGNAL" and row.name in self.script.signals and not row.served
        )

    # --- doing it ----------------------------------------------------------------

    def grant(self, wish: tuple[str, str, object]) -> shell.Steps:
        """Return the steps of doing what somebody wishes."""
        kind, name, argument = wish
        by = f"{kind} {name}"
        match kind, argument:
            case "answer", int(step_id):
                instance_id = self.db.rows.steps[step_id][2]
                do = acts.answer_task(step_id)
                return acts.act(self.db, self, instance_id, do, by=by)
            case "retry", int(incident_id):
                instance_id = self.db.rows.incidents[incident_id].instance_id
                do = acts.retry_incident(incident_id)
                return acts.act(self.db, self, instance_id, do, by=by)
            case "signal", int(number):
                name = self.db.rows.subscriptions[number].name
                return acts.throw_signal(self.db, name, by=by)
            case "publish", _:
                return self.publish(self.chance.choice(self.unsent))
            case _:
                return acts.correlate(self.db, by="matcher")

    def publish(self, message: Message) -> shell.Steps:
        """Publish a message; the same id again changes nothing."""
        yield "picked"

        def change(tables: Tables) -> None:
            tables.messages.setdefault(message.message_id, message)

        with self.db.begin(f"publish {message.message_id}") as tx:
            tx.write(change)
            yield "before commit"
        # A sender who dies before he hears of it, or is unsure, sends again.
        yield "before the sender knows"
        if message in self.unsent and self.chance.randrange(4):
            self.unsent.remove(message)
