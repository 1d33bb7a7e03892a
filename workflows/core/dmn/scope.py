"""What compiling one model's expressions needs to know, and its list of problems."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from workflows.core.dmn.itemdefs import TypeReader
from workflows.core.dmn.tables import DecisionTable
from workflows.core.dmn.xml import Element
from workflows.core.feel import syntax as s
from workflows.core.feel.compiler import Compiler
from workflows.core.feel.errors import FeelSyntaxError
from workflows.core.feel.expressions import BUILT_IN_NAMES
from workflows.core.feel.functions import Code
from workflows.core.feel.texts import (
    parse_expression,
    parse_expressions,
    parse_unary_tests,
)
from workflows.core.feel.trees import outer_names
from workflows.core.feel.unary import Verdict, compile_tests

Report = Callable[[Element, str], None]


class Reading(NamedTuple):
    """Names that a text of an element takes from outside.

    `owner` is the key of the decision or knowledge, `label` its name, `element` the id
    of the text's element.
    """

    owner: str
    label: str
    element: str
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Scope:
    """The names and types in sight, who is being compiled, and where problems go."""

    names: frozenset[str]
    known: frozenset[str]
    types: TypeReader
    report: Report
    tables: list[DecisionTable]
    reads: list[Reading]
    label: str = ""
    owner: str = ""

    def within(self, names: set[str]) -> "Scope":
        """A scope with more variables."""
        more = frozenset(names)
        return dataclasses.replace(
            self, names=self.names | more, known=self.known | more
        )

    def _compiler(self) -> Compiler:
        return Compiler(self.known, self.types.types)

    def tree(self, text: str) -> s.Node | None:
        """The tree of an expression, or None when it has none."""
        try:
            return parse_expression(text, self.names | BUILT_IN_NAMES)
        except FeelSyntaxError:
            return None

    def expression(self, text: str, place: Element) -> Code:
        """The closure of a text; a syntax error is reported, and is null when run."""
        try:
            node = parse_expression(text, self.names | BUILT_IN_NAMES)
        except FeelSyntaxError as error:
            return self._broken(error, place)
        self._read(node, place)
        try:
            return self._compiler().compile(node)
        except RecursionError:
            return self._broken(FeelSyntaxError("nested too deep"), place)

    def expressions(self, text: str, place: Element) -> list[Code]:
        """The closures of expressions parted by commas."""
        try:
            nodes = parse_expressions(text, self.names | BUILT_IN_NAMES)
        except FeelSyntaxError as error:
            self._broken(error, place)
            return []
        return [self._compiler().compile(node) for node in nodes]

    def tests(self, text: str, place: Element) -> tuple[s.Tests, Verdict]:
        """The tree and closure of a cell; one that does not parse never passes."""
        try:
            node = parse_unary_tests(text, self.names | BUILT_IN_NAMES)
        except FeelSyntaxError as error:
            code = self._broken(error, place)
            never = s.Tests((s.AtLiteral(""),))
            return never, lambda _value, scope, run: code(scope, run) is True
        self._read(node, place)
        return node, compile_tests(self._compiler(), node)

    def _read(self, node: s.Node, place: Element) -> None:
        """Remember the names that the owner's requirements must provide."""
        names = outer_names(node) - self.known - BUILT_IN_NAMES - {"?"}
        if names:
            self.reads.append(Reading(self.owner, self.label, place.get("id"), names))

    def _broken(self, error: FeelSyntaxError, place: Element) -> Code:
        self.report(place, f"{self.label}: {error}")
        message = f"{self.label}: {error}"
        return lambda _variables, run: run.note(message)
