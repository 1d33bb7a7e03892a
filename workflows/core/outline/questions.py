"""What a decision asks for, as fields a person can fill in, and how answers are read."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from workflows.core.dmn import Model
from workflows.core.dmn.columns import cell_constants
from workflows.core.feel import FeelSyntaxError, compile_expression, text_of
from workflows.core.feel.convert import quoted
from workflows.core.feel.types import ContextType, FeelType, NamedType
from workflows.core.outline.logic import InputColumn, Logic, Outline
from workflows.core.outline.order import list_needed

MOST_EXAMPLES: Final = 12
_MAX_DEPTH: Final = 4
_WORDS: Final = frozenset({
    "date",
    "time",
    "date and time",
    "dateTime",
    "days and time duration",
    "dayTimeDuration",
    "years and months duration",
    "yearMonthDuration",
})
"""Types whose values are written as ISO 8601 texts."""


@dataclass(frozen=True, slots=True)
class Question:
    """One value to give: where it goes, its type's name ("" for any), and examples.

    `examples` are as a person would type them.
    """

    path: tuple[str, ...]
    type: str = ""
    examples: tuple[str, ...] = field(default=())

    @property
    def name(self) -> str:
        """Return the path as FEEL writes it."""
        return ".".join(self.path)


def list_questions(outline: Outline, decision: Logic, model: Model) -> list[Question]:
    """Return what must be known to evaluate a decision, in the order of its needs.

    A structure is asked for by its parts: by those its type declares, else by those
    that the tables' columns look at.
    """
    needed = list_needed(outline, decision)
    columns = [
        column for one in needed for table in one.tables for column in table.inputs
    ]
    texts = [one.text for one in needed] + [
        text
        for one in needed
        for table in one.tables
        for text in _texts(table.inputs, (rule.results for rule in table.rules))
    ]
    constants = _constants(model)
    found: list[Question] = []
    for one in needed:
        if one.kind == "input":
            kind = _input_type(model, one)
            parts = _declared(kind, (one.name,)) or _looked_at(one, columns, texts)
            found.extend(
                Question(path, type_name, _examples(path, type_name, constants))
                for path, type_name in parts or [((one.name,), _type_name(kind))]
            )
    return found


def read_answer(question: Question, text: str) -> object:
    """Return the FEEL value that somebody typed; ValueError with a sentence.

    Texts need no quotes where text, a date, a time or a duration is asked for.
    """
    text = text.strip()
    is_plain = question.type == "string" and not text.startswith('"')
    is_iso = question.type in _WORDS and re.match(r"[-+]?[\dPT]", text)
    if (is_plain and text != "null") or is_iso:
        return text
    try:
        expression = compile_expression(text)
    except FeelSyntaxError as error:
        raise ValueError(_sentence(str(error))) from error
    result = expression.evaluate({})
    if result.messages:
        hint = '; write texts in quotes, like "this"' if expression.names else ""
        raise ValueError(_sentence(f"{result.messages[0]}{hint}"))
    return result.value


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _texts(
    columns: Sequence[InputColumn], results: Iterable[Sequence[str]]
) -> Iterable[str]:
    yield from (one.expression for one in columns)
    for row in results:
        yield from row


def _input_type(model: Model, item: Logic) -> FeelType | None:
    found = model.inputs.get(item.name)
    return None if found is None else found.type


def _bare(kind: FeelType | None) -> FeelType | None:
    while isinstance(kind, NamedType):
        kind = kind.base
    return kind


def _type_name(kind: FeelType | None) -> str:
    bare = _bare(kind)
    return "" if bare is None or bare.name == "Any" else bare.name


def _declared(
    kind: FeelType | None, path: tuple[str, ...]
) -> list[tuple[tuple[str, ...], str]]:
    """Return the parts of a structure; nothing for any other type."""
    bare = _bare(kind)
    if not isinstance(bare, ContextType) or len(path) > _MAX_DEPTH:
        return []
    found = []
    for name, inner in bare.fields.items():
        place = (*path, name)
        found.extend(_declared(inner, place) or [(place, _type_name(inner))])
    return found


def _looked_at(
    item: Logic, columns: Sequence[InputColumn], texts: Sequence[str]
) -> list[tuple[tuple[str, ...], str]]:
    """Return the parts that columns test, unless something reads the whole value."""
    if item.type not in {"", "Any", "context"}:
        return []
    whole = re.compile(rf"(?<![\w.]){re.escape(item.name)}(?!\s*\.|\w)")
    if any(whole.search(text) for text in texts):
        return []
    part = re.compile(rf"{re.escape(item.name)}((?:\.[^\W\d]\w*)+)")
    found: dict[tuple[str, ...], str] = {}
    for column in columns:
        match = part.fullmatch(column.expression)
        if match:
            found[item.name, *match[1][1:].split(".")] = column.type
    inside = re.compile(rf"(?<![\w.]){re.escape(item.name)}\s*\.")
    mentions = sum(len(inside.findall(text)) for text in texts)
    tested = sum(1 for column in columns if part.fullmatch(column.expression))
    # Something reads a part that no column names: then only the whole value will do.
    return list(found.items()) if found and mentions == tested else []


def _constants(model: Model) -> Mapping[str, list[object]]:
    """Return the constants that cells compare each column's expression with."""
    found: dict[str, list[object]] = {}
    for table in model.tables:
        for clause, column in zip(table.inputs, table.columns, strict=True):
            values = found.setdefault(clause.text, [])
            values.extend(clause.domain or ())
            for cell in column.cells:
                values.extend(cell_constants(cell.node) or ())
    return found


def _examples(
    path: tuple[str, ...], type_name: str, constants: Mapping[str, list[object]]
) -> tuple[str, ...]:
    values = constants.get(".".join(path), ())
    write = text_of if type_name == "string" else quoted
    return tuple(dict.fromkeys(write(value) for value in values))[:MOST_EXAMPLES]
