"""Run a foreign model by a script of answers, over rows in memory. No expectations."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from tests.simulation import acts, shell
from tests.simulation.rows import Database, Message, Tables
from workflows.core.bpmn.graph import Process
from workflows.core.engine import stimuli
from workflows.core.engine.plan import Plan, build_plan
from workflows.core.engine.state import StepRow
from workflows.core.iso8601 import parse_duration
from workflows.core.states import StepState


@dataclass(frozen=True, slots=True)
class Followed:
    """Where a model came: completed nodes of all instances, states, open incidents."""

    completed: Counter[str]
    state: str
    incidents: tuple[str, ...]
    waiting: tuple[str, ...]


class Nobody:
    """Services of a model that has none; its persons answer by the script."""

    def answer(self, step: StepRow, token: int) -> stimuli.Stimulus:
        raise AssertionError(f"{step.node_id} called a handler.")

    def decides(self, step: StepRow) -> bool:
        return False


class Follower:
    """A database in memory with one case, and the acts of a script on it."""

    def __init__(self, processes: Iterable[Process], main: str) -> None:
        plans: dict[str, Plan] = {
            one.id: build_plan(one, handlers={}, decisions={}) for one in processes
        }
        self.db = Database(plans)
        self.main = main
        self.services = Nobody()
        self.root: UUID | None = None
        self.sent = 0

    def start(self, variables: Mapping[str, object]) -> None:
        """Begin the case and let it go as far as it can."""
        self.root = shell.start(self.db, process_id=self.main, variables=variables)
        self.settle()

    def settle(self) -> None:
        """Let everything happen that is due now."""
        while self.db.pick_due(limit=1):
            play(shell.advance(self.db, self.services, by="test", limit=50))
            play(acts.correlate(self.db, by="test"))

    def act(self, word: str) -> None:
        """Do one line of a script: answer:node, message:name, signal:name, wait:PT1H."""
        kind, _, what = word.partition(":")
        match kind:
            case "answer":
                self.answer(what)
            case "message":
                self.publish(what)
            case "signal":
                play(acts.throw_signal(self.db, what, by="test"))
            case "wait":
                self.db.now = parse_duration(what).after(self.db.now)
                play(shell.sweep(self.db, self.services, by="test", limit=200))
            case _:
                raise ValueError(f"A script has no {word!r}.")
        self.settle()

    def answer(self, node_id: str) -> None:
        """Answer the oldest open task of a node."""
        tasks = [
            task
            for task in self.db.rows.tasks.values()
            if task.open and task.node_id == node_id
        ]
        if not tasks:
            raise AssertionError(f"No task waits at {node_id}, but {self.waiting()}.")
        do = acts.answer_task(tasks[0].step_id)
        instance_id = tasks[0].instance_id
        play(acts.act(self.db, self.services, instance_id, do, by="test"))

    def publish(self, name: str) -> None:
        """Publish a message without a key; it is kept until somebody wants it."""
        self.sent += 1
        message = Message(
            message_id=str(self.sent),
            name=name,
            key="",
            variables="{}",
            expires_at=self.db.now + dt.timedelta(days=1),
        )

        def change(tables: Tables) -> None:
            tables.messages[message.message_id] = message

        with self.db.begin("test") as tx:
            tx.write(change)
        play(acts.correlate(self.db, by="test"))

    def waiting(self) -> tuple[str, ...]:
        """Return the nodes of all live steps, sorted."""
        return tuple(
            sorted(
                step.node_id
                for instance_id in self.db.rows.live
                for step in self.db.live_steps(instance_id)
            )
        )

    def followed(self) -> Followed:
        """Return where the model came."""
        rows = self.db.rows
        assert self.root is not None, "start first"
        return Followed(
            completed=Counter(
                step.node_id
                for step, _, _ in rows.steps.values()
                if step.state is StepState.COMPLETED
            ),
            state=self.db.instance(self.root).state.value,
            incidents=tuple(one.code for one in rows.incidents.values() if one.open),
            waiting=self.waiting(),
        )


def play(steps: shell.Steps) -> None:
    """Let one operation run from beginning to end."""
    for _ in steps:
        pass


def follow(
    processes: Iterable[Process],
    *,
    main: str,
    variables: Mapping[str, object],
    does: Sequence[str],
) -> Followed:
    """Start a process and do a script's acts, one after the other."""
    follower = Follower(processes, main)
    follower.start(variables)
    for word in does:
        follower.act(word)
    return follower.followed()
