"""A process made ready to run: FEEL compiled, flows resolved, joins understood.

Built once per deployed process and shared; nothing in it changes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from workflows.core.bpmn.graph import (
    EventKind,
    Flow,
    Node,
    NodeKind,
    Process,
    RetrySpec,
    VariableMapping,
)
from workflows.core.feel import Expression, compile_expression


class HandlerFacts(Protocol):
    """What the engine must know of a handler to plan its steps."""

    @property
    def external(self) -> bool: ...
    @property
    def retry(self) -> RetrySpec: ...
    @property
    def timeout_seconds(self) -> float: ...


class Explanation(Protocol):
    """How a decision came to its value."""

    def to_json(self) -> dict[str, object]: ...


class Decided(Protocol):
    """A decision's value with what an auditor needs of how it came about."""

    @property
    def value(self) -> object: ...
    @property
    def messages(self) -> tuple[str, ...]: ...
    @property
    def explanation(self) -> Explanation | None: ...


Decide = Callable[[Mapping[str, object]], Decided]


@dataclass(frozen=True, slots=True)
class PlanFlow:
    """A sequence flow with its condition compiled."""

    id: str
    target: str
    condition: Expression | None


@dataclass(frozen=True, slots=True)
class PlanMapping:
    """A variable mapping with its source compiled."""

    target: str
    source: Expression


@dataclass(frozen=True, slots=True)
class PlanNode:
    """A node with everything that running it needs at hand."""

    node: Node
    out: tuple[PlanFlow, ...]
    default: PlanFlow | None
    conditional: bool
    inputs: tuple[PlanMapping, ...]
    outputs: tuple[PlanMapping, ...]
    script: Expression | None
    decide: Decide | None
    handler: HandlerFacts | None
    retry: RetrySpec | None
    timers: tuple[Node, ...]
    errors: tuple[Node, ...]
    reach: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Plan:
    """A process ready to run."""

    process: Process
    nodes: Mapping[str, PlanNode]

    def start(self, *, scope: str = "", message: str = "") -> PlanNode | None:
        """Return where a scope begins: its none start, or that of a message."""
        for node in self.process.starts(scope):
            wanted = EventKind.MESSAGE if message else EventKind.NONE
            if node.event is wanted and node.message == message:
                return self.nodes[node.id]
        return None


def build_plan(
    process: Process,
    *,
    handlers: Mapping[str, HandlerFacts],
    decisions: Mapping[str, Decide],
) -> Plan:
    """Compile a process. `handlers` and `decisions` are keyed by node id.

    Raises FeelSyntaxError for an expression that does not parse; deployment has
    refused such packages before.
    """
    nodes = {
        node.id: _plan_node(process, node, handlers=handlers, decisions=decisions)
        for node in process.nodes.values()
    }
    return Plan(process=process, nodes=nodes)


def expression(text: str) -> Expression:
    """Compile FEEL text; a leading `=`, as other editors write it, is dropped."""
    return compile_expression(text.strip().removeprefix("=").strip())


def _plan_node(
    process: Process,
    node: Node,
    *,
    handlers: Mapping[str, HandlerFacts],
    decisions: Mapping[str, Decide],
) -> PlanNode:
    out = tuple(_plan_flow(process.flows[flow]) for flow in node.flows_out)
    default = next((flow for flow in out if flow.id == node.default_flow), None)
    attached = [process.nodes[name] for name in node.boundary]
    facts = handlers.get(node.id)
    return PlanNode(
        node=node,
        out=out,
        default=default,
        conditional=default is not None or any(flow.condition for flow in out),
        inputs=_mappings(node.inputs),
        outputs=_mappings(node.outputs),
        script=expression(node.script) if node.script else None,
        decide=decisions.get(node.id),
        handler=facts,
        retry=node.retry or (facts.retry if facts else None),
        timers=tuple(n for n in attached if n.event is EventKind.TIMER),
        errors=tuple(n for n in attached if n.event is EventKind.ERROR),
        reach=_reach(process, node),
    )


def _plan_flow(flow: Flow) -> PlanFlow:
    condition = expression(flow.condition) if flow.condition else None
    return PlanFlow(id=flow.id, target=flow.target, condition=condition)


def _mappings(mappings: Sequence[VariableMapping]) -> tuple[PlanMapping, ...]:
    return tuple(
        PlanMapping(target=mapping.target, source=expression(mapping.source))
        for mapping in mappings
    )


def _reach(process: Process, node: Node) -> Mapping[str, frozenset[str]]:
    """For an inclusive join: per incoming flow, from which nodes it can be reached.

    Paths do not visit the join itself (BPMN 2.0, 13.4.3). A token on an activity
    may also leave it by a boundary event, so such paths count.
    """
    if node.kind is not NodeKind.INCLUSIVE_GATEWAY or len(node.flows_in) < 2:
        return {}
    return {flow: _sources(process, flow, join=node.id) for flow in node.flows_in}


def _sources(process: Process, flow: str, *, join: str) -> frozenset[str]:
    seen: set[str] = set()
    todo = [process.flows[flow].source]
    while todo:
        name = todo.pop()
        if name in seen or name == join:
            continue
        seen.add(name)
        node = process.nodes[name]
        todo.extend(process.flows[before].source for before in node.flows_in)
        if node.attached_to:
            todo.append(node.attached_to)
    return frozenset(seen)
