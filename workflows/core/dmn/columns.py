"""One input column of a decision table: which rules' cells does a value pass?

Sets of rules are integers, bit n for rule n. Cells made of constants are answered by an
index built once: a sorted list of the numbers named, or a table of the words named.
The index is filled by running the compiled cells on one value of each class, so it
cannot disagree with them.
"""

from bisect import bisect_left
from collections.abc import Iterable
from decimal import Decimal

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
        "_any_word",
        "_breaks",
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
        self.dashes = _mask(rule for rule, cell in enumerate(cells) if cell.is_dash)
        numeric: list[int] = []
        worded: list[int] = []
        others: list[int] = []
        for rule, cell in enumerate(cells):
            if not cell.is_dash:
                _family(cell, numeric, worded, others).append(rule)
        # One kind of index per column: the other kind's cells are run one by one.
        if len(numeric) >= len(worded):
            others += worded
            worded = []
        else:
            others += numeric
            numeric = []
        self._others = [(1 << rule, cells[rule].verdict) for rule in sorted(others)]
        self._breaks, self._masks = _number_index(cells, numeric, self.dashes)
        self._words = _word_index(cells, worded, self.dashes)
        self._any_word = 0 if self._words is None else self._words[_MISSING]

    def passing(self, value: object, among: int, variables: Variables, run: Run) -> int:
        """The rules of `among` whose cell the value passes."""
        kind = type(value)
        breaks = self._breaks
        if breaks and isinstance(value, Decimal):
            place = bisect_left(breaks, value)
            on = place < len(breaks) and breaks[place] == value
            passed = self._masks[2 * place + on]
        elif self._words is not None and (kind is str or kind is bool):
            words = self._words
            passed = words.get(value, self._any_word)
        elif breaks or self._words is not None:
            return self._one_by_one(value, among, variables, run)
        else:
            passed = self.dashes
        passed &= among
        for bit, verdict in self._others:
            if among & bit and verdict(value, variables, run):
                passed |= bit
        return passed

    def _one_by_one(
        self, value: object, among: int, variables: Variables, run: Run
    ) -> int:
        """A value of another kind than the index is for: ask each cell."""
        passed = self.dashes & among
        for rule, cell in enumerate(self.cells):
            bit = 1 << rule
            if among & bit & ~self.dashes and cell.verdict(value, variables, run):
                passed |= bit
        return passed


def _mask(rules: Iterable[int]) -> int:
    mask = 0
    for rule in rules:
        mask |= 1 << rule
    return mask


def _family(
    cell: Cell, numeric: list[int], worded: list[int], others: list[int]
) -> list[int]:
    constants = cell_constants(cell.node)
    if constants is None:
        return others
    kinds = {type(value) for value in constants}
    if kinds == {Decimal}:
        return numeric
    plain = all(isinstance(test, s.Literal) for test in cell.node.tests)
    return worded if plain and kinds in ({str}, {bool}) else others


def _number_index(
    cells: list[Cell], rules: list[int], dashes: int
) -> tuple[list[Decimal], list[int]]:
    """The numbers named, and the passing rules below, on and between them."""
    if not rules:
        return [], []
    breaks = sorted({
        value
        for rule in rules
        for value in cell_constants(cells[rule].node) or ()
        if isinstance(value, Decimal)
    })
    samples: list[Decimal] = [CONTEXT.subtract(breaks[0], ONE)]
    for place, value in enumerate(breaks):
        samples.append(value)
        if place + 1 < len(breaks):
            total = CONTEXT.add(value, breaks[place + 1])
            samples.append(CONTEXT.multiply(total, _HALF))
    samples.append(CONTEXT.add(breaks[-1], ONE))
    return breaks, [_sampled(cells, rules, value) | dashes for value in samples]


def _word_index(
    cells: list[Cell], rules: list[int], dashes: int
) -> dict[object, int] | None:
    """The passing rules of each word named, and of every other word."""
    if not rules:
        return None
    words = {
        value for rule in rules for value in cell_constants(cells[rule].node) or ()
    }
    other = "".join(str(word) for word in words) + "~"  # longer than every word
    index = {word: _sampled(cells, rules, word) | dashes for word in words}
    index[_MISSING] = _sampled(cells, rules, other) | dashes
    return index


def _sampled(cells: list[Cell], rules: list[int], value: object) -> int:
    run = Run()
    return _mask(rule for rule in rules if cells[rule].verdict(value, {}, run))
