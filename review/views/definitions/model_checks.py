"""What the versions of a process allow, asked of pairs and variants of a mined map."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from review.core.figures.mining import END, START, Pair, Variant, list_pairs
from review.views.processes.processes import in_order
from workflows.core.bpmn.following import Following, read_following
from workflows.operations import definitions
from workflows.operations.packages import PackageRefused


@dataclass(frozen=True, slots=True)
class Checked:
    """What some version allows; `names` are of nodes, in the order of the model."""

    following: Sequence[Following]
    names: Mapping[str, str]
    places: Mapping[str, int]

    def knows(self, node_id: str) -> bool:
        """Tell whether a node is in some version."""
        return node_id in self.names or node_id in {START, END}

    def name(self, node_id: str) -> str:
        """Return a node's name, or its id."""
        return self.names.get(node_id) or node_id

    def place(self, node_id: str) -> tuple[int, str]:
        """Return what sorts nodes as cases come to them."""
        return self.places.get(node_id, len(self.places)), node_id

    def allows(self, pair: Pair) -> bool:
        """Tell whether some version lets one directly follow the other."""
        first, then = pair
        if first == START:
            return any(one.may_begin(then) for one in self.following)
        if then == END:
            return any(one.may_end(first) for one in self.following)
        return any(one.may_follow(first, then) for one in self.following)

    def allows_variant(self, variant: Variant) -> bool:
        """Tell whether all of a variant is allowed."""
        return all(map(self.allows, list_pairs(variant)))


def read_model(versions: Sequence[Any]) -> Checked:
    """Return what versions allow, the newest first; one that is unreadable is left out."""
    found = [one for row in versions if (one := _read(row.id)) is not None]
    names: dict[str, str] = {}
    for _, theirs in found:
        names |= {name: label for name, label in theirs.items() if name not in names}
    return Checked(
        following=[following for following, _ in found],
        names=names,
        places={name: place for place, name in enumerate(names)},
    )


@lru_cache(maxsize=128)
def _read(definition_id: int) -> tuple[Following, Mapping[str, str]] | None:
    try:
        model = definitions.compiled(definition_id).main
    except PackageRefused:
        return None
    names = {node.id: node.name for node in in_order(model)}
    return read_following(model), names
