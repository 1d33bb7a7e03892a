"""Bytes of a BPMN 2.0 file to processes: the XML shell around the pure reader."""

from workflows.core.bpmn.graph import Process
from workflows.core.bpmn.problems import BpmnError, Problem
from workflows.core.bpmn.reader import read_processes
from workflows.xml import MarkupError, parse_xml


def read_bpmn(data: bytes, *, source: str) -> list[Process]:
    """Return the executable processes of a file; `source` is its name in problems.

    Raises BpmnError with every problem found, each with file, line and element.
    """
    try:
        root = parse_xml(data, source=source)
    except MarkupError as error:
        problem = Problem(
            source=source, line=error.line, element="<xml>", message=error.message
        )
        raise BpmnError((problem,)) from error
    return read_processes(root, source=source)
