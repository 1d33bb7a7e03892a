"""One instance advancing: tokens, scopes, completion. What nodes do is in behaviours.

A `Run` is a working copy. Whoever owns it loads it under the instance's row lock,
lets it hear stimuli, executes the calls it asks for, and saves what changed. Given
the same rows, stimuli, ids and `now` it always ends in the same place.
"""

import datetime as dt
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence

from workflows.core.actors import ENGINE, Actor
from workflows.core.bpmn.graph import NodeKind
from workflows.core.canonical import digest
from workflows.core.chain import Draft
from workflows.core.engine import joins
from workflows.core.engine.plan import Plan, PlanNode
from workflows.core.engine.state import (
    Call,
    Changes,
    ChildStart,
    Human,
    IncidentOpen,
    InstanceRow,
    StepRow,
    Tell,
)
from workflows.core.engine.stimuli import StimulusKind
from workflows.core.engine.variables import Variables
from workflows.core.states import InstanceState, StepState

STEPS_PER_ADVANCE = 500
"""Activations in one transaction; what is left over is done by the next advance."""

Behaviour = Callable[["Run", PlanNode, StepRow], None]


class StepGone(Exception):
    """The step is not live any more: it ended, or its instance did."""


class Run:
    """A working copy of one instance with its live steps."""

    def __init__(
        self,
        *,
        plan: Plan,
        instance: InstanceRow,
        steps: Sequence[StepRow],
        now: dt.datetime,
        ids: Iterator[int],
        occurred_at: dt.datetime | None = None,
    ) -> None:
        self.plan = plan
        self.instance = instance
        self.now = now
        self.occurred_at = occurred_at
        self.variables = Variables(instance)
        self.changes = Changes()
        self.live = {step.id: step for step in steps}
        self.touched: list[StepRow] = []
        self.calls: list[Call] = []
        self.humans: list[Human] = []
        self.budget = STEPS_PER_ADVANCE
        self._ids = ids
        self._queue: deque[tuple[PlanNode, int | None, str]] = deque()
        self._alive: dict[int | None, int] = {}
        for step in steps:
            self._alive[step.scope_id] = self._alive.get(step.scope_id, 0) + 1

    # --- what the owner of the run takes and gives -------------------------------

    def take_calls(self) -> list[Call]:
        """Return the handler calls asked for since the last time."""
        calls, self.calls = self.calls, []
        return calls

    def take_humans(self) -> list[Human]:
        """Return the human steps opened since the last time."""
        humans, self.humans = self.humans, []
        return humans

    def take_children(self) -> list[ChildStart]:
        """Return the called processes to start since the last time."""
        children, self.changes.children = self.changes.children, []
        return children

    def step(self, step_id: int) -> tuple[PlanNode, StepRow]:
        """Return a live step with its node. Raises StepGone."""
        step = self.live.get(step_id)
        if step is None:
            raise StepGone(f"Step {step_id} of {self.instance.id} has ended already.")
        return self.plan.nodes[step.node_id], step

    def add(self, drafts: Sequence[Draft]) -> None:
        """Put entries into this advance's audit trail."""
        self.changes.drafts.extend(drafts)

    def waits(self, step: StepRow, drafts: Sequence[Draft] = ()) -> None:
        """Note that a step now waits, followed by the entries of who took it on."""
        self.note(step, "step.waiting")
        self.add(drafts)

    # --- steps -------------------------------------------------------------------

    def note(
        self,
        step: StepRow,
        kind: str,
        detail: Mapping[str, object] | None = None,
        *,
        actor: Actor = ENGINE,
    ) -> None:
        """Write an entry about a step; every change of a step needs one."""
        full: dict[str, object] = {"node": step.node_id}
        if step.name:
            full["name"] = step.name
        if detail:
            full.update(detail)
        self.changes.drafts.append(
            Draft(
                kind=kind,
                actor=actor,
                detail=full,
                step_id=step.id,
                occurred_at=self.occurred_at,
            )
        )
        step.noted = True
        if not step.changed:
            step.changed = True
            self.touched.append(step)

    def send(self, target: str, scope_id: int | None, flow_id: str = "") -> None:
        """Put a token on its way to a node."""
        self._alive[scope_id] = self._alive.get(scope_id, 0) + 1
        self._queue.append((self.plan.nodes[target], scope_id, flow_id))

    def complete(
        self,
        planned: PlanNode,
        step: StepRow,
        detail: Mapping[str, object] | None = None,
        *,
        flows: Sequence[str] | None = None,
        actor: Actor = ENGINE,
    ) -> None:
        """End a step well and send its tokens on.

        `flows` names the flows taken; None takes what the node's conditions say.
        """
        full = dict(detail) if detail else {}
        taken = self._choose(planned, full) if flows is None else flows
        if flows is None and taken is None:
            self.incident(
                step,
                code="NO_FLOW",
                message="No outgoing flow's condition is true and there is no default.",
            )
            return
        self.close(step, StepState.COMPLETED)
        if len(planned.out) > 1:
            full["flows"] = list(taken or ())
        self.note(step, "step.completed", full, actor=actor)
        for flow in planned.out:
            if flow.id in (taken or ()):
                self.send(flow.target, step.scope_id, flow.id)
        self._release(step.scope_id)

    def close(self, step: StepRow, state: StepState) -> None:
        """Set a step's final state; the caller notes it and releases its scope."""
        step.state = state
        step.ended_at = self.now
        step.run_at = None
        self.live.pop(step.id, None)
        self._disarm(step)

    def cancel(self, step: StepRow, reason: str, *, actor: Actor = ENGINE) -> None:
        """End a step and all that lives inside it without sending tokens on."""
        for child in [s for s in self.live.values() if s.scope_id == step.id]:
            self.cancel(child, reason, actor=actor)
        self._drop_tokens(step.id)
        before = step.state
        self.close(step, StepState.CANCELED)
        self._withdraw(step, before)
        self.note(step, "step.canceled", {"reason": reason}, actor=actor)
        self._release(step.scope_id, quietly=True)

    def incident(self, step: StepRow, *, code: str, message: str) -> None:
        """Stop a step until a person acts."""
        step.state = StepState.INCIDENT
        step.error = message[:2000]
        step.run_at = None
        self.changes.incidents.append(
            IncidentOpen(
                step_id=step.id,
                code=code[:100],
                message=step.error,
                attempts=step.attempt,
            )
        )
        self.note(
            step,
            "incident.opened",
            {"code": code, "message": step.error, "attempt": step.attempt},
        )

    def throw(
        self, step: StepRow, *, code: str, message: str, actor: Actor = ENGINE
    ) -> bool:
        """Raise a BPMN error from a step; return whether a boundary event caught it.

        The nearest enclosing activity with a matching error event catches; an event
        without a code catches every error (BPMN 2.0, 10.5.7).
        """
        at: StepRow | None = step
        while at is not None:
            planned = self.plan.nodes[at.node_id]
            events = sorted(planned.errors, key=lambda node: not node.error_code)
            for event in events:
                if event.error_code in ("", code):
                    scope_id = at.scope_id
                    self.send(event.id, scope_id)
                    self.cancel(at, f"error {code}", actor=actor)
                    name = event.result or "error"
                    self.variables.assign({name: {"code": code, "message": message}})
                    return True
            at = self.live.get(at.scope_id) if at.scope_id is not None else None
        return False

    # --- the loop ----------------------------------------------------------------

    def drain(self, behaviours: Mapping[NodeKind, Behaviour]) -> None:
        """Move tokens until every one of them is parked, or the budget is used."""
        while self.instance.state is InstanceState.ACTIVE:
            if self._queue:
                planned, scope_id, flow_id = self._queue.popleft()
                if self.budget <= 0:
                    self._leave_over(planned, scope_id, flow_id)
                    continue
                self.budget -= 1
                step = self._new_step(planned, scope_id, flow_id)
                behaviours[planned.node.kind](self, planned, step)
            else:
                join = joins.ready_inclusive(self.live, self.plan)
                if join is None:
                    break
                self.complete(self.plan.nodes[join.node_id], join)

    def finish(
        self, state: InstanceState, *, detail: Mapping[str, object], actor: Actor
    ) -> None:
        """End the instance; everything that still lives in it is canceled."""
        for step in [s for s in self.live.values() if s.scope_id is None]:
            self.cancel(step, f"instance {state.value.lower()}", actor=actor)
        self._queue.clear()
        self.calls.clear()
        self.humans.clear()
        instance = self.instance
        instance.state = state
        instance.ended_at = self.now
        self.changes.drafts.append(
            Draft(
                kind=f"instance.{state.value.lower()}",
                actor=actor,
                detail={"variables": digest(instance.variables), **detail},
                occurred_at=self.occurred_at,
            )
        )
        self._tell_parent(state, detail)

    def end_scope(self, scope_id: int | None, *, node_id: str) -> None:
        """End a scope by a terminate event: what lives in it is canceled."""
        if scope_id is None:
            self.instance.end_node_id = node_id
            self.finish(InstanceState.COMPLETED, detail={"end": node_id}, actor=ENGINE)
            return
        for step in [s for s in self.live.values() if s.scope_id == scope_id]:
            self.cancel(step, f"terminated by {node_id}")
        self._drop_tokens(scope_id)
        self._alive[scope_id] = 0
        self._scope_empty(scope_id)

    def absorb(self, step: StepRow) -> None:
        """Let a token go into a join that already waits; a new step leaves no row."""
        if step.new:
            self.live.pop(step.id, None)
        else:
            self.close(step, StepState.SKIPPED)
            self.note(step, "step.skipped", {"because": "joined"})
        self._release(step.scope_id)

    # --- private -----------------------------------------------------------------

    def _drop_tokens(self, scope_id: int) -> None:
        if any(token[1] == scope_id for token in self._queue):
            kept = [token for token in self._queue if token[1] != scope_id]
            self._queue = deque(kept)

    def _new_step(
        self, planned: PlanNode, scope_id: int | None, flow_id: str
    ) -> StepRow:
        node = planned.node
        step = StepRow(
            id=next(self._ids),
            scope_id=scope_id,
            node_id=node.id,
            kind=node.kind.value,
            name=node.name,
            state=StepState.READY,
            attempt=0,
            data={"flow": flow_id} if flow_id else {},
            error="",
            external=False,
            run_at=None,
            lease_token=0,
            lease_until=None,
            worker="",
            started_at=self.now,
            ended_at=None,
            new=True,
        )
        self.live[step.id] = step
        return step

    def _leave_over(
        self, planned: PlanNode, scope_id: int | None, flow_id: str
    ) -> None:
        step = self._new_step(planned, scope_id, flow_id)
        step.run_at = self.now
        self.note(step, "step.ready", {"because": "advance budget used"})

    def _choose(
        self, planned: PlanNode, detail: dict[str, object]
    ) -> tuple[str, ...] | None:
        """Return all flows whose condition holds, else the default, else None."""
        if not planned.conditional:
            return tuple(flow.id for flow in planned.out)
        taken = tuple(
            flow.id
            for flow in planned.out
            if flow is not planned.default
            and (
                flow.condition is None
                or self.variables.evaluate(flow.condition, detail) is True
            )
        )
        if taken:
            return taken
        return (planned.default.id,) if planned.default else None

    def _release(self, scope_id: int | None, *, quietly: bool = False) -> None:
        self._alive[scope_id] -= 1
        if self._alive[scope_id] == 0 and not quietly:
            self._scope_empty(scope_id)

    def _scope_empty(self, scope_id: int | None) -> None:
        if scope_id is None:
            self.finish(
                InstanceState.COMPLETED,
                detail={"end": self.instance.end_node_id},
                actor=ENGINE,
            )
            return
        step = self.live.get(scope_id)
        if step is not None:
            self.complete(self.plan.nodes[step.node_id], step)

    def _disarm(self, step: StepRow) -> None:
        planned = self.plan.nodes[step.node_id]
        if not planned.timers and planned.node.timer is None:
            return
        if not step.new:
            self.changes.timers_off.append((step.id, ""))
        elif self.changes.timers:
            self.changes.timers = [
                timer for timer in self.changes.timers if timer.step_id != step.id
            ]

    def _withdraw(self, step: StepRow, before: StepState) -> None:
        self.calls = [call for call in self.calls if call.step is not step]
        self.humans = [human for human in self.humans if human.step is not step]
        if before is StepState.INCIDENT:
            opened = self.changes.incidents
            kept = [incident for incident in opened if incident.step_id != step.id]
            if len(kept) == len(opened):
                self.changes.incidents_off.append(step.id)
            self.changes.incidents = kept
        if step.kind == NodeKind.USER_TASK and not step.new:
            self.changes.humans_off.append(step.id)
        if step.kind == NodeKind.CALL_ACTIVITY and "child" in step.data:
            self.tell_child(step, "the calling step was canceled")

    def tell_child(self, step: StepRow, reason: str) -> None:
        """Ask the instance that a call activity started to end."""
        self.changes.tells.append(
            Tell(
                instance_id=step.data["child"],
                kind=StimulusKind.CANCEL,
                step_id=None,
                data={"reason": reason},
            )
        )

    def _tell_parent(self, state: InstanceState, detail: Mapping[str, object]) -> None:
        instance = self.instance
        if instance.parent_instance_id is None:
            return
        ended_well = state is InstanceState.COMPLETED
        data: dict[str, object] = {"state": state.value}
        if ended_well:
            data["variables"] = instance.variables
        else:
            data["code"] = detail.get("code", state.value)
            data["message"] = detail.get("message", detail.get("reason", ""))
        self.changes.tells.append(
            Tell(
                instance_id=instance.parent_instance_id,
                kind=(
                    StimulusKind.CHILD_ENDED
                    if ended_well
                    else StimulusKind.CHILD_FAILED
                ),
                step_id=instance.parent_step_id,
                data=data,
            )
        )
