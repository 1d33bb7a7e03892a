"""The built-in `range`: a text such as "[18..65)" to a range (DMN 1.5 table 71)."""

from workflows.core.feel import syntax as s
from workflows.core.feel.compiler import Compiler
from workflows.core.feel.errors import FeelSyntaxError
from workflows.core.feel.functions import built_in
from workflows.core.feel.limits import Run
from workflows.core.feel.texts import parse_expression

_MAX_TEXT = 1000
_MAKERS = frozenset({
    "date",
    "time",
    "date and time",
    "duration",
    "years and months duration",
})


@built_in("range", "from: string")
def _range(run: Run, text: str) -> object:
    run.spend(100)
    tree = _tree(text)
    if tree is None:
        return run.note("range: takes a text such as [1..10), its ends written out")
    return Compiler().compile(tree)({}, run)


def _tree(text: str) -> s.RangeLiteral | None:
    if len(text) > _MAX_TEXT:
        return None
    try:
        tree = parse_expression(text, _MAKERS)
    except FeelSyntaxError:
        return None
    if not isinstance(tree, s.RangeLiteral):
        return None
    return tree if _is_written_out(tree.start) and _is_written_out(tree.end) else None


def _is_written_out(node: s.Node) -> bool:
    """True for literals and for dates, times and durations made of them."""
    if isinstance(node, s.Literal):
        return node.value is not None
    if isinstance(node, s.Negation):
        return _is_written_out(node.operand)
    if isinstance(node, s.Call):
        return (
            isinstance(node.function, s.Name)
            and node.function.name in _MAKERS
            and all(map(_is_written_out, node.arguments))
        )
    return isinstance(node, s.AtLiteral)
