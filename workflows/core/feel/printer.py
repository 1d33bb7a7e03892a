"""Syntax trees back to texts, each operand in parentheses where precedence asks."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from workflows.core.feel import syntax as s
from workflows.core.feel.convert import key_text, quote
from workflows.core.feel.numbers import to_text

# How tightly each kind of node binds; an operand that binds looser is parenthesised.
_LOOSE, _OR, _AND, _COMPARE, _ADD, _MULTIPLY, _POWER, _NEGATE, _TIGHT = range(9)
_ARITHMETIC = {"+": _ADD, "-": _ADD, "*": _MULTIPLY, "/": _MULTIPLY, "**": _POWER}


def print_node(node: s.Node) -> str:
    """The text of an expression or a cell; it parses back to an equal tree.

    Names that hold keywords or signs must then be given to the parser again.
    """
    return _PRINTERS[type(node)](node)


def _binding(node: s.Node) -> int:
    if isinstance(node, s.Logical):
        return _OR if node.operator == "or" else _AND
    if isinstance(node, s.Comparison | s.Between | s.In | s.InstanceOf):
        return _COMPARE
    if isinstance(node, s.Arithmetic):
        return _ARITHMETIC[node.operator]
    if isinstance(node, s.Negation):
        return _NEGATE
    if isinstance(node, s.If | s.For | s.Quantified | s.FunctionLiteral):
        return _LOOSE
    return _TIGHT


def _within(node: s.Node, least: int) -> str:
    text = print_node(node)
    return f"({text})" if _binding(node) < least else text


def _literal(node: s.Literal) -> str:
    value = node.value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        # Far from zero the exponent is shorter, and keeps the digits as they are.
        return to_text(value) if -40 < value.adjusted() < 40 else f"{value:E}"
    return "null" if value is None else quote(str(value))


def _arithmetic(node: s.Arithmetic) -> str:
    level = _ARITHMETIC[node.operator]
    left, right = _within(node.left, level), _within(node.right, level + 1)
    return f"{left} {node.operator} {right}"


def _logical(node: s.Logical) -> str:
    level = _OR if node.operator == "or" else _AND
    joiner = f" {node.operator} "
    return joiner.join(_within(operand, level + 1) for operand in node.operands)


def _comparison(node: s.Comparison) -> str:
    left, right = _within(node.left, _COMPARE), _within(node.right, _ADD)
    return f"{left} {node.operator} {right}"


def _between(node: s.Between) -> str:
    value, low = _within(node.value, _COMPARE), _within(node.low, _ADD)
    return f"{value} between {low} and {_within(node.high, _ADD)}"


def _in(node: s.In) -> str:
    tests = ", ".join(map(_test, node.tests))
    return f"{_within(node.value, _COMPARE)} in ({tests})"


def _test(node: s.Node) -> str:
    """A test in a list of tests, where a comparison needs no parentheses."""
    if isinstance(node, s.UnaryComparison):
        return f"{node.operator} {_within(node.operand, _ADD)}"
    return print_node(node)


def _call(node: s.Call) -> str:
    arguments = [print_node(argument) for argument in node.arguments]
    if node.names:
        pairs = zip(node.names, arguments, strict=True)
        arguments = [f"{name}: {text}" for name, text in pairs]
    return f"{_within(node.function, _TIGHT)}({', '.join(arguments)})"


def _iterators(iterators: tuple[s.Iterator, ...]) -> str:
    return ", ".join(
        f"{item.name} in {print_node(item.source)}"
        + ("" if item.end is None else f"..{print_node(item.end)}")
        for item in iterators
    )


def _quantified(node: s.Quantified) -> str:
    body = print_node(node.body)
    return f"{node.quantifier} {_iterators(node.iterators)} satisfies {body}"


def _if(node: s.If) -> str:
    condition, positive = print_node(node.condition), print_node(node.positive)
    return f"if {condition} then {positive} else {print_node(node.negative)}"


def _function(node: s.FunctionLiteral) -> str:
    parameters = ", ".join(
        item.name if item.type is None else f"{item.name}: {_type(item.type)}"
        for item in node.parameters
    )
    external = "external " if node.external else ""
    return f"function({parameters}) {external}{print_node(node.body)}"


def _context(node: s.ContextLiteral) -> str:
    entries = (f"{key_text(key)}: {print_node(value)}" for key, value in node.entries)
    return f"{{{', '.join(entries)}}}"


def _range(node: s.RangeLiteral) -> str:
    start = "[" if node.start_closed else "("
    end = "]" if node.end_closed else ")"
    return f"{start}{print_node(node.start)}..{_within(node.end, _ADD)}{end}"


def _tests(node: s.Tests) -> str:
    if not node.tests:
        return "-"
    inner = ", ".join(map(_test, node.tests))
    return f"not({inner})" if node.negated else inner


def _type(node: s.TypeNode) -> str:
    if node.fields:
        inner = ", ".join(f"{name}: {_type(kind)}" for name, kind in node.fields)
        return f"context<{inner}>"
    if node.name == "function" and node.arguments:
        parameters = ", ".join(map(_type, node.arguments[:-1]))
        return f"function<{parameters}> -> {_type(node.arguments[-1])}"
    if node.arguments:
        return f"{node.name}<{_type(node.arguments[0])}>"
    return node.name


_PRINTERS: dict[type, Callable[[Any], str]] = {
    s.Literal: _literal,
    s.AtLiteral: lambda node: f"@{quote(node.text)}",
    s.Name: lambda node: node.name,
    s.Negation: lambda node: f"-{_within(node.operand, _NEGATE)}",
    s.Arithmetic: _arithmetic,
    s.Logical: _logical,
    s.Comparison: _comparison,
    s.Between: _between,
    s.In: _in,
    s.InstanceOf: lambda node: (
        f"{_within(node.value, _COMPARE)} instance of {_type(node.type)}"
    ),
    s.Path: lambda node: f"{_within(node.base, _TIGHT)}.{node.name}",
    s.Filter: lambda node: (
        f"{_within(node.base, _TIGHT)}[{print_node(node.predicate)}]"
    ),
    s.Call: _call,
    s.If: _if,
    s.For: lambda node: (
        f"for {_iterators(node.iterators)} return {print_node(node.body)}"
    ),
    s.Quantified: _quantified,
    s.FunctionLiteral: _function,
    s.ListLiteral: lambda node: f"[{', '.join(map(print_node, node.items))}]",
    s.ContextLiteral: _context,
    s.RangeLiteral: _range,
    s.UnaryComparison: lambda node: f"({node.operator} {_within(node.operand, _ADD)})",
    s.Tests: _tests,
}
