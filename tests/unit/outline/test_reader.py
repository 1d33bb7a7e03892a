"""DMN files as outlines: tables as written, boxed expressions as FEEL that parses."""

from pathlib import Path

import pytest

from tests.factories.decisions import decision, dmn, input_data, literal, table
from workflows.core.dmn.xml import read_xml
from workflows.core.feel import compile_expression
from workflows.core.outline import list_needed, read_outline
from workflows.core.outline.texts import write_feel

DEMO = Path("review/demo/packages")


def text_of(inner: str) -> str:
    return write_feel(read_xml(inner.encode()))


def boxed(tag: str, name: str, value: str) -> str:
    return f'<{tag}><variable name="{name}"/>{literal(value)}</{tag}>'


BOXED = {
    "context": (
        (
            f"<context>{boxed('contextEntry', 'a', '1')}{boxed('contextEntry', 'b', 'a')}"
            "</context>"
        ),
        "{a: 1, b: a}",
    ),
    "context with a result": (
        (
            f"<context>{boxed('contextEntry', 'a', '1')}"
            f"<contextEntry>{literal('a + 1')}</contextEntry></context>"
        ),
        "{a: 1, result: a + 1}.result",
    ),
    "list": (f"<list>{literal('1')}{literal('2')}</list>", "[1, 2]"),
    "relation": (
        (
            '<relation><column name="x"/><column name="y"/>'
            f"<row>{literal('1')}{literal('2')}</row></relation>"
        ),
        "[{x: 1, y: 2}]",
    ),
    "function": (
        (
            '<functionDefinition><formalParameter name="n" typeRef="number"/>'
            f"{literal('n * 2')}</functionDefinition>"
        ),
        "function(n: number) n * 2",
    ),
    "invocation": (
        (
            f"<invocation>{literal('abs')}<binding><parameter name='n'/>{literal('-1')}"
            "</binding></invocation>"
        ),
        "abs(n: -1)",
    ),
    "conditional": (
        (
            f"<conditional><if>{literal('x > 1')}</if><then>{literal('1')}</then>"
            f"<else>{literal('2')}</else></conditional>"
        ),
        "if x > 1\nthen 1\nelse 2",
    ),
    "filter": (
        (
            f"<filter><in>{literal('[1, 2]')}</in><match>{literal('item > 1')}</match>"
            "</filter>"
        ),
        "[1, 2][item > 1]",
    ),
    "for": (
        (
            f'<for iteratorVariable="i"><in>{literal("[1]")}</in>'
            f"<return>{literal('i')}</return></for>"
        ),
        "for i in [1]\nreturn i",
    ),
    "every": (
        (
            f'<every iteratorVariable="i"><in>{literal("[1]")}</in>'
            f"<satisfies>{literal('i > 0')}</satisfies></every>"
        ),
        "every i in [1]\nsatisfies i > 0",
    ),
}


@pytest.mark.parametrize("name", BOXED)
def test_boxed_expressions_read_as_feel(name: str) -> None:
    inner, wanted = BOXED[name]
    assert text_of(inner) == wanted
    assert compile_expression(wanted).text == wanted


def test_long_expressions_are_broken_into_lines() -> None:
    items = "".join(literal(f"item {n} of a list") for n in range(1, 6))
    lines = text_of(f"<list>{items}</list>").split("\n")
    assert lines[0] == "["
    assert lines[1] == "  item 1 of a list,"
    assert lines[-1] == "]"


def test_a_table_is_read_as_written() -> None:
    data = dmn(
        input_data("amount", kind="number"),
        decision(
            "limit",
            table(
                inputs={"amount": "number"},
                rules=[["< 10", '"a"'], ["", '"b"']],
                hit_policy="FIRST",
            ),
            inputs=["amount"],
        ),
    )
    found = read_outline(data, source="x.dmn").find_decision("limit")
    assert found is not None
    assert found.table is not None
    assert (found.table.mark, found.table.counts_first_only) == ("F", True)
    assert [(rule.tests, rule.results) for rule in found.table.rules] == [
        (("< 10",), ('"a"',)),
        (("-",), ('"b"',)),
    ]


def test_a_table_within_another_expression_is_kept() -> None:
    inner = table(inputs={"1": "number"}, rules=[["1", "2"]], table_id="inner")
    logic = (
        f"<context><contextEntry><variable name='t'/>{inner}</contextEntry></context>"
    )
    outline = read_outline(dmn(decision("d", logic)), source="x.dmn")
    (found,) = outline.decisions
    assert found.table is None
    assert [one.id for one in found.nested] == ["inner"]
    assert found.text == "{t: /* decision table of 1 rule */}"


def test_needs_come_before_who_needs_them() -> None:
    data = dmn(
        decision("top", literal("mid + low"), decisions=["mid", "low"]),
        decision("mid", literal("low"), decisions=["low"]),
        decision("low", literal("x"), inputs=["x"]),
        input_data("x"),
    )
    outline = read_outline(data, source="x.dmn")
    top = outline.find_decision("top")
    assert top is not None
    assert [one.id for one in list_needed(outline, top)] == ["x", "low", "mid", "top"]


def test_descriptions_of_rules_are_their_notes() -> None:
    path = DEMO / "loan-approval" / "credit-grid.dmn"
    found = read_outline(path.read_bytes(), source=path.name).find_decision(
        "Credit grid"
    )
    assert found is not None
    assert found.table is not None
    assert found.table.notes == ("Note",)
    assert found.table.rules[0].notes == ("A refusal is never automatic.",)
