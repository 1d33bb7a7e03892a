"""Two versions of a table beside each other."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from workflows.core.outline import (
    Comparison,
    InputColumn,
    Logic,
    Outline,
    OutputColumn,
    Rule,
    Table,
    compare_tables,
    tell_changes,
)
from workflows.core.outline.differences import compare_decisions


def make(
    rows: Sequence[Sequence[str]],
    *,
    inputs: Sequence[str] = ("a", "b"),
    policy: str = "UNIQUE",
    ids: bool = False,
) -> Table:
    """Return a table; with `ids`, a row's first text is its rule's id."""
    rules = []
    for number, row in enumerate(rows, 1):
        name, *cells = row if ids else ("", *row)
        rules.append(Rule(number, name, tuple(cells[:-1]), (cells[-1],), ()))
    columns = tuple(InputColumn(label=one, expression=one) for one in inputs)
    return Table(
        "t", policy, "", columns, (OutputColumn(name="out"),), (), tuple(rules)
    )


def counts(found: Comparison) -> tuple[int, int, int, int]:
    return found.changed, found.added, found.removed, found.moved


def test_a_changed_cell_is_marked_on_both_sides() -> None:
    found = compare_tables(
        make([["1", "2", "x"], ["3", "4", "y"]]),
        make([["1", "2", "x"], ["3", "5", "y"]]),
    )
    assert counts(found) == (1, 0, 0, 0)
    assert found.old.cells == found.new.cells == {(2, ("input", "b"))}
    assert found.new.rows == {2: "changed"}


def test_a_rule_put_in_between_does_not_mark_those_below() -> None:
    found = compare_tables(
        make([["1", "2", "x"], ["3", "4", "y"]]),
        make([["1", "2", "x"], ["9", "9", "z"], ["3", "4", "y"]]),
    )
    assert counts(found) == (0, 1, 0, 0)
    assert found.new.rows == {2: "only"}


def test_rules_are_known_again_by_their_ids() -> None:
    found = compare_tables(
        make([["r1", "1", "2", "x"], ["r2", "3", "4", "y"]], ids=True),
        make([["r2", "7", "8", "z"], ["r1", "1", "2", "x"]], ids=True),
    )
    assert counts(found) == (3, 0, 0, 1)
    assert "moved" in found.old.rows.values() or "moved" in found.new.rows.values()


def test_a_column_of_one_version_alone_is_marked_as_a_whole() -> None:
    found = compare_tables(make([["1", "2", "x"]]), make([["1", "x"]], inputs=["a"]))
    assert found.old.columns == {("input", "b")}
    assert counts(found) == (0, 0, 0, 0)
    assert not found.is_same


def test_the_hit_policy_is_compared_too() -> None:
    found = compare_tables(make([]), make([], policy="FIRST"))
    assert found.other == ("Hit policy UNIQUE became FIRST.",)


ROWS = st.lists(st.tuples(*[st.sampled_from("ab")] * 3), max_size=6)


@given(old=ROWS, new=ROWS)
def test_every_rule_is_accounted_for_once(
    old: list[tuple[str, ...]], new: list[tuple[str, ...]]
) -> None:
    found = compare_tables(make(old), make(new))
    assert len(old) - found.removed == len(new) - found.added
    assert found.is_same == (old == new)


@given(order=st.permutations(range(6)))
def test_moving_rules_back_leaves_the_kept_ones_in_order(order: list[int]) -> None:
    old = make([[f"r{n}", "1", "2", "x"] for n in range(6)], ids=True)
    new = make([[f"r{n}", "1", "2", "x"] for n in order], ids=True)
    found = compare_tables(old, new)
    moved = {number for number, mark in found.new.rows.items() if mark == "moved"}
    kept = [n for place, n in enumerate(order, 1) if place not in moved]
    assert kept == sorted(kept)
    assert len(moved) == found.moved


def test_changes_are_told_by_the_newer_numbers() -> None:
    old = make([("r1", "1", "2", "x"), ("r2", "3", "-", "y")], ids=True)
    new = make(
        [("r3", "9", "-", "z"), ("r2", "3", "-", "y"), ("r1", "1", "5", "x")],
        ids=True,
        policy="FIRST",
    )
    assert tell_changes(old, new) == [
        "Rule 3, b: 2 became 5.",
        "Rule 1 is new: 9, - gives z.",
        "Rule 1 is rule 3 now.",
        "Hit policy UNIQUE became FIRST.",
    ]
    assert tell_changes(old, make([("1", "x")], inputs=("a",))) == [
        "Rule 2 is gone: 3, - gives y.",
        "Input b is gone.",
    ]
    assert tell_changes(old, old) == []


def test_who_approves_sees_each_cell_of_a_changed_table() -> None:
    def outline(*rows: Sequence[str]) -> Outline:
        grid = make(rows)
        logic = Logic(kind="decision", id="d", name="D", table=grid)
        return Outline(source="d.dmn", name="d", items={("decision", "d"): logic})

    (found,) = compare_decisions(
        [outline(("1", "2", "x"))], [outline(("1", "5", "x"), ("2", "-", "y"))]
    )
    assert [(one.what, one.old, one.new) for one in found.details[1:]] == [
        ("rule 1, b", "2", "5"),
        ("rule 2", "", "2, - gives y"),
    ]
    assert found.details[0].new.endswith("1 cell changed; 1 rule added")
