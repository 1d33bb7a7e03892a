"""What runs but deserves a look before it is deployed. Findings never refuse."""

import difflib
import re
from collections.abc import Iterator

from workflows.core.bpmn.graph import Node, NodeKind, Process
from workflows.core.bpmn.problems import Finding
from workflows.core.bpmn.vocabulary import (
    ACTIVITIES,
    CHOOSING_GATEWAYS,
    LABELS,
    OWN_ATTRIBUTES,
)

_AND = re.compile(r"\b(and|&)\b|\s&\s", re.IGNORECASE)
_MAX_NESTING = 2


def lint_process(process: Process) -> list[Finding]:
    """Return the findings of one process, in the order of lines."""
    found = [
        Finding(
            code=code,
            source=process.source,
            line=line,
            element=element,
            message=message,
        )
        for code, element, line, message in _found(process)
    ]
    return sorted(found, key=lambda finding: (finding.line, finding.code))


def _found(process: Process) -> Iterator[tuple[str, str, int, str]]:
    reached = _reached(process)
    for node in process.nodes.values():
        if node.id not in reached:
            yield (
                "unreachable-node",
                node.id,
                node.line,
                "No path from a start event leads here; draw one or remove it.",
            )
        yield from _choice(node, process)
        yield from _shape(node, process)
        yield from _attributes(node)


def _reached(process: Process) -> set[str]:
    seen: set[str] = set()
    todo = [node.id for node in process.starts()]
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        node = process.nodes[name]
        todo.extend(process.flows[flow].target for flow in node.flows_out)
        todo.extend(node.boundary)
        if node.kind is NodeKind.SUB_PROCESS:
            todo.extend(start.id for start in process.starts(node.id))
    return seen


def _choice(node: Node, process: Process) -> Iterator[tuple[str, str, int, str]]:
    if node.kind not in CHOOSING_GATEWAYS or len(node.flows_out) < 2:
        return
    if not node.default_flow:
        yield (
            "no-default-flow",
            node.id,
            node.line,
            (
                f"This {LABELS[node.kind]} has no default flow; when no condition holds,"
                " the step becomes an incident."
            ),
        )
    elif process.flows[node.default_flow].condition:
        yield (
            "condition-on-default",
            node.default_flow,
            process.flows[node.default_flow].line,
            "The condition of a default flow is never looked at; remove it.",
        )


def _shape(node: Node, process: Process) -> Iterator[tuple[str, str, int, str]]:
    if node.kind in ACTIVITIES and _AND.search(node.name):
        yield (
            "name-with-and",
            node.id,
            node.line,
            f"The name {node.name!r} holds two steps; make them two nodes.",
        )
    if node.kind is NodeKind.SUB_PROCESS and _depth(node, process) > _MAX_NESTING:
        yield (
            "deep-nesting",
            node.id,
            node.line,
            (
                f"Sub-processes are nested deeper than {_MAX_NESTING};"
                " call another process instead."
            ),
        )


def _depth(node: Node, process: Process) -> int:
    depth, scope = 1, node.scope
    while scope:
        depth, scope = depth + 1, process.nodes[scope].scope
    return depth


def _attributes(node: Node) -> Iterator[tuple[str, str, int, str]]:
    known = OWN_ATTRIBUTES.get(node.kind, frozenset())
    for name in node.properties:
        if name in known or name in _VENDOR_NAMES:
            continue
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean cs:{near[0]}?" if near else "."
        yield (
            "unknown-attribute",
            node.id,
            node.line,
            f"cs:{name} means nothing on a {LABELS[node.kind]}{hint}",
        )


_VENDOR_NAMES = frozenset({
    "assignee",
    "called",
    "candidate_groups",
    "candidate_users",
    "due_date",
    "follow_up_date",
    "form",
    "handler",
    "priority",
    "script",
})
