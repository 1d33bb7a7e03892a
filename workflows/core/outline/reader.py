"""A DMN file to its outline. That the file is sound was checked when it was deployed."""

from typing import Final

from workflows.core.dmn.boxed import find_expression
from workflows.core.dmn.xml import Element, read_xml
from workflows.core.outline.logic import (
    InputColumn,
    Kind,
    Logic,
    Need,
    Outline,
    OutputColumn,
    Rule,
    Table,
)
from workflows.core.outline.texts import write_feel

_KINDS: Final[dict[str, Kind]] = {
    "inputData": "input",
    "decision": "decision",
    "businessKnowledgeModel": "knowledge",
}
_REQUIRED: Final[dict[str, Kind]] = {
    "requiredInput": "input",
    "requiredDecision": "decision",
    "requiredKnowledge": "knowledge",
}
_DASH: Final = "-"


def read_outline(data: bytes, *, source: str) -> Outline:
    """Return what a DMN file says. Raises XmlError for what is no XML."""
    root = read_xml(data)
    found = [
        _logic(element, _KINDS[element.tag])
        for element in root.children
        if element.tag in _KINDS
    ]
    items = {(one.kind, one.id): one for one in found}
    return Outline(source=source, name=root.get("name"), items=items)


def _logic(element: Element, kind: Kind) -> Logic:
    variable = element.first("variable")
    body = element.first("encapsulatedLogic") if kind == "knowledge" else element
    expression = find_expression(body)
    own = None
    if expression is not None and expression.tag == "decisionTable":
        own = expression
    inner = [] if body is None else list(body.walk())
    tables = [one for one in inner if one.tag == "decisionTable" and one is not own]
    return Logic(
        kind=kind,
        id=element.get("id") or element.name,
        name=element.name,
        type="" if variable is None else variable.get("typeRef"),
        question=element.child_text("question"),
        description=element.child_text("description"),
        text=_text(body, expression) if kind != "input" and own is None else "",
        table=None if own is None else _table(own, owner=element.name),
        nested=tuple(_table(one, owner=element.name) for one in tables),
        needs=_needs(element),
    )


def _text(body: Element | None, expression: Element | None) -> str:
    if body is not None and body.tag == "encapsulatedLogic":
        return write_feel(
            Element("functionDefinition", "", body.attributes, 0, body.children)
        )
    return write_feel(expression)


def _needs(element: Element) -> tuple[Need, ...]:
    return tuple(
        Need(_REQUIRED[target.tag], target.get("href").strip().rpartition("#")[2])
        for requirement in element.children
        if requirement.tag in {"informationRequirement", "knowledgeRequirement"}
        for target in requirement.children
        if target.tag in _REQUIRED
    )


def _table(element: Element, *, owner: str) -> Table:
    inputs = tuple(_input(one) for one in element.all("input"))
    outputs = tuple(_output(one) for one in element.all("output"))
    notes = [one.name or "Note" for one in element.all("annotation")]
    rows = list(element.all("rule"))
    told = any(one.child_text("description") for one in rows)
    if told and not any(one.first("annotationEntry") for one in rows):
        notes = ["Note"]
    return Table(
        id=element.get("id") or owner,
        hit_policy=element.get("hitPolicy", "UNIQUE"),
        aggregation=element.get("aggregation"),
        inputs=inputs,
        outputs=outputs,
        notes=tuple(notes),
        rules=tuple(
            _rule(row, number, (len(inputs), len(outputs), len(notes)))
            for number, row in enumerate(rows, 1)
        ),
    )


def _input(element: Element) -> InputColumn:
    expression = element.first("inputExpression")
    values = element.first("inputValues")
    text = "" if expression is None else expression.child_text("text")
    return InputColumn(
        label=element.get("label").strip() or text,
        expression=text,
        type="" if expression is None else expression.get("typeRef"),
        allowed="" if values is None else values.child_text("text"),
    )


def _output(element: Element) -> OutputColumn:
    values = element.first("outputValues")
    default = element.first("defaultOutputEntry")
    return OutputColumn(
        name=element.name or element.get("label").strip(),
        type=element.get("typeRef"),
        allowed="" if values is None else values.child_text("text"),
        default="" if default is None else default.child_text("text"),
    )


def _rule(row: Element, number: int, widths: tuple[int, int, int]) -> Rule:
    notes = [one.child_text("text") for one in row.all("annotationEntry")]
    tests = [one.child_text("text") or _DASH for one in row.all("inputEntry")]
    results = [one.child_text("text") or _DASH for one in row.all("outputEntry")]
    return Rule(
        number=number,
        id=row.get("id"),
        tests=_padded(tests, widths[0], _DASH),
        results=_padded(results, widths[1], _DASH),
        notes=_padded(notes or [row.child_text("description")], widths[2], ""),
    )


def _padded(texts: list[str], width: int, filling: str) -> tuple[str, ...]:
    return tuple(texts[:width] + [filling] * (width - len(texts)))
