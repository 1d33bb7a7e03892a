"""Decision tables: hit policies, cells, defaults, and the index against its cells."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.dmn.models import decision, definitions, input_data, table
from workflows.core.dmn import Decided, Model, read_dmn
from workflows.core.dmn.columns import Cell, Column
from workflows.core.feel import compile_unary_tests, from_feel
from workflows.core.feel.compiler import Compiler
from workflows.core.feel.limits import Run
from workflows.core.feel.unary import compile_tests

RULES = [("< 10", '"a"'), ("[5..20]", '"b"'), ("> 15", '"a"')]


def model_of(logic: str, *, kind: str = "number") -> Model:
    body = input_data("x", kind) + input_data("y")
    return read_dmn(definitions(body + decision("d", logic, needs=["in_x", "in_y"])))


def decide(logic: str, x: object, y: object = None, *, kind: str = "number") -> Decided:
    return model_of(logic, kind=kind).evaluate("d", {"x": x, "y": y})


@pytest.mark.parametrize(
    ("policy", "x", "expected"),
    [
        ("UNIQUE", 1, "a"),
        ("UNIQUE", 7, None),
        ("FIRST", 7, "a"),
        ("FIRST", 17, "b"),
        ("ANY", 1, "a"),
        ("ANY", 17, None),
        ("RULE ORDER", 17, ["b", "a"]),
        ("PRIORITY", 17, "a"),
        ("OUTPUT ORDER", 17, ["a", "b"]),
        ("COLLECT", 7, ["a", "b"]),
        ("COLLECT", None, []),
    ],
)
def test_hit_policy(policy: str, x: object, expected: object) -> None:
    logic = table(["x"], RULES, policy=policy, values='"a", "b"')
    assert decide(logic, x).value == expected


def test_any_accepts_rules_that_agree() -> None:
    rules = [("< 10", '"a"'), ("< 20", '"a"')]
    assert decide(table(["x"], rules, policy="ANY"), 5).value == "a"


@pytest.mark.parametrize(
    ("aggregation", "expected"), [("SUM", 30), ("COUNT", 2), ("MIN", 10), ("MAX", 20)]
)
def test_collect_aggregates(aggregation: str, expected: int) -> None:
    rules = [("> 1", "10"), ("> 2", "20"), ("> 100", "99")]
    logic = table(["x"], rules, policy="COLLECT", aggregation=aggregation)
    assert from_feel(decide(logic, 5).value) == expected


def test_several_outputs_make_a_context() -> None:
    logic = table(["x"], [("-", '"a"', "x * 2")], outputs=["name", "twice"])
    assert decide(logic, 4).value == {"name": "a", "twice": Decimal(8)}


def test_default_is_given_when_no_rule_matches() -> None:
    assert decide(table(["x"], RULES, default='"none"'), 12.5).value == "b"
    assert decide(table(["x"], [("1", '"a"')], default='"none"'), 2).value == "none"


def test_no_match_is_null_and_said() -> None:
    decided = decide(table(["x"], [("1", '"a"')]), 2)
    assert decided.value is None
    assert decided.messages == ("d: no rule matches",)


def test_unique_says_which_rules_clash() -> None:
    assert decide(table(["x"], RULES), 7).messages == (
        "d: hit policy UNIQUE, but rules 1, 2 match",
    )


def test_value_outside_the_allowed_ones_is_null() -> None:
    logic = table(["x"], [("-", '"a"')], allowed="[0..1]")
    assert decide(logic, 0.5).value == "a"
    decided = decide(logic, 2)
    assert decided.value is None
    assert "not among its allowed values" in decided.messages[0]


def test_cells_may_speak_of_other_inputs() -> None:
    rules = [
        ("< y", '"below"'),
        ("? >= y and ? < y * 2", '"near"'),
        ("not(< y * 2)", '"far"'),
    ]
    logic = table(["x"], rules)
    assert [decide(logic, x, 10).value for x in (5, 15, 50)] == ["below", "near", "far"]


def test_missing_input_matches_dashes_only() -> None:
    logic = table(["x"], [("< 5", '"a"'), ("-", '"b"')], policy="RULE ORDER")
    assert decide(logic, None).value == ["b"]


def test_input_is_converted_to_its_type() -> None:
    logic = table(["x"], [('date("2026-01-05")', '"a"')], types=["date"])
    assert decide(logic, "2026-01-05", kind="date").value == "a"


CELLS = st.sampled_from([
    "-",
    "< 3",
    "<= 3",
    "> 7.5",
    ">= -2",
    "[1..5]",
    "(1..5)",
    "]3..7.5]",
    "3, 5",
    "not(3)",
    "not(< 3, [5..6])",
    '"a"',
    '"a", "b"',
    'not("a")',
    "true",
    "null",
    "< limit",
    "? > limit",
    '!= "a"',
])
PROBES = st.sampled_from([
    None,
    True,
    False,
    "a",
    "b",
    "c",
    *map(Decimal, ["-3", "-2", "0", "1", "2", "3", "4", "5", "6", "7.5", "8"]),
])


@settings(max_examples=150, deadline=None)
@given(st.lists(CELLS, min_size=1, max_size=12), PROBES)
def test_index_agrees_with_the_cells_one_by_one(
    texts: list[str], value: object
) -> None:
    cells = []
    for text in texts:
        node = compile_unary_tests(text).node
        cells.append(Cell(text, node, compile_tests(Compiler(), node)))
    scope: dict[str, object] = {"limit": Decimal(4)}
    column = Column(cells)
    passed = column.passing(value, column.all_rules, scope, Run())
    expected = [compile_unary_tests(text).matches(value, scope) for text in texts]
    assert [bool(passed >> rule & 1) for rule in range(len(texts))] == expected


def test_long_table_finds_its_rule() -> None:
    rules = [(f"[{n}..{n + 1})", f'"{n}"') for n in range(1000)]
    model = model_of(table(["x"], rules))
    assert model.evaluate("d", {"x": 617.5}).value == "617"
