"""The decisionTable element to a compiled table."""

from collections.abc import Callable

from workflows.core.dmn.boxed import register
from workflows.core.dmn.columns import Cell, Column, cell_constants
from workflows.core.dmn.hits import AGGREGATIONS, HIT_POLICIES
from workflows.core.dmn.scope import Scope
from workflows.core.dmn.tables import DecisionTable, InputClause, OutputClause
from workflows.core.dmn.xml import Element
from workflows.core.feel import syntax as s
from workflows.core.feel.functions import Code, Variables
from workflows.core.feel.limits import Run


def read_table(element: Element, scope: Scope) -> Code:
    """The closure of a table; it joins the scope's list of tables."""
    inputs = [_input(clause, scope) for clause in element.all("input")]
    outputs = _outputs(element, scope)
    rules = list(element.all("rule"))
    cells: list[list[Cell]] = [[] for _ in inputs]
    rows: list[list[Code]] = []
    texts: list[list[str]] = []
    for rule in rules:
        for column, cell in zip(cells, _cells(rule, inputs, scope), strict=True):
            column.append(cell)
        codes, written = _row(rule, outputs, scope)
        rows.append(codes)
        texts.append(written)
    table = DecisionTable(
        name=scope.label,
        element=element.get("id") or scope.label,
        hit_policy=_hit_policy(element, scope),
        aggregation=_aggregation(element, scope),
        inputs=inputs,
        outputs=outputs,
        columns=[Column(column) for column in cells],
        rows=rows,
        rule_ids=[
            rule.get("id") or str(number) for number, rule in enumerate(rules, 1)
        ],
        texts=texts,
        annotations=[_annotation(rule) for rule in rules],
    )
    scope.tables.append(table)
    return table.evaluate


def _hit_policy(element: Element, scope: Scope) -> str:
    policy = element.get("hitPolicy", "UNIQUE")
    if policy not in HIT_POLICIES:
        scope.report(element, f"there is no hit policy '{policy}'")
        return "UNIQUE"
    return policy


def _aggregation(element: Element, scope: Scope) -> str:
    kind = element.get("aggregation")
    if element.get("hitPolicy") != "COLLECT":
        return ""
    if kind and kind not in AGGREGATIONS:
        scope.report(element, f"there is no aggregation '{kind}'")
        return ""
    return kind


def _input(clause: Element, scope: Scope) -> InputClause:
    expression = clause.first("inputExpression")
    text = "" if expression is None else expression.child_text("text")
    if expression is None or not text:
        scope.report(clause, f"{scope.label}: an input without an expression")
        text, expression = "null", clause
    allowed: Callable[[object, Variables, Run], bool | None] | None = None
    domain: list[object] | None = None
    values = clause.first("inputValues")
    allowed_text = "" if values is None else values.child_text("text")
    if values is not None and allowed_text not in ("", "-"):
        node, allowed = scope.tests(allowed_text, values)
        domain = cell_constants(node)
    return InputClause(
        text=text,
        label=clause.get("label") or text,
        code=scope.expression(text, expression),
        type=scope.types.find(expression.get("typeRef"), expression),
        allowed=allowed,
        domain=domain,
    )


def _outputs(element: Element, scope: Scope) -> list[OutputClause]:
    found = []
    for clause in element.all("output"):
        values = clause.first("outputValues")
        text = "" if values is None else values.child_text("text")
        priorities: list[object] = []
        if values is not None and text:
            run = Run()
            priorities = [code({}, run) for code in scope.expressions(text, values)]
        default = clause.first("defaultOutputEntry")
        default_text = "" if default is None else default.child_text("text")
        code = None
        if default is not None and default_text:
            code = scope.expression(default_text, default)
        kind = scope.types.find(clause.get("typeRef"), clause)
        name = clause.name or clause.get("label").strip()
        found.append(OutputClause(name, kind, priorities, code))
    if not found:
        scope.report(element, f"{scope.label}: a table needs an output")
    return found


def _cells(rule: Element, inputs: list[InputClause], scope: Scope) -> list[Cell]:
    entries = list(rule.all("inputEntry"))
    if len(entries) != len(inputs):
        scope.report(
            rule,
            f"{scope.label}: the rule has {len(entries)} input entries "
            f"for {len(inputs)} inputs",
        )
    found = []
    for entry in entries[: len(inputs)]:
        text = entry.child_text("text")
        node, verdict = scope.tests(text, entry)
        found.append(Cell(text, node, verdict))
    while len(found) < len(inputs):
        found.append(Cell("", s.Tests(()), lambda _value, _variables, _run: True))
    return found


def _row(
    rule: Element, outputs: list[OutputClause], scope: Scope
) -> tuple[list[Code], list[str]]:
    entries = list(rule.all("outputEntry"))
    if len(entries) != len(outputs):
        scope.report(
            rule,
            f"{scope.label}: the rule has {len(entries)} output entries "
            f"for {len(outputs)} outputs",
        )
    codes: list[Code] = []
    texts: list[str] = []
    for entry in entries[: len(outputs)]:
        text = entry.child_text("text")
        texts.append(text)
        usable = text not in ("", "-")
        codes.append(scope.expression(text, entry) if usable else _null)
    codes += [_null] * (len(outputs) - len(codes))
    return codes, texts


def _null(_variables: Variables, _run: Run) -> object:
    return None


def _annotation(rule: Element) -> str:
    texts = [entry.child_text("text") for entry in rule.all("annotationEntry")]
    return "; ".join(filter(None, texts)) or rule.child_text("description")


register("decisionTable", read_table)
