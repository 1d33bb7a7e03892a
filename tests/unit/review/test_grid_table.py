"""A queue's grid as rows: read, checked, compiled, exported, drawn."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from review.core.policies.grid import Reading, put_to_grid, read_answer, settle
from review.core.policies.grid_matrix import build_matrix
from review.core.policies.grid_table import (
    Grid,
    GridBody,
    GridRules,
    check_grid,
    list_names,
    list_remarks,
    read_grid,
    to_dmn,
)
from review.core.states import Control, Reveal
from workflows.core.dmn import read_dmn

BODY: dict[str, Any] = {
    "inputs": [{"expression": "order.country", "type": "string"}],
    "rows": [
        {"impact": ">= 1000000", "control": "block"},
        {"impact": ">= 10000", "control": "dual", "reveal": "VERDICT_FIRST"},
        {"confidence": ">= 0.95", "tests": ['"NL"'], "control": "Auto"},
        {"confidence": "[0.8..0.95)", "control": "review", "reveal": "assist"},
        {"control": "review", "note": "<everything> & else"},
    ],
}


def grid(body: object = BODY) -> GridBody:
    found, faults = read_grid(body)
    assert found is not None, faults
    return found


def ask(
    body: object, confidence: str, impact: str, **variables: object
) -> tuple[object, ...]:
    value = Grid(grid(body)).answer({
        **variables,
        "confidence": Decimal(confidence),
        "impact": Decimal(impact),
    })
    return read_answer(value)


@pytest.mark.parametrize(
    ("confidence", "impact", "country", "answer"),
    [
        ("0.99", "5", "NL", ("auto", "on request")),
        ("0.99", "5", "FR", ("review", "on request")),
        ("0.80", "5", "NL", ("review", "assist")),
        ("0.99", "10000", "NL", ("dual", "verdict first")),
        ("0.99", "1000000", "NL", ("block", "on request")),
    ],
)
def test_first_row_that_matches_decides(
    confidence: str, impact: str, country: str, answer: tuple[str, str]
) -> None:
    assert ask(BODY, confidence, impact, order={"country": country}) == answer


def test_exported_file_is_the_table_that_decides() -> None:
    body = grid()
    model = read_dmn(to_dmn(body, name='A "grid" & more').encode())
    asked = {
        "confidence": Decimal("0.97"),
        "impact": Decimal(3),
        "order": {"country": "NL"},
    }
    assert model.evaluate("grid", asked).value == Grid(body).answer(asked)
    assert list_names(body) == ("order",)
    table = model.tables[0]
    assert (table.hit_policy, len(table.rows)) == ("FIRST", 5)


def test_stored_form_is_one_however_it_was_written() -> None:
    rules = GridRules()
    stored = rules.normalize(BODY)
    assert rules.normalize(stored) == stored
    assert stored["rows"][1]["reveal"] == "verdict first"
    assert stored["rows"][2] == {
        "confidence": ">= 0.95",
        "impact": "-",
        "tests": ['"NL"'],
        "control": "auto",
        "reveal": "on request",
        "note": "",
    }


@pytest.mark.parametrize(
    ("change", "place", "sentence"),
    [
        ({"rows": []}, ("rows",), "at least one row"),
        ({"rows": [{"control": "maybe"}]}, ("rows", 0, "control"), "Row 1: the contr"),
        (
            {"rows": [{"control": "dual", "reveal": "later"}]},
            ("rows", 0, "reveal"),
            "none of assist, on request, verdict first",
        ),
        (
            {"rows": [{"control": "review"}, {"impact": ">= ", "control": "dual"}]},
            ("rows", 1, "impact"),
            "Row 2, Impact: expected a value",
        ),
        ({"inputs": [{"expression": "a ("}]}, ("inputs", 0, "expression"), "Input 1:"),
        (
            {"inputs": [{"expression": "impact"}]},
            ("inputs", 0, "expression"),
            "asks for impact already",
        ),
        ({"inputs": [{"expression": "a", "type": "x"}]}, ("inputs", 0, "type"), "'x'"),
        # Promise 14: nothing passes without people for want of a confidence.
        ({"rows": [{"control": "auto"}]}, ("rows", 0, "confidence"), "auto needs"),
        (
            {"rows": [{"confidence": "< 0.9", "control": "auto"}]},
            ("rows", 0, "confidence"),
            "auto needs",
        ),
        (
            {"rows": [{"confidence": ">= limit", "control": "auto"}]},
            ("rows", 0, "confidence"),
            "auto needs",
        ),
    ],
)
def test_fault_names_its_place(
    change: dict[str, Any], place: tuple[object, ...], sentence: str
) -> None:
    body = {"rows": [{"control": "review"}], **change}
    faults = check_grid(grid(body))
    assert [fault.place for fault in faults] == [place]
    assert sentence in faults[0].message


@pytest.mark.parametrize(
    "body",
    [None, [], {}, {"rows": {}}, {"rows": [1]}, {"rows": [{"control": 1}]},
     {"rows": [{"tests": ["-"], "control": "dual"}]}, {"rows": [], "inputs": [3]}],
)  # fmt: skip
def test_body_of_another_shape_is_no_grid(body: object) -> None:
    found, faults = read_grid(body)
    assert found is None
    assert faults[0].message.endswith(".")
    assert GridRules().check(body) == faults


def test_numbers_that_no_cell_tells_apart_are_one_class() -> None:
    found = Grid(grid())
    assert found.paths == (("order", "country"),)

    def place(confidence: str, impact: str) -> tuple[object, object]:
        return found.classify(Decimal(confidence), Decimal(impact))

    assert place("0.81", "5") == place("0.94", "9999")
    assert len({place(c, "5") for c in ("0.7", "0.8", "0.9", "0.95", "0.96")}) == 5
    assert len({place("1", i) for i in ("9999", "10000", "10001", "1000000")}) == 4
    loose = Grid(grid({"rows": [{"impact": "> limit", "control": "dual"}]}))
    assert loose.paths == (("limit",),)
    assert loose.classify(Decimal(0), Decimal(7)) == ((0, 0), Decimal(7))
    mixed = {"inputs": [{"expression": "impact * rate"}], "rows": [{"control": "dual"}]}
    crossed = Grid(grid(mixed))
    assert crossed.paths == (("rate",),)
    assert crossed.classify(Decimal(0), Decimal(7)) == (Decimal(0), Decimal(7))


NUMBERS = st.decimals(0, 1, allow_nan=False, places=3)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(NUMBERS, st.integers(0, 50), st.sampled_from(list(Control))),
        min_size=1,
        max_size=5,
    ),
    impact=st.integers(0, 60),
)
def test_no_sound_grid_lets_a_case_without_confidence_pass(
    rows: list[tuple[Decimal, int, Control]], impact: int
) -> None:
    body = grid({
        "rows": [
            {"confidence": f">= {sure}", "impact": f"< {most}", "control": word.lower()}
            for sure, most, word in rows
        ]
    })
    if check_grid(body):
        return
    missing, stake = Reading(None, "Confidence is missing."), Reading(Decimal(impact))
    inputs = put_to_grid(confidence=missing, impact=stake)
    assert inputs is not None
    answer, _ = read_answer(
        Grid(body).answer({"confidence": inputs[0], "impact": inputs[1]})
    )
    ruling = settle(answer=answer, confidence=missing, impact=stake, dual=False)
    assert ruling.control in {Control.REVIEW, Control.DUAL}


def test_reveal_mode_comes_with_the_ruling() -> None:
    sure, stake = Reading(Decimal("0.9")), Reading(Decimal(1))

    def rule(reveal: object) -> tuple[Reveal, int]:
        found = settle(
            answer="review", confidence=sure, impact=stake, dual=False, reveal=reveal
        )
        return found.reveal, len(found.reasons)

    assert rule("assist") == (Reveal.ASSIST, 0)
    assert rule("VERDICT_FIRST") == (Reveal.VERDICT_FIRST, 0)
    assert rule(None) == (Reveal.ON_REQUEST, 0)
    assert rule("later") == (Reveal.ON_REQUEST, 1)


def test_linter_tells_of_gaps_and_of_rows_without_effect() -> None:
    gap = grid({"rows": [{"confidence": "> 0.5", "control": "review"}]})
    [(rows, sentence)] = list_remarks(gap)
    assert rows == ()
    assert sentence.endswith("such cases go to two persons.")
    masked = grid({
        "rows": [{"control": "review"}, {"impact": "> 5", "control": "dual"}]
    })
    assert list_remarks(masked) == [((1,), "Earlier rows always win over row 2.")]
    assert list_remarks(grid()) == []


def test_matrix_has_the_bands_that_the_tests_cut() -> None:
    found = build_matrix(grid())
    assert [band.label for band in found.confidence] == [
        "0.95 and above",
        "from 0.8 to below 0.95",
        "below 0.8",
    ]
    assert [band.label for band in found.impact] == [
        "below 10,000",
        "from 10,000 to below 1,000,000",
        "1,000,000 and above",
    ]
    first = found.cells[0][0]
    assert (first.row, first.control, first.maybe) == (5, "review", (3,))
    assert [cell.control for cell in found.cells[1]] == ["review", "dual", "block"]
    assert not found.is_partial


def test_matrix_of_one_row_is_one_cell() -> None:
    found = build_matrix(grid({"rows": [{"control": "review"}]}))
    assert [band.label for band in (*found.confidence, *found.impact)] == ["any", "any"]
    assert [[cell.row for cell in line] for line in found.cells] == [[1]]


def test_matrix_shows_where_no_row_answers_and_what_it_cannot_know() -> None:
    body = {"rows": [{"confidence": "> 0.5", "impact": "> limit", "control": "dual"}]}
    found = build_matrix(grid(body))
    assert found.is_partial
    assert [cell.row for line in found.cells for cell in line] == [None, None]
    assert found.cells[0][0].maybe == (1,)
