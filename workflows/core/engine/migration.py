"""Whether a running instance can go on in another version of its definition.

Nothing is changed here; what a migration does to an instance is in migrating.py. BPMN
2.0 knows no versions: the rule is that every live token must stand, in the new process,
where a token of the new process could stand, and can go on from there.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from workflows.core.bpmn.graph import EventKind, Node, NodeKind
from workflows.core.engine.compensation import CANCELS, DONE, GAVE, UNDO
from workflows.core.engine.loops import LOOP
from workflows.core.engine.plan import Plan, PlanNode
from workflows.core.engine.reaching import find_starved
from workflows.core.engine.run import UNDOES
from workflows.core.engine.state import InstanceRow, StepRow
from workflows.core.engine.variables import INDEX
from workflows.core.states import FINAL_INSTANCE_STATES, StepState

_WORK: Final = frozenset({
    NodeKind.SERVICE_TASK,
    NodeKind.SEND_TASK,
    NodeKind.BUSINESS_RULE_TASK,
    NodeKind.SCRIPT_TASK,
})
"""What the engine does itself: while it is not being done, one may become another."""

_JOINS: Final = frozenset({
    NodeKind.PARALLEL_GATEWAY,
    NodeKind.INCLUSIVE_GATEWAY,
    NodeKind.COMPLEX_GATEWAY,
})


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why an instance cannot be migrated; without a step it is the instance's own.

    `message` is a sentence that begins with what it is about.
    """

    message: str
    step_id: int | None = None
    node_id: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """From one version of a process to another; `nodes` maps ids that are not alike."""

    old: Plan
    new: Plan
    nodes: Mapping[str, str] = field(default_factory=dict)

    def image(self, node_id: str) -> str:
        """Return the id that a node of the old version is mapped to."""
        return self.nodes.get(node_id, node_id)

    def target(self, node_id: str) -> PlanNode | None:
        """Return the node of the new version that a node is mapped to, if it exists."""
        return self.new.nodes.get(self.image(node_id))

    def flow(self, flow_id: str) -> str | None:
        """Return the flow of the new version that stands for one of the old.

        The same id, or the only flow between the nodes that its ends are mapped to.
        """
        if flow_id in self.new.process.flows:
            return flow_id
        old = self.old.process.flows.get(flow_id)
        if old is None:
            return None
        ends = self.image(old.source), self.image(old.target)
        found = [
            flow.id
            for flow in self.new.process.flows.values()
            if (flow.source, flow.target) == ends
        ]
        return found[0] if len(found) == 1 else None


def find_obstacles(
    way: Way, instance: InstanceRow, steps: Sequence[StepRow]
) -> list[Obstacle]:
    """Return all that keeps an instance from going on in the new version."""
    if instance.state in FINAL_INSTANCE_STATES:
        return [Obstacle(f"The instance has ended ({instance.state.value}).")]
    if not steps:
        return [
            Obstacle("The instance has not begun yet; a worker begins it in a moment.")
        ]
    live = {step.id: step for step in steps}
    found = [one for step in steps for one in _find_in_step(way, step, live)]
    found.extend(_find_in_notes(way, instance.data, step=None))
    if not found:
        found.extend(_find_starved(way, steps))
    return list(dict.fromkeys(found))


def _find_in_step(
    way: Way, step: StepRow, live: Mapping[int, StepRow]
) -> Iterator[Obstacle]:
    old = way.old.nodes[step.node_id].node
    target = way.target(step.node_id)
    if target is None:
        yield _obstacle(
            step,
            f"{_name(old)} is not in the new version; map it to the node that takes"
            " its place.",
        )
        return
    new = target.node
    sentences = [
        _say_undoing(step, old),
        _say_kind(old, new),
        _say_work(step, old, new),
        _say_scope(way, step, new, live),
        _say_loop(step, old, new),
        _say_join(way, step, new),
    ]
    for sentence in sentences:
        if sentence:
            yield _obstacle(step, sentence)
    yield from _find_in_notes(way, step.data, step=step)


def _say_undoing(step: StepRow, old: Node) -> str:
    if any(key in step.data for key in (UNDO, UNDOES, GAVE, CANCELS)):
        return f"{_name(old)} takes back what was done; wait until it has."
    return ""


def _say_kind(old: Node, new: Node) -> str:
    """Say why a step that stands at one node could not stand at the other."""
    alike = old.kind is new.kind or {old.kind, new.kind} <= _WORK
    if not alike and not (waits_for_message(old) and waits_for_message(new)):
        return (
            f"{_name(old)} is a {old.kind.value}, {_name(new)} a {new.kind.value}; map"
            " it to a node of the same kind."
        )
    if old.kind is new.kind and old.event is not new.event:
        return (
            f"{_name(old)} is about a {old.event.value}, {_name(new)} about a"
            f" {new.event.value}; map it to an event of the same kind."
        )
    if old.event_scope is not new.event_scope:
        return f"Only one of {_name(old)} and {_name(new)} is begun by an event."
    if old.for_compensation is not new.for_compensation:
        return f"Only one of {_name(old)} and {_name(new)} takes something back."
    return ""


def _say_work(step: StepRow, old: Node, new: Node) -> str:
    """Say why work that a worker is doing now could not end at the other node."""
    if step.state is StepState.RUNNING and old.handler != new.handler:
        return (
            f"{_name(old)} is being done by {old.handler} now, and {_name(new)} has"
            f" {new.handler or 'no handler'}; wait until it is done."
        )
    return ""


def waits_for_message(node: Node) -> bool:
    """Tell whether a token waits at a node for a message."""
    return node.kind is NodeKind.RECEIVE_TASK or (
        node.kind is NodeKind.INTERMEDIATE_CATCH_EVENT
        and node.event is EventKind.MESSAGE
    )


def _say_scope(way: Way, step: StepRow, new: Node, live: Mapping[int, StepRow]) -> str:
    """Say where the sub-process around a step is not the one around its target."""
    parent = live.get(step.scope_id) if step.scope_id is not None else None
    if parent is None:
        wanted = ""
    elif INDEX in step.data and parent.node_id == step.node_id:
        # An iteration stands in the body of the same activity, mapped with it.
        return ""
    else:
        wanted = way.image(parent.node_id)
    if new.scope == wanted:
        return ""
    around = f"inside {wanted}" if wanted else "outside of every sub-process"
    place = f"inside {new.scope}" if new.scope else "outside of every sub-process"
    return (
        f"{step.node_id} would have to stand {around}, but {_name(new)} is {place};"
        " a token cannot change its sub-process."
    )


def _say_loop(step: StepRow, old: Node, new: Node) -> str:
    repeats = LOOP in step.data or INDEX in step.data
    if repeats and old.loop is not None:
        if new.loop is None:
            return f"{_name(old)} is repeated, {_name(new)} is not."
        if new.loop.kind is not old.loop.kind:
            return (
                f"{_name(old)} is repeated {old.loop.kind.value}, {_name(new)}"
                f" {new.loop.kind.value}."
            )
        if bool(new.loop.output_collection) is not bool(old.loop.output_collection):
            return f"Only one of {_name(old)} and {_name(new)} collects outputs."
    elif new.loop is not None and not repeats:
        return f"{_name(new)} is repeated, {_name(old)} is not."
    return ""


def _say_join(way: Way, step: StepRow, new: Node) -> str:
    """Say why the tokens that a join holds could not be held by the other."""
    arrived: Mapping[str, int] = step.data.get("arrived", {})
    if not arrived or new.kind not in _JOINS:
        return ""
    # A token that a person moved here came by no flow, and counts for none.
    images = {flow: way.flow(flow) for flow in arrived if flow}
    for flow, image in images.items():
        if image not in new.flows_in:
            return (
                f"A token has come to {step.node_id} by flow {flow}, which does not lead"
                f" to {_name(new)}."
            )
    if new.kind is NodeKind.PARALLEL_GATEWAY and set(images.values()) >= set(
        new.flows_in
    ):
        return (
            f"{_name(new)} would have all its tokens already and nobody comes to let"
            " it go on; wait until the join has gone on."
        )
    return ""


def _find_in_notes(
    way: Way, data: Mapping[str, Any], *, step: StepRow | None
) -> Iterator[Obstacle]:
    """Look whether what a scope keeps for later can be kept in the new version."""
    for entry in data.get(DONE, ()):
        yield from _find_in_done(way, entry, step=step)
    named = [*data.get("todo", ()), *data.get("begin", ())]
    named += [one["node"] for one in _failures(data)]
    for node_id in named:
        if way.target(node_id) is None:
            yield _obstacle(
                step, f"{node_id}, of which it keeps a note, is not in the new version."
            )


def _failures(data: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    found = [*data.get("failures", ()), *data.get(LOOP, {}).get("failures", ())]
    return [*found, data["failed"]] if "failed" in data else found


def _find_in_done(
    way: Way, entry: Mapping[str, Any], *, step: StepRow | None
) -> Iterator[Obstacle]:
    node_id = entry["node"]
    target = way.target(node_id)
    if target is None:
        yield _obstacle(
            step,
            f"{node_id} has been done and can be taken back, but is not in the new"
            " version; map it.",
        )
    elif GAVE in entry and target.undo is None:
        yield _obstacle(
            step,
            f"{node_id} has been done, but the handler of {_name(target.node)} names"
            " no compensation.",
        )
    elif not {GAVE, DONE} & entry.keys() and not target.node.compensated_by:
        yield _obstacle(
            step,
            f"{node_id} has been done, but nothing in the new version compensates"
            f" {_name(target.node)}.",
        )
    for inner in entry.get(DONE, ()):
        yield from _find_in_done(way, inner, step=step)


def _find_starved(way: Way, steps: Sequence[StepRow]) -> Iterator[Obstacle]:
    """Look for joins of the new version that would wait for tokens nobody can bring."""
    scopes: dict[int | None, list[StepRow]] = {}
    for step in steps:
        if INDEX not in step.data:
            scopes.setdefault(step.scope_id, []).append(step)
    for inside in scopes.values():
        stands: dict[str, StepRow] = {}
        arrived: dict[str, set[str]] = {}
        for step in inside:
            name = way.image(step.node_id)
            stands[name] = step
            flows = [*step.data.get("arrived", ()), step.data.get("flow", "")]
            arrived.setdefault(name, set()).update(way.flow(one) or "" for one in flows)
        for join, flow in find_starved(way.new, stands, arrived):
            yield _obstacle(
                stands.get(join) or inside[0],
                f"The join {_name(way.new.nodes[join].node)} would wait for ever for a"
                f" token by flow {flow}; nothing that lives leads there.",
            )


def _obstacle(step: StepRow | None, message: str) -> Obstacle:
    if step is None:
        return Obstacle(message)
    return Obstacle(message, step_id=step.id, node_id=step.node_id)


def _name(node: Node) -> str:
    return f"“{node.name}” ({node.id})" if node.name else node.id
