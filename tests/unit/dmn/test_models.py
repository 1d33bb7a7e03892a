"""Graphs of decisions, boxed expressions, types, services, imports, explanations."""

import json
from decimal import Decimal

import pytest

from tests.unit.dmn.models import (
    ITEMS,
    KNOWLEDGE,
    decision,
    definitions,
    grid,
    input_data,
    literal,
    read,
    table,
)
from workflows.core.dmn import DmnError, read_dmn


def value(logic: str, **inputs: object) -> object:
    parts = [input_data(name) for name in inputs]
    needs = [f"in_{name}" for name in inputs]
    return read(*parts, decision("d", logic, needs=needs)).evaluate("d", inputs).value


def test_decision_is_found_by_name_and_by_id() -> None:
    model = grid()
    inputs = {"confidence": 0.95, "impact": "low"}
    assert model.evaluate("grid", inputs).value == "auto"
    assert model.evaluate("d_grid", inputs).value == "auto"
    with pytest.raises(KeyError):
        model.evaluate("nothing", inputs)


def test_explanation_shows_inputs_cells_and_rules() -> None:
    model = grid()
    decided = model.evaluate("grid", {"confidence": 0.5, "impact": "low"}, explain=True)
    assert decided.explanation is not None
    shown = decided.explanation.to_json()
    assert shown == {
        "inputs": {"confidence": Decimal("0.5"), "impact": "low"},
        "tables": [
            {
                "decision": "grid",
                "element": "t",
                "hit_policy": "UNIQUE",
                "inputs": [
                    {"expression": "confidence", "value": Decimal("0.5")},
                    {"expression": "impact", "value": "low"},
                ],
                "cells": ["FT", "TT", "TF"],
                "matched": [2],
                "rules": ["r2"],
                "value": "review",
            }
        ],
    }
    assert json.dumps(shown, default=str)
    assert model.evaluate("grid", {}).explanation is None


def test_explanation_holds_every_table_of_the_graph() -> None:
    model = read(
        input_data("x", "number"),
        decision("first", table(["x"], [("< 5", "1"), (">= 5", "2")]), needs=["in_x"]),
        decision(
            "second", table(["first"], [("1", '"a"'), ("2", '"b"')]), needs=["d_first"]
        ),
    )
    decided = model.evaluate("second", {"x": 7}, explain=True)
    assert decided.value == "b"
    assert decided.explanation is not None
    assert [record.table.name for record in decided.explanation.records] == [
        "first",
        "second",
    ]


def test_decision_sees_only_what_it_requires() -> None:
    model = read(
        input_data("x"),
        decision("hidden", literal("1")),
        decision("d", literal("hidden"), needs=["in_x"]),
    )
    decided = model.evaluate("d", {"x": 1, "hidden": 2})
    assert decided.value is None
    assert decided.messages == ("there is no 'hidden' here",)


BOXED = [
    (
        "<context><contextEntry><variable name='a'/>"
        + literal("x + 1")
        + "</contextEntry>"
        "<contextEntry>" + literal("a * 2") + "</contextEntry></context>",
        Decimal(8),
    ),
    ("<list>" + literal("x") + literal("x * 2") + "</list>", [Decimal(3), Decimal(6)]),
    (
        "<relation><column name='a b'/><column name='c'/><row>"
        + literal("x")
        + literal("1")
        + "</row></relation>",
        [{"a b": Decimal(3), "c": Decimal(1)}],
    ),
    (
        "<conditional><if>"
        + literal("x > 2")
        + "</if><then>"
        + literal('"big"')
        + "</then><else>"
        + literal('"small"')
        + "</else></conditional>",
        "big",
    ),
    (
        "<filter><in>"
        + literal("[1, 2, 3, 4]")
        + "</in><match>"
        + literal("item > x")
        + "</match></filter>",
        [Decimal(4)],
    ),
    (
        "<for iteratorVariable='i'><in>"
        + literal("1..x")
        + "</in><return>"
        + literal("i * count(partial)")
        + "</return></for>",
        None,
    ),
    (
        "<for iteratorVariable='i'><in>"
        + literal("[1..3]")
        + "</in><return>"
        + literal("i * count(partial)")
        + "</return></for>",
        [Decimal(0), Decimal(2), Decimal(6)],
    ),
    (
        "<every iteratorVariable='i'><in>"
        + literal("[1, 2]")
        + "</in><satisfies>"
        + literal("i < x")
        + "</satisfies></every>",
        True,
    ),
    (
        "<context><contextEntry><variable name='f'/><functionDefinition>"
        "<formalParameter name='n' typeRef='number'/>"
        + literal("n * x")
        + "</functionDefinition></contextEntry><contextEntry><invocation>"
        + literal("f")
        + "<binding><parameter name='n'/>"
        + literal("5")
        + "</binding></invocation></contextEntry></context>",
        Decimal(15),
    ),
]


@pytest.mark.parametrize(
    ("logic", "expected"), [entry for entry in BOXED if "1..x" not in entry[0]]
)
def test_boxed_expression(logic: str, expected: object) -> None:
    assert value(logic, x=3) == expected


def test_knowledge_is_a_function_of_those_who_need_it() -> None:
    model = read(
        input_data("x"),
        KNOWLEDGE,
        decision("d", literal("x * rate(x)"), needs=["in_x", "bkm_rate"]),
    )
    assert model.evaluate("d", {"x": 200}).value == Decimal(10)
    assert model.evaluate_knowledge("rate", {"amount": 50}).value == Decimal("0.1")
    wrong = model.evaluate("d", {"x": "a"})
    assert wrong.value is None
    assert "rate: amount is a string, not a number" in wrong.messages


SERVICE = (
    '<decisionService id="s" name="service"><variable name="service"/>'
    '<outputDecision href="#d_top"/><encapsulatedDecision href="#d_mid"/>'
    '<inputData href="#in_x"/></decisionService>'
)


def test_service_computes_from_its_inputs_alone() -> None:
    model = read(
        input_data("x", "number"),
        decision("mid", literal("x + 1"), needs=["in_x"]),
        decision("top", literal("mid * 2"), needs=["d_mid"]),
        SERVICE,
        '<decision id="d_use" name="use"><variable name="use"/><knowledgeRequirement>'
        '<requiredKnowledge href="#s"/></knowledgeRequirement>'
        + literal("service(4) + service(x: 1)")
        + "</decision>",
    )
    assert model.evaluate_service("service", {"x": 3}).value == Decimal(8)
    assert model.evaluate("use", {}).value == Decimal(14)


def test_inputs_are_held_to_their_types() -> None:
    model = read(
        ITEMS,
        input_data("cases", "tCases"),
        decision("d", literal('cases[level = "high"].opened on'), needs=["in_cases"]),
        decision("n", literal("count(cases)"), needs=["in_cases"], kind="number"),
    )
    case = {"level": "high", "opened on": "2026-01-05"}
    found = model.evaluate("d", {"cases": [case]}).value
    assert str(found).startswith("[Date(year=2026")
    assert model.evaluate("n", {"cases": case}).value == Decimal(1)
    assert model.evaluate("n", {"cases": [{"level": "low"}]}).value == Decimal(1)
    wrong = model.evaluate("n", {"cases": [{**case, "level": "odd"}]})
    assert wrong.value is None
    assert "'cases': this list is not a tCases" in wrong.messages[0]


def test_result_is_held_to_its_type() -> None:
    model = read(decision("d", literal('"a"'), kind="number"))
    assert model.evaluate("d", {}).messages == ("'d': this string is not a number",)
    assert (
        read(decision("d", literal("[5]"), kind="number")).evaluate("d", {}).value == 5
    )


def test_imported_elements_stand_under_the_import_name() -> None:
    inner = read_dmn(
        definitions(
            input_data("x") + decision("inner", literal("x + 1"), needs=["in_x"]),
            namespace="urn:inner",
        )
    )
    outer = read_dmn(
        definitions(
            f'<import name="lib" namespace="urn:inner" importType="{"https://www.omg.org/spec/DMN/20230324/MODEL/"}"/>'
            '<decision id="o" name="outer"><variable name="outer"/><informationRequirement>'
            '<requiredDecision href="urn:inner#d_inner"/></informationRequirement>'
            + literal("lib.inner * 10")
            + "</decision>"
        ),
        imports={"urn:inner": inner},
    )
    assert outer.evaluate("outer", {"x": 1}).value == Decimal(20)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"<a/>", "this is no DMN model"),
        (b"not xml", "not well-formed XML"),
        (b"", "not well-formed XML"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "a DOCTYPE is not accepted"),
        (definitions(decision("d", literal("1 +"))), "d: expected a value"),
        (definitions(decision("d", literal("1"), needs=["in_x"])), "leads nowhere"),
        (definitions(input_data("x", "tNone")), "there is no type 'tNone'"),
        (definitions(decision("d", literal("d"), needs=["d_d"])), "needs itself"),
        (
            definitions(decision("d", table(["1"], [("1",)]))),
            "0 output entries for 1 outputs",
        ),
        (definitions(decision("d", table(["1"], [("<", "1")]))), "d: expected a value"),
        (b"<a>" * 200 + b"</a>" * 200, "nested deeper than 100"),
    ],
)
def test_model_that_cannot_be_deployed_says_where(data: bytes, message: str) -> None:
    with pytest.raises(DmnError, match=message.replace("(", r"\(")) as raised:
        read_dmn(data, source="m.dmn")
    problem = raised.value.problems[0]
    assert problem.source == "m.dmn"
    assert problem.line >= 1


def test_all_problems_are_listed_at_once() -> None:
    broken = definitions(decision("a", literal("1 +")) + decision("b", literal("(")))
    with pytest.raises(DmnError) as raised:
        read_dmn(broken)
    assert len(raised.value.problems) == 2
    lenient = read_dmn(broken, lenient=True)
    assert lenient.evaluate("a", {}).value is None
    assert len(lenient.problems) == 2


@pytest.mark.parametrize(
    ("logic", "message"),
    [
        ("<invocation>" + literal("1") + "</invocation>", "a number cannot be called"),
        (
            "<filter><in>"
            + literal("null")
            + "</in><match>"
            + literal("true")
            + "</match></filter>",
            "cannot be applied to null",
        ),
        (
            "<conditional><if>" + literal("1") + "</if></conditional>",
            "'if' takes a boolean",
        ),
        (
            "<for iteratorVariable='i'><in>"
            + literal("null")
            + "</in><return>"
            + literal("i")
            + "</return></for>",
            "cannot walk over null",
        ),
        (
            "<some iteratorVariable='i'><in>"
            + literal("null")
            + "</in><satisfies>"
            + literal("i")
            + "</satisfies></some>",
            "cannot walk over null",
        ),
        ("<functionDefinition kind='Java'/>", ""),
        (
            table(["1"], [("1", "1"), ("1", "2")], policy="ANY"),
            "give different outputs",
        ),
        (
            table(["1"], [("1", '"a"')], policy="COLLECT", aggregation="SUM"),
            "numbers only",
        ),
        (
            table(
                ["1"], [("1", "1"), ("1", '"a"')], policy="COLLECT", aggregation="MAX"
            ),
            "cannot be compared",
        ),
    ],
)
def test_logic_without_a_value_says_why(logic: str, message: str) -> None:
    decided = read(decision("d", logic)).evaluate("d", {})
    assert message in " ".join(decided.messages)
    assert decided.value is None or not message


def test_filter_by_position_and_relation_by_path() -> None:
    by_place = (
        "<filter><in>"
        + literal("[4, 5]")
        + "</in><match>"
        + literal("2")
        + "</match></filter>"
    )
    assert value(by_place) == Decimal(5)
    several = table(
        ["1"],
        [("1", "1", "2"), ("1", "3", "4")],
        policy="COLLECT",
        aggregation="SUM",
        outputs=["a", "b"],
    )
    assert value(several) == {"a": Decimal(4), "b": Decimal(6)}
    assert value(table(["1"], [("2", "1")], policy="COLLECT", default="7")) == [
        Decimal(7)
    ]
    counted = table(["1"], [("2", "1")], policy="COLLECT", aggregation="COUNT")
    assert value(counted) == Decimal(0)


def test_long_values_are_named_in_explanations() -> None:
    model = read(
        input_data("x"),
        decision("d", table(["count(x)"], [("-", "1")]), needs=["in_x"]),
    )
    decided = model.evaluate("d", {"x": list(range(20_000))}, explain=True)
    assert decided.explanation is not None
    assert decided.explanation.to_json()["inputs"] == {"x": "a value of 20,001 parts"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("<decision id='a'/>", "needs a name"),
        ("<import name='l' namespace='urn:no' importType='DMN'/>", "is not here"),
        (
            decision("d", "<decisionTable hitPolicy='ALL'><output/></decisionTable>"),
            "no hit policy 'ALL'",
        ),
        (
            decision(
                "d",
                "<decisionTable hitPolicy='COLLECT' aggregation='AVG'><output/>"
                "</decisionTable>",
            ),
            "no aggregation 'AVG'",
        ),
        (
            decision("d", "<decisionTable><input/></decisionTable>"),
            "without an expression",
        ),
        (decision("d", "<decisionTable/>"), "needs an output"),
        (
            (
                "<itemDefinition name='t'><typeRef>string</typeRef><allowedValues><text>(</text>"
                "</allowedValues></itemDefinition>"
            ),
            "allowedValues",
        ),
    ],
)
def test_broken_element_is_reported(body: str, message: str) -> None:
    with pytest.raises(DmnError, match=message):
        read_dmn(definitions(body))


def test_recursive_and_function_types_are_read() -> None:
    types = (
        "<itemDefinition name='tTree'><itemComponent name='leaf'><typeRef>number</typeRef>"
        "</itemComponent><itemComponent name='more' isCollection='true'><typeRef>tTree"
        "</typeRef></itemComponent></itemDefinition>"
        "<itemDefinition name='tFn'><functionItem outputTypeRef='number'><parameters "
        "name='a' typeRef='number'/></functionItem></itemDefinition>"
    )
    model = read(
        types,
        input_data("tree", "tTree"),
        decision("d", literal("tree.more[1].leaf"), needs=["in_tree"]),
        decision("f", literal("function(a: number) a + 1"), kind="tFn"),
        decision("use", literal("f(1)"), needs=["d_f"]),
    )
    inner = {"leaf": 2, "more": []}
    assert model.evaluate("d", {"tree": {"leaf": 1, "more": [inner]}}).value == Decimal(
        2
    )
    wrong = {"leaf": 1, "more": [{"leaf": "a"}]}
    assert model.evaluate("d", {"tree": wrong}).value is None
    assert model.evaluate("use", {}).value == Decimal(2)
