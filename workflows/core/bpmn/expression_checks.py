"""Does every expression of a process compile? Its words are looked at elsewhere."""

from collections.abc import Iterator

from workflows.core.bpmn.graph import Flow, Node, NodeKind
from workflows.core.bpmn.problems import Problems
from workflows.core.feel import FeelSyntaxError, compile_expression

_USER_TASK_FEEL = ("confidence", "impact", "priority", "proposal", "title")


def check_condition(flow: Flow, problems: Problems) -> None:
    """Note a condition of a flow that is no FEEL."""
    if flow.condition:
        _check_feel(
            flow.condition,
            "The condition",
            element=flow.id,
            line=flow.line,
            problems=problems,
        )


def check_expressions(node: Node, problems: Problems) -> None:
    """Note every expression of a node that is no FEEL, and half mappings."""
    for what, text in _expressions(node):
        if text:
            _check_feel(text, what, element=node.id, line=node.line, problems=problems)
    for mapping in (*node.inputs, *node.outputs):
        if not mapping.target or not mapping.source:
            problems.add(
                f"The mapping of {mapping.target or mapping.source!r} needs both"
                " target and source.",
                element=node.id,
                line=node.line,
            )


def _expressions(node: Node) -> Iterator[tuple[str, str]]:
    yield "The script", node.script
    if node.timer is not None and node.timer.text.startswith("="):
        yield "The timer", node.timer.text[1:]
    yield "cs:correlation", node.correlation
    if node.kind is NodeKind.COMPLEX_GATEWAY:
        yield "The activationCondition", node.condition
    else:
        yield "The condition", node.condition
    for side, mappings in (("input", node.inputs), ("output", node.outputs)):
        for mapping in mappings:
            yield f"cs:{side} of {mapping.target!r}", mapping.source
    yield from _repetition(node)
    if node.kind is NodeKind.USER_TASK:
        for name in _USER_TASK_FEEL:
            yield f"cs:{name}", node.properties.get(name, "").removeprefix("=")


def _repetition(node: Node) -> Iterator[tuple[str, str]]:
    if node.loop is not None:
        yield "The loopCardinality", node.loop.cardinality
        yield "cs:collection", node.loop.collection
        yield "cs:outputElement", node.loop.output_element
        yield "The loop's condition", node.loop.condition
    if node.ad_hoc is not None:
        yield "The completionCondition", node.ad_hoc.condition
        yield "cs:start", node.ad_hoc.start


def _check_feel(
    text: str, what: str, *, element: str, line: int, problems: Problems
) -> None:
    try:
        compile_expression(text)
    except FeelSyntaxError as error:
        problems.add(f"{what} is no FEEL: {error}", element=element, line=line)
