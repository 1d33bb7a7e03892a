"""A process with no XML behind it as BPMN 2.0 text that the reader reads back the same.

For a file that was deployed its own text is the truth; see `export_bpmn`.
"""

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from workflows.core.bpmn.completion import complete
from workflows.core.bpmn.drawing import PREFIXES
from workflows.core.bpmn.graph import EventKind, Flow, Node, NodeKind, Process
from workflows.core.bpmn.vocabulary import BPMN, OWN, SCOPES
from workflows.core.bpmn.writer_catalog import Declared
from workflows.core.bpmn.writer_nodes import (
    XSI,
    bpmn,
    expression,
    own_attributes,
    write_node,
)
from workflows.core.markup import Element
from workflows.core.markup_text import write_markup

_PREFIXES = {BPMN: "", OWN: "cs", XSI: "xsi", **PREFIXES}


def write_process(process: Process) -> str:
    """Return a process as the text of a BPMN file, with a diagram.

    Reading it gives an equal process, up to lines. Raises ValueError where no file
    could: characters that XML cannot hold, or flows in an order that no document has.
    """
    return write_markup(complete(process_element(process)), prefixes=_PREFIXES)


def process_element(process: Process) -> Element:
    """Return the definitions element of a process, without a diagram."""
    taken = {process.id, *process.nodes, *process.flows, *process.data_objects}
    declared = Declared(taken)
    body = tuple(_scope(process, "", declared))
    attributes = {
        "id": process.id,
        "name": process.name,
        "isExecutable": "true",
        **own_attributes(process.properties),
    }
    lanes = tuple(_lanes(process, declared))
    holder = bpmn("process", attributes, children=(*lanes, *body))
    return bpmn(
        "definitions",
        {"targetNamespace": "urn:countersign:export"},
        children=(*declared.elements, holder),
    )


def _scope(process: Process, scope: str, declared: Declared) -> Iterator[Element]:
    """Yield what lies in a scope: data, nodes, flows, then compensation's lines."""
    if not scope:
        for name, title in process.data_objects.items():
            yield bpmn("dataObject", {"id": name, "name": title})
    nodes = [node for node in process.nodes.values() if node.scope == scope]
    for node in nodes:
        inner: tuple[Element, ...] = ()
        if node.kind in SCOPES:
            inner = tuple(_scope(process, node.id, declared))
        yield write_node(node, inner=inner, declared=declared)
    for flow in _in_order(process, nodes):
        yield _flow(flow)
    for node in nodes:
        if node.compensated_by and _is_compensation_event(node):
            name = declared.free(f"{node.id}--{node.compensated_by}")
            ends = {"sourceRef": node.id, "targetRef": node.compensated_by}
            yield bpmn(
                "association", {"id": name, "associationDirection": "One", **ends}
            )


def _is_compensation_event(node: Node) -> bool:
    return node.kind is NodeKind.BOUNDARY_EVENT and node.event is EventKind.COMPENSATION


def _flow(flow: Flow) -> Element:
    children: tuple[Element, ...] = ()
    if flow.condition:
        children = (expression("conditionExpression", flow.condition),)
    return bpmn(
        "sequenceFlow",
        {
            "id": flow.id,
            "name": flow.name,
            "sourceRef": flow.source,
            "targetRef": flow.target,
        },
        children=children,
    )


def _in_order(process: Process, nodes: list[Node]) -> list[Flow]:
    """Return a scope's flows in an order that gives every node its own order back."""
    order: TopologicalSorter[str] = TopologicalSorter()
    own = {node.id for node in nodes}
    for flow in process.flows.values():
        if flow.source in own:
            order.add(flow.id)
    for node in nodes:
        for names in (node.flows_in, node.flows_out):
            for earlier, later in pairwise(names):
                order.add(later, earlier)
    try:
        return [process.flows[name] for name in order.static_order()]
    except CycleError as error:
        raise ValueError(
            "Flows_in and flows_out ask for orders that exclude each other."
        ) from error


def _lanes(process: Process, declared: Declared) -> Iterator[Element]:
    members: dict[str, list[str]] = {}
    for node in process.nodes.values():
        if node.lane:
            members.setdefault(node.lane, []).append(node.id)
    lanes = [
        bpmn(
            "lane",
            {"id": declared.free(f"lane_{number}"), "name": name},
            children=tuple(bpmn("flowNodeRef", text=one) for one in names),
        )
        for number, (name, names) in enumerate(members.items(), start=1)
    ]
    if lanes:
        yield bpmn("laneSet", {"id": declared.free("lanes")}, children=tuple(lanes))
