"""One instance advancing: tokens, scopes, completion. What nodes do is in behaviours.

A `Run` is a working copy. Whoever owns it loads it under the instance's row lock,
lets it hear stimuli, executes the calls it asks for, and saves what changed. Given
the same rows, stimuli, ids and `now` it always ends in the same place.
"""

import datetime as dt
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from workflows.core.actors import ENGINE, Actor
from workflows.core.bpmn.graph import NodeKind
from workflows.core.chain import Draft
from workflows.core.engine import joins, telling
from workflows.core.engine.personal import digest_variables
from workflows.core.engine.plan import Plan, PlanNode
from workflows.core.engine.state import (
    Call,
    Changes,
    ChildStart,
    Human,
    IncidentOpen,
    InstanceRow,
    StepRow,
    Token,
    new_step,
    no_holds,
)
from workflows.core.engine.variables import INDEX, VARS, Variables
from workflows.core.states import FINAL_INSTANCE_STATES, InstanceState, StepState

STEPS_PER_ADVANCE = 500
"""Activations in one transaction; what is left over is done by the next advance."""

_ENDED = {
    StepState.COMPLETED: "step.completed",
    StepState.SKIPPED: "step.skipped",
}

UNDOES = "undoes"
"""In a step's data: the step that waits for this compensation."""


class StepGone(Exception):
    """The step is not live any more: it ended, or its instance did."""


class Rules(NamedTuple):
    """What a run leaves to the modules of node families; see behaviours.RULES."""

    enter: Callable[["Run", PlanNode, StepRow], None]
    scope_empty: Callable[["Run", PlanNode, StepRow], None]
    special_end: Callable[["Run", PlanNode, StepRow], None]
    ended_inside: Callable[["Run", StepRow], None]
    check_conditions: Callable[["Run"], bool]


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
        self.changes = Changes()
        self.live = {step.id: step for step in steps}
        self.touched: list[StepRow] = []
        self.calls: list[Call] = []
        self.humans: list[Human] = []
        self.budget = STEPS_PER_ADVANCE
        self.holds = no_holds
        self.variables = Variables(instance, self.live, self.keep)
        self._ids = ids
        self._queue: deque[Token] = deque()
        self._special: deque[tuple[PlanNode, StepRow]] = deque()
        self._inside: deque[int] = deque()
        self._emptied: deque[int] = deque()
        self._conditions_seen = -1
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

    # --- scopes ------------------------------------------------------------------

    def scope_of(self, step: StepRow) -> StepRow | None:
        """Return the step of the scope that holds a step, None at the top."""
        return self.live.get(step.scope_id) if step.scope_id is not None else None

    def inside(self, scope_id: int | None) -> list[StepRow]:
        """Return the live steps that a scope holds, oldest first."""
        return [step for step in self.live.values() if step.scope_id == scope_id]

    def kept(self, scope: StepRow | None) -> dict[str, Any]:
        """Return what the engine keeps of a scope, for reading and changing.

        A change must be followed by `keep` of the same scope.
        """
        return self.instance.data if scope is None else scope.data

    def keep(self, scope: StepRow | None) -> None:
        """Have a scope's notes saved; they need no entry of their own."""
        if scope is None:
            self.instance.data_changed = True
        elif not scope.changed:
            scope.changed = True
            self.touched.append(scope)

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

    def send(
        self,
        target: str,
        scope_id: int | None,
        flow_id: str = "",
        data: dict[str, Any] | None = None,
    ) -> None:
        """Put a token on its way to a node; `data` becomes the step's."""
        self._alive[scope_id] = self._alive.get(scope_id, 0) + 1
        self._queue.append(Token(self.plan.nodes[target], scope_id, flow_id, data))

    def complete(
        self,
        planned: PlanNode,
        step: StepRow,
        detail: Mapping[str, object] | None = None,
        *,
        flows: Sequence[str] | None = None,
        actor: Actor = ENGINE,
        ended: StepState = StepState.COMPLETED,
    ) -> None:
        """End a step well and send its tokens on.

        `flows` names the flows taken; None takes what the node's conditions say. An
        iteration and a compensation send none: what comes next is not drawn. `ended`
        is SKIPPED where a person passed over the step.
        """
        full = dict(detail) if detail else {}
        special = INDEX in step.data or UNDOES in step.data
        taken: Sequence[str] | None = ()
        if not special:
            taken = self.choose(planned, step, full) if flows is None else flows
        if taken is None:
            nothing = "No outgoing flow's condition is true and there is no default."
            self.incident(step, code="NO_FLOW", message=nothing)
            return
        self.close(step, ended)
        if len(planned.out) > 1 and not special:
            full["flows"] = list(taken)
        self.note(step, _ENDED[ended], full, actor=actor)
        for flow in planned.out:
            if flow.id in taken:
                self.send(flow.target, step.scope_id, flow.id)
        if special or planned.keeps_done:
            self._special.append((planned, step))
        self._release(step.scope_id, quietly=special)

    def close(self, step: StepRow, state: StepState) -> None:
        """Set a step's final state; the caller notes it and releases its scope."""
        step.state = state
        step.ended_at = self.now
        step.run_at = None
        self.live.pop(step.id, None)
        self._disarm(step)

    def release(self, step: StepRow, *, quietly: bool = False) -> None:
        """Take a step closed by hand out of its scope; quietly ends nothing else."""
        self._release(step.scope_id, quietly=quietly)

    def cancel(self, step: StepRow, because: str, *, actor: Actor = ENGINE) -> None:
        """End a step and all that lives inside it without sending tokens on."""
        self.withdraw(step, because, actor=actor)
        self.close(step, StepState.CANCELED)
        self.note(step, "step.canceled", {"because": because}, actor=actor)
        self._release(step.scope_id, quietly=True)

    def fail_special(self, planned: PlanNode, step: StepRow, reason: str) -> None:
        """End an iteration that failed, and count it all the same."""
        self.cancel(step, reason)
        self._special.append((planned, step))

    def withdraw(self, step: StepRow, reason: str, *, actor: Actor = ENGINE) -> None:
        """Take back what a step asked of others: steps inside, people, handlers."""
        self.clear_scope(step.id, reason, actor=actor)
        self.calls = [call for call in self.calls if call.step is not step]
        self.humans = [human for human in self.humans if human.step is not step]
        children = self.changes.children
        self.changes.children = [one for one in children if one.step_id != step.id]
        if step.state is StepState.INCIDENT:
            self.withdraw_incident(step)
        if step.kind == NodeKind.USER_TASK and not step.new:
            self.changes.humans_off.append(step.id)
        if step.kind == NodeKind.CALL_ACTIVITY and "child" in step.data:
            telling.tell_child(self.changes, step, "the calling step was canceled")

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

    def choose(
        self, planned: PlanNode, step: StepRow, detail: dict[str, object]
    ) -> tuple[str, ...] | None:
        """Return all flows whose condition holds, else the default, else None."""
        if not planned.conditional:
            return planned.all_out
        taken = tuple(
            flow.id
            for flow in planned.out
            if flow is not planned.default
            and (
                flow.condition is None
                or self.variables.evaluate(flow.condition, detail, step) is True
            )
        )
        if taken:
            return taken
        return (planned.default.id,) if planned.default else None

    # --- the loop ----------------------------------------------------------------

    def drain(self, rules: Rules) -> None:
        """Move tokens until every one of them is parked, or the budget is used.

        In a suspended instance, which may still hear the answer of work that was
        already out, they stop where they come and go on when it is resumed.
        """
        # What was just heard may have let a step begin to listen.
        self._conditions_seen = -1
        while self.instance.state not in FINAL_INSTANCE_STATES:
            if self._settle(rules):
                continue
            if self._queue:
                self._move(self._queue.popleft(), rules)
                continue
            if self.instance.state is InstanceState.SUSPENDED:
                break
            if self._conditions_changed() and rules.check_conditions(self):
                continue
            join = joins.ready_join(self.live, self.plan)
            if join is None:
                break
            rules.scope_empty(self, self.plan.nodes[join.node_id], join)

    def finish(
        self, state: InstanceState, *, detail: Mapping[str, object], actor: Actor
    ) -> None:
        """End the instance; everything that still lives in it is canceled."""
        for step in self.inside(None):
            self.cancel(step, f"instance {state.value.lower()}", actor=actor)
        for waiting in (self._queue, self._special, self._inside, self._emptied):
            waiting.clear()
        self.calls.clear()
        self.humans.clear()
        if self.plan.inside:
            self.changes.timers_off.append((None, ""))
            self.changes.unsubscribed.append((None, ""))
            self.drop_listening(None)
        instance = self.instance
        instance.state = state
        instance.ended_at = self.now
        self.changes.drafts.append(
            Draft(
                kind=f"instance.{state.value.lower()}",
                actor=actor,
                detail={"variables": digest_variables(self), **detail},
                occurred_at=self.occurred_at,
            )
        )
        telling.tell_end(self.changes, instance, state, detail)

    def end_scope(self, scope_id: int | None, *, node_id: str) -> None:
        """End a scope by a terminate event: what lives in it is canceled."""
        if scope_id is None:
            self.instance.end_node_id = node_id
            self.finish(InstanceState.COMPLETED, detail={"end": node_id}, actor=ENGINE)
            return
        self.clear_scope(scope_id, f"terminated by {node_id}")
        self._emptied.append(scope_id)

    def clear_scope(
        self,
        scope_id: int | None,
        reason: str,
        *,
        but: StepRow | None = None,
        actor: Actor = ENGINE,
    ) -> None:
        """Cancel what lives in a scope, but one step, and stop what is on its way."""
        for step in self.inside(scope_id):
            if step is not but:
                self.cancel(step, reason, actor=actor)
        self.drop_tokens(scope_id)

    def drop_tokens(
        self, scope_id: int | None, nodes: Collection[str] | None = None
    ) -> None:
        """Take back tokens on their way in a scope, all or those to some nodes."""
        kept = [
            token
            for token in self._queue
            if token.scope_id != scope_id
            or (nodes is not None and token.planned.node.id not in nodes)
        ]
        gone = len(self._queue) - len(kept)
        if gone:
            self._queue = deque(kept)
            self._alive[scope_id] -= gone

    def absorb(self, step: StepRow) -> None:
        """Let a token go into a join that already waits; a new step leaves no row."""
        if step.new:
            self.live.pop(step.id, None)
        else:
            self.close(step, StepState.SKIPPED)
            self.note(step, "step.skipped", {"because": "joined"})
        self._release(step.scope_id)

    def drop_listening(self, step_id: int | None, node_id: str = "") -> None:
        """Forget what this run wanted to arm for a step that it ends again."""
        changes = self.changes
        changes.timers = [
            timer
            for timer in changes.timers
            if timer.step_id != step_id or node_id not in ("", timer.node_id)
        ]
        changes.subscribed = [
            wish
            for wish in changes.subscribed
            if wish.step_id != step_id or node_id not in ("", wish.node_id)
        ]

    # --- private -----------------------------------------------------------------

    def _settle(self, rules: Rules) -> bool:
        """Do what the end of a step or of a scope brings; tell whether there was any."""
        if self._special:
            rules.special_end(self, *self._special.popleft())
        elif self._inside:
            scope = self.live.get(self._inside.popleft())
            if scope is not None:
                rules.ended_inside(self, scope)
        elif self._emptied:
            self._scope_empty(self._emptied.popleft(), rules)
        else:
            return False
        return True

    def _move(self, token: Token, rules: Rules) -> None:
        step = self._new_step(token)
        suspended = self.instance.state is InstanceState.SUSPENDED
        if self.budget <= 0 or suspended:
            step.run_at = self.now
            because = "instance suspended" if suspended else "advance budget used"
            self.note(step, "step.ready", {"because": because})
            return
        self.budget -= 1
        # Whatever begins to listen has its condition looked at once.
        self._conditions_seen = -1
        rules.enter(self, token.planned, step)

    def _new_step(self, token: Token) -> StepRow:
        step = new_step(token, step_id=next(self._ids), now=self.now)
        self.live[step.id] = step
        if VARS in step.data:
            self.variables.hold(step, {})
        return step

    def _conditions_changed(self) -> bool:
        if not self.plan.has_conditions:
            return False
        seen, self._conditions_seen = self._conditions_seen, self.variables.changes
        return seen != self.variables.changes

    def _release(self, scope_id: int | None, *, quietly: bool = False) -> None:
        self._alive[scope_id] -= 1
        if quietly:
            return
        if scope_id is not None:
            self._inside.append(scope_id)
        if self._alive[scope_id] == 0:
            self._emptied.append(-1 if scope_id is None else scope_id)

    def _scope_empty(self, scope_id: int, rules: Rules) -> None:
        top = scope_id == -1
        if self._alive.get(None if top else scope_id, 0):
            # What the last step's end brought has put new life into the scope.
            return
        if top:
            self.finish(
                InstanceState.COMPLETED,
                detail={"end": self.instance.end_node_id},
                actor=ENGINE,
            )
            return
        step = self.live.get(scope_id)
        if step is not None:
            rules.scope_empty(self, self.plan.nodes[step.node_id], step)

    def _disarm(self, step: StepRow) -> None:
        if not self.plan.nodes[step.node_id].listens:
            return
        if not step.new:
            self.changes.timers_off.append((step.id, ""))
            self.changes.unsubscribed.append((step.id, ""))
        self.drop_listening(step.id)

    def withdraw_incident(self, step: StepRow) -> None:
        """Let a step's incident end with what happens to the step now."""
        opened = self.changes.incidents
        kept = [incident for incident in opened if incident.step_id != step.id]
        if len(kept) == len(opened):
            self.changes.incidents_off.append(step.id)
        self.changes.incidents = kept
