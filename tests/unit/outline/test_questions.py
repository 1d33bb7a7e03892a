"""What a decision asks for, and how answers are read."""

from decimal import Decimal

import pytest

from tests.factories.decisions import decision, dmn, input_data, literal, table
from workflows.core.dmn import read_dmn
from workflows.core.feel.temporal import Date
from workflows.core.outline import (
    Question,
    list_questions,
    read_answer,
    read_outline,
)


def ask(*elements: str, target: str = "d") -> list[tuple[str, str, tuple[str, ...]]]:
    data = dmn(*elements)
    outline = read_outline(data, source="x.dmn")
    logic = outline.find_decision(target)
    assert logic is not None
    found = list_questions(outline, logic, read_dmn(data, source="x.dmn"))
    return [(one.name, one.type, one.examples) for one in found]


def test_constants_of_the_cells_are_the_examples() -> None:
    logic = table(
        inputs={"km": "number", "word": "string"},
        rules=[["< 50", '"a"', "1"], ["[50..90]", '"b"', "2"]],
    )
    found = ask(
        input_data("km", kind="number"),
        input_data("word", kind="string"),
        decision("d", logic, inputs=["km", "word"]),
    )
    assert found == [("km", "number", ("50", "90")), ("word", "string", ("a", "b"))]


def test_a_structure_is_asked_for_by_the_parts_that_are_tested() -> None:
    logic = table(
        inputs={"order.state": "string", "order.total": "number"},
        rules=[['"OPEN"', "> 5", "1"]],
    )
    found = ask(input_data("order"), decision("d", logic, inputs=["order"]))
    assert [one[:2] for one in found] == [
        ("order.state", "string"),
        ("order.total", "number"),
    ]


@pytest.mark.parametrize("text", ["count(order)", "order.other"])
def test_a_structure_read_otherwise_is_asked_for_whole(text: str) -> None:
    logic = table(inputs={"order.state": "string"}, rules=[['"OPEN"', text]])
    found = ask(input_data("order"), decision("d", logic, inputs=["order"]))
    assert found == [("order", "", ())]


def test_a_declared_structure_is_asked_for_by_its_fields() -> None:
    item = (
        '<itemDefinition name="tOrder"><itemComponent name="id"><typeRef>string'
        '</typeRef></itemComponent><itemComponent name="size"><typeRef>number'
        "</typeRef></itemComponent></itemDefinition>"
    )
    found = ask(
        item,
        input_data("order", kind="tOrder"),
        decision("d", literal("order.size"), inputs=["order"]),
    )
    assert [one[:2] for one in found] == [
        ("order.id", "string"),
        ("order.size", "number"),
    ]


def test_what_other_decisions_need_is_asked_too() -> None:
    found = ask(
        input_data("x", kind="number"),
        decision("low", literal("x"), inputs=["x"]),
        decision("d", literal("low"), decisions=["low"]),
    )
    assert [one[0] for one in found] == ["x"]


@pytest.mark.parametrize(
    ("kind", "text", "wanted"),
    [
        ("string", "APPROVE", "APPROVE"),
        ("string", '"quoted"', "quoted"),
        ("string", "null", None),
        ("number", " 0.95 ", Decimal("0.95")),
        ("number", "2 * 3", Decimal(6)),
        ("date", "2026-01-05", "2026-01-05"),
        ("date", 'date("2026-01-05")', Date(2026, 1, 5)),
        ("", '{a: "b"}', {"a": "b"}),
        ("", "[1, 2][item > 1]", [Decimal(2)]),
    ],
)
def test_answers_are_read_by_type(kind: str, text: str, wanted: object) -> None:
    assert read_answer(Question(("it",), kind), text) == wanted


@pytest.mark.parametrize("text", ["1 / 0", "lots", "1 +", "))", "2 ** 99999999999"])
def test_a_bad_answer_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"^\S.*\.$"):
        read_answer(Question(("km",), "number"), text)
