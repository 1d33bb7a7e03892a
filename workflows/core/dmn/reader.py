"""DMN 1.1 to 1.5 XML to a compiled model, or to a list of located problems."""

from collections.abc import Iterator, Mapping

from workflows.core.dmn.boxed import compile_boxed, find_expression, function_parts
from workflows.core.dmn.errors import DmnError, Problem
from workflows.core.dmn.itemdefs import TypeReader
from workflows.core.dmn.model import (
    Decision,
    InputData,
    Item,
    Knowledge,
    Model,
    Need,
    Service,
    Unknown,
)
from workflows.core.dmn.scope import Reading, Scope
from workflows.core.dmn.tablereader import read_table
from workflows.core.dmn.xml import Element, XmlError, read_xml
from workflows.core.feel.types import FeelType

_NAMED = frozenset({
    "inputData",
    "decision",
    "businessKnowledgeModel",
    "decisionService",
    "itemComponent",
    "formalParameter",
    "parameter",
    "variable",
    "column",
    "import",
    "output",
})
_REQUIREMENTS = {
    "informationRequirement": ("requiredInput", "requiredDecision"),
    "knowledgeRequirement": ("requiredKnowledge",),
}

_REGISTERED = read_table  # importing it put tables among the boxed expressions


def read_dmn(
    data: bytes,
    *,
    source: str = "",
    imports: Mapping[str, Model] | None = None,
    lenient: bool = False,
) -> Model:
    """Read and compile a model; `imports` are models already read, by namespace.

    DmnError lists every problem with its line and element. With `lenient` a broken
    expression or reference is kept in `problems` instead, and is null when evaluated;
    what is no DMN at all is raised even so.
    """
    try:
        root = read_xml(data)
    except XmlError as error:
        raise DmnError([Problem(source, error.line, "", error.message)]) from None
    if root.tag != "definitions" or "/DMN/" not in root.namespace:
        message = f"this is no DMN model: its root is '{root.tag}'"
        raise DmnError([Problem(source, root.line, "", message)])
    try:
        model = _Reader(root, source, imports or {}).read()
    except RecursionError:
        message = "types, requirements or expressions are nested too deep"
        raise DmnError([Problem(source, root.line, "", message)]) from None
    if model.problems and not lenient:
        raise DmnError(model.problems)
    return model


class _Reader:
    """One reading of one document."""

    def __init__(
        self, root: Element, source: str, imports: Mapping[str, Model]
    ) -> None:
        self.root = root
        self.source = source
        self.problems: list[Problem] = []
        self.reads: list[Reading] = []
        self.model = Model(
            name=root.get("name"),
            namespace=root.get("namespace"),
            source=source,
            problems=self.problems,
        )
        self.imports = self._imports(imports)
        self.names = self._names()
        self.types = TypeReader(
            list(root.all("itemDefinition")),
            self._imported_types(),
            self.names,
            self.report,
        )

    def report(self, element: Element, message: str) -> None:
        """Keep a problem."""
        problem = Problem(self.source, element.line, element.get("id"), message)
        if problem not in self.problems:
            self.problems.append(problem)

    def read(self) -> Model:
        self.model.types = self.types.read_all()
        self.model.names = self.names
        for _, found in self.imports.values():
            self.model.items.update(found.items)
        readers = {
            "inputData": self._input,
            "decision": self._decision,
            "businessKnowledgeModel": self._knowledge,
            "decisionService": self._service,
        }
        elements = [child for child in self.root.children if child.tag in readers]
        for element in elements:
            readers[element.tag](element)
        self._link(elements)
        self._check_cycles()
        self.model.unknown = list(self._unknown())
        return self.model

    # ---- what is known before compiling

    def _imports(self, given: Mapping[str, Model]) -> dict[str, tuple[str, Model]]:
        """Import name and model, by namespace."""
        found: dict[str, tuple[str, Model]] = {}
        for element in self.root.all("import"):
            namespace = element.get("namespace")
            if "DMN" not in element.get("importType"):
                continue
            if namespace in given:
                found[namespace] = (element.name, given[namespace])
            else:
                self.report(element, f"the imported model '{namespace}' is not here")
        return found

    def _names(self) -> frozenset[str]:
        """Every name the model speaks of: texts may use those with signs in them."""
        found = {element.name for element in self.root.walk() if element.tag in _NAMED}
        found |= {
            element.iterator
            for element in self.root.walk()
            if element.get("iteratorVariable")
        }
        for _, imported in self.imports.values():
            found |= imported.names
        return frozenset(found - {""})

    def _imported_types(self) -> dict[str, FeelType]:
        return {
            f"{name}.{label}" if name else label: kind
            for name, model in self.imports.values()
            for label, kind in model.types.items()
        }

    def _scope(self, label: str, identity: str) -> Scope:
        return Scope(
            names=self.names,
            known=frozenset(),
            types=self.types,
            report=self.report,
            tables=self.model.tables,
            reads=self.reads,
            label=label,
            owner=f"{self.model.namespace}#{identity}",
        )

    # ---- elements

    def _named(self, element: Element) -> tuple[str, str, FeelType | None]:
        """Id, name and the type of the element's variable."""
        name = element.name
        if not name:
            self.report(element, f"a {element.tag} needs a name")
        variable = element.first("variable")
        kind = None
        if variable is not None:
            kind = self.types.find(variable.get("typeRef"), variable)
        return element.get("id") or name, name, kind

    def _add(self, item: Item) -> None:
        self.model.items[f"{self.model.namespace}#{item.id}"] = item

    def _input(self, element: Element) -> None:
        identity, name, kind = self._named(element)
        item = InputData(identity, name, kind)
        self._add(item)
        self.model.inputs[name] = item

    def _decision(self, element: Element) -> None:
        identity, name, kind = self._named(element)
        before = len(self.model.tables)
        expression = find_expression(element)
        code = compile_boxed(expression, self._scope(name, identity))
        table = None
        if expression is not None and expression.tag == "decisionTable":
            table = self.model.tables[before]
        text = "" if expression is None else expression.child_text("text")
        item = Decision(identity, name, kind, code, table=table, text=text)
        self._add(item)
        self.model.decisions[identity] = item
        self.model.decisions[name] = item

    def _knowledge(self, element: Element) -> None:
        identity, name, kind = self._named(element)
        scope = self._scope(name, identity)
        logic = element.first("encapsulatedLogic")
        if logic is None:
            names: tuple[str, ...] = ()
            types: tuple[FeelType | None, ...] = ()
            body = compile_boxed(None, scope)
        else:
            names, types, body = function_parts(logic, scope)
        result = kind
        declared = getattr(kind, "base", kind)
        if getattr(declared, "parameters", None) is not None:
            result = getattr(declared, "result", None)
        item = Knowledge(identity, name, names, types, body, result)
        self._add(item)
        self.model.knowledge[identity] = item
        self.model.knowledge[name] = item

    def _service(self, element: Element) -> None:
        identity, name, kind = self._named(element)
        declared = getattr(kind, "base", kind)
        if getattr(declared, "parameters", None) is not None:
            kind = getattr(declared, "result", None)
        item = Service(identity, name, [], [], kind)
        self._add(item)
        self.model.services[identity] = item
        self.model.services[name] = item

    # ---- requirements

    def _link(self, elements: list[Element]) -> None:
        """Resolve references, now that every element is known."""
        for element in elements:
            key = f"{self.model.namespace}#{element.get('id') or element.get('name')}"
            item = self.model.items.get(key)
            if isinstance(item, Decision | Knowledge):
                item.needs = self._needs(element)
            elif isinstance(item, Service):
                item.inputs = [
                    *self._references(element, "inputData"),
                    *self._references(element, "inputDecision"),
                ]
                item.outputs = self._references(element, "outputDecision")

    def _needs(self, element: Element) -> list[Need]:
        found: list[Need] = []
        for tag, targets in _REQUIREMENTS.items():
            for requirement in element.all(tag):
                for target in targets:
                    found.extend(self._references(requirement, target))
        return found

    def _references(self, element: Element, tag: str) -> list[Need]:
        found = []
        for reference in element.all(tag):
            need = self._reference(reference)
            if need is not None:
                found.append(need)
        return found

    def _reference(self, element: Element) -> Need | None:
        href = element.get("href").strip()
        namespace, _, identity = href.rpartition("#")
        key = f"{namespace or self.model.namespace}#{identity}"
        item = self.model.items.get(key)
        if item is None:
            self.report(element, f"the reference '{href}' leads nowhere")
            return None
        imported = self.imports.get(namespace)
        if namespace in ("", self.model.namespace) or imported is None:
            return Need(key, (item.name,))
        prefix = imported[0]
        return Need(key, (prefix, item.name) if prefix else (item.name,))

    def _unknown(self) -> Iterator[Unknown]:
        """Names that nothing provides: misspelt, without quotes, or not required."""
        for reading in self.reads:
            item = self.model.items.get(reading.owner)
            if not isinstance(item, Decision | Knowledge):
                continue
            provided = {need.path[0] for need in item.needs} | {item.name}
            for name in sorted(reading.names - provided):
                yield Unknown(reading.label, reading.element, name)

    def _check_cycles(self) -> None:
        """A decision that needs itself has no value: report it, and cut the need."""
        done: set[str] = set()
        for element in self.root.children:
            key = f"{self.model.namespace}#{element.get('id') or element.get('name')}"
            if isinstance(self.model.items.get(key), Decision):
                self._visit(key, [], done, element)

    def _visit(
        self, key: str, path: list[str], done: set[str], element: Element
    ) -> None:
        item = self.model.items[key]
        if key in done or not isinstance(item, Decision | Knowledge):
            return
        path.append(key)
        for need in list(item.needs):
            if need.key in path:
                name = self.model.items[need.key].name
                self.report(element, f"'{name}' needs itself, by way of '{item.name}'")
                item.needs.remove(need)
            else:
                self._visit(need.key, path, done, element)
        path.pop()
        done.add(key)
