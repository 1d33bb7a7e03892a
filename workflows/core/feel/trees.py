"""Questions about syntax trees: their names, and whether they make functions."""

import dataclasses
from collections.abc import Iterator

from workflows.core.feel import syntax as s


def walk(node: s.Node) -> Iterator[s.Node]:
    """The node and everything below it."""
    pending: list[object] = [node]
    while pending:
        found = pending.pop()
        if isinstance(found, s.Node):
            yield found
            pending.extend(
                getattr(found, field.name)
                for field in dataclasses.fields(found)  # type: ignore[arg-type]
            )
        elif isinstance(found, tuple):
            pending.extend(found)


def free_names(node: s.Node) -> frozenset[str]:
    """Every name the text reads, bound ones included."""
    return frozenset(found.name for found in walk(node) if isinstance(found, s.Name))


def makes_functions(node: s.Node) -> bool:
    """True when evaluating the node may make a closure over its scope."""
    return any(isinstance(found, s.FunctionLiteral) for found in walk(node))
