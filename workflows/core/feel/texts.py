"""The kinds of text there are: an expression, several, or a decision table's cell."""

from workflows.core.feel import syntax as s
from workflows.core.feel.parser import Parser


def parse_expression(text: str, names: frozenset[str]) -> s.Node:
    """The tree of an expression; FeelSyntaxError otherwise."""
    parser = Parser(text, names)
    return parser.finish(parser.expression())


def parse_expressions(text: str, names: frozenset[str]) -> tuple[s.Node, ...]:
    """The trees of expressions parted by commas, as output values are written."""
    parser = Parser(text, names)
    found = [parser.test()]
    while parser.accept(","):
        found.append(parser.test())
    parser.finish(found[-1])
    return tuple(found)


def parse_unary_tests(text: str, names: frozenset[str]) -> s.Tests:
    """The tree of a decision table's cell; a blank cell is a dash."""
    parser = Parser(text, names | {"?"})
    if parser.tokens[0].kind == "end":
        return s.Tests(())
    if parser.peek("-") and parser.tokens[1].kind == "end":
        return s.Tests(())
    if parser.peek("not") and parser.peek("(", 1):
        negated = _negated(parser)
        if negated is not None:
            return negated
    tests = [parser.test()]
    while parser.accept(","):
        tests.append(parser.test())
    parser.finish(tests[-1])
    return s.Tests(tuple(tests))


def _negated(parser: Parser) -> s.Tests | None:
    """`not(tests)` as a whole cell; None when `not(...)` is only its beginning."""
    parser.at += 2
    tests = [parser.test()]
    while parser.accept(","):
        tests.append(parser.test())
    parser.expect(")")
    if parser.tokens[parser.at].kind == "end":
        return s.Tests(tuple(tests), negated=True)
    parser.at = 0
    return None
