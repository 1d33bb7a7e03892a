"""A case on the pure engine: a few lines of BPMN, then what comes to it, step by step.

Every stimulus is heard by a run on freshly loaded copies of the rows, as after a
commit, so that whatever the engine keeps only in memory is lost between two of them.
"""

import copy
import datetime as dt
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tests.factories.processes import bpmn, process
from workflows.bpmn import read_bpmn
from workflows.core.bpmn.graph import RetrySpec
from workflows.core.chain import Head
from workflows.core.engine import stimuli
from workflows.core.engine.hearing import hear
from workflows.core.engine.plan import HandlerFacts, build_plan
from workflows.core.engine.run import Run
from workflows.core.engine.state import (
    Call,
    InstanceRow,
    MessageThrow,
    SignalThrow,
    StepRow,
    Subscribe,
    Tell,
    TimerArm,
)
from workflows.core.states import FINAL_STEP_STATES, InstanceState, StepState

NOW = dt.datetime(2026, 1, 5, 9, 0, tzinfo=dt.UTC)


ONE_ATTEMPT = RetrySpec(max_attempts=1, base_seconds=1, cap_seconds=1)


@dataclass(frozen=True)
class Facts:
    """A handler as the engine plans with it."""

    external: bool = False
    compensation: str = ""
    retry: RetrySpec = ONE_ATTEMPT
    timeout_seconds: float = 30.0


@dataclass
class Case:
    """One instance and all that its advances wanted written."""

    body: str
    extra: str = ""
    variables: dict[str, Any] = field(default_factory=dict)
    handlers: Mapping[str, HandlerFacts] = field(default_factory=dict)
    undo: Mapping[str, HandlerFacts] = field(default_factory=dict)
    budget: int = 500

    def __post_init__(self) -> None:
        data = bpmn(process(self.body), extra=self.extra)
        (found,) = read_bpmn(data, source="case.bpmn")
        self.plan = build_plan(
            found, handlers=self.handlers, decisions={}, undo=self.undo
        )
        self.row = InstanceRow(
            id=UUID(int=1),
            definition_id=1,
            process_id="main",
            state=InstanceState.ACTIVE,
            business_key="",
            variables=self.variables,
            initiator="system:test",
            parent_instance_id=None,
            parent_step_id=None,
            depth=0,
            version=0,
            head=Head(chain=UUID(int=1)),
        )
        self.ids = itertools.count(1)
        self.steps: dict[int, StepRow] = {}
        self.timers: list[TimerArm] = []
        self.subscriptions: list[Subscribe] = []
        self.messages: list[MessageThrow] = []
        self.signals: list[SignalThrow] = []
        self.tells: list[Tell] = []
        self.called: list[Call] = []
        self.humans: list[int] = []
        self.incidents: dict[int, str] = {}
        self.kinds: list[str] = []
        self.ended: list[str] = []

    # --- what comes ---------------------------------------------------------------

    def start(self, **words: str) -> "Case":
        """Begin the instance; answer pure handlers with nothing."""
        return self.hear(stimuli.Start(**words))

    def done(self, node: str, **output: object) -> "Case":
        """End a live step of a node well, the oldest one."""
        return self.hear(stimuli.Done(step_id=self.find(node).id, output=output))

    def fault(self, node: str, code: str) -> "Case":
        """End a live step of a node in a BPMN error."""
        step = self.find(node)
        return self.hear(stimuli.Fault(step_id=step.id, code=code, message="no"))

    def fail(self, node: str, code: str = "ConnectionError") -> "Case":
        """Let the work of a node fail for good."""
        step = self.find(node)
        return self.hear(
            stimuli.Failed(
                step_id=step.id, code=code, message="no", jitter=0.5, permanent=True
            )
        )

    def fire(self, node: str) -> "Case":
        """Let an armed timer of an event come due."""
        arm = next(timer for timer in self.timers if timer.node_id == node)
        self.timers.remove(arm)
        return self.hear(
            stimuli.TimerFired(
                step_id=arm.step_id, node_id=node, due_at=arm.due_at, data=arm.data
            )
        )

    def receive(self, name: str, **variables: object) -> "Case":
        """Let a message or signal come to the oldest subscription of its name."""
        wish = next(one for one in self.subscriptions if one.name == name)
        if wish.once:
            self.subscriptions.remove(wish)
        return self.hear(
            stimuli.Received(
                step_id=wish.step_id,
                node_id=wish.node_id,
                name=name,
                variables=variables,
            )
        )

    def hear(self, stimulus: stimuli.Stimulus) -> "Case":
        """Let the instance hear something and keep what it became."""
        self._advance(stimulus)
        while self.row.state is InstanceState.ACTIVE:
            left = next((s for s in self.live if s.run_at is not None), None)
            if left is None or left.external:
                break
            self._advance(stimuli.Go(step_id=left.id))
        return self

    def _advance(self, stimulus: stimuli.Stimulus) -> None:
        row = copy.deepcopy(self.row)
        run = Run(
            plan=self.plan,
            instance=row,
            steps=copy.deepcopy(self.live),
            now=NOW,
            ids=self.ids,
        )
        run.budget = self.budget
        hear(run, stimulus)
        while calls := run.take_calls():
            for call in calls:
                self.called.append(call)
                hear(run, stimuli.Done(step_id=call.step.id, output={}))
        for human in run.take_humans():
            self.humans.append(human.step.id)
            run.waits(human.step)
        self._save(run)

    def _save(self, run: Run) -> None:
        self.row = run.instance
        changes = run.changes
        for step in run.touched:
            assert step.noted or not step.new, f"{step.node_id} has no entry"
            step.new = step.changed = step.noted = False
            self.steps[step.id] = step
            if step.state in FINAL_STEP_STATES and step.node_id:
                self.ended.append(f"{step.node_id}:{step.state.value}")
        for off in changes.timers_off:
            self.timers = [t for t in self.timers if not _is(off, t)]
        for off in changes.unsubscribed:
            self.subscriptions = [s for s in self.subscriptions if not _is(off, s)]
        self.timers.extend(changes.timers)
        self.subscriptions.extend(changes.subscribed)
        self.messages.extend(changes.messages)
        self.signals.extend(changes.signals)
        self.tells.extend(changes.tells)
        self.incidents.update({one.step_id: one.code for one in changes.incidents})
        for step_id in changes.incidents_off:
            del self.incidents[step_id]
        self.kinds.extend(draft.kind for draft in changes.drafts)

    # --- what one sees ------------------------------------------------------------

    @property
    def live(self) -> list[StepRow]:
        """Return the live steps, oldest first."""
        return [s for s in self.steps.values() if s.state not in FINAL_STEP_STATES]

    @property
    def waiting(self) -> list[str]:
        """Return the nodes of the live steps, sorted."""
        return sorted(step.node_id for step in self.live)

    @property
    def completed(self) -> list[str]:
        """Return the nodes of completed steps, in the order in which they ended."""
        return [
            name.removesuffix(":COMPLETED")
            for name in self.ended
            if name.endswith(":COMPLETED")
        ]

    @property
    def state(self) -> str:
        """Return the instance's state."""
        return self.row.state.value

    def find(self, node: str) -> StepRow:
        """Return the oldest live step of a node that does work (no body of a loop)."""
        for step in self.live:
            if step.node_id == node and "loop" not in step.data:
                return step
        raise AssertionError(f"No live step of {node}; live are {self.waiting}.")

    def is_over(self, state: InstanceState = InstanceState.COMPLETED) -> bool:
        """Tell whether the instance ended so and left nothing behind."""
        left = (self.live, self.timers, self.subscriptions, self.incidents)
        assert left == ([], [], [], {}), left
        return self.row.state is state


def _is(off: tuple[int | None, str], one: TimerArm | Subscribe) -> bool:
    return one.step_id == off[0] and off[1] in ("", one.node_id)


def ended_states(case: Case, node: str) -> list[StepState]:
    """Return how the steps of a node ended."""
    return [s.state for s in case.steps.values() if s.node_id == node]
