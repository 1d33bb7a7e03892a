"""Bytes of a BPMN 2.0 file to processes: the XML shell around the pure reader."""

from workflows.core.bpmn.completion import find_missing
from workflows.core.bpmn.drawing import PREFIXES
from workflows.core.bpmn.graph import Process
from workflows.core.bpmn.problems import BpmnError, Problem
from workflows.core.bpmn.reader import read_processes
from workflows.core.markup_text import write_markup
from workflows.xml import (
    MAX_BYTES,
    MAX_ELEMENTS,
    Document,
    MarkupError,
    decode_text,
    parse_document,
    parse_xml,
)


def read_bpmn(data: bytes, *, source: str) -> list[Process]:
    """Return the executable processes of a file; `source` is its name in problems.

    Raises BpmnError with every problem found, each with file, line and element.
    """
    try:
        root = parse_xml(data, source=source)
    except MarkupError as error:
        raise _as_bpmn_error(error, source=source) from error
    return read_processes(root, source=source)


def export_bpmn(data: bytes, *, source: str) -> bytes:
    """Return a file with an id on every flow and with a diagram, if it had none.

    All else stays byte for byte: comments, prefixes, CDATA and what other tools wrote.
    Raises BpmnError for what is no XML.
    """
    try:
        document = parse_document(data, source=source)
    except MarkupError as error:
        raise _as_bpmn_error(error, source=source) from error
    missing = find_missing(document.root, element_limit=MAX_ELEMENTS)
    text = "".join(
        write_markup(one, prefixes=PREFIXES, is_document=False)
        for one in missing.diagrams
    )
    inserts = {_place_of_diagram(document): text} if text else {}
    exported = document.patched(ids=missing.ids, inserts=inserts)
    if len(exported) > MAX_BYTES:
        exported = document.patched(ids=missing.ids, inserts={})
    return exported


def show_bpmn(data: bytes, *, source: str) -> str:
    """Return an exported file as text for a viewer, which need not know encodings.

    Raises BpmnError for what is no XML.
    """
    return decode_text(export_bpmn(data, source=source), source=source)


def _place_of_diagram(document: Document) -> int:
    """Return where the schema wants diagrams: after the models, before relationships.

    An empty diagram that stands there is left, but ours comes first and is shown.
    """
    number = 1
    for child in document.root.children:
        if child.name in {"BPMNDiagram", "relationship"}:
            return document.starts[number]
        number += sum(1 for _ in child.walk())
    return document.end


def _as_bpmn_error(error: MarkupError, *, source: str) -> BpmnError:
    problem = Problem(
        source=source, line=error.line, element="<xml>", message=error.message
    )
    return BpmnError((problem,))
