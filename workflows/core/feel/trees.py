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


def outer_names(node: s.Node) -> frozenset[str]:
    """The names the text takes from outside for certain.

    Left out are those it binds itself, and those within a filter's brackets, which may
    be entries of the items.
    """
    found: set[str] = set()
    pending: list[tuple[object, frozenset[str]]] = [(node, frozenset())]
    while pending:
        part, bound = pending.pop()
        if isinstance(part, s.Name):
            found.update({part.name} - bound)
        elif isinstance(part, s.Filter):
            pending.append((part.base, bound))
        elif isinstance(part, s.Node):
            inner = bound | _binds(part)
            pending.extend(
                (getattr(part, field.name), inner)
                for field in dataclasses.fields(part)  # type: ignore[arg-type]
            )
        elif isinstance(part, tuple):
            pending.extend((item, bound) for item in part)
    return frozenset(found)


def _binds(node: s.Node) -> frozenset[str]:
    """The names a node gives meaning to within itself."""
    if isinstance(node, s.For | s.Quantified):
        return frozenset(item.name for item in node.iterators) | {"partial"}
    if isinstance(node, s.FunctionLiteral):
        return frozenset(item.name for item in node.parameters)
    if isinstance(node, s.ContextLiteral):
        return frozenset(key for key, _ in node.entries)
    return frozenset()


def makes_functions(node: s.Node) -> bool:
    """True when evaluating the node may make a closure over its scope."""
    return any(isinstance(found, s.FunctionLiteral) for found in walk(node))
