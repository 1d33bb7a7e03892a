"""Unary tests: `x in ...`, and the cells of decision tables (DMN 1.5, 10.3.2.8)."""

from collections.abc import Callable
from decimal import Decimal

from workflows.core.feel import syntax as s
from workflows.core.feel.compiler import PLAIN, Compiler, compare, compiles
from workflows.core.feel.functions import Code, Variables
from workflows.core.feel.limits import Run
from workflows.core.feel.trees import free_names
from workflows.core.feel.values import Range, contains, equal, kind_of, unwrapped

Verdict = Callable[[object, Variables, Run], "bool | None"]


def compile_test(compiler: Compiler, node: s.Node) -> Verdict:
    """One positive test of a value."""
    if isinstance(node, s.UnaryComparison):
        return _comparison_test(compiler, node)
    if "?" in free_names(node):
        return _question_test(compiler, node)
    if isinstance(node, s.RangeLiteral):
        return _range_test(compiler, node)
    if isinstance(node, s.Literal):
        literal = node.value
        return lambda value, _variables, run: _equals(value, literal, run)
    code = compiler.compile(node)

    def judge(value: object, variables: Variables, run: Run) -> bool | None:
        found = code(variables, run)
        if isinstance(found, bool) and not isinstance(value, bool):
            return found  # a condition that does not speak of the value at all
        return member(value, found, run)

    return judge


def _comparison_test(compiler: Compiler, node: s.UnaryComparison) -> Verdict:
    operand = compiler.compile(node.operand)
    sign = node.operator
    plain = PLAIN[sign]

    def judge(value: object, variables: Variables, run: Run) -> bool | None:
        other = operand(variables, run)
        kind = type(value)
        if kind is type(other) and (kind is Decimal or kind is str):
            return plain(value, other)
        found = compare(sign, value, other, run)
        return found if isinstance(found, bool) else None

    return judge


def _question_test(compiler: Compiler, node: s.Node) -> Verdict:
    """A test that speaks of `?`: true where it holds, else where it gives a match."""
    code = compiler.within(frozenset({"?"})).compile(node)

    def judge(value: object, variables: Variables, run: Run) -> bool | None:
        scope = variables.copy()
        scope["?"] = value
        found = code(scope, run)
        if isinstance(found, bool):
            return found
        return None if found is None else member(value, found, run)

    return judge


def _range_test(compiler: Compiler, node: s.RangeLiteral) -> Verdict:
    code = compiler.compile(node)

    def judge(value: object, variables: Variables, run: Run) -> bool | None:
        found = code(variables, run)
        return None if found is None else member(value, found, run)

    return judge


def _equals(value: object, other: object, run: Run) -> bool | None:
    kind = type(value)
    if kind is type(other) and (kind is Decimal or kind is str):
        return bool(value == other)
    value, other = unwrapped(value, other)
    run.check_value(value)
    found = equal(value, other)
    if found is None:
        run.note(f"{kind_of(value)} = {kind_of(other)} has no meaning")
    return found


def member(value: object, test: object, run: Run) -> bool | None:
    """Whether a value is what a test's value describes.

    In a range, among a list (its items being values or ranges), or equal; a list
    equals a list as a whole first.
    """
    if isinstance(test, Range) and not isinstance(value, Range):
        found = contains(test, value)
        if found is None:
            run.note(f"a {kind_of(value)} cannot be in this range")
        return found
    if isinstance(test, list):
        return _among(value, test, run)
    if test is None and value is not None:
        return None
    return _equals(value, test, run)


def _among(value: object, tests: list[object], run: Run) -> bool | None:
    if isinstance(value, list) and equal(value, tests) is True:
        return True
    run.spend(len(tests))
    run.check_value(tests)
    run.check_value(value)
    unknown = False
    for test in tests:
        if isinstance(test, Range) and not isinstance(value, Range):
            found = contains(test, value)
        else:
            found = equal(value, test)
        if found:
            return True
        unknown = unknown or found is None
    if unknown and not any(test is None for test in tests):
        run.note(f"a {kind_of(value)} cannot be compared with every item of the list")
    return False


def either(verdicts: tuple[Verdict, ...]) -> Verdict:
    """True when one test holds; null when none does and some cannot be told."""
    if len(verdicts) == 1:
        return verdicts[0]

    def judge(value: object, variables: Variables, run: Run) -> bool | None:
        unknown = False
        for verdict in verdicts:
            found = verdict(value, variables, run)
            if found:
                return True
            unknown = unknown or found is None
        return None if unknown else False

    return judge


def compile_tests(compiler: Compiler, node: s.Tests) -> Verdict:
    """A whole cell."""
    if not node.tests:
        return lambda _value, _variables, _run: True
    positive = either(tuple(compile_test(compiler, test) for test in node.tests))
    if not node.negated:
        return positive

    def judge(value: object, variables: Variables, run: Run) -> bool | None:
        found = positive(value, variables, run)
        return None if found is None else not found

    return judge


@compiles(s.In)
def _in(compiler: Compiler, node: s.In) -> Code:
    value = compiler.compile(node.value)
    verdict = either(tuple(compile_test(compiler, test) for test in node.tests))
    return lambda variables, run: verdict(value(variables, run), variables, run)
