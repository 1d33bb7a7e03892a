"""Boxed expressions to closures: everything a decision's logic may be but a table."""

from collections.abc import Callable
from decimal import Decimal

from workflows.core.dmn.scope import Scope
from workflows.core.dmn.xml import Element
from workflows.core.feel import syntax as s
from workflows.core.feel.functions import Code, UserFunction, Variables
from workflows.core.feel.limits import Run
from workflows.core.feel.loops import Selection, pick, source_items
from workflows.core.feel.types import FeelType, coerce
from workflows.core.feel.values import is_function, kind_of

EXPRESSION_TAGS = frozenset({
    "literalExpression",
    "decisionTable",
    "context",
    "list",
    "relation",
    "functionDefinition",
    "invocation",
    "conditional",
    "filter",
    "for",
    "some",
    "every",
})


def find_expression(element: Element | None) -> Element | None:
    """The expression among an element's children."""
    if element is None:
        return None
    return next(
        (child for child in element.children if child.tag in EXPRESSION_TAGS), None
    )


def compile_boxed(element: Element | None, scope: Scope) -> Code:
    """The closure of an expression element; null where there is none."""
    if element is None:
        return _null
    code = _COMPILERS[element.tag](element, scope)
    kind = scope.types.find(element.get("typeRef"), element)
    return code if kind is None else fitted(code, kind, scope.label)


def compile_child(element: Element, tag: str, scope: Scope) -> Code:
    """The closure of the expression within a child element."""
    return compile_boxed(find_expression(element.first(tag)), scope)


def _null(_variables: Variables, _run: Run) -> object:
    return None


def fitted(code: Code, kind: FeelType, label: str) -> Code:
    """The closure with its value made an instance of a type, or null."""
    if kind.name == "Any":
        return code

    def fit(variables: Variables, run: Run) -> object:
        value = code(variables, run)
        if value is None:
            return None
        converted, fits = coerce(value, kind)
        if not fits:
            run.note(f"{label}: a {kind_of(value)} is not a {kind.name}")
        return converted

    return fit


def _literal(element: Element, scope: Scope) -> Code:
    text = element.child_text("text")
    return scope.expression(text, element) if text else _null


def _context(element: Element, scope: Scope) -> Code:
    entries: list[tuple[str, Code]] = []
    result: Code | None = None
    for entry in element.all("contextEntry"):
        variable = entry.first("variable")
        if variable is None:
            result = compile_boxed(find_expression(entry), scope)
            continue
        name = variable.name
        scope = scope.within({name})
        code = compile_boxed(find_expression(entry), scope)
        kind = scope.types.find(variable.get("typeRef"), variable)
        entries.append((name, code if kind is None else fitted(code, kind, name)))

    def build(variables: Variables, run: Run) -> object:
        inner = variables.copy()
        made: dict[str, object] = {}
        for name, code in entries:
            made[name] = inner[name] = code(inner, run)
        return made if result is None else result(inner, run)

    return build


def _list(element: Element, scope: Scope) -> Code:
    codes = [
        compile_boxed(child, scope)
        for child in element.children
        if child.tag in EXPRESSION_TAGS
    ]
    return lambda variables, run: [code(variables, run) for code in codes]


def _relation(element: Element, scope: Scope) -> Code:
    names = [column.name for column in element.all("column")]
    rows = [
        [
            compile_boxed(child, scope)
            for child in row.children
            if child.tag in EXPRESSION_TAGS
        ]
        for row in element.all("row")
    ]
    return lambda variables, run: [
        {name: code(variables, run) for name, code in zip(names, row, strict=False)}
        for row in rows
    ]


def _function(element: Element, scope: Scope) -> Code:
    names, types, body = function_parts(element, scope)
    label = scope.label
    return lambda variables, _run: UserFunction(
        names, types, body, variables, label=label
    )


def function_parts(
    element: Element, scope: Scope
) -> tuple[tuple[str, ...], tuple[FeelType | None, ...], Code]:
    """Parameters' names and types, and the body, of a function definition."""
    parameters = list(element.all("formalParameter"))
    names = tuple(parameter.name for parameter in parameters)
    types = tuple(
        scope.types.find(parameter.get("typeRef"), parameter)
        for parameter in parameters
    )
    kind = element.get("kind", "FEEL")
    if kind.upper() != "FEEL":
        message = f"{scope.label}: {kind} functions are not run"
        return names, types, lambda _variables, run: run.note(message)
    body = compile_boxed(find_expression(element), scope.within(set(names)))
    return names, types, body


def _invocation(element: Element, scope: Scope) -> Code:
    function = compile_boxed(find_expression(element), scope)
    bindings: list[tuple[str, Code]] = []
    for binding in element.all("binding"):
        parameter = binding.first("parameter")
        name = "" if parameter is None else parameter.name
        code = compile_boxed(find_expression(binding), scope)
        kind = None
        if parameter is not None:
            kind = scope.types.find(parameter.get("typeRef"), parameter)
        bindings.append((name, code if kind is None else fitted(code, kind, name)))

    def call(variables: Variables, run: Run) -> object:
        target = function(variables, run)
        if not is_function(target):
            return run.note(f"a {kind_of(target)} cannot be called")
        arguments = {name: code(variables, run) for name, code in bindings}
        return target.invoke_named(arguments, run)  # type: ignore[attr-defined]

    return call


def _conditional(element: Element, scope: Scope) -> Code:
    condition = compile_child(element, "if", scope)
    positive = compile_child(element, "then", scope)
    negative = compile_child(element, "else", scope)

    def choose(variables: Variables, run: Run) -> object:
        found = condition(variables, run)
        if found is not None and not isinstance(found, bool):
            run.note(f"'if' takes a boolean, not a {kind_of(found)}")
        return (positive if found is True else negative)(variables, run)

    return choose


def _filter(element: Element, scope: Scope) -> Code:
    base = compile_child(element, "in", scope)
    match = element.first("match")
    test = compile_boxed(find_expression(match), scope.within({"item"}))
    # The names the test may read: boxed tests are not looked into.
    inner = find_expression(match)
    text = "" if inner is None else inner.child_text("text")
    tree = scope.tree(text) if text else None
    select = Selection(tree, test) if tree is not None else None

    def keep(variables: Variables, run: Run) -> object:
        value = base(variables, run)
        if value is None:
            return run.note("a filter cannot be applied to null")
        items = value if isinstance(value, list) else [value]
        if select is None or isinstance(tree, s.Literal):
            found = test({**variables, "item": None}, run)
            if isinstance(found, Decimal):
                return pick(items, found, run)
        chosen = select or Selection(s.Literal(None), test)
        return chosen.keep(items, variables, run)

    return keep


def _for(element: Element, scope: Scope) -> Code:
    name = element.iterator
    source = compile_child(element, "in", scope)
    body = compile_child(element, "return", scope.within({name, "partial"}))

    def loop(variables: Variables, run: Run) -> object:
        items = source_items(source(variables, run), run)
        if items is None:
            return None
        result: list[object] = []
        for item in items:
            run.spend(1 + len(result))
            inner = {**variables, name: item, "partial": result.copy()}
            result.append(body(inner, run))
        return result

    return loop


def _quantified(*, decisive: bool) -> Callable[[Element, Scope], Code]:
    def compile_it(element: Element, scope: Scope) -> Code:
        name = element.iterator
        source = compile_child(element, "in", scope)
        body = compile_child(element, "satisfies", scope.within({name}))

        def judge(variables: Variables, run: Run) -> object:
            items = source_items(source(variables, run), run)
            if items is None:
                return None
            unknown = False
            for item in items:
                run.spend(1)
                found = body({**variables, name: item}, run)
                if found is decisive:
                    return decisive
                if found is not None and not isinstance(found, bool):
                    return run.note(
                        f"'satisfies' takes booleans, not a {kind_of(found)}"
                    )
                unknown = unknown or found is None
            return None if unknown else not decisive

        return judge

    return compile_it


_COMPILERS: dict[str, Callable[[Element, Scope], Code]] = {
    "literalExpression": _literal,
    "context": _context,
    "list": _list,
    "relation": _relation,
    "functionDefinition": _function,
    "invocation": _invocation,
    "conditional": _conditional,
    "filter": _filter,
    "for": _for,
    "some": _quantified(decisive=True),
    "every": _quantified(decisive=False),
}


def register(tag: str, compiler: Callable[[Element, Scope], Code]) -> None:
    """Add the compiler of another kind of expression; the table's stands apart."""
    _COMPILERS[tag] = compiler
