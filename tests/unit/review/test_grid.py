"""Confidence and impact as they come, and what the grid's answer then means."""

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.core.policies.grid import (
    Reading,
    put_to_grid,
    read_confidence,
    read_impact,
    settle,
    without_grid,
)
from review.core.states import Control

SURE = Reading(Decimal("0.99"))
SMALL = Reading(Decimal(100))


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (0, "0"),
        (1, "1"),
        (Decimal("0.97"), "0.97"),
        (0.97, "0.97"),
        (1.0, "1.0"),
        (Decimal("0.9500"), "0.9500"),
    ],
)
def test_plain_numbers_from_0_to_1_are_read(value: object, number: str) -> None:
    assert read_confidence(value) == Reading(Decimal(number))


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (math.nan, "Confidence is NaN, not a number."),
        (Decimal("NaN"), "Confidence is NaN, not a number."),
        (Decimal("sNaN"), "Confidence is NaN, not a number."),
        (math.inf, "Confidence is infinite."),
        (-math.inf, "Confidence is infinite."),
        (Decimal("Infinity"), "Confidence is infinite."),
        (None, "Confidence is missing."),
        ("0.99", 'Confidence is the text "0.99", not a number.'),
        ("", 'Confidence is the text "", not a number.'),
        (True, "Confidence is true, not a number."),
        (False, "Confidence is false, not a number."),
        (1.2, "Confidence is 1.2, outside 0 to 1."),
        (Decimal("1.0000001"), "Confidence is 1.0000001, outside 0 to 1."),
        (-0.1, "Confidence is -0.1, outside 0 to 1."),
        (-0.0, "Confidence is negative zero."),
        (Decimal("-0"), "Confidence is negative zero."),
        ({"value": 1}, "Confidence is a dict, not a number."),
        ([], "Confidence is a list, not a number."),
    ],
)
def test_anything_else_is_named(value: object, sentence: str) -> None:
    assert read_confidence(value) == Reading(None, sentence)


@pytest.mark.parametrize("value", [-1, "10", None, math.nan, Decimal("-0"), True])
def test_unusable_impact_is_named(value: object) -> None:
    reading = read_impact(value)
    assert reading.value is None
    assert reading.problem.startswith("Impact is ")


def test_impact_has_no_upper_end() -> None:
    assert read_impact(10**30).value == Decimal(10) ** 30


def test_unusable_confidence_is_put_as_none_at_all() -> None:
    unsure = read_confidence("0.99")
    assert put_to_grid(confidence=unsure, impact=SMALL) == (Decimal(0), Decimal(100))
    assert put_to_grid(confidence=SURE, impact=read_impact(None)) is None


@pytest.mark.parametrize("word", list(Control))
def test_usable_inputs_follow_the_grid(word: Control) -> None:
    ruling = settle(
        answer=word.value.lower(), confidence=SURE, impact=SMALL, dual=False
    )
    assert (ruling.control, ruling.reasons) == (word, ())


@pytest.mark.parametrize("answer", ["AUTO", "yes", "", 1, True, None, ["auto"]])
def test_unknown_answers_lead_to_two_persons(answer: object) -> None:
    ruling = settle(answer=answer, confidence=SURE, impact=SMALL, dual=False)
    assert ruling.control is Control.DUAL
    assert "auto, review, dual or block" in ruling.reasons[0]


def test_no_grid_lets_a_confidence_of_0_pass() -> None:
    ruling = settle(
        answer="auto", confidence=read_confidence(0), impact=SMALL, dual=False
    )
    assert ruling.control is Control.REVIEW
    assert "Confidence is 0" in ruling.reasons[0]


def test_step_may_raise_one_person_to_two_but_not_wake_anybody() -> None:
    review = settle(answer="review", confidence=SURE, impact=SMALL, dual=True)
    auto = settle(answer="auto", confidence=SURE, impact=SMALL, dual=True)
    assert (review.control, auto.control) == (Control.DUAL, Control.AUTO)


def test_without_a_grid_people_decide() -> None:
    assert without_grid(dual=False).control is Control.REVIEW
    assert without_grid(dual=True).control is Control.DUAL


ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.text(),
    st.integers(),
    st.floats(),
    st.decimals(allow_nan=True, allow_infinity=True),
    st.lists(st.integers(), max_size=2),
)


@given(ANYTHING, ANYTHING, st.sampled_from(["auto", "review", "dual", "block", "?"]))
def test_doubt_never_decides_without_people(
    confidence: object, impact: object, answer: str
) -> None:
    readings = read_confidence(confidence), read_impact(impact)
    ruling = settle(
        answer=answer, confidence=readings[0], impact=readings[1], dual=False
    )
    if any(reading.value is None for reading in readings) or answer == "?":
        assert ruling.control in {Control.REVIEW, Control.DUAL}
        assert ruling.reasons
