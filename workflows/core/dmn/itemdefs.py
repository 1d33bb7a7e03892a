"""Item definitions to types: structures, collections, constraints, functions."""

from collections.abc import Callable, Mapping

from workflows.core.dmn.xml import Element
from workflows.core.feel.errors import FeelSyntaxError
from workflows.core.feel.expressions import UnaryTests, compile_unary_tests
from workflows.core.feel.syntax import Tests
from workflows.core.feel.types import (
    ANY,
    BUILT_IN_TYPES,
    ContextType,
    FeelType,
    FunctionType,
    ListType,
    NamedType,
)


class LateType(FeelType):
    """A reference to a type that is still being read: recursive structures."""

    __slots__ = ("_label", "_table")

    def __init__(self, label: str, table: dict[str, FeelType]) -> None:
        """Remember where the type will stand."""
        self._label = label
        self._table = table

    @property
    def name(self) -> str:
        """The type's text."""
        return self._label

    @property
    def is_list(self) -> bool:
        """True when the type's values are lists."""
        found = self._table.get(self._label)
        return found is not None and found is not self and found.is_list

    def accepts(self, value: object) -> bool:
        """Whether the value, not null, is an instance."""
        found = self._table.get(self._label)
        return found is None or found is self or found.accepts(value)

    def takes(self, value: object) -> bool:
        """See FeelType."""
        found = self._table.get(self._label)
        return found is None or found is self or found.takes(value)


class Constraint:
    """Allowed values, as a function of a value."""

    __slots__ = ("_tests",)

    def __init__(self, tests: UnaryTests) -> None:
        """Hold the compiled tests."""
        self._tests = tests

    def __call__(self, value: object) -> bool:
        """Whether the value is allowed."""
        return self._tests.matches(value, {})

    @property
    def node(self) -> Tests:
        """The tests' tree."""
        return self._tests.node


Report = Callable[[Element, str], None]


class TypeReader:
    """The types of one model; `imported` maps qualified names of other models' types."""

    def __init__(
        self,
        definitions: list[Element],
        imported: Mapping[str, FeelType],
        names: frozenset[str],
        report: Report,
    ) -> None:
        """Index the definitions; nothing is resolved yet."""
        self.elements = {element.name: element for element in definitions}
        self.types: dict[str, FeelType] = dict(imported)
        self.names = names
        self.report = report
        self._open: set[str] = set()

    def read_all(self) -> dict[str, FeelType]:
        """Every type by name."""
        for name in self.elements:
            self._defined(name)
        return self.types

    def find(self, reference: str, place: Element) -> FeelType | None:
        """The type a typeRef names; None for no typeRef; reports an unknown one."""
        name = reference.strip()
        if not name:
            return None
        found = self._lookup(name) or self._lookup(name.rpartition(":")[2])
        if found is None and name.startswith("{"):
            found = self._lookup(name.rpartition("}")[2])
        if found is None:
            self.report(place, f"there is no type '{name}'")
            return ANY
        return found

    def _lookup(self, name: str) -> FeelType | None:
        if name in self.elements:
            return self._defined(name)
        return self.types.get(name) or BUILT_IN_TYPES.get(name)

    def _defined(self, name: str) -> FeelType:
        if name in self.types and name not in self._open:
            return self.types[name]
        if name in self._open:
            return LateType(name, self.types)
        self._open.add(name)
        found = self._read(self.elements[name], name)
        self._open.discard(name)
        self.types[name] = found
        return found

    def _read(self, element: Element, name: str) -> FeelType:
        base = self._base(element)
        allowed = self._constraint(element, "allowedValues")
        if element.get("isCollection") == "true":
            item = base if allowed is None else NamedType(name, base, allowed)
            base, allowed = ListType(item), None
        whole = self._constraint(element, "typeConstraint")
        constraint = _both(allowed, whole)
        return NamedType(name, base, constraint)

    def _base(self, element: Element) -> FeelType:
        components = list(element.all("itemComponent"))
        if components:
            return ContextType({
                component.name: self._read(component, component.name)
                for component in components
            })
        function = element.first("functionItem")
        if function is not None:
            parameters = tuple(
                self.find(parameter.get("typeRef"), parameter) or ANY
                for parameter in function.all("parameters")
            )
            result = self.find(function.get("outputTypeRef"), function)
            return FunctionType(parameters, result)
        return self.find(element.child_text("typeRef"), element) or ANY

    def _constraint(
        self, element: Element, tag: str
    ) -> Callable[[object], bool] | None:
        found = element.first(tag)
        text = "" if found is None else found.child_text("text")
        if found is None or not text:
            return None
        try:
            tests = compile_unary_tests(text, self.names)
        except FeelSyntaxError as error:
            self.report(found, f"{tag}: {error}")
            return None
        return Constraint(tests)


def _both(
    first: Callable[[object], bool] | None, second: Callable[[object], bool] | None
) -> Callable[[object], bool] | None:
    if first is None or second is None:
        return first or second
    return lambda value: first(value) and second(value)
