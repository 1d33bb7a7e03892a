"""Where a token can be moved, as a page offers it: by way, named, with what refuses."""

import dataclasses
from collections.abc import Sequence
from itertools import groupby
from typing import Final

from review.views.instances.words import name_kind
from workflows.core.engine.interventions import Target

WAYS: Final = {
    "here": "In the same scope",
    "out": "Outwards, leaving the sub-process",
    "into": "Into a sub-process, which then begins there",
}


@dataclasses.dataclass(frozen=True, slots=True)
class TargetNode:
    """A node to choose."""

    id: str
    label: str
    kind: str


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """Nodes that are reached in the same way."""

    label: str
    nodes: tuple[TargetNode, ...]


def group_targets(targets: Sequence[Target]) -> tuple[Group, ...]:
    """Return the nodes that can be chosen, grouped, in the order of the process."""
    order = list(WAYS)
    open_ones = [target for target in targets if not target.refusal]
    by_way = sorted(open_ones, key=lambda target: order.index(target.way))
    return tuple(
        Group(label=WAYS[way], nodes=tuple(_node(target) for target in members))
        for way, members in groupby(by_way, key=lambda target: target.way)
    )


def _node(target: Target) -> TargetNode:
    node = target.node
    return TargetNode(
        id=node.id, label=node.name or node.id, kind=name_kind(node.kind.value)
    )
