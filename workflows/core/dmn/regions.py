"""The input space of a table cut into regions on which every constant cell is settled.

Each column's values fall into classes: the numbers named, the gaps between them, the
words named, every other word. A region is one class per column. Cells that are not made
of constants are not looked into: their rules may match anywhere.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from workflows.core.dmn.columns import Column, cell_constants, rules_mask
from workflows.core.dmn.tables import DecisionTable, InputClause
from workflows.core.feel.convert import quoted
from workflows.core.feel.limits import Run
from workflows.core.feel.numbers import CONTEXT, ONE
from workflows.core.feel.types import BOOLEAN, FeelType, NamedType

MAX_REGIONS = 100_000


class TooLarge(Exception):
    """The table has more regions than are looked at."""


class ValueClass(NamedTuple):
    """Values that no constant cell tells apart: the rules they pass, and their text.

    `must` are the rules passed for certain, `may` those that cannot be ruled out.
    """

    text: str
    must: int
    may: int


class Region(NamedTuple):
    """One class per column, by its text: the rules that match there.

    A text of None is any value at all.
    """

    texts: tuple[str | None, ...]
    must: int
    may: int


def _classes(clause: InputClause, column: Column) -> list[ValueClass]:
    """The classes of a column, those with equal rules joined."""
    constants = [cell_constants(cell.node) for cell in column.cells]
    domain = _domain(clause)
    named = [value for found in (*constants, domain) for value in found or ()]
    kinds = {type(value) for value in named}
    settled: list[bool] = [
        found is not None and len({type(value) for value in found} | kinds) <= 1
        for found in constants
    ]
    if len(kinds) > 1 or not any(settled):
        settled = [cell.is_dash for cell in column.cells]
        samples: list[tuple[str, object]] = [("anything", None)]
    else:
        samples = [
            (text, value)
            for text, value in _samples(kinds, named, clause.type)
            if _is_allowed(clause, value)
        ]
    certain = rules_mask(rule for rule, flag in enumerate(settled) if flag)
    run = Run()
    found = []
    for text, value in samples:
        must = column.passing(value, certain, {}, run)
        found.append(ValueClass(text, must, must | (column.all_rules & ~certain)))
        run.steps = run.limits.steps  # each sample is a small evaluation of its own
    return _joined(found)


def _joined(classes: list[ValueClass]) -> list[ValueClass]:
    found: dict[tuple[int, int], list[str]] = {}
    for item in classes:
        found.setdefault((item.must, item.may), []).append(item.text)
    return [
        ValueClass(" or ".join(texts[:3]) + (" ..." if len(texts) > 3 else ""), *rules)
        for rules, texts in found.items()
    ]


def _domain(clause: InputClause) -> list[object] | None:
    """The constants of the column's allowed values and of its type's."""
    found: list[object] = list(clause.domain or ())
    kind = clause.type
    while isinstance(kind, NamedType):
        node = getattr(kind.constraint, "node", None)
        if node is not None:
            found.extend(cell_constants(node) or ())
        kind = kind.base
    return found or None


def _is_allowed(clause: InputClause, value: object) -> bool:
    run = Run()
    if clause.allowed is not None and not clause.allowed(value, {}, run):
        return False
    kind = clause.type
    while isinstance(kind, NamedType):
        if kind.constraint is not None and not kind.constraint(value):
            return False
        kind = kind.base
    return True


def _samples(
    kinds: set[type], named: list[object], kind: FeelType | None
) -> list[tuple[str, object]]:
    """One value of each class, with the text that stands for the class."""
    if not kinds:
        return [("anything", None)]
    if kinds == {Decimal}:
        return _number_samples(
            sorted({value for value in named if isinstance(value, Decimal)})
        )
    if kinds == {bool} or kind is BOOLEAN:
        return [("true", True), ("false", False)]
    words = sorted({str(value) for value in named})
    other = "".join(words) + "~"
    return [*((quoted(word), word) for word in words), ("another text", other)]


def _number_samples(breaks: list[Decimal]) -> list[tuple[str, object]]:
    samples: list[tuple[str, object]] = [
        (f"< {quoted(breaks[0])}", CONTEXT.subtract(breaks[0], ONE))
    ]
    for place, value in enumerate(breaks):
        samples.append((quoted(value), value))
        if place + 1 < len(breaks):
            following = breaks[place + 1]
            middle = CONTEXT.divide(CONTEXT.add(value, following), Decimal(2))
            samples.append((f"({quoted(value)}..{quoted(following)})", middle))
    samples.append((f"> {quoted(breaks[-1])}", CONTEXT.add(breaks[-1], ONE)))
    return samples


def column_classes(table: DecisionTable) -> list[list[ValueClass]]:
    """The classes of each column."""
    return [
        _classes(clause, column)
        for clause, column in zip(table.inputs, table.columns, strict=True)
    ]


def regions(table: DecisionTable, columns: list[list[ValueClass]]) -> Iterator[Region]:
    """Every region of the table; TooLarge after MAX_REGIONS.

    Where no rule can match any more the remaining columns may hold any value.
    """
    pending: list[tuple[int, int, int, tuple[str | None, ...]]] = [
        (0, table.all_rules, table.all_rules, ())
    ]
    seen = 0
    while pending:
        place, must, may, texts = pending.pop()
        seen += 1
        if seen > MAX_REGIONS:
            raise TooLarge
        if place == len(columns) or not may:
            yield Region((*texts, *(None,) * (len(columns) - place)), must, may)
            continue
        for item in reversed(columns[place]):
            following = (*texts, item.text)
            pending.append((place + 1, must & item.must, may & item.may, following))
