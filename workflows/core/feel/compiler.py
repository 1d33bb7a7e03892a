"""Syntax trees to closures: each takes the variables and the account, gives a value.

Nothing is looked up by kind of node while a value is computed; what the text fixes is
fixed here, once.
"""

import operator
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from workflows.core.feel import syntax as s
from workflows.core.feel.functions import (
    BUILT_INS,
    BuiltIn,
    Code,
    UserFunction,
    Variables,
)
from workflows.core.feel.limits import Run
from workflows.core.feel.numbers import CONTEXT
from workflows.core.feel.operators import ARITHMETIC, negate
from workflows.core.feel.properties import read_property
from workflows.core.feel.temporal_text import parse_temporal
from workflows.core.feel.types import FeelType, resolve
from workflows.core.feel.values import (
    Range,
    equal,
    is_function,
    kind_of,
    order,
    unary_range,
    unwrapped,
)

_MISSING = object()
_Node = TypeVar("_Node", bound=s.Node)


class Compiler:
    """Compiles trees whose names are `known`, with the types a model defines.

    `types` maps the names of item definitions; `known` are the variables that the
    scope is expected to have, which hide built-in functions of the same name.
    """

    def __init__(
        self,
        known: frozenset[str] = frozenset(),
        types: Mapping[str, FeelType] | None = None,
    ) -> None:
        """Begin with these names in scope."""
        self.known = known
        self.types = types

    def within(self, names: frozenset[str]) -> "Compiler":
        """A compiler with more names in scope."""
        return Compiler(self.known | names, self.types)

    def compile(self, node: s.Node) -> Code:
        """The closure of a node."""
        return COMPILERS[type(node)](self, node)


COMPILERS: dict[type, Callable[[Compiler, s.Node], Code]] = {}


def compiles(
    kind: type[_Node],
) -> Callable[[Callable[[Compiler, _Node], Code]], Callable[[Compiler, _Node], Code]]:
    """Register the compiler of one kind of node."""

    def register(
        function: Callable[[Compiler, _Node], Code],
    ) -> Callable[[Compiler, _Node], Code]:
        COMPILERS[kind] = function  # type: ignore[assignment]
        return function

    return register


@compiles(s.Literal)
def _literal(_compiler: Compiler, node: s.Literal) -> Code:
    value = node.value
    return lambda _variables, _run: value


@compiles(s.AtLiteral)
def _at_literal(_compiler: Compiler, node: s.AtLiteral) -> Code:
    value = parse_temporal(node.text)
    if value is not None:
        return lambda _variables, _run: value
    message = f'@"{node.text[:40]}" is no date, time or duration'
    return lambda _variables, run: run.note(message)


@compiles(s.Name)
def _name(_compiler: Compiler, node: s.Name) -> Code:
    name = node.name
    # A variable hides a built-in function of its name.
    fallback = BUILT_INS.get(name)

    def read(variables: Variables, run: Run) -> object:
        value = variables.get(name, _MISSING)
        if value is not _MISSING:
            return value
        if fallback is not None:
            return fallback
        return run.note(f"there is no '{name}' here")

    return read


@compiles(s.Negation)
def _negation(compiler: Compiler, node: s.Negation) -> Code:
    if isinstance(node.operand, s.Literal) and type(node.operand.value) is Decimal:
        value = -node.operand.value
        return lambda _variables, _run: value
    operand = compiler.compile(node.operand)
    return lambda variables, run: negate(operand(variables, run), run)


@compiles(s.Arithmetic)
def _arithmetic(compiler: Compiler, node: s.Arithmetic) -> Code:
    left, right = compiler.compile(node.left), compiler.compile(node.right)
    operate = ARITHMETIC[node.operator]
    quick = _QUICK.get(node.operator)
    if quick is None:
        return lambda variables, run: operate(
            left(variables, run), right(variables, run), run
        )

    def compute(variables: Variables, run: Run) -> object:
        first = left(variables, run)
        second = right(variables, run)
        if type(first) is Decimal and type(second) is Decimal:
            found = quick(first, second)
            if found.is_finite():
                return found
        return operate(first, second, run)

    return compute


_QUICK: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": CONTEXT.add,
    "-": CONTEXT.subtract,
    "*": CONTEXT.multiply,
}


@compiles(s.Logical)
def _logical(compiler: Compiler, node: s.Logical) -> Code:
    """Three-valued, left to right; anything but a boolean counts as null."""
    operands = tuple(map(compiler.compile, node.operands))
    decisive = node.operator == "or"
    word = node.operator

    def judge(variables: Variables, run: Run) -> object:
        unknown = False
        for operand in operands:
            value = operand(variables, run)
            if value is decisive:
                return decisive
            if type(value) is not bool:
                unknown = True
                if value is not None:
                    run.note(f"'{word}' takes booleans, not a {kind_of(value)}")
        return None if unknown else not decisive

    return judge


def compare(sign: str, left: object, right: object, run: Run) -> object:
    """The truth of a comparison; null with a message when the two do not compare."""
    if sign in ("=", "!="):
        left, right = unwrapped(left, right)
        run.check_value(left)
        run.check_value(right)
        found = equal(left, right)
        if found is not None:
            return found if sign == "=" else not found
    else:
        place = order(left, right)
        if place is not None:
            return _ORDERED[sign](place)
    return run.note(f"{kind_of(left)} {sign} {kind_of(right)} has no meaning")


_ORDERED: dict[str, Callable[[int], bool]] = {
    "<": lambda place: place < 0,
    "<=": lambda place: place <= 0,
    ">": lambda place: place > 0,
    ">=": lambda place: place >= 0,
}
# Python's own comparisons, for two numbers or two texts.
PLAIN: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@compiles(s.Comparison)
def _comparison(compiler: Compiler, node: s.Comparison) -> Code:
    left, right = compiler.compile(node.left), compiler.compile(node.right)
    sign = node.operator
    plain = PLAIN[sign]

    def judge(variables: Variables, run: Run) -> object:
        first = left(variables, run)
        second = right(variables, run)
        kind = type(first)
        if kind is type(second) and (kind is Decimal or kind is str):
            return plain(first, second)
        return compare(sign, first, second, run)

    return judge


@compiles(s.Between)
def _between(compiler: Compiler, node: s.Between) -> Code:
    value, low = compiler.compile(node.value), compiler.compile(node.low)
    high = compiler.compile(node.high)

    def judge(variables: Variables, run: Run) -> object:
        found = value(variables, run)
        above = compare(">=", found, low(variables, run), run)
        below = compare("<=", found, high(variables, run), run)
        if above is False or below is False:
            return False
        return True if above is True and below is True else None

    return judge


@compiles(s.InstanceOf)
def _instance_of(compiler: Compiler, node: s.InstanceOf) -> Code:
    value = compiler.compile(node.value)
    kind = resolve(node.type, compiler.types)
    if kind is None:
        message = f"there is no type '{node.type.name}'"
        return lambda _variables, run: run.note(message)
    wanted = kind

    def judge(variables: Variables, run: Run) -> object:
        found = value(variables, run)
        return wanted.name == "Null" if found is None else wanted.accepts(found)

    return judge


@compiles(s.Path)
def _path(compiler: Compiler, node: s.Path) -> Code:
    base = compiler.compile(node.base)
    name = node.name

    def read(variables: Variables, run: Run) -> object:
        value = base(variables, run)
        if type(value) is dict and name in value:
            return value[name]
        return read_property(value, name, run)

    return read


@compiles(s.If)
def _if(compiler: Compiler, node: s.If) -> Code:
    branches = []
    last: s.Node = node
    while isinstance(last, s.If):
        condition = compiler.compile(last.condition)
        branches.append((condition, compiler.compile(last.positive)))
        last = last.negative
    otherwise = compiler.compile(last)

    def choose(variables: Variables, run: Run) -> object:
        for condition, positive in branches:
            found = condition(variables, run)
            if found is True:
                return positive(variables, run)
            if found is not False and found is not None:
                run.note(f"'if' takes a boolean, not a {kind_of(found)}")
        return otherwise(variables, run)

    return choose


@compiles(s.ListLiteral)
def _list(compiler: Compiler, node: s.ListLiteral) -> Code:
    items = tuple(map(compiler.compile, node.items))
    return lambda variables, run: [item(variables, run) for item in items]


@compiles(s.ContextLiteral)
def _context(compiler: Compiler, node: s.ContextLiteral) -> Code:
    entries = []
    inner = compiler
    for key, value in node.entries:
        # A function may call itself by its entry's name.
        inner = inner.within(frozenset({key}))
        entries.append((key, inner.compile(value)))

    def build(variables: Variables, run: Run) -> object:
        # Later entries see earlier ones, and closures see all: the scope is shared.
        scope = variables.copy()
        made: dict[str, object] = {}
        for key, code in entries:
            made[key] = scope[key] = code(scope, run)
        return made

    return build


@compiles(s.RangeLiteral)
def _range(compiler: Compiler, node: s.RangeLiteral) -> Code:
    start, end = compiler.compile(node.start), compiler.compile(node.end)
    start_closed, end_closed = node.start_closed, node.end_closed

    def build(variables: Variables, run: Run) -> object:
        low, high = start(variables, run), end(variables, run)
        if order(low, high) is None:
            return run.note(f"there is no range from {kind_of(low)} to {kind_of(high)}")
        return Range(low, high, start_closed, end_closed)

    if _is_constant(node.start) and _is_constant(node.end):
        made = build({}, Run())
        if made is not None:
            return lambda _variables, _run: made
    return build


def _is_constant(node: s.Node) -> bool:
    while isinstance(node, s.Negation):
        node = node.operand
    return isinstance(node, s.Literal | s.AtLiteral)


@compiles(s.UnaryComparison)
def _unary_comparison(compiler: Compiler, node: s.UnaryComparison) -> Code:
    operand = compiler.compile(node.operand)
    sign = node.operator
    return lambda variables, run: unary_range(sign, operand(variables, run))


@compiles(s.FunctionLiteral)
def _function(compiler: Compiler, node: s.FunctionLiteral) -> Code:
    names = tuple(parameter.name for parameter in node.parameters)
    types = tuple(
        None if parameter.type is None else resolve(parameter.type, compiler.types)
        for parameter in node.parameters
    )
    if node.external:
        body: Code = lambda _variables, run: run.note(  # noqa: E731
            "external functions are not run"
        )
    else:
        body = compiler.within(frozenset(names)).compile(node.body)
    return lambda variables, _run: UserFunction(names, types, body, variables)


@compiles(s.Call)
def _call(compiler: Compiler, node: s.Call) -> Code:
    arguments = tuple(map(compiler.compile, node.arguments))
    function = compiler.compile(node.function)
    if isinstance(node.function, s.Name) and node.function.name not in compiler.known:
        built_in = BUILT_INS.get(node.function.name)
        if built_in is not None:
            return _built_in_call(built_in, arguments, node.names)
    names = node.names
    fallback = (
        BUILT_INS.get(node.function.name) if isinstance(node.function, s.Name) else None
    )

    def call(variables: Variables, run: Run) -> object:
        target = function(variables, run)
        if not is_function(target):
            # A variable `date` does not keep anyone from calling date(...).
            if fallback is None:
                return run.note(f"a {kind_of(target)} cannot be called")
            target = fallback
        values = [argument(variables, run) for argument in arguments]
        if names:
            return target.invoke_named(dict(zip(names, values, strict=True)), run)  # type: ignore[attr-defined]
        return target.invoke(values, run)  # type: ignore[attr-defined]

    return call


def _built_in_call(
    function: BuiltIn, arguments: tuple[Code, ...], names: tuple[str, ...]
) -> Code:
    """A call whose function is settled when compiled."""
    if names:
        return lambda variables, run: function.invoke_named(
            {
                name: argument(variables, run)
                for name, argument in zip(names, arguments, strict=True)
            },
            run,
        )
    return lambda variables, run: function.invoke(
        [argument(variables, run) for argument in arguments], run
    )
