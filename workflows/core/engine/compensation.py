"""Taking back what was done, in reverse order (BPMN 2.0, 10.7 and 13.5.5).

A scope keeps in `data["done"]` what ended in it and can be compensated, in order. A
step that compensates (a throw or end event, or a scope undone from outside) keeps in
`data["undo"]` what it has still to take back and waits while that is done.
"""

from typing import Any

from workflows.core.actors import ENGINE, Actor
from workflows.core.bpmn.graph import EventKind, Node, NodeKind
from workflows.core.chain import Draft
from workflows.core.engine.plan import PlanNode
from workflows.core.engine.run import UNDOES, Run
from workflows.core.engine.state import StepRow
from workflows.core.engine.triggering import CLOSED, Coming, open_event_scope
from workflows.core.engine.variables import INDEX, VARS
from workflows.core.states import InstanceState, StepState

DONE = "done"
UNDO = "undo"
CANCELS = "cancels"
GAVE = "gave"
CASE = 0
"""Stands for the instance itself where a step would be named."""


def keep_done(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Remember a completed activity in its scope, for a later compensation."""
    entry: dict[str, Any] = {"node": step.node_id, "step": step.id}
    if planned.node.compensated_by and (INDEX in step.data or not planned.loop):
        if VARS in step.data:
            entry[VARS] = step.data[VARS]
    elif GAVE in step.data:
        entry[GAVE] = step.data[GAVE]
    elif step.data.get(DONE):
        entry[DONE] = step.data[DONE]
        if VARS in step.data:
            entry[VARS] = step.data[VARS]
    else:
        return
    scope = run.scope_of(step)
    kept = run.kept(scope)
    kept[DONE] = [*kept.get(DONE, ()), entry]
    run.keep(scope)


def compensate(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Begin what a compensation event throws: all of its scope, or one activity."""
    scope = _compensated_scope(run, step)
    wanted = planned.node.activity_ref
    kept = run.kept(scope)
    done: list[dict[str, Any]] = list(kept.get(DONE, ()))
    chosen = [one for one in done if wanted in ("", one["node"])]
    kept[DONE] = [one for one in done if one not in chosen]
    run.keep(scope)
    _begin(run, step, scope, chosen)
    if not planned.node.wait_for_completion and planned.out and step.data[UNDO]:
        for flow in planned.out:
            run.send(flow.target, step.scope_id, flow.id)
        step.data["sent"] = True
    undo_next(run, planned, step)


def cancel_transaction(run: Run, planned: PlanNode, step: StepRow) -> None:
    """End a transaction by its cancel end event: undo all, then leave (13.5.6)."""
    scope = run.scope_of(step)
    if scope is None:
        run.incident(step, code="NO_TRANSACTION", message="There is none to cancel.")
        return
    run.clear_scope(scope.id, f"canceled by {step.node_id}", but=step)
    done = list(scope.data.pop(DONE, ()))
    run.keep(scope)
    step.data[CANCELS] = True
    _begin(run, step, scope, done)
    undo_next(run, planned, step)


def undo_next(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Take back the next thing; where nothing is left, go on."""
    left: list[dict[str, Any]] = list(step.data[UNDO])
    if not left:
        _all_undone(run, planned, step)
        return
    step.data = {**step.data, UNDO: left[1:]}
    run.keep(step)
    _send(run, left[0], waits=step.id, scope_id=step.data["within"])


def undo_scope(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Undo a sub-process that has ended: by its own handler, else one by one."""
    step.state = StepState.WAITING
    done = step.data[UNDO]
    own = next((node for node in planned.inside if _compensates(node)), None)
    if own is not None and "loop" not in step.data:
        step.data = {**step.data, DONE: list(reversed(done)), UNDO: []}
        run.note(step, "step.waiting", {"undoes": "by its own handler"})
        open_event_scope(run, step, own, Coming())
        return
    step.data["within"] = step.id
    run.note(step, "step.waiting", {"undoes": len(done)})
    undo_next(run, planned, step)


def undo_case(run: Run, *, reason: str, actor: Actor) -> None:
    """End an instance by taking back all that was done in it, then canceling it.

    What still runs is ended first; of sub-processes that were not complete, what was
    done inside is taken back too.
    """
    done = _all_done(run, None)
    # Not the person's words: what was begun inside may be another case's to tell.
    run.clear_scope(None, "the case is taken back", actor=actor)
    run.instance.data = {**run.instance.data, DONE: [], CLOSED: True}
    run.instance.data[UNDO] = list(reversed(done))
    run.instance.data["reason"] = reason
    run.keep(None)
    activities = [one["node"] for one in done]
    run.add([
        Draft(
            kind="instance.compensating",
            actor=actor,
            detail={"reason": reason, "activities": activities},
        )
    ])
    _undo_case_next(run)


def undone(run: Run, step: StepRow) -> None:
    """Go on after a compensation has ended."""
    if step.data[UNDOES] == CASE:
        _undo_case_next(run)
        return
    waiting = run.live.get(step.data[UNDOES])
    if waiting is not None:
        undo_next(run, run.plan.nodes[waiting.node_id], waiting)


def _undo_case_next(run: Run) -> None:
    left: list[dict[str, Any]] = run.instance.data[UNDO]
    if not left:
        run.finish(
            InstanceState.CANCELED,
            detail={"reason": run.instance.data["reason"]},
            actor=ENGINE,
        )
        return
    run.instance.data = {**run.instance.data, UNDO: left[1:]}
    run.keep(None)
    _send(run, left[0], waits=CASE, scope_id=None)


def _all_done(run: Run, scope: StepRow | None) -> list[dict[str, Any]]:
    """Return what was done in a scope; that of a scope still open comes last."""
    done: list[dict[str, Any]] = list(run.kept(scope).get(DONE, ()))
    for step in run.inside(scope.id if scope is not None else None):
        inner = _all_done(run, step)
        if inner and UNDOES not in step.data:
            entry: dict[str, Any] = {"node": step.node_id, "step": step.id, DONE: inner}
            if VARS in step.data:
                entry[VARS] = step.data[VARS]
            done.append(entry)
    return done


def _send(run: Run, entry: dict[str, Any], *, waits: int, scope_id: int | None) -> None:
    """Begin taking one thing back; `waits` is the step that goes on afterwards."""
    owner = run.plan.nodes[entry["node"]]
    data: dict[str, Any] = {UNDOES: waits}
    if VARS in entry:
        data[VARS] = entry[VARS]
    if owner.node.compensated_by and DONE not in entry:
        run.send(owner.node.compensated_by, scope_id, data=data)
    elif GAVE in entry:
        run.send(entry["node"], scope_id, data={**data, GAVE: entry[GAVE]})
    else:
        data[UNDO] = list(reversed(entry[DONE]))
        run.send(entry["node"], scope_id, data=data)


def _compensates(node: Node) -> bool:
    return node.event is EventKind.COMPENSATION


def _compensated_scope(run: Run, step: StepRow) -> StepRow | None:
    """Return the scope whose work is taken back: an event sub-process's is its host."""
    scope = run.scope_of(step)
    while scope is not None and run.plan.nodes[scope.node_id].node.event_scope:
        scope = run.scope_of(scope)
    return scope


def _begin(
    run: Run, step: StepRow, scope: StepRow | None, done: list[dict[str, Any]]
) -> None:
    step.state = StepState.WAITING
    within = scope.id if scope is not None else None
    step.data = {**step.data, UNDO: list(reversed(done)), "within": within}
    run.note(step, "step.compensating", {"activities": [one["node"] for one in done]})


def _all_undone(run: Run, planned: PlanNode, step: StepRow) -> None:
    if step.data.get(CANCELS):
        _leave_transaction(run, step)
    elif step.data.get("sent"):
        run.complete(planned, step, flows=())
    elif planned.node.kind is NodeKind.END_EVENT:
        if step.scope_id is None:
            run.instance.end_node_id = step.node_id
        run.complete(planned, step, flows=())
    else:
        run.complete(planned, step)


def _leave_transaction(run: Run, step: StepRow) -> None:
    scope = run.scope_of(step)
    if scope is None:
        return
    planned = run.plan.nodes[scope.node_id]
    event = next(
        (one for one in planned.attached if one.event is EventKind.CANCEL), None
    )
    if event is not None and INDEX not in scope.data:
        run.send(event.id, scope.scope_id, data={"came": {}})
        run.cancel(scope, f"transaction canceled by {step.node_id}", actor=ENGINE)
    else:
        run.close(step, StepState.COMPLETED)
        run.note(step, "step.completed")
        run.complete(planned, scope)
