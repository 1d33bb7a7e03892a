"""Small BPMN files for the reader's tests."""

from collections.abc import Sequence

from workflows.bpmn import read_bpmn
from workflows.core.bpmn.graph import Process
from workflows.core.bpmn.problems import BpmnError

HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:cs="urn:countersign:bpmn:1"'
    ' xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
    ' xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"'
    ' xmlns:flowable="http://flowable.org/bpmn">'
)


def model(body: str, *, roots: str = "", executable: str = "true") -> bytes:
    """Return a file with one process `p`; its body begins on line 2."""
    start = f'<process id="p" name="P" isExecutable="{executable}">\n'
    return f"{HEAD}{roots}{start}{body}</process></definitions>".encode()


def between(node: str) -> str:
    """Return start, a node with the id `n` on line 3, and end, joined by flows."""
    return (
        '<startEvent id="s"/><sequenceFlow id="f1" sourceRef="s" targetRef="n"/>\n'
        f"{node}\n"
        '<sequenceFlow id="f2" sourceRef="n" targetRef="e"/><endEvent id="e"/>'
    )


def read(body: str, *, roots: str = "") -> Process:
    """Return the only process of a body."""
    (process,) = read_bpmn(model(body, roots=roots), source="p.bpmn")
    return process


def refusals(body: str, *, roots: str = "") -> Sequence[tuple[int, str, str]]:
    """Return line, element and message of what is wrong with a body."""
    try:
        read_bpmn(model(body, roots=roots), source="p.bpmn")
    except BpmnError as error:
        return [(one.line, one.element, one.message) for one in error.problems]
    return []
