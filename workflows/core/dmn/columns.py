"""One input column of a decision table: which rules' cells does a value pass?

Sets of rules are integers, bit n for rule n. Cells made of constants are answered by an
index built once: a sorted list of the numbers named, or a table of the words named.
The index is filled by running each compiled cell on one value of each class that it
makes, so it cannot disagree with the cell.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import accumulate
from operator import xor

from workflows.core.feel import syntax as s
from workflows.core.feel.functions import Variables
from workflows.core.feel.limits import Run
from workflows.core.feel.numbers import CONTEXT, ONE
from workflows.core.feel.unary import Verdict

_MISSING = object()
_HALF = Decimal("0.5")


class Cell:
    """A compiled input entry."""

    __slots__ = ("node", "text", "verdict")

    def __init__(self, text: str, node: s.Tests, verdict: Verdict) -> None:
        """Hold the cell's text, tree and closure."""
        self.text = text
        self.node = node
        self.verdict = verdict

    @property
    def is_dash(self) -> bool:
        """True when anything passes."""
        return not self.node.tests


def constant(node: s.Node) -> object:
    """The value of a literal or a negated number, else a marker `is_constant` knows."""
    if isinstance(node, s.Literal):
        return node.value
    if isinstance(node, s.Negation):
        inner = constant(node.operand)
        return -inner if isinstance(inner, Decimal) else _MISSING
    return _MISSING


def cell_constants(node: s.Tests) -> list[object] | None:
    """The constants a cell compares with; None when it holds anything else."""
    found: list[object] = []
    for test in node.tests:
        if isinstance(test, s.UnaryComparison):
            ends = [constant(test.operand)]
        elif isinstance(test, s.RangeLiteral):
            ends = [constant(test.start), constant(test.end)]
        else:
            ends = [constant(test)]
        if _MISSING in ends or None in ends:
            return None
        found.extend(ends)
    return found


class Column:
    """The cells of one column, indexed where they allow it."""

    __slots__ = (
        "_breaks",
        "_kind",
        "_masks",
        "_others",
        "_words",
        "all_rules",
        "cells",
        "dashes",
    )

    def __init__(self, cells: list[Cell]) -> None:
        """Sort the cells into dashes, constants and the rest, and build the index."""
        self.cells = cells
        self.all_rules = (1 << len(cells)) - 1
        self.dashes = rules_mask(
            rule for rule, cell in enumerate(cells) if cell.is_dash
        )
        families: dict[type, list[int]] = {}
        for rule, cell in enumerate(cells):
            if not cell.is_dash:
                families.setdefault(_family(cell), []).append(rule)
        # One index per column, over the most frequent kind of constant; the cells of
        # other kinds are run one by one.
        self._kind = max(
            (kind for kind in families if kind is not object),
            key=lambda kind: len(families[kind]),
            default=object,
        )
        indexed = set() if self._kind is object else set(families[self._kind])
        self._others = [
            (1 << rule, cell.verdict)
            for rule, cell in enumerate(cells)
            if not cell.is_dash and rule not in indexed
        ]
        self._breaks: list[Decimal] = []
        self._masks: list[int] = []
        self._words: dict[object, int] = {}
        if self._kind is Decimal:
            self._breaks, self._masks = _number_index(cells, indexed, self.dashes)
        elif indexed:
            self._words = _word_index(cells, indexed, self.dashes)

    def passing(self, value: object, among: int, variables: Variables, run: Run) -> int:
        """The rules of `among` whose cell the value passes."""
        kind = type(value)
        if kind is not self._kind and self._kind is not object:
            return self._one_by_one(value, among, variables, run)
        if isinstance(value, Decimal) and self._breaks:
            breaks = self._breaks
            place = bisect_left(breaks, value)
            on = place < len(breaks) and breaks[place] == value
            passed = self._masks[2 * place + on]
        elif self._words:
            passed = self._words.get(value, self._words[_MISSING])
        else:
            passed = self.dashes
        passed &= among
        run.spend(1 + (len(self._others) >> 2))
        for bit, verdict in self._others:
            if among & bit and verdict(value, variables, run):
                passed |= bit
        return passed

    def _one_by_one(
        self, value: object, among: int, variables: Variables, run: Run
    ) -> int:
        """A value of another kind than the index is for: ask each cell."""
        passed = self.dashes & among
        run.spend(1 + (len(self.cells) >> 2))
        for rule, cell in enumerate(self.cells):
            bit = 1 << rule
            if among & bit & ~self.dashes and cell.verdict(value, variables, run):
                passed |= bit
        return passed


def rules_mask(rules: Iterable[int]) -> int:
    """The set of these rules."""
    mask = 0
    for rule in rules:
        mask |= 1 << rule
    return mask


def _family(cell: Cell) -> type:
    """The kind of constant an index can hold this cell by; object for none."""
    constants = cell_constants(cell.node)
    kinds = {type(value) for value in constants or ()}
    if len(kinds) != 1:
        return object
    kind = kinds.pop()
    if kind is Decimal:
        return kind
    plain = all(isinstance(test, s.Literal) for test in cell.node.tests)
    return kind if plain and kind in (str, bool) else object


def _number_index(
    cells: list[Cell], rules: set[int], dashes: int
) -> tuple[list[Decimal], list[int]]:
    """The numbers named, and the passing rules below, on and between them.

    Each rule is asked about its own numbers only; from class to class the masks differ
    in the rules whose verdict changes there.
    """
    own = {rule: _numbers(cells[rule]) for rule in rules}
    breaks = sorted({value for values in own.values() for value in values})
    places = {value: 2 * place + 1 for place, value in enumerate(breaks)}
    changes = [0] * (2 * len(breaks) + 1)
    changes[0] = dashes
    run = Run()
    for rule, values in own.items():
        bit, before = 1 << rule, False
        for start, sample in _own_samples(values, places):
            passes = bool(cells[rule].verdict(sample, {}, run))
            if passes is not before:
                changes[start] ^= bit
            before = passes
    return breaks, list(accumulate(changes, xor))


def _numbers(cell: Cell) -> list[Decimal]:
    """The numbers a cell names, in order."""
    constants = cell_constants(cell.node) or []
    return sorted({value for value in constants if isinstance(value, Decimal)})


def _own_samples(
    values: list[Decimal], places: dict[Decimal, int]
) -> Iterator[tuple[int, Decimal]]:
    """For each class a cell itself makes: where it starts, and a number within."""
    yield 0, CONTEXT.subtract(values[0], ONE)
    for number, value in enumerate(values):
        yield places[value], value
        if number + 1 < len(values):
            total = CONTEXT.add(value, values[number + 1])
            yield places[value] + 1, CONTEXT.multiply(total, _HALF)
    yield places[values[-1]] + 1, CONTEXT.add(values[-1], ONE)


def _word_index(cells: list[Cell], rules: set[int], dashes: int) -> dict[object, int]:
    """The passing rules of each word named, and of every other word."""
    own = {rule: set(cell_constants(cells[rule].node) or ()) for rule in rules}
    words = set().union(*own.values())
    other = "".join(str(word) for word in words) + "~"  # longer than every word
    run = Run()
    others = dashes | rules_mask(
        rule for rule in rules if cells[rule].verdict(other, {}, run)
    )
    index = dict.fromkeys(words, others)
    for rule, named in own.items():
        bit = 1 << rule
        for word in named:
            passes = bool(cells[rule].verdict(word, {}, run))
            index[word] = (index[word] & ~bit) | (bit if passes else 0)
    index[_MISSING] = others
    return index
