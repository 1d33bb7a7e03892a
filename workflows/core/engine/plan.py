"""A process made ready to run: FEEL compiled, flows resolved, joins understood.

Built once per deployed process and shared; nothing in it changes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from workflows.core.bpmn.blocks import Block, find_blocks
from workflows.core.bpmn.graph import (
    EventKind,
    Flow,
    LoopSpec,
    Node,
    NodeKind,
    Process,
    RetrySpec,
    VariableMapping,
)
from workflows.core.commitments import Path
from workflows.core.engine.personal import read_paths
from workflows.core.feel import Expression, compile_expression
from workflows.core.searching import Searchable, read_searchable


class HandlerFacts(Protocol):
    """What the engine must know of a handler to plan its steps."""

    @property
    def external(self) -> bool: ...
    @property
    def retry(self) -> RetrySpec: ...
    @property
    def timeout_seconds(self) -> float: ...
    @property
    def compensation(self) -> str: ...


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
class PlanLoop:
    """How an activity repeats, compiled; what it does not say is None or empty."""

    spec: LoopSpec
    cardinality: Expression | None
    collection: Expression | None
    output_element: Expression | None
    condition: Expression | None


@dataclass(frozen=True, slots=True)
class PlanNode:
    """A node with everything that running it needs at hand.

    `attached` are its boundary events, `inside` the start events of the event
    sub-processes it holds. `listens` says that it has timers or subscriptions while
    it waits. `undo` tells of the handler that takes its own handler's effect back.
    `keeps_done` says that its end is kept for a later compensation.
    """

    node: Node
    kind: str
    out: tuple[PlanFlow, ...]
    all_out: tuple[str, ...]
    default: PlanFlow | None
    conditional: bool
    inputs: tuple[PlanMapping, ...]
    outputs: tuple[PlanMapping, ...]
    script: Expression | None
    decide: Decide | None
    handler: HandlerFacts | None
    undo: HandlerFacts | None
    retry: RetrySpec | None
    attached: tuple[Node, ...]
    inside: tuple[Node, ...]
    targets: tuple[tuple[str, Node], ...]
    listens: bool
    loop: PlanLoop | None
    condition: Expression | None
    correlation: Expression | None
    start: Expression | None
    block: Block | None
    reach: Mapping[str, frozenset[str]]
    keeps_done: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """A process ready to run; `inside` as of a node, for the top of the process."""

    process: Process
    nodes: Mapping[str, PlanNode]
    inside: tuple[Node, ...]
    has_conditions: bool
    has_subscriptions: bool
    links: Mapping[tuple[str, str], str]
    goal: str = ""
    """How long the whole process may take: its own `cs:sla`, "" for any time."""
    personal: tuple[Path, ...] = ()
    """Where the personal values of its variables are: its `cs:personal`."""
    searchable: tuple[Searchable, ...] = ()
    """By which of its variables instances are found: its `cs:searchable`."""

    def start(self, *, message: str = "", signal: str = "") -> PlanNode | None:
        """Return the start event of the top: the plain one, or that of a name."""
        wanted = EventKind.NONE
        if message:
            wanted = EventKind.MESSAGE
        elif signal:
            wanted = EventKind.SIGNAL
        for node in self.process.starts():
            if (node.event, node.message, node.signal) == (wanted, message, signal):
                return self.nodes[node.id]
        return None

    def entries(self, scope: str = "") -> tuple[PlanNode, ...]:
        """Return where a scope begins without a trigger (clause 13.3.1)."""
        return tuple(self.nodes[node.id] for node in self.process.entries(scope))

    def events_in(self, scope: str) -> tuple[Node, ...]:
        """Return the starts of the event sub-processes that a scope holds."""
        return self.nodes[scope].inside if scope else self.inside


def build_plan(
    process: Process,
    *,
    handlers: Mapping[str, HandlerFacts],
    decisions: Mapping[str, Decide],
    undo: Mapping[str, HandlerFacts] | None = None,
) -> Plan:
    """Compile a process. `handlers`, `decisions` and `undo` are keyed by node id.

    `undo` are the handlers that the nodes' own handlers name as their compensation.
    Raises FeelSyntaxError for an expression that does not parse; deployment has
    refused such packages before.
    """
    blocks = find_blocks(process)
    nodes = {
        node.id: _plan_node(
            process,
            node,
            handlers=handlers,
            decisions=decisions,
            undo=undo or {},
            block=blocks.get(node.id),
        )
        for node in process.nodes.values()
    }
    return Plan(
        process=process,
        goal=process.properties.get("sla", ""),
        personal=read_paths(process),
        searchable=read_searchable(process.properties.get("searchable", "")),
        nodes=nodes,
        inside=_inside(process, ""),
        has_conditions=any(
            node.event is EventKind.CONDITIONAL for node in process.nodes.values()
        ),
        has_subscriptions=any(
            node.event in (EventKind.MESSAGE, EventKind.SIGNAL)
            or node.kind is NodeKind.RECEIVE_TASK
            for node in process.nodes.values()
        ),
        links={
            (node.scope, node.link): node.id
            for node in process.nodes.values()
            if node.event is EventKind.LINK
            and node.kind is NodeKind.INTERMEDIATE_CATCH_EVENT
        },
    )


def expression(text: str) -> Expression:
    """Compile FEEL text; a leading `=`, as other editors write it, is dropped."""
    return compile_expression(text.strip().removeprefix("=").strip())


def _plan_node(
    process: Process,
    node: Node,
    *,
    handlers: Mapping[str, HandlerFacts],
    decisions: Mapping[str, Decide],
    undo: Mapping[str, HandlerFacts],
    block: Block | None,
) -> PlanNode:
    out = tuple(_plan_flow(process.flows[flow]) for flow in node.flows_out)
    default = next((flow for flow in out if flow.id == node.default_flow), None)
    attached = tuple(process.nodes[name] for name in node.boundary)
    inside = _inside(process, node.id)
    facts = handlers.get(node.id)
    return PlanNode(
        node=node,
        kind=node.kind.value,
        out=out,
        all_out=tuple(flow.id for flow in out),
        default=default,
        conditional=default is not None or any(flow.condition for flow in out),
        inputs=_mappings(node.inputs),
        outputs=_mappings(node.outputs),
        script=_optional(node.script),
        decide=decisions.get(node.id),
        handler=facts,
        undo=undo.get(node.id),
        retry=node.retry or (facts.retry if facts else None),
        attached=attached,
        inside=inside,
        targets=_targets(process, node),
        listens=_listens(node, (*attached, *inside)),
        loop=_plan_loop(node.loop),
        condition=_optional(node.ad_hoc.condition if node.ad_hoc else node.condition),
        correlation=_optional(node.correlation),
        start=_optional(node.ad_hoc.start if node.ad_hoc else ""),
        block=block,
        reach=_reach(process, node),
        keeps_done=_keeps_done(process, node, handlers),
    )


def _optional(text: str) -> Expression | None:
    return expression(text) if text else None


def _plan_loop(spec: LoopSpec | None) -> PlanLoop | None:
    if spec is None:
        return None
    return PlanLoop(
        spec=spec,
        cardinality=_optional(spec.cardinality),
        collection=_optional(spec.collection),
        output_element=_optional(spec.output_element),
        condition=_optional(spec.condition),
    )


def _inside(process: Process, scope: str) -> tuple[Node, ...]:
    return tuple(
        start
        for held in process.event_scopes(scope)
        for start in process.starts(held.id)
    )


def _targets(process: Process, node: Node) -> tuple[tuple[str, Node], ...]:
    if node.kind is not NodeKind.EVENT_BASED_GATEWAY:
        return ()
    flows = [process.flows[name] for name in node.flows_out]
    return tuple((flow.id, process.nodes[flow.target]) for flow in flows)


_HEARD = frozenset({EventKind.TIMER, EventKind.MESSAGE, EventKind.SIGNAL})


def _listens(node: Node, events: Sequence[Node]) -> bool:
    return (
        node.kind in (NodeKind.EVENT_BASED_GATEWAY, NodeKind.RECEIVE_TASK)
        or (node.kind is NodeKind.INTERMEDIATE_CATCH_EVENT and node.event in _HEARD)
        or node.timeout_seconds > 0
        or any(event.event in _HEARD for event in events)
    )


def _keeps_done(process: Process, node: Node, undo: Mapping[str, HandlerFacts]) -> bool:
    """Tell whether something of a node can be compensated once it has ended."""
    if node.compensated_by or node.id in undo:
        return True
    return any(
        _keeps_done(process, inner, undo)
        for inner in process.nodes.values()
        if inner.scope == node.id
    )


def _plan_flow(flow: Flow) -> PlanFlow:
    condition = expression(flow.condition) if flow.condition else None
    return PlanFlow(id=flow.id, target=flow.target, condition=condition)


def _mappings(mappings: Sequence[VariableMapping]) -> tuple[PlanMapping, ...]:
    return tuple(
        PlanMapping(target=mapping.target, source=expression(mapping.source))
        for mapping in mappings
    )


_REACHING = frozenset({NodeKind.INCLUSIVE_GATEWAY, NodeKind.COMPLEX_GATEWAY})


def _reach(process: Process, node: Node) -> Mapping[str, frozenset[str]]:
    """For a join that waits for whoever can come: per flow, from where it is reached.

    Paths do not visit the join itself (BPMN 2.0, 13.4.3). A token on an activity
    may also leave it by a boundary event, and one on a link by its other end.
    """
    if node.kind not in _REACHING or len(node.flows_in) < 2:
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
        if node.event is EventKind.LINK:
            todo.extend(
                other.id
                for other in process.nodes.values()
                if other.event is EventKind.LINK
                and other.kind is NodeKind.INTERMEDIATE_THROW_EVENT
                and (other.scope, other.link) == (node.scope, node.link)
            )
    return frozenset(seen)
