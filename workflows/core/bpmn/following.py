"""Which activity may be completed directly after which, as a process allows it.

Seen are activities and events; gateways, starts and what only holds others are passed
through. Where a model leaves the order open (parallel paths, ad-hoc and triggered
sub-processes, compensation) every order is allowed: what is told to leave the model
really does.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final

from workflows.core.bpmn.graph import EventKind, LoopKind, Node, NodeKind, Process
from workflows.core.bpmn.vocabulary import CHOOSING_GATEWAYS, GATEWAYS, SCOPES

HIDDEN: Final = GATEWAYS | SCOPES | {NodeKind.START_EVENT}
"""Kinds of nodes that are no part of what is followed."""

_SPLITS: Final = frozenset({
    NodeKind.PARALLEL_GATEWAY,
    NodeKind.INCLUSIVE_GATEWAY,
    NodeKind.COMPLEX_GATEWAY,
})


@dataclass(frozen=True, slots=True)
class Following:
    """What a process allows; `ends` may be the last of a case."""

    starts: frozenset[str]
    ends: frozenset[str]
    after: dict[str, frozenset[str]]
    unordered: frozenset[frozenset[str]]
    free: frozenset[str] = field(default_factory=frozenset)

    def may_begin(self, node_id: str) -> bool:
        """Tell whether a case may begin with this."""
        return node_id in self.starts or node_id in self.free

    def may_end(self, node_id: str) -> bool:
        """Tell whether a case may end with this."""
        return node_id in self.ends or node_id in self.free

    def may_follow(self, first: str, then: str) -> bool:
        """Tell whether one may be completed directly after the other."""
        return (
            then in self.after.get(first, ())
            or bool(self.free & {first, then})
            or frozenset({first, then}) in self.unordered
        )


def read_following(process: Process) -> Following:
    """Return what a process allows to follow what."""
    walk = _Walk(process)
    entries: set[str] = set()
    for start in process.starts():
        entries |= walk.reach([start.id])
    if not process.starts():
        entries |= walk.reach(node.id for node in process.entries())
    after = {
        node.id: frozenset(walk.after(node))
        for node in process.nodes.values()
        if node.kind not in HIDDEN
    }
    return Following(
        starts=frozenset(entries - {""}),
        ends=frozenset(name for name, found in after.items() if "" in found),
        after=after,
        unordered=frozenset(walk.unordered()),
        free=frozenset(walk.free()),
    )


class _Walk:
    """Walks through what is not seen; "" is the end of the process."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.nodes = process.nodes
        self.links = {
            (node.scope, node.link): node.id
            for node in self.nodes.values()
            if node.event is EventKind.LINK
            and node.kind is NodeKind.INTERMEDIATE_CATCH_EVENT
        }

    def after(self, node: Node) -> set[str]:
        """Return what may come directly after the end of a node that is seen."""
        found = self.reach(self._onward(node))
        if node.loop is not None:
            found.add(node.id)
        for scope in self._around(node):
            found |= self.reach(scope.boundary)
            if scope.loop is not None:
                found |= self.reach(self._inside(scope))
        return found

    def reach(self, names: Iterable[str]) -> set[str]:
        """Return what is seen first on the ways that begin at some nodes."""
        found: set[str] = set()
        seen: set[str] = set()
        todo = list(names)
        while todo:
            name = todo.pop()
            if name in seen:
                continue
            seen.add(name)
            node = self.nodes.get(name)
            if node is None:
                found.add("")
                continue
            todo.extend(node.boundary)
            if node.kind not in HIDDEN:
                found.add(name)
            elif node.kind in SCOPES:
                todo.extend(self._inside(node))
                # One that repeats may do so no times.
                if node.loop is not None or node.kind is NodeKind.AD_HOC_SUB_PROCESS:
                    todo.extend(self._onward(node))
            else:
                todo.extend(self._onward(node))
        return found

    def unordered(self) -> Iterator[frozenset[str]]:
        """Give the pairs that parallel paths leave in no order."""
        for node in self.nodes.values():
            if node.kind in SCOPES and _is_parallel(node):
                inner = sorted(self._seen_in(node.id))
                yield from (frozenset(pair) for pair in combinations(inner, 2))
            if len(node.flows_out) < 2 or not _splits(node):
                continue
            targets = [self.process.flows[flow].target for flow in node.flows_out]
            ways = [self._ahead(target, but={node.id}) for target in targets]
            for (one, all_one), (other, all_other) in combinations(
                zip(targets, ways, strict=True), 2
            ):
                joins = {
                    name
                    for name in all_one & all_other
                    if len(self.nodes[name].flows_in) > 1
                }
                left = self._seen(self._ahead(one, but={node.id, *joins}))
                right = self._seen(self._ahead(other, but={node.id, *joins}))
                yield from (frozenset({a, b}) for a in left for b in right)

    def free(self) -> Iterator[str]:
        """Give what may come at any moment while its surroundings go on."""
        for node in self.nodes.values():
            if node.event_scope or node.kind is NodeKind.AD_HOC_SUB_PROCESS:
                yield from self._seen_in(node.id)
            if node.for_compensation:
                yield from (node.id, *self._seen_in(node.id))
            if node.kind is NodeKind.BOUNDARY_EVENT and (
                not node.interrupting or node.event is EventKind.COMPENSATION
            ):
                around = {self.nodes[node.attached_to].id} & self.nodes.keys()
                yield from self._seen(self._ahead(node.id, but=around))

    def _onward(self, node: Node) -> list[str]:
        """Return where a token goes from a node; out of its scope where nothing leads."""
        if node.kind is NodeKind.INTERMEDIATE_THROW_EVENT and node.link:
            caught = self.links.get((node.scope, node.link))
            return [caught] if caught else [""]
        targets = [self.process.flows[flow].target for flow in node.flows_out]
        if targets:
            return targets
        return self._onward(self.nodes[node.scope]) if node.scope else [""]

    def _inside(self, scope: Node) -> list[str]:
        starts = self.process.starts(scope.id)
        return [one.id for one in starts or self.process.entries(scope.id)]

    def _around(self, node: Node) -> Iterator[Node]:
        while node.scope:
            node = self.nodes[node.scope]
            yield node

    def _ahead(self, start: str, *, but: Iterable[str]) -> set[str]:
        """Return all nodes of the scope that a token may come to, but some and on."""
        stop = set(but)
        found: set[str] = set()
        todo = [start]
        while todo:
            name = todo.pop()
            if name in found or name in stop or name not in self.nodes:
                continue
            found.add(name)
            node = self.nodes[name]
            todo.extend(self.process.flows[flow].target for flow in node.flows_out)
            todo.extend(node.boundary)
        return found

    def _seen(self, names: Iterable[str]) -> set[str]:
        found: set[str] = set()
        for name in names:
            if self.nodes[name].kind in SCOPES:
                found |= self._seen_in(name)
            elif self.nodes[name].kind not in HIDDEN:
                found.add(name)
        return found

    def _seen_in(self, scope: str) -> set[str]:
        found: set[str] = set()
        for node in self.nodes.values():
            if node.scope == scope:
                found |= self._seen([node.id])
        return found


def _splits(node: Node) -> bool:
    """Tell whether tokens may leave by several flows at once."""
    return node.kind in _SPLITS or (
        node.kind not in CHOOSING_GATEWAYS
        and node.kind is not NodeKind.EVENT_BASED_GATEWAY
    )


def _is_parallel(node: Node) -> bool:
    return node.loop is not None and node.loop.kind is LoopKind.PARALLEL
