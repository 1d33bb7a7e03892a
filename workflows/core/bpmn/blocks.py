"""Parallel blocks: what lies between a gateway that splits and the join of its paths."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from workflows.core.bpmn.graph import FailurePolicy, Node, NodeKind, Process

_JOINS = frozenset({
    NodeKind.PARALLEL_GATEWAY,
    NodeKind.INCLUSIVE_GATEWAY,
    NodeKind.COMPLEX_GATEWAY,
})


@dataclass(frozen=True, slots=True)
class Block:
    """The paths that one gateway opens and one join closes, with what a failure does.

    `entries` names, for each node of the block, the join's incoming flow that a
    token on it would come by.
    """

    policy: FailurePolicy
    split: str
    join: str
    entries: Mapping[str, str]


def find_blocks(process: Process) -> dict[str, Block]:
    """Return for each node the innermost block with a policy that holds it."""
    found = [
        block
        for node in process.nodes.values()
        if node.on_failure is not None and len(node.flows_out) > 1
        for block in [find_block(process, node)]
        if block is not None
    ]
    inner: dict[str, Block] = {}
    for block in sorted(found, key=lambda one: -len(one.entries)):
        inner.update(dict.fromkeys(block.entries, block))
    return inner


def find_block(process: Process, split: Node) -> Block | None:
    """Return the smallest block that a gateway opens, None if its paths never meet.

    Every path must lead to the join: none may end or leave on the way.
    """
    if split.on_failure is None:
        return None
    best: dict[str, str] | None = None
    join = ""
    for node in process.nodes.values():
        if node.kind not in _JOINS or node.scope != split.scope or node is split:
            continue
        if len(node.flows_in) < 2:
            continue
        entries = _entries(process, split, node)
        if entries is not None and (best is None or len(entries) < len(best)):
            best, join = entries, node.id
    if best is None:
        return None
    return Block(policy=split.on_failure, split=split.id, join=join, entries=best)


def _entries(process: Process, split: Node, join: Node) -> dict[str, str] | None:
    region: set[str] = set()
    todo = list(_next(process, split))
    while todo:
        name = todo.pop()
        if name == join.id or name in region:
            continue
        node = process.nodes[name]
        after = list(_next(process, node))
        if name == split.id or not after:
            return None
        region.add(name)
        todo.extend(after)
    entries: dict[str, str] = {}
    for flow in join.flows_in:
        for name in _before(process, process.flows[flow].source, within=region):
            entries.setdefault(name, flow)
    return entries if entries.keys() == region else None


def _next(process: Process, node: Node) -> Iterator[str]:
    for flow in node.flows_out:
        yield process.flows[flow].target
    for event in node.boundary:
        if process.nodes[event].flows_out:
            yield event


def _before(process: Process, start: str, *, within: set[str]) -> set[str]:
    seen: set[str] = set()
    todo = [start]
    while todo:
        name = todo.pop()
        if name in seen or name not in within:
            continue
        seen.add(name)
        node = process.nodes[name]
        todo.extend(process.flows[flow].source for flow in node.flows_in)
        if node.attached_to:
            todo.append(node.attached_to)
    return seen
