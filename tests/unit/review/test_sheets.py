"""Decision tables as pages draw them."""

from decimal import Decimal
from typing import Any

import pytest

from review.dashboards.decisions import Hits
from review.views.processes.sheets import build_sheet, find_record, write_json
from workflows.core.outline import InputColumn, OutputColumn, Rule, Table


def make(*, policy: str = "UNIQUE", aggregation: str = "") -> Table:
    return Table(
        id="t",
        hit_policy=policy,
        aggregation=aggregation,
        inputs=(InputColumn(label="km", expression="km", type="number"),),
        outputs=(OutputColumn(name="out", default="0"),),
        notes=(),
        rules=(
            Rule(1, "r1", ("< 5",), ("1",), ()),
            Rule(2, "r2", ("< 9",), ("2",), ()),
        ),
    )


RECORD: dict[str, Any] = {
    "decision": "d",
    "element": "t",
    "inputs": [{"expression": "km", "value": Decimal("3.5")}],
    "cells": ["T", "T"],
    "matched": [1, 2],
    "value": {"a": "b"},
}


@pytest.mark.parametrize(
    ("policy", "wanted"),
    [("COLLECT", ["lit", "lit"]), ("FIRST", ["lit", "also"])],
)
def test_rules_are_lit_as_the_hit_policy_says(policy: str, wanted: list[str]) -> None:
    sheet = build_sheet(make(policy=policy), caption="d", record=RECORD)
    assert [row.light for row in sheet.rows] == wanted
    assert [head.given for head in sheet.heads] == ["3.5", ""]
    assert sheet.answer == '{a: "b"}'
    assert sheet.default == "0"


def test_a_shortened_explanation_lights_rows_without_cells() -> None:
    explanation = {
        "inputs": "digest",
        "tables": [{"decision": "d", "matched": [2]}],
        "shortened": True,
    }
    record = find_record(explanation, owner="d", table=make())
    sheet = build_sheet(make(), caption="d", record=record)
    assert [row.light for row in sheet.rows] == ["", "lit"]
    assert [row.cells[0].verdict for row in sheet.rows] == ["", ""]


def test_the_last_evaluation_of_a_table_is_the_one_shown() -> None:
    tables = [{**RECORD, "matched": [1]}, {**RECORD, "matched": [2]}]
    found = find_record({"tables": tables}, owner="d", table=make())
    assert found is not None
    assert found["matched"] == [2]
    assert find_record({"tables": tables}, owner="other", table=make()) is None


def test_a_rare_hit_is_never_called_none() -> None:
    hits = Hits(evaluations=1000, by_rule={1: 996, 2: 4})
    sheet = build_sheet(make(), caption="d", hits=hits)
    labels = [row.hits.label for row in sheet.rows if row.hits]
    assert labels == ["996 · 100 %", "4 · under 1 %"]


def test_nothing_asked_shows_no_column_of_hits() -> None:
    assert not build_sheet(make(), caption="d", hits=Hits()).has_hits


def test_the_mark_tells_policy_and_aggregation() -> None:
    sheet = build_sheet(make(policy="COLLECT", aggregation="SUM"), caption="d")
    assert sheet.mark == "C+"
    assert sheet.policy.endswith("in any order; added up")


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(None, "null"), ("x", '"x"'), (True, "true"), ([1, "a"], '[1, "a"]')],
)
def test_stored_values_are_written_as_feel(value: object, wanted: str) -> None:
    assert write_json(value) == wanted
