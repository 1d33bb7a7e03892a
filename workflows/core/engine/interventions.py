"""What people's interventions do to a run: skip a step, move a token, edit variables.

Nothing here is drawn in the process (BPMN 2.0 knows none of it), so each act is checked
against what the process would allow a token to do. Who may intervene is not asked here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from workflows.core.actors import Actor
from workflows.core.bpmn.graph import Node, NodeKind
from workflows.core.canonical import digest
from workflows.core.chain import Draft
from workflows.core.engine.activities import BEGIN
from workflows.core.engine.gateways import ARRIVED
from workflows.core.engine.plan import Plan, PlanNode
from workflows.core.engine.run import UNDOES, Run
from workflows.core.engine.state import StepRow
from workflows.core.engine.variables import INDEX, VARS
from workflows.core.states import StepState

_SCOPES: Final = frozenset({NodeKind.SUB_PROCESS, NodeKind.TRANSACTION})
_CHOOSING: Final = frozenset({
    NodeKind.EXCLUSIVE_GATEWAY,
    NodeKind.INCLUSIVE_GATEWAY,
    NodeKind.COMPLEX_GATEWAY,
})
_JOINING: Final = frozenset({
    NodeKind.PARALLEL_GATEWAY,
    NodeKind.INCLUSIVE_GATEWAY,
    NodeKind.COMPLEX_GATEWAY,
})


class NotPossible(Exception):
    """The process does not allow the act; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Skip:
    """End a live step as skipped, with variables to set; its tokens go on.

    `fire` says that a join is meant, which then fires with what has arrived.
    """

    step_id: int
    actor: Actor
    reason: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    fire: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """Take the token from a live step and send one to each of these nodes."""

    step_id: int
    targets: tuple[str, ...]
    actor: Actor
    reason: str


@dataclass(frozen=True, slots=True)
class EditVariables:
    """Set and remove variables of the instance, or of a scope that holds its own."""

    actor: Actor
    reason: str
    assign: Mapping[str, Any] = field(default_factory=dict)
    remove: tuple[str, ...] = ()
    scope_id: int | None = None


Intervention = Skip | Move | EditVariables


@dataclass(frozen=True, slots=True)
class Target:
    """A node that a token could be moved to, or why not.

    `way` says how it gets there: "here" in the same scope, "out" of sub-processes,
    "into" new ones, empty where it cannot.
    """

    node: Node
    way: str
    refusal: str = ""


def skip(run: Run, wish: Skip) -> None:
    """End a step as skipped. Raises StepGone, NotPossible."""
    planned, step = run.step(wish.step_id)
    refusal = find_skip_refusal(planned, step.state, step.data, fire=wish.fire)
    if refusal:
        raise NotPossible(refusal)
    detail: dict[str, object] = {"reason": wish.reason}
    if is_waiting_join(planned, step.state, step.data):
        detail["arrived"] = sorted(step.data[ARRIVED])
    if wish.variables:
        detail["variables"] = sorted(wish.variables)
        detail["digest"] = digest(wish.variables)
        run.variables.assign(wish.variables, step)
    run.withdraw(step, f"{_name(planned.node)} was skipped", actor=wish.actor)
    run.complete(planned, step, detail, actor=wish.actor, ended=StepState.SKIPPED)
    if step.state is StepState.INCIDENT:
        raise NotPossible(
            f"No flow out of {_name(planned.node)} holds with these variables;"
            " set the variables its conditions ask for, or move the token instead."
        )


def move(run: Run, wish: Move) -> None:
    """Take a step's token to other nodes. Raises StepGone, NotPossible.

    A scope that is left without any token is closed; one that is entered is opened
    anew, its timers and event sub-processes with it, and begins at the target.
    """
    planned, step = run.step(wish.step_id)
    targets = tuple(dict.fromkeys(wish.targets))
    _check_move(run.plan, planned, step, targets)
    scopes = _enclosing(run, step)
    path = [scope.node_id for scope in scopes]
    stays: set[int | None] = set()
    run.note(
        step,
        "step.moved",
        {"to": list(targets), "reason": wish.reason},
        actor=wish.actor,
    )
    for name in targets:
        wanted = scope_path(run.plan, run.plan.nodes[name].node)
        common = _common(path, wanted)
        base = scopes[common - 1].id if common else None
        stays.add(base)
        first, *rest = [*wanted[common:], name]
        run.send(first, base, data={BEGIN: rest} if rest else None)
    run.cancel(step, f"moved to {', '.join(targets)}", actor=wish.actor)
    for scope in reversed(scopes):
        if scope.id in stays or run.inside(scope.id):
            break
        run.cancel(scope, "its last token was moved out", actor=wish.actor)


def edit(run: Run, wish: EditVariables) -> None:
    """Set and remove variables. Raises StepGone, NotPossible."""
    scope = None if wish.scope_id is None else run.step(wish.scope_id)[1]
    if scope is not None and VARS not in scope.data:
        raise NotPossible(
            f"Step {scope.id} holds no variables of its own; edit the instance's."
        )
    values = run.instance.variables if scope is None else scope.data[VARS]
    missing = [name for name in wish.remove if name not in values]
    if missing:
        raise NotPossible(f"There is no variable {missing[0]!r} to remove.")
    detail: dict[str, object] = {"reason": wish.reason}
    if wish.assign:
        detail["set"] = {name: digest(value) for name, value in wish.assign.items()}
    if wish.remove:
        detail["removed"] = sorted(wish.remove)
    touched = [*wish.assign, *wish.remove]
    detail["before"] = {n: digest(values[n]) for n in touched if n in values}
    for name in wish.remove:
        del values[name]
    values.update(wish.assign)
    run.variables.changes += 1
    if scope is None:
        run.instance.variables_changed = True
        run.add([
            Draft(kind="instance.variables_edited", actor=wish.actor, detail=detail)
        ])
    else:
        run.note(scope, "step.variables_edited", detail, actor=wish.actor)


def find_skip_refusal(
    planned: PlanNode, state: StepState, data: Mapping[str, Any], *, fire: bool
) -> str:
    """Say why a live step cannot be skipped, or nothing."""
    node = planned.node
    if is_waiting_join(planned, state, data):
        if fire:
            return ""
        missing = len(set(node.flows_in) - set(data[ARRIVED]))
        return (
            f"{_name(node)} is a join that still waits for {missing} of"
            f" {len(node.flows_in)} flows; ask for it to fire with what has arrived,"
            " or skip what it waits for."
        )
    if node.kind is NodeKind.EVENT_BASED_GATEWAY:
        return (
            f"{_name(node)} waits for one of its events, so skipping it would choose"
            " none; move the token behind the event that shall count."
        )
    if node.kind in _CHOOSING and len(node.flows_out) > 1:
        return (
            f"{_name(node)} chooses among flows; move the token to where it shall go."
        )
    return ""


def is_waiting_join(
    planned: PlanNode, state: StepState, data: Mapping[str, Any]
) -> bool:
    """Tell whether a step is a join at which some tokens have arrived."""
    return (
        planned.node.kind in _JOINING and state is StepState.WAITING and ARRIVED in data
    )


def list_targets(plan: Plan, source: Node) -> list[Target]:
    """Return every node but boundary events with how a token gets there from here."""
    here = scope_path(plan, source)
    return [
        _target(plan, source, here, planned.node)
        for planned in plan.nodes.values()
        if planned.node.kind is not NodeKind.BOUNDARY_EVENT
    ]


def find_source_refusal(planned: PlanNode, data: Mapping[str, Any]) -> str:
    """Say why a live step's token cannot be moved at all, or nothing."""
    if INDEX in data:
        return (
            f"This is one round of {_name(planned.node)}; skip the round, or move the"
            " whole activity."
        )
    if UNDOES in data:
        return f"{_name(planned.node)} undoes what was done; it can only be skipped."
    return ""


def find_target_refusal(plan: Plan, source: Node, target: Node) -> str:
    """Say why a token from `source` cannot begin at `target`, or nothing."""
    scope = plan.nodes[target.scope].node if target.scope else None
    if target.kind is NodeKind.BOUNDARY_EVENT:
        return f"{_name(target)} is on the edge of an activity; only that begins it."
    if target.for_compensation:
        return f"{_name(target)} only runs to undo what was done."
    if target.event_scope:
        return f"{_name(target)} is begun by its event, not by a token."
    if scope and scope.event_scope and target.kind is NodeKind.START_EVENT:
        return f"{_name(target)} begins when its event comes, not by a token."
    if target.kind in _JOINING and len(target.flows_in) > 1:
        return (
            f"{_name(target)} is a join: a token sent there would wait for others that"
            " may never come. Choose what comes before or after it."
        )
    return _find_way_refusal(plan, source, target)


def scope_path(plan: Plan, node: Node) -> list[str]:
    """Return the ids of the sub-processes around a node, outermost first."""
    path: list[str] = []
    while node.scope:
        path.append(node.scope)
        node = plan.nodes[node.scope].node
    return path[::-1]


def _target(plan: Plan, source: Node, here: Sequence[str], node: Node) -> Target:
    refusal = find_target_refusal(plan, source, node)
    if refusal:
        return Target(node=node, way="", refusal=refusal)
    wanted = scope_path(plan, node)
    common = _common(here, wanted)
    if common < len(wanted):
        return Target(node=node, way="into")
    return Target(node=node, way="out" if common < len(here) else "here")


def _find_way_refusal(plan: Plan, source: Node, target: Node) -> str:
    here, wanted = scope_path(plan, source), scope_path(plan, target)
    common = _common(here, wanted)
    for name in here[common:]:
        if plan.nodes[name].node.loop:
            return (
                f"The token is inside one round of {_name(plan.nodes[name].node)};"
                " move within it, or move the whole activity."
            )
    for name in wanted[common:]:
        scope = plan.nodes[name].node
        if scope.event_scope or scope.loop or scope.kind not in _SCOPES:
            return (
                f"{_name(target)} is inside {_name(scope)}, which cannot be begun in"
                f" its middle; choose {_name(scope)} itself, or what comes before it."
            )
    return ""


def _check_move(
    plan: Plan, planned: PlanNode, step: StepRow, targets: Sequence[str]
) -> None:
    refusal = find_source_refusal(planned, step.data)
    if not targets:
        refusal = refusal or "Choose at least one node to move the token to."
    for name in targets:
        target = plan.nodes.get(name)
        if target is None:
            refusal = refusal or f"The process has no node {name!r}."
        else:
            refusal = refusal or find_target_refusal(plan, planned.node, target.node)
    if refusal:
        raise NotPossible(refusal)


def _enclosing(run: Run, step: StepRow) -> list[StepRow]:
    """Return the steps of the scopes around a step, outermost first, one for each
    sub-process: the body of a multi-instance one stands behind its iteration.
    """
    found: list[StepRow] = []
    scope = run.scope_of(step)
    while scope is not None:
        if INDEX in scope.data or not found or found[-1].node_id != scope.node_id:
            found.append(scope)
        scope = run.scope_of(scope)
    return found[::-1]


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many of the first members two paths share."""
    shared = 0
    for mine, yours in zip(one, other, strict=False):
        if mine != yours:
            break
        shared += 1
    return shared


def _name(node: Node) -> str:
    return f"“{node.name}”" if node.name else node.id
