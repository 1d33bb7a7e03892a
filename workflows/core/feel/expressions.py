"""Expressions and cells ready to evaluate: the caches and what every caller uses."""

import datetime as dt
import functools
from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from workflows.core.feel import builtins, loops
from workflows.core.feel import syntax as s
from workflows.core.feel.compiler import Compiler
from workflows.core.feel.convert import to_feel
from workflows.core.feel.errors import FeelSyntaxError, LimitExceeded
from workflows.core.feel.functions import BUILT_INS, Code, Variables
from workflows.core.feel.limits import DEFAULT_LIMITS, Limits, Run
from workflows.core.feel.texts import parse_expression, parse_unary_tests
from workflows.core.feel.trees import free_names
from workflows.core.feel.unary import Verdict, compile_tests

BUILT_IN_NAMES = frozenset(BUILT_INS)
_QUESTION = frozenset({"?"})
_FEEL_SCALARS = frozenset({Decimal, str, bool, type(None)})
# Importing these fills the tables of functions and of compilers.
_REGISTERED = (builtins, loops)


class Result(NamedTuple):
    """What an evaluation gave: the FEEL value, and why something in it is null."""

    value: object
    messages: tuple[str, ...]


def guarded(code: Code, variables: Variables, run: Run) -> object:
    """Run a closure; whatever it asks too much of becomes null and a message."""
    try:
        value = code(variables, run)
        run.check_value(value)
    except LimitExceeded as exceeded:
        return run.note(str(exceeded))
    except RecursionError:
        return run.note("stopped: the calls are nested too deep")
    except (MemoryError, OverflowError):
        return run.note("stopped: a value grew too large")
    else:
        return value


class Expression:
    """A compiled expression; immutable, and safe to share between threads."""

    __slots__ = ("_code", "names", "node", "text")

    def __init__(self, text: str, node: s.Node, code: Code) -> None:
        """Hold the text, its tree, its closure, and the names it reads."""
        self.text = text
        self.node = node
        self.names = free_names(node)
        self._code = code

    def evaluate(
        self,
        scope: Mapping[str, object],
        *,
        limits: Limits = DEFAULT_LIMITS,
        now: dt.datetime | None = None,
    ) -> Result:
        """The value in a scope of JSON-like or FEEL values; it never raises.

        `now` (aware) is the present moment for now() and today().
        """
        run = Run(limits, now)
        value = self.run(scope, run)
        return Result(value, tuple(run.messages))

    def value(
        self, scope: Mapping[str, object], *, now: dt.datetime | None = None
    ) -> object:
        """The value alone."""
        return self.run(scope, Run(DEFAULT_LIMITS, now))

    def run(self, scope: Mapping[str, object], run: Run) -> object:
        """The value, on an account of the caller's."""
        variables = take(scope, self.names, run)
        return guarded(self._code, variables, run)

    @property
    def code(self) -> Code:
        """The closure, for variables that are FEEL values already."""
        return self._code


def take(scope: Mapping[str, object], names: frozenset[str], run: Run) -> Variables:
    """The scope's variables of those names, as FEEL values."""
    variables: Variables = {}
    for name in names:
        if name not in scope:
            continue
        value = scope[name]
        if type(value) in _FEEL_SCALARS and type(value) is not Decimal:
            variables[name] = value
            continue
        try:
            variables[name] = to_feel(value)
        except (TypeError, RecursionError) as problem:
            variables[name] = run.note(f"'{name}' is not usable: {problem}")
    return variables


class UnaryTests:
    """A compiled cell of a decision table."""

    __slots__ = ("_names", "_verdict", "node", "text")

    def __init__(self, text: str, node: s.Tests, verdict: Verdict) -> None:
        """Hold the text, its tree and its closure."""
        self.text = text
        self.node = node
        self._names = free_names(node)
        self._verdict = verdict

    def matches(self, value: object, scope: Mapping[str, object]) -> bool:
        """Whether the value passes; a test that cannot be told is not passed."""
        return self.verdict(value, scope)[0] is True

    def verdict(
        self,
        value: object,
        scope: Mapping[str, object],
        *,
        limits: Limits = DEFAULT_LIMITS,
        now: dt.datetime | None = None,
    ) -> tuple[bool | None, tuple[str, ...]]:
        """True, False or None (cannot be told), and the messages."""
        run = Run(limits, now)
        variables = take(scope, self._names, run)
        variables.update(take({"?": value}, _QUESTION, run))

        def judge(scope: Variables, run: Run) -> object:
            return self._verdict(scope["?"], scope, run)

        found = guarded(judge, variables, run)
        return (found if isinstance(found, bool) else None), tuple(run.messages)


@functools.lru_cache(maxsize=8192)
def compile_expression(text: str, names: frozenset[str] = frozenset()) -> Expression:
    """Compile an expression; FeelSyntaxError is the only thing raised.

    `names` are variables whose names hold keywords or signs (`Profit and loss`);
    plain words side by side need not be given.
    """
    try:
        node = parse_expression(text, names | BUILT_IN_NAMES)
        return Expression(text, node, Compiler(names).compile(node))
    except RecursionError:
        raise FeelSyntaxError("nested too deep to be compiled here") from None


@functools.lru_cache(maxsize=8192)
def compile_unary_tests(text: str, names: frozenset[str] = frozenset()) -> UnaryTests:
    """Compile a cell: `-`, `< 10`, `"a", "b"`, `not(1, 2)`, or a test of `?`."""
    try:
        node = parse_unary_tests(text, names | BUILT_IN_NAMES)
        return UnaryTests(text, node, compile_tests(Compiler(names), node))
    except RecursionError:
        raise FeelSyntaxError("nested too deep to be compiled here") from None
