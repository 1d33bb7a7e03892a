"""What differs between the decisions of two versions of a package, in words."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice, zip_longest
from typing import Final

from workflows.core.bpmn.differences import Detail, Difference, Mark
from workflows.core.outline.compare import Comparison, compare_tables, list_changes
from workflows.core.outline.logic import Logic, Outline, Table

MOST_CHANGES: Final = 60
"""Cells and rules of one table that are told one by one; all are counted."""


def compare_decisions(
    old: Iterable[Outline], new: Iterable[Outline]
) -> tuple[Difference, ...]:
    """Return what differs, decision by decision, those that are gone at the end."""
    before, after = _by_id(old), _by_id(new)
    return (
        *_compare(before, after),
        *(
            Difference(Mark.REMOVED, "decision", name, _label(logic))
            for name, logic in before.items()
            if name not in after
        ),
    )


def _compare(
    before: Mapping[str, Logic], after: Mapping[str, Logic]
) -> Iterator[Difference]:
    for name, logic in after.items():
        other = before.get(name)
        if other is None:
            yield Difference(Mark.ADDED, "decision", name, _label(logic))
            continue
        details = tuple(_details(other, logic))
        if details:
            yield Difference(Mark.CHANGED, "decision", name, _label(logic), details)


def _by_id(outlines: Iterable[Outline]) -> dict[str, Logic]:
    return {
        logic.id: logic
        for outline in outlines
        for logic in outline.items.values()
        if logic.kind != "input"
    }


def _label(logic: Logic) -> str:
    kind = "decision" if logic.kind == "decision" else "knowledge model"
    return f"{kind} “{logic.name or logic.id}”"


def _details(old: Logic, new: Logic) -> Iterator[Detail]:
    words = (
        ("the name", old.name, new.name),
        ("the logic", old.text, new.text),
        ("what it needs", _needs(old), _needs(new)),
    )
    for what, before, after in words:
        if before != after:
            yield Detail(what, before, after)
    pairs = list(zip_longest(old.tables, new.tables))
    for number, (before_table, after_table) in enumerate(pairs, start=1):
        what = "the table" if len(pairs) == 1 else f"table {number}"
        yield from _table_details(what, before_table, after_table)


def _needs(logic: Logic) -> str:
    return ", ".join(need.id for need in logic.needs)


def _table_details(what: str, old: Table | None, new: Table | None) -> Iterator[Detail]:
    if old is None or new is None:
        yield Detail(what, _size(old), _size(new))
        return
    compared = compare_tables(old, new)
    if not compared.is_same:
        yield Detail(what, _size(old), f"{_size(new)}: {_told(compared)}")
        for one in islice(list_changes(old, new), MOST_CHANGES):
            yield Detail(one.what[0].lower() + one.what[1:], one.old, one.new)


def _size(table: Table | None) -> str:
    if table is None:
        return ""
    return f"{len(table.rules)} rules under {table.hit_policy}"


def _told(compared: Comparison) -> str:
    counts = (
        (compared.changed, "cell", "changed"),
        (compared.added, "rule", "added"),
        (compared.removed, "rule", "removed"),
        (compared.moved, "rule", "moved"),
        (len(compared.new.columns), "column", "added"),
        (len(compared.old.columns), "column", "removed"),
    )
    said = [
        f"{count} {noun}{'' if count == 1 else 's'} {word}"
        for count, noun, word in counts
        if count
    ]
    return "; ".join([*said, *compared.other])
