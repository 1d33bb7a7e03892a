"""Which activity compensates which: associations from boundary events. No other checks."""

from collections.abc import Iterator
from dataclasses import replace

from workflows.core.bpmn.catalog import local_name
from workflows.core.bpmn.graph import EventKind, Node, NodeKind
from workflows.core.bpmn.problems import Problems
from workflows.core.bpmn.vocabulary import ACTIVITIES, BPMN
from workflows.core.markup import Element


def join_compensation(
    process: Element, nodes: dict[str, Node], problems: Problems
) -> None:
    """Note in `nodes` what each compensation boundary event leads to (10.7.2).

    Both the event and the activity it hangs on get `compensated_by`; an association
    that does not lead to one compensation activity of the same scope is a problem.
    """
    linked = dict(_associations(process))
    for event in list(nodes.values()):
        if event.kind is not NodeKind.BOUNDARY_EVENT:
            continue
        if event.event is not EventKind.COMPENSATION:
            continue
        found = [
            nodes[name]
            for name in linked.get(event.id, ())
            if name in nodes and nodes[name].kind in ACTIVITIES
        ]
        if message := _wrong(event, found):
            problems.add(message, element=event.id, line=event.line)
        else:
            _mark(event, found[0], nodes, problems)


def _mark(event: Node, undo: Node, nodes: dict[str, Node], problems: Problems) -> None:
    nodes[event.id] = replace(event, compensated_by=undo.id)
    host = nodes.get(event.attached_to)
    if host is None:
        return
    if host.compensated_by:
        problems.add(
            f"{host.id!r} has a second compensation boundary event; keep one.",
            element=event.id,
            line=event.line,
        )
    nodes[host.id] = replace(host, compensated_by=undo.id)


def _wrong(event: Node, found: list[Node]) -> str:
    if len(found) != 1:
        return (
            "A compensation boundary event leads by one association (not a flow) to"
            f" the activity that compensates; here are {len(found)}."
        )
    if not found[0].for_compensation:
        return (
            f"The association leads to {found[0].id!r}, which is not for compensation;"
            ' set isForCompensation="true" on it.'
        )
    if found[0].scope != event.scope:
        return (
            f"The association leads to {found[0].id!r} in another scope; what"
            " compensates stands beside what it compensates."
        )
    return ""


def _associations(process: Element) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield for each end of an association what its other ends are."""
    ends: dict[str, tuple[str, ...]] = {}
    for element in process.walk():
        if element.name == "association" and element.namespace == BPMN:
            source = local_name(element.get("sourceRef"))
            target = local_name(element.get("targetRef"))
            ends[source] = (*ends.get(source, ()), target)
            ends[target] = (*ends.get(target, ()), source)
    yield from ends.items()
