"""A laid-out diagram as elements of BPMN DI (clause 12.2), and those elements back."""

from collections.abc import Iterator

from workflows.core.bpmn.layout import Diagram
from workflows.core.bpmn.layout_model import SCOPES, Box, Point
from workflows.core.markup import Element

BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
DI = "http://www.omg.org/spec/DD/20100524/DI"
PREFIXES = {BPMNDI: "bpmndi", DC: "dc", DI: "di"}


def draw_element(diagram: Diagram, *, taken: set[str]) -> Element:
    """Return a diagram as a BPMNDiagram element.

    `taken` are the ids of the file; those given here are added to it.
    """
    shapes = [_shape(diagram, name, taken) for name in diagram.boxes]
    edges = [_edge(diagram, name, taken) for name in diagram.lines]
    plane = Element(
        namespace=BPMNDI,
        name="BPMNPlane",
        attributes={
            "id": _free(f"{diagram.root}_plane", taken),
            "bpmnElement": diagram.root,
        },
        children=(*shapes, *edges),
    )
    return Element(
        namespace=BPMNDI,
        name="BPMNDiagram",
        attributes={"id": _free(f"{diagram.root}_diagram", taken)},
        children=(plane,),
    )


def has_diagram(definitions: Element) -> bool:
    """Tell whether a file draws anything already."""
    return any(
        one.name in {"BPMNShape", "BPMNEdge"} and one.namespace == BPMNDI
        for one in definitions.walk()
    )


def _shape(diagram: Diagram, name: str, taken: set[str]) -> Element:
    tag = diagram.tags[name]
    attributes = {"id": _free(f"{name}_di", taken), "bpmnElement": name}
    if tag in {"participant", "lane"}:
        attributes["isHorizontal"] = "true"
    if tag in SCOPES:
        attributes["isExpanded"] = "true"
    if tag == "exclusiveGateway":
        attributes["isMarkerVisible"] = "true"
    children = [_bounds(diagram.boxes[name]), *_label(diagram, name)]
    return Element(
        namespace=BPMNDI,
        name="BPMNShape",
        attributes=attributes,
        children=tuple(children),
    )


def _edge(diagram: Diagram, name: str, taken: set[str]) -> Element:
    points = [_waypoint(point) for point in diagram.lines[name]]
    return Element(
        namespace=BPMNDI,
        name="BPMNEdge",
        attributes={"id": _free(f"{name}_di", taken), "bpmnElement": name},
        children=(*points, *_label(diagram, name)),
    )


def _label(diagram: Diagram, name: str) -> Iterator[Element]:
    box = diagram.labels.get(name)
    if box is not None:
        yield Element(namespace=BPMNDI, name="BPMNLabel", children=(_bounds(box),))


def _bounds(box: Box) -> Element:
    return Element(
        namespace=DC,
        name="Bounds",
        attributes={
            "x": str(box.x),
            "y": str(box.y),
            "width": str(box.width),
            "height": str(box.height),
        },
    )


def _waypoint(point: Point) -> Element:
    return Element(
        namespace=DI,
        name="waypoint",
        attributes={"x": str(point.x), "y": str(point.y)},
    )


def _free(wanted: str, taken: set[str]) -> str:
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}_{number}"
    taken.add(name)
    return name
