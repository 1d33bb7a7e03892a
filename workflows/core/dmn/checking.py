"""What is wrong with each cell of a table that is being changed, in one sentence each."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from workflows.core.dmn.columns import cell_constants
from workflows.core.dmn.editing import DASH, Output, Sheet
from workflows.core.feel import syntax as s
from workflows.core.feel.convert import quoted
from workflows.core.feel.errors import FeelSyntaxError
from workflows.core.feel.expressions import BUILT_IN_NAMES
from workflows.core.feel.texts import (
    parse_expression,
    parse_expressions,
    parse_unary_tests,
)
from workflows.core.feel.trees import outer_names
from workflows.core.feel.types import BUILT_IN_TYPES, FeelType

Where = tuple[str | int, ...]
"""`("rules", 2, "t", 0)`: part, number from 0, and for a cell its column."""


class Fault(NamedTuple):
    """What is wrong and where; a hint is no reason to refuse the table."""

    where: Where
    message: str
    is_hint: bool = False
    unknown: tuple[str, ...] = ()
    """Names that nothing gives a value to."""


class Sight(NamedTuple):
    """What texts of a table may speak of.

    `names` are all that the model knows, `given` those that have a value in the table,
    None where that is not known; `types` are found by their name.
    """

    names: frozenset[str]
    given: frozenset[str] | None
    find_type: Callable[[str], FeelType | None]
    result: FeelType | None = None
    """What the table's own decision gives, where that is said."""


def check_sheet(sheet: Sheet, sight: Sight) -> list[Fault]:
    """Return every fault, the columns' first, then rule by rule."""
    return [
        *_check_inputs(sheet, sight),
        *_check_outputs(sheet, sight),
        *_check_result(sheet, sight),
        *_check_rules(sheet, sight),
    ]


def name_output(column: Output, number: int) -> str:
    """Return what people call an output; `number` counts from 0."""
    return column.label or column.name or f"output {number + 1}"


def _check_inputs(sheet: Sheet, sight: Sight) -> Iterator[Fault]:
    for n, column in enumerate(sheet.inputs):
        label = f"Input {n + 1}"
        where: Where = ("inputs", n, "expression")
        if not column.expression:
            message = (
                f"{label} has no expression; write what is tested, such as amount."
            )
            yield Fault(where, message)
        else:
            yield from _parse(
                parse_expression,
                column.expression,
                where,
                said=f"{label}: ",
                sight=sight,
            )
        if column.allowed not in {"", DASH}:
            where = ("inputs", n, "allowed")
            said = f"{label}, allowed values: "
            yield from _parse(
                parse_unary_tests, column.allowed, where, said=said, sight=sight
            )
        if column.type and sight.find_type(column.type) is None:
            where = ("inputs", n, "type")
            yield Fault(where, f"{label}: there is no type “{column.type}”.")


def _check_outputs(sheet: Sheet, sight: Sight) -> Iterator[Fault]:
    if not sheet.outputs:
        yield Fault((), "The table needs an output.")
    seen: set[str] = set()
    is_ranked = sheet.hit_policy in {"PRIORITY", "OUTPUT ORDER"}
    for n, column in enumerate(sheet.outputs):
        label, where = f"Output {n + 1}", ("outputs", n, "name")
        if len(sheet.outputs) > 1 and not column.name:
            yield Fault(where, f"{label} needs a name, as there are several outputs.")
        elif column.name in seen:
            yield Fault(
                where, f"{label}: another output is called “{column.name}” too."
            )
        seen.add(column.name)
        if column.allowed:
            where = ("outputs", n, "allowed")
            said = f"{label}, allowed values: "
            yield from _parse(
                parse_expressions, column.allowed, where, said=said, sight=sight
            )
        elif is_ranked:
            said = f"{label} has no allowed values, and this hit policy ranks by them."
            yield Fault(("outputs", n, "allowed"), said, is_hint=True)
        if column.default:
            where, said = ("outputs", n, "default"), f"{label}, default: "
            yield from _parse(
                parse_expression, column.default, where, said=said, sight=sight
            )
        if column.type and sight.find_type(column.type) is None:
            where = ("outputs", n, "type")
            yield Fault(where, f"{label}: there is no type “{column.type}”.")


def _check_result(sheet: Sheet, sight: Sight) -> Iterator[Fault]:
    """Find the type of a decision that no value of its table ever has."""
    kind = sight.result
    if kind is None or kind.name == "Any":
        return
    is_several = len(sheet.outputs) > 1 and sheet.aggregation != "COUNT"
    if is_several and kind.name in BUILT_IN_TYPES and kind.name != "context":
        message = (
            f"The decision gives a {kind.name}, and several outputs make a context: it"
            " would give null. Change what it gives, or keep one output."
        )
        yield Fault(("result",), message, is_hint=True)


def _check_rules(sheet: Sheet, sight: Sight) -> Iterator[Fault]:
    types = [sight.find_type(one.type) if one.type else None for one in sheet.inputs]
    outputs = [_Answers(one, sight) for one in sheet.outputs]
    for n, rule in enumerate(sheet.rules):
        for k, (column, text) in enumerate(zip(sheet.inputs, rule.tests, strict=True)):
            where: Where = ("rules", n, "t", k)
            label = column.label or column.expression or f"input {k + 1}"
            said = f"Rule {n + 1}, {label}: "
            yield from _check_test(text, where, said, sight, kind=types[k])
        for k, (given, text) in enumerate(
            zip(sheet.outputs, rule.results, strict=True)
        ):
            said = f"Rule {n + 1}, {name_output(given, k)}: "
            yield from outputs[k].check(text, ("rules", n, "o", k), said)


def _check_test(
    text: str, where: Where, said: str, sight: Sight, *, kind: FeelType | None
) -> Iterator[Fault]:
    if text in {"", DASH}:
        return
    try:
        node = parse_unary_tests(text, sight.names | BUILT_IN_NAMES)
    except (FeelSyntaxError, RecursionError) as error:
        yield Fault(where, f"{said}{_sentence(error)}")
        return
    yield from _look_for_names(node, where, said, sight)
    if kind is None or kind.is_list:
        return
    for value in cell_constants(node) or ():
        if value is not None and not kind.takes(value):
            message = f"{said}{quoted(value)} is no {kind.name}, so it never matches."
            yield Fault(where, message, is_hint=True)
            return


class _Answers:
    """One output column: its type, and the values that it may give."""

    def __init__(self, column: Output, sight: Sight) -> None:
        self.sight = sight
        self.type = sight.find_type(column.type) if column.type else None
        self.allowed = column.allowed
        self.values: list[object] = []
        try:
            nodes = parse_expressions(column.allowed, sight.names | BUILT_IN_NAMES)
        except (FeelSyntaxError, RecursionError):
            nodes = ()
        if all(isinstance(one, s.Literal) for one in nodes):
            self.values = [one.value for one in nodes if isinstance(one, s.Literal)]

    def check(self, text: str, where: Where, said: str) -> Iterator[Fault]:
        if text in {"", DASH}:
            return
        try:
            node = parse_expression(text, self.sight.names | BUILT_IN_NAMES)
        except (FeelSyntaxError, RecursionError) as error:
            yield Fault(where, f"{said}{_sentence(error)}")
            return
        yield from _look_for_names(node, where, said, self.sight)
        if not isinstance(node, s.Literal) or node.value is None:
            return
        if self.type is not None and not self.type.takes(node.value):
            message = f"{said}{text} is no {self.type.name}, so nothing comes out."
            yield Fault(where, message, is_hint=True)
        elif self.values and node.value not in self.values:
            message = f"{said}{text} is not among its allowed values, {self.allowed}."
            yield Fault(where, message, is_hint=True)


def _parse(
    parse: Callable[[str, frozenset[str]], object],
    text: str,
    where: Where,
    *,
    said: str,
    sight: Sight,
) -> Iterator[Fault]:
    try:
        node = parse(text, sight.names | BUILT_IN_NAMES)
    except (FeelSyntaxError, RecursionError) as error:
        yield Fault(where, f"{said}{_sentence(error)}")
        return
    if isinstance(node, s.Node):
        yield from _look_for_names(node, where, said, sight)


def _look_for_names(
    node: s.Node, where: Where, said: str, sight: Sight
) -> Iterator[Fault]:
    if sight.given is None:
        return
    unknown = sorted(outer_names(node) - sight.given - BUILT_IN_NAMES - {"?"})
    if unknown:
        names = ", ".join(f"“{one}”" for one in unknown)
        is_are = "is" if len(unknown) == 1 else "are"
        message = (
            f"{said}{names} {is_are} nothing that this decision asks for; a text stands"
            " in quotes."
        )
        yield Fault(where, message, is_hint=True, unknown=tuple(unknown))


def _sentence(error: FeelSyntaxError | RecursionError) -> str:
    if not isinstance(error, FeelSyntaxError):
        return "this is nested too deep."
    line = f"line {error.line}, " if error.line > 1 else ""
    return f"{error.message} ({line}character {error.column})."
