"""A process as the linter's rules look at it: who follows whom, what lies in what."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, Protocol

from workflows.core.bpmn.graph import EventKind, Node, NodeKind, Process
from workflows.core.bpmn.vocabulary import SCOPES


class LintedHandler(Protocol):
    """What the rules ask of the handler behind a step."""

    @property
    def name(self) -> str: ...
    @property
    def external(self) -> bool: ...
    @property
    def compensation(self) -> str: ...
    @property
    def timeout_given(self) -> bool: ...


class Found(NamedTuple):
    """What a rule found, before it has a severity and a file."""

    code: str
    element: str
    line: int
    message: str


def found(code: str, node: Node, message: str) -> Found:
    """Return what a rule found at a node."""
    return Found(code, node.id, node.line, message)


@dataclass(frozen=True)
class View:
    """One process with the handlers of its steps, by node id, where they are known."""

    process: Process
    handlers: Mapping[str, LintedHandler] = field(default_factory=dict)

    @property
    def nodes(self) -> Mapping[str, Node]:
        return self.process.nodes

    @cached_property
    def reached(self) -> frozenset[str]:
        """Return the nodes that some token or trigger can come to."""
        seen: set[str] = set()
        todo = [node.id for node in self._begin("")]
        while todo:
            name = todo.pop()
            if name in seen:
                continue
            seen.add(name)
            node = self.nodes[name]
            todo.extend(self.after(node))
            if node.kind in SCOPES:
                todo.extend(one.id for one in self._begin(name))
        return frozenset(seen)

    def _begin(self, scope: str) -> Iterator[Node]:
        """Yield all that can begin in a scope: its entries, and whatever triggers."""
        yield from self.process.entries(scope)
        yield from self.process.starts(scope)
        yield from self.process.event_scopes(scope)
        for node in self.nodes.values():
            if node.scope == scope and node.instantiate:
                yield node

    def after(self, node: Node) -> Iterator[str]:
        """Yield where a token can go from a node: flows, boundary events, links."""
        for flow in node.flows_out:
            yield self.process.flows[flow].target
        yield from node.boundary
        if node.compensated_by:
            yield node.compensated_by
        if (
            node.event is EventKind.LINK
            and node.kind is NodeKind.INTERMEDIATE_THROW_EVENT
        ):
            yield from (
                other.id
                for other in self.nodes.values()
                if other.kind is NodeKind.INTERMEDIATE_CATCH_EVENT
                and (other.event, other.link) == (node.event, node.link)
                and other.scope == node.scope
            )

    def within(self, scope: str) -> list[Node]:
        """Return the nodes of a scope itself."""
        return [node for node in self.nodes.values() if node.scope == scope]

    def inside(self, scope: str) -> Iterator[Node]:
        """Yield the nodes of a scope and of all scopes in it."""
        for node in self.within(scope):
            yield node
            if node.kind in SCOPES:
                yield from self.inside(node.id)

    def around(self, node: Node) -> Iterator[Node]:
        """Yield the scopes that hold a node, innermost first."""
        scope = node.scope
        while scope:
            holder = self.nodes[scope]
            yield holder
            scope = holder.scope

    def boundary(self, host: Node) -> list[Node]:
        """Return the boundary events of an activity."""
        return [self.nodes[name] for name in host.boundary]

    def walk(
        self, scope: str, *, skip_flow: str = "", skip_node: str = ""
    ) -> frozenset[str]:
        """Return the flows a token may take from a scope's beginning.

        `skip_flow` and `skip_node` are left out: what is missing then needs them.
        """
        todo = [node.id for node in self._begin(scope) if not node.event_scope]
        return self._walk(todo, skip_flow=skip_flow, skip_node=skip_node)

    def walk_from(self, flow: str, *, skip_node: str = "") -> frozenset[str]:
        """Return the flows a token may take after a flow, the flow among them."""
        target = self.process.flows[flow].target
        return self._walk([target], skip_flow="", skip_node=skip_node) | {flow}

    def _walk(
        self, todo: list[str], *, skip_flow: str, skip_node: str
    ) -> frozenset[str]:
        seen: set[str] = set()
        flows: set[str] = set()
        while todo:
            name = todo.pop()
            if name in seen or name == skip_node:
                continue
            seen.add(name)
            node = self.nodes[name]
            out = [flow for flow in node.flows_out if flow != skip_flow]
            flows.update(out)
            todo.extend(self.process.flows[flow].target for flow in out)
            todo.extend(
                other for other in self.after(node) if other not in self._targets(node)
            )
        return frozenset(flows)

    def _targets(self, node: Node) -> set[str]:
        return {self.process.flows[flow].target for flow in node.flows_out}


Rule = Callable[[View], Iterator[Found]]
