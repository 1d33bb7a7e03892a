"""Properties over random inputs: printing, arithmetic, logic, and texts of any kind."""

import decimal
import random
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workflows.core.feel import (
    DEFAULT_LIMITS,
    FeelSyntaxError,
    compile_expression,
    from_feel,
    to_feel,
)
from workflows.core.feel import syntax as s
from workflows.core.feel.printer import print_node
from workflows.core.feel.texts import parse_expression, parse_unary_tests

QUICK = settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
IEEE = decimal.Context(prec=34, rounding=decimal.ROUND_HALF_EVEN)
WORDS = ("true", "false", "null", "5", '"x"')

names = st.sampled_from(["a", "b", "total amount", "x1"]).map(s.Name)
numbers = st.decimals(
    min_value=0, max_value=10**12, allow_nan=False, allow_infinity=False, places=4
)
literals = st.one_of(
    numbers.map(s.Literal),
    st.text(max_size=8).map(s.Literal),
    st.sampled_from([True, False, None]).map(s.Literal),
    st.sampled_from(["2026-01-05", "P1D", "10:00:00"]).map(s.AtLiteral),
)
types = st.sampled_from([
    s.TypeNode("number"),
    s.TypeNode("date and time"),
    s.TypeNode("list", (s.TypeNode("string"),)),
    s.TypeNode("context", (), (("a", s.TypeNode("number")),)),
    s.TypeNode("function", (s.TypeNode("number"), s.TypeNode("string"))),
])


def _grow(nodes: st.SearchStrategy[s.Node]) -> st.SearchStrategy[s.Node]:
    """One level more of every kind of node."""
    pair = st.lists(nodes, min_size=2, max_size=3).map(tuple)
    some = st.lists(nodes, max_size=3).map(tuple)
    iterators = st.lists(
        st.builds(s.Iterator, st.sampled_from(["i", "j"]), nodes),
        min_size=1,
        max_size=2,
    ).map(tuple)
    comparison = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
    operands = pair.map(lambda found: tuple(map(_not_logical, found)))
    return st.one_of(
        st.builds(s.Negation, nodes),
        st.builds(
            s.Arithmetic, st.sampled_from(["+", "-", "*", "/", "**"]), nodes, nodes
        ),
        st.builds(s.Logical, st.sampled_from(["and", "or"]), operands),
        st.builds(s.Comparison, comparison, nodes, nodes),
        st.builds(s.Between, nodes, nodes, nodes),
        st.builds(s.In, nodes, st.lists(nodes, min_size=1, max_size=2).map(tuple)),
        st.builds(s.InstanceOf, nodes, types),
        st.builds(s.Path, nodes, st.sampled_from(["year", "time offset"])),
        st.builds(s.Filter, nodes, nodes),
        st.builds(s.Call, names, some),
        st.builds(lambda f, x, y: s.Call(f, (x, y), ("p", "q")), names, nodes, nodes),
        st.builds(s.If, nodes, nodes, nodes),
        st.builds(s.For, iterators, nodes),
        st.builds(s.Quantified, st.sampled_from(["some", "every"]), iterators, nodes),
        st.builds(lambda body: s.FunctionLiteral((s.Parameter("n"),), body), nodes),
        st.builds(s.ListLiteral, some),
        st.builds(
            lambda x, y: s.ContextLiteral((("k", x), ("my key", y))), nodes, nodes
        ),
        st.builds(s.RangeLiteral, nodes, nodes, st.booleans(), st.booleans()),
        st.builds(s.UnaryComparison, comparison, nodes),
    )


def _not_logical(node: s.Node) -> s.Node:
    """The parser makes one node of a row of `and`, so none holds another directly."""
    return s.ListLiteral((node,)) if isinstance(node, s.Logical) else node


trees = st.recursive(st.one_of(names, literals), _grow, max_leaves=8)


@QUICK
@given(trees)
def test_printed_tree_parses_back(tree: s.Node) -> None:
    text = print_node(tree)
    assert parse_expression(text, frozenset()) == tree


@QUICK
@given(st.lists(trees, min_size=1, max_size=3), st.booleans())
def test_printed_cell_parses_back(tests: list[s.Node], negated: bool) -> None:
    cell = s.Tests(tuple(tests), negated)
    assert print_node(parse_unary_tests(print_node(cell), frozenset())) == print_node(
        cell
    )


finite = st.decimals(
    allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30
)


@QUICK
@given(finite, finite, st.sampled_from(["+", "-", "*", "/"]))
def test_arithmetic_is_that_of_decimal(
    left: Decimal, right: Decimal, sign: str
) -> None:
    scope = {"x": left, "y": right}
    found = compile_expression(f"x {sign} y").value(scope)
    first, second = IEEE.plus(left), IEEE.plus(right)
    if sign == "/" and second == 0:
        assert found is None
        return
    name = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}[sign]
    assert found == getattr(IEEE, name)(first, second)


@QUICK
@given(finite, finite)
def test_comparisons_agree_with_decimal(left: Decimal, right: Decimal) -> None:
    text = "[x < y, x <= y, x = y, x != y, x >= y, x > y]"
    first, second = IEEE.plus(left), IEEE.plus(right)
    assert compile_expression(text).value({"x": left, "y": right}) == [
        first < second,
        first <= second,
        first == second,
        first != second,
        first >= second,
        first > second,
    ]


def _truth(word: str) -> bool | None:
    return {"true": True, "false": False}.get(word)


def test_and_or_are_three_valued() -> None:
    for first in WORDS:
        for second in WORDS:
            both = {_truth(first), _truth(second)}
            conjunction = False if False in both else None if None in both else True
            disjunction = True if True in both else None if None in both else False
            assert compile_expression(f"{first} and {second}").value({}) is conjunction
            assert compile_expression(f"{first} or {second}").value({}) is disjunction


def test_not_is_three_valued() -> None:
    for word in WORDS:
        truth = _truth(word)
        expected = None if truth is None else not truth
        assert compile_expression(f"not({word})").value({}) is expected


@QUICK
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | finite | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        ),
        max_leaves=10,
    )
)
def test_values_survive_the_border(value: object) -> None:
    once = from_feel(to_feel(value))
    assert from_feel(to_feel(once)) == once
    assert compile_expression("x = x").value({"x": value}) is True


PARTS = [
    *"0123456789abcxyz.,:;()[]{}<>=!+-*/@\"' \n\\?$_",
    *(" and ", " or ", " if ", " then ", " else ", " for ", " in ", " return "),
    *("..", "**", "instance of", "between", "function(", "not(", "some ", "every "),
    *("satisfies", "null", "true", "date(", '@"P1D"', "\u00a0", "\U0001f40e"),
]


def _fault(text: str) -> str:
    """What is wrong with how a text ends; empty when nothing is."""
    try:
        expression = compile_expression(text)
    except FeelSyntaxError as error:
        return "" if error.message and error.line >= 1 else "an error without a place"
    result = expression.evaluate({"a": 1, "x": [1, {"y": 2}]})
    from_feel(result.value)
    too_many = len(result.messages) > DEFAULT_LIMITS.messages
    return "more messages than the limit" if too_many else ""


def test_no_text_of_ten_thousand_raises() -> None:
    source = random.Random(20260105)  # noqa: S311  (repeatable, not secret)
    for _ in range(10_000):
        text = "".join(source.choices(PARTS, k=source.randint(1, 25)))
        assert _fault(text) == "", text


@settings(QUICK, max_examples=300)
@given(st.text(max_size=60))
def test_no_text_at_all_raises(text: str) -> None:
    assert _fault(text) == ""
