"""Two versions of a decision table beside each other: what changed, and where."""

import difflib
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from workflows.core.outline.logic import Rule, Table

Column = tuple[str, str]
"""A column's part of the table (input, output, note) and what names it."""
RowMark = Literal["", "changed", "only", "moved"]
"""`only`: the other version has no such rule; `moved`: it stands elsewhere."""


@dataclass(frozen=True, slots=True)
class Side:
    """Marks of one version: by rule number, by rule number and column, by column."""

    rows: Mapping[int, RowMark]
    cells: frozenset[tuple[int, Column]]
    columns: frozenset[Column]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between an older and a newer table."""

    old: Side
    new: Side
    changed: int
    added: int
    removed: int
    moved: int
    other: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        """Tell whether nothing differs."""
        counts = self.changed + self.added + self.removed + self.moved
        return not (counts or self.other or self.old.columns or self.new.columns)


def compare_tables(old: Table, new: Table) -> Comparison:
    """Compare two tables: columns by what they ask, rules by id, else by content."""
    pairs = _pair(old.rules, new.rules)
    before, after = list_columns(old), list_columns(new)
    changed = _changed_cells(old, new, pairs)
    moved = _moved(pairs)
    added = {one.number for one in new.rules} - {b for _, b in pairs}
    removed = {one.number for one in old.rules} - {a for a, _ in pairs}
    return Comparison(
        old=Side(
            rows=_marks({a for a, _ in moved}, {a for a, _, _ in changed}, removed),
            cells=frozenset((a, column) for a, _, column in changed),
            columns=frozenset(set(before) - set(after)),
        ),
        new=Side(
            rows=_marks({b for _, b in moved}, {b for _, b, _ in changed}, added),
            cells=frozenset((b, column) for _, b, column in changed),
            columns=frozenset(set(after) - set(before)),
        ),
        changed=len(changed),
        added=len(added),
        removed=len(removed),
        moved=len(moved),
        other=tuple(_other(old, new)),
    )


class Change(NamedTuple):
    """One cell or one rule that differs, by the newer table's numbers.

    `kind` is cell, new, gone or moved; of what was or is not there the text is "".
    """

    kind: str
    what: str
    old: str
    new: str

    @property
    def sentence(self) -> str:
        """Return it in words."""
        match self.kind:
            case "new":
                return f"{self.what} is new: {self.new}."
            case "gone":
                return f"{self.what} is gone: {self.old}."
            case "moved":
                return f"Rule {self.old} is rule {self.new} now."
            case _:
                old, new = self.old or "nothing", self.new or "nothing"
                return f"{self.what}: {old} became {new}."


def list_changes(old: Table, new: Table) -> Iterator[Change]:
    """Give what differs rule by rule: cells, then rules that are new, gone or moved."""
    pairs = _pair(old.rules, new.rules)
    labels = {
        **{("input", one.expression): one.label for one in new.inputs},
        **{("output", one.name): one.name or "output" for one in new.outputs},
    }
    for a, b, column in _changed_cells(old, new, pairs):
        before = _cells(old, old.rules[a - 1])[column]
        after = _cells(new, new.rules[b - 1])[column]
        label = labels.get(column, column[1])
        yield Change("cell", f"Rule {b}, {label}", before, after)
    known_new, known_old = {b for _, b in pairs}, {a for a, _ in pairs}
    for rule in new.rules:
        if rule.number not in known_new:
            yield Change("new", f"Rule {rule.number}", "", _tell_rule(rule))
    for rule in old.rules:
        if rule.number not in known_old:
            yield Change("gone", f"Rule {rule.number}", _tell_rule(rule), "")
    for a, b in sorted(_moved(pairs)):
        yield Change("moved", f"The place of rule {b}", str(a), str(b))


def tell_changes(old: Table, new: Table) -> list[str]:
    """Say all that differs, one sentence each: rules, columns, and what is around."""
    before, after = list_columns(old), list_columns(new)
    columns = [
        f"{part.capitalize()} {name or 'without a name'} {word}."
        for word, mine, others in (
            ("is new", after, before),
            ("is gone", before, after),
        )
        for part, name in mine
        if (part, name) not in others
    ]
    rules = [one.sentence for one in list_changes(old, new)]
    return [*rules, *columns, *_other(old, new)]


def _tell_rule(rule: Rule) -> str:
    return f"{', '.join(rule.tests) or 'always'} gives {', '.join(rule.results)}"


def list_columns(table: Table) -> list[Column]:
    """Return what names the columns, in the order of a rule's cells."""
    return [
        *(("input", one.expression) for one in table.inputs),
        *(("output", one.name) for one in table.outputs),
        *(("note", one) for one in table.notes),
    ]


def _cells(table: Table, rule: Rule) -> dict[Column, str]:
    texts = (*rule.tests, *rule.results, *rule.notes)
    return dict(zip(list_columns(table), texts, strict=True))


def _pair(old: Sequence[Rule], new: Sequence[Rule]) -> list[tuple[int, int]]:
    """Return numbers of rules that are the same one, in the older table's order."""
    by_id = {one.id: one.number for one in new if one.id}
    pairs = [(one.number, by_id[one.id]) for one in old if one.id in by_id]
    left = {a for a, _ in pairs}
    right = {b for _, b in pairs}
    rest_old = [one for one in old if one.number not in left]
    rest_new = [one for one in new if one.number not in right]
    matcher = difflib.SequenceMatcher(
        None, [_content(one) for one in rest_old], [_content(one) for one in rest_new],
        autojunk=False,
    )  # fmt: skip
    for tag, from_old, to_old, from_new, to_new in matcher.get_opcodes():
        if tag in {"equal", "replace"}:
            block = zip(
                rest_old[from_old:to_old], rest_new[from_new:to_new], strict=False
            )
            pairs.extend((a.number, b.number) for a, b in block)
    return sorted(pairs)


def _content(rule: Rule) -> tuple[str, ...]:
    return rule.tests + rule.results


def _changed_cells(
    old: Table, new: Table, pairs: Sequence[tuple[int, int]]
) -> list[tuple[int, int, Column]]:
    """Return the rules' numbers and the column of each cell that differs."""
    found = []
    for a, b in pairs:
        left = _cells(old, old.rules[a - 1])
        right = _cells(new, new.rules[b - 1])
        found += [
            (a, b, column)
            for column in left
            if column in right and left[column] != right[column]
        ]
    return found


def _moved(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the pairs outside the longest run that kept its order."""
    ends: list[int] = []
    lengths = []
    for _, b in pairs:
        place = bisect_left(ends, b)
        ends[place : place + 1] = [b]
        lengths.append(place + 1)
    moved = []
    wanted = len(ends)
    for pair, length in zip(reversed(pairs), reversed(lengths), strict=True):
        if length == wanted:
            wanted -= 1
        else:
            moved.append(pair)
    return moved


def _marks(moved: set[int], changed: set[int], only: set[int]) -> dict[int, RowMark]:
    marks: dict[int, RowMark] = dict.fromkeys(moved, "moved")
    marks.update(dict.fromkeys(changed, "changed"))
    marks.update(dict.fromkeys(only, "only"))
    return marks


def _other(old: Table, new: Table) -> list[str]:
    """Return sentences on what stands outside the rules."""
    said = []
    if old.mark != new.mark:
        said.append(f"Hit policy {_policy(old)} became {_policy(new)}.")
    inputs = {one.expression: one for one in old.inputs}
    for column in new.inputs:
        before = inputs.get(column.expression)
        if before is not None and before.allowed != column.allowed:
            said.append(
                f"{column.label}: allowed values {before.allowed or 'any'} became"
                f" {column.allowed or 'any'}."
            )
    outputs = {one.name: one for one in old.outputs}
    for output in new.outputs:
        earlier = outputs.get(output.name)
        if earlier is not None and earlier.default != output.default:
            said.append(
                f"{output.name or 'Output'}: default {earlier.default or 'none'}"
                f" became {output.default or 'none'}."
            )
    return said


def _policy(table: Table) -> str:
    return f"{table.hit_policy} {table.aggregation}".strip()
