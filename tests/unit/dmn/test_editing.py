"""Tables changed within their file: what is not changed stays, byte for byte."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.dmn.models import GRID, decision, definitions, input_data, table
from workflows.core.dmn import read_dmn
from workflows.core.dmn.editing import (
    Ask,
    Input,
    Output,
    Rule,
    Sheet,
    list_places,
    read_sheet,
    require,
    write_sheet,
)
from workflows.core.dmn.source import Source, read_source
from workflows.core.dmn.xml import XmlError

RICH = b"""<?xml version="1.0" encoding="UTF-8"?>
<!-- Kept by the credit team. -->
<dmn:definitions xmlns:dmn="https://www.omg.org/spec/DMN/20230324/MODEL/"
    xmlns:tool="urn:tool" xmlns:dmndi="https://www.omg.org/spec/DMN/20230324/DMNDI/"
    name='Limits' namespace="urn:limits" tool:seen="2">
  <dmn:inputData id="in_amount" name="amount"><dmn:variable name="amount" typeRef="number"/></dmn:inputData>
  <dmn:decision id="limit" name="Limit">
    <dmn:variable name="Limit" typeRef="string"/>
    <dmn:informationRequirement id="n1"><dmn:requiredInput href="#in_amount"/></dmn:informationRequirement>
    <dmn:decisionTable id="limits" hitPolicy="FIRST" preferredOrientation="Rule-as-Row">
      <dmn:extensionElements><tool:width column="1">120</tool:width></dmn:extensionElements>
      <dmn:input id="c1" label="Amount" tool:width="90">
        <dmn:inputExpression id="e1" typeRef="number"><dmn:text>amount</dmn:text></dmn:inputExpression>
      </dmn:input>
      <dmn:output id="o1" name="limit" typeRef="string"/>
      <dmn:annotation name="Why"/>
      <!-- the large ones first -->
      <dmn:rule id="r1" tool:by="ann">
        <dmn:description>Two look.</dmn:description>
        <dmn:inputEntry id="i1"><dmn:text><![CDATA[> 1000]]></dmn:text></dmn:inputEntry>
        <dmn:outputEntry id="u1" expressionLanguage="feel"><dmn:text>"dual"</dmn:text></dmn:outputEntry>
        <dmn:annotationEntry><dmn:text>A &amp; B</dmn:text></dmn:annotationEntry>
      </dmn:rule>
      <dmn:rule id="r2">
        <dmn:inputEntry id="i2"><dmn:text></dmn:text></dmn:inputEntry>
        <dmn:outputEntry id="u2"><dmn:text>"one"</dmn:text></dmn:outputEntry>
      </dmn:rule>
    </dmn:decisionTable>
  </dmn:decision>
  <dmndi:DMNDI><dmndi:DMNDiagram id="d1"><dmndi:DMNShape dmnElementRef="limit"/></dmndi:DMNDiagram></dmndi:DMNDI>
</dmn:definitions>
"""


def change(data: bytes, sheet: Sheet, *, number: int = 0) -> bytes:
    source = read_source(data)
    write_sheet(source, list_places(source)[number].table, sheet)
    return source.to_bytes()


def sheet_of(data: bytes, *, number: int = 0) -> Sheet:
    return read_sheet(list_places(read_source(data))[number].table)


def bare(sheet: Sheet) -> Sheet:
    """Return a sheet as it is read again: each part from where it now stands."""
    return dataclasses.replace(
        sheet,
        inputs=tuple(one._replace(origin=n) for n, one in enumerate(sheet.inputs)),
        outputs=tuple(one._replace(origin=n) for n, one in enumerate(sheet.outputs)),
        rules=tuple(one._replace(origin=n) for n, one in enumerate(sheet.rules)),
    )


def test_what_nobody_changed_stays_byte_for_byte() -> None:
    demo = Path("review/demo/packages").rglob("*.dmn")
    for data in (RICH, *(path.read_bytes() for path in sorted(demo))):
        source = read_source(data)
        assert source.to_bytes() == data
        for place in list_places(source):
            write_sheet(source, place.table, read_sheet(place.table))
        assert source.to_bytes() == data


def test_a_changed_cell_changes_that_cell_alone() -> None:
    sheet = sheet_of(RICH)
    first, second = sheet.rules
    assert first.tests == ("> 1000",)
    assert (first.notes, first.description) == (("A & B",), "Two look.")
    changed = change(
        RICH,
        dataclasses.replace(
            sheet, rules=(first, second._replace(results=('"a" < "b"',)))
        ),
    )
    assert changed == RICH.replace(b'"one"', b'"a" &lt; "b"')


def test_rules_and_columns_move_with_all_that_is_theirs() -> None:
    sheet = sheet_of(RICH)
    first, second = sheet.rules
    amount = sheet.inputs[0]
    wanted = dataclasses.replace(
        sheet,
        hit_policy="COLLECT",
        aggregation="SUM",
        inputs=(Input("", "country", "string", '"DE","FR"'), amount),
        rules=(
            second._replace(tests=('"DE"', "-"), notes=("",)),
            Rule(("-", "< 5"), ("null",), ("new",), "Why not."),
            first._replace(tests=("-", "> 1000"), description=""),
        ),
    )
    written = change(RICH, wanted).decode()
    assert bare(wanted) == sheet_of(written.encode())
    for kept in (
        "<!-- Kept by the credit team. -->",
        '<tool:width column="1">120</tool:width>',
        '<dmn:input id="c1" label="Amount" tool:width="90">',
        '<dmn:rule id="r1" tool:by="ann">',
        '<dmn:outputEntry id="u1" expressionLanguage="feel">',
        "<![CDATA[> 1000]]>",
        '<dmndi:DMNShape dmnElementRef="limit"/>',
        'preferredOrientation="Rule-as-Row"',
    ):
        assert kept in written
    assert written.index('id="r2"') < written.index('id="limits-rule-1"')
    assert written.index('id="limits-rule-1"') < written.index('id="r1"')
    assert "Two look." not in written
    assert '      <dmn:rule id="limits-rule-1">\n        <dmn:description>' in written
    gone = dataclasses.replace(wanted, rules=(), inputs=())
    assert sheet_of(change(RICH, gone)).rules == ()


def test_a_decision_asks_for_one_more_input() -> None:
    source = read_source(RICH)
    place = list_places(source)[0]
    require(source, place.owner, Ask("amount"))
    assert source.to_bytes() == RICH
    require(source, place.owner, Ask("customer age", "number"))
    require(source, place.owner, Ask("customer age", "number"))
    model = read_dmn(source.to_bytes())
    assert set(model.inputs) == {"amount", "customer age"}
    assert [need.path for need in model.decisions["limit"].needs] == [
        ("amount",),
        ("customer age",),
    ]


def test_minified_and_empty_tables_grow() -> None:
    data = definitions(decision("grid", '<decisionTable id="t"/>'))
    wanted = Sheet(
        inputs=(Input("", "1"),),
        outputs=(Output("a"), Output("b", default="2")),
        rules=(Rule(("1",), ("1", "2")),),
    )
    assert sheet_of(change(data, wanted)) == bare(wanted)
    assert read_dmn(change(data, wanted)).evaluate("grid", {}).value == {"a": 1, "b": 2}
    tables = definitions(
        decision("a", table(["x"], [("1", "2")]))
        + decision("b", f"<context><contextEntry>{GRID}</contextEntry></context>")
    )
    places = list_places(read_source(tables))
    assert [(one.name, one.is_own) for one in places] == [("a", True), ("b", False)]


def test_doctypes_and_other_encodings_are_refused() -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
    with pytest.raises(XmlError, match="DOCTYPE"):
        read_source(bomb)
    latin = '<?xml version="1.0" encoding="iso-8859-1"?><a>\xe9</a>'.encode("latin-1")
    with pytest.raises(XmlError, match="UTF-8"):
        read_source(latin)
    plain = b'<?xml version="1.0" encoding="us-ascii"?><a><b x=\'1\'/></a>'
    source = read_source(plain)
    source.root.children[0].set("x", "\xe9")
    source.root.children[0].write("\xe9")
    assert b'<b x="&#233;">&#233;</b>' in source.to_bytes()


TEXTS = st.text(
    st.characters(
        codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="￾￿"
    ),
    max_size=6,
).map(str.strip)


@st.composite
def sheets(draw: st.DrawFn, standing: Sheet) -> Sheet:
    """Draw any change of a sheet: cells, order, what is new and what is gone."""
    picked = draw(st.permutations(range(len(standing.inputs))))
    kept = picked[: draw(st.integers(0, len(picked)))]
    inputs = [
        Input(draw(TEXTS), draw(TEXTS), draw(TEXTS), draw(TEXTS), n) for n in kept
    ]
    if draw(st.booleans()):
        inputs.insert(0, Input(draw(TEXTS), draw(TEXTS)))
    outputs = [
        Output(draw(TEXTS), draw(TEXTS), draw(TEXTS), draw(TEXTS), draw(TEXTS), n)
        for n in draw(st.permutations(range(len(standing.outputs))))
    ]
    rows: list[int | None] = [*draw(st.permutations(range(len(standing.rules))))]
    rows = rows[: draw(st.integers(0, len(rows)))] + [None] * draw(st.integers(0, 2))
    return Sheet(
        hit_policy=draw(st.sampled_from(["UNIQUE", "FIRST", "COLLECT"])),
        aggregation=draw(st.sampled_from(["", "SUM"])),
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        notes=standing.notes,
        rules=tuple(
            Rule(
                tuple(draw(TEXTS) for _ in inputs),
                tuple(draw(TEXTS) for _ in outputs),
                tuple(draw(TEXTS) for _ in standing.notes),
                draw(TEXTS),
                origin,
            )
            for origin in rows
        ),
    )


FILES = (RICH, definitions(decision("grid", GRID) + input_data("x")))


@pytest.mark.parametrize("data", FILES, ids=["rich", "plain"])
@settings(max_examples=60, deadline=None)
@given(drawn=st.data())
def test_whatever_is_written_is_read_again(data: bytes, drawn: st.DataObject) -> None:
    wanted = drawn.draw(sheets(sheet_of(data)))
    written = change(data, wanted)
    found = sheet_of(written)
    assert found == bare(wanted)
    assert change(written, found) == written
    assert _outside(read_source(written)) == _outside(read_source(data))
    read_dmn(written, lenient=True)


def _outside(source: Source) -> list[str]:
    """Return each element around the table, as written."""
    inner = {id(one) for one in list_places(source)[0].table.walk()}
    kept = [one.start for one in source.root.walk() if id(one) not in inner]
    return [source.before, *kept, source.behind]
