"""Which node of a new version probably stands for one of the old. People decide."""

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Final

from workflows.core.bpmn.graph import Node, Process

NEAR: Final = 0.6
"""From which likeness of names on a node is suggested."""


def suggest_nodes(old: Process, new: Process) -> dict[str, str]:
    """Return for each node of `old` the id of its counterpart, "" where none is near.

    The same id where there is one; else a node of the same kind and event, in the
    counterpart of its sub-process, whose name or id is most alike and not taken.
    """
    found = {name: name if name in new.nodes else "" for name in old.nodes}
    taken = {name for name in found.values() if name}
    # Outer ones first, since what is inside must be inside its counterpart.
    for node in sorted(old.nodes.values(), key=lambda one: _depth(old, one)):
        scope = found[node.scope] if node.scope else ""
        if found[node.id] or (node.scope and not scope):
            continue
        best = max(
            _candidates(node, new, scope=scope, taken=taken),
            key=lambda one: (one[0], one[1]),
            default=(0.0, ""),
        )
        if best[0] >= NEAR:
            found[node.id] = best[1]
            taken.add(best[1])
    return found


def list_counterparts(node: Node, new: Process) -> list[Node]:
    """Return the nodes that a node may be mapped to: of its kind and event."""
    return [
        other
        for other in new.nodes.values()
        if (other.kind, other.event) == (node.kind, node.event)
    ]


def _candidates(
    node: Node, new: Process, *, scope: str, taken: set[str]
) -> Iterator[tuple[float, str]]:
    for other in list_counterparts(node, new):
        if other.id in taken or other.scope != scope:
            continue
        by_id = _likeness(node.id, other.id)
        by_name = _likeness(node.name, other.name) if node.name else 0.0
        yield max(by_id, by_name), other.id


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one.lower(), other.lower()).ratio()


def _depth(process: Process, node: Node) -> int:
    depth = 0
    while node.scope:
        node = process.nodes[node.scope]
        depth += 1
    return depth
