"""Boxed expressions as FEEL text, with line breaks where a person wants them.

A decision table has no FEEL form: it is named, and shown as a table elsewhere.
"""

from collections.abc import Callable
from typing import Final

from workflows.core.dmn.boxed import EXPRESSION_TAGS, find_expression
from workflows.core.dmn.xml import Element

_INDENT: Final = "  "
_LONGEST_LINE: Final = 70


def write_feel(element: Element | None) -> str:
    """Return the FEEL text of an expression's element; `null` where there is none."""
    return "null" if element is None else _WRITERS[element.tag](element)


def _within(element: Element, tag: str) -> str:
    return write_feel(find_expression(element.first(tag)))


def _literal(element: Element) -> str:
    return element.child_text("text") or "null"


def _table(element: Element) -> str:
    count = sum(1 for _ in element.all("rule"))
    return f"/* decision table of {count} rule{'' if count == 1 else 's'} */"


def _context(element: Element) -> str:
    entries = []
    result = ""
    for entry in element.all("contextEntry"):
        variable = entry.first("variable")
        text = write_feel(find_expression(entry))
        if variable is None:
            entries.append(f"result: {text}")
            result = ".result"
        else:
            entries.append(f"{variable.name}: {text}")
    return f"{_enclosed('{', entries, '}')}{result}"


def _list(element: Element) -> str:
    inner = [one for one in element.children if one.tag in EXPRESSION_TAGS]
    return _enclosed("[", [write_feel(one) for one in inner], "]")


def _relation(element: Element) -> str:
    names = [column.name for column in element.all("column")]
    rows = []
    for row in element.all("row"):
        cells = [write_feel(one) for one in row.children if one.tag in EXPRESSION_TAGS]
        pairs = zip(names, cells, strict=False)
        rows.append(_enclosed("{", [f"{name}: {cell}" for name, cell in pairs], "}"))
    return _enclosed("[", rows, "]")


def _function(element: Element) -> str:
    kind = element.get("kind", "FEEL")
    if kind.upper() != "FEEL":
        return f"/* a {kind} function, which is not run */"
    parameters = ", ".join(map(_parameter, element.all("formalParameter")))
    return f"function({parameters}) {write_feel(find_expression(element))}"


def _parameter(element: Element) -> str:
    kind = element.get("typeRef")
    return f"{element.name}: {kind}" if kind else element.name


def _invocation(element: Element) -> str:
    called = write_feel(find_expression(element))
    arguments = []
    for binding in element.all("binding"):
        parameter = binding.first("parameter")
        name = "" if parameter is None else parameter.name
        arguments.append(f"{name}: {write_feel(find_expression(binding))}")
    return f"{called}{_enclosed('(', arguments, ')')}"


def _conditional(element: Element) -> str:
    condition, positive = _within(element, "if"), _within(element, "then")
    negative = _within(element, "else")
    return f"if {condition}\nthen {positive}\nelse {negative}"


def _filter(element: Element) -> str:
    return f"{_within(element, 'in')}[{_within(element, 'match')}]"


def _iteration(word: str, tag: str) -> Callable[[Element], str]:
    def write(element: Element) -> str:
        source, body = _within(element, "in"), _within(element, tag)
        return f"{word} {element.iterator} in {source}\n{tag} {body}"

    return write


def _enclosed(start: str, parts: list[str], end: str) -> str:
    """Put parts on one line where they fit, else each on its own."""
    line = f"{start}{', '.join(parts)}{end}"
    if len(line) <= _LONGEST_LINE and "\n" not in line:
        return line
    lines = ",\n".join(parts).replace("\n", f"\n{_INDENT}")
    return f"{start}\n{_INDENT}{lines}\n{end}"


_WRITERS: Final[dict[str, Callable[[Element], str]]] = {
    "literalExpression": _literal,
    "decisionTable": _table,
    "context": _context,
    "list": _list,
    "relation": _relation,
    "functionDefinition": _function,
    "invocation": _invocation,
    "conditional": _conditional,
    "filter": _filter,
    "for": _iteration("for", "return"),
    "some": _iteration("some", "satisfies"),
    "every": _iteration("every", "satisfies"),
}
