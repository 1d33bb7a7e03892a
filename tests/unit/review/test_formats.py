"""What pages say: JSON as people edit it, confidence in words, a history without noise."""

import itertools
import json
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.views.evidence.entries import fold_ahead
from review.views.formats import confidence_bar, dump_json, format_impact
from review.views.tasks.why import explain_why

NUMBERS = st.integers(-(10**12), 10**12) | st.decimals(
    allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.text(max_size=8) | NUMBERS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(VALUES)
def test_json_that_is_handed_in_unchanged_is_unchanged(value: object) -> None:
    assert json.loads(dump_json(value), parse_float=Decimal) == value


def test_decimals_are_shown_as_numbers() -> None:
    assert dump_json({"rate": Decimal("3.50")}) == '{\n  "rate": 3.5\n}'


@pytest.mark.parametrize(
    ("confidence", "band", "title"),
    [
        ("0.5999", "Low", "Confidence 59 %"),
        ("0.6", "Medium", "Confidence 60 %"),
        ("0.8499", "Medium", "Confidence 84 %"),
        ("0.85", "High", "Confidence 85 %"),
        ("1", "High", "Confidence 100 %"),
    ],
)
def test_confidence_is_a_band_and_never_rounded_into_the_next(
    confidence: str, band: str, title: str
) -> None:
    bar = confidence_bar(Decimal(confidence))
    assert bar is not None
    assert (bar.label, bar.title) == (band, title)
    why = {"grid": "desk", "answer": "REVIEW"}
    (said,) = explain_why(why, confidence=Decimal(confidence), impact=Decimal(900))
    assert (
        said
        == f"{band.lower()} confidence \N{MULTIPLICATION SIGN} impact 900 = REVIEW (desk)"
    )


def test_without_a_confidence_the_reason_says_so() -> None:
    (said,) = explain_why({"grid": "desk"}, confidence=None, impact=None)
    assert said.startswith("no confidence \N{MULTIPLICATION SIGN} impact unknown")


def _fold(*entries: tuple[str, str]) -> list[str]:
    """Fold entries (kind, actor) of one step; a "!" marks what was held ahead."""
    numbers = itertools.count(1)
    rows: list[Any] = [
        SimpleNamespace(
            id=next(numbers),
            kind=kind.removesuffix("!"),
            actor=actor,
            step_id=7,
            entry=json.dumps({"detail": {"ahead": kind.endswith("!")}}),
        )
        for kind, actor in entries
    ]
    return [f"{row.kind} {row.actor}" for row in fold_ahead(rows)]


def test_what_was_taken_ahead_is_told_only_where_it_was_worked_on() -> None:
    ahead, back = "task.claimed_ahead", "task.released!"
    assert _fold(("task.opened", "e"), (ahead, "a"), (back, "a")) == ["task.opened e"]
    assert _fold((ahead, "a"), ("task.begun", "a")) == ["task.begun a"]
    lapsed = _fold((ahead, "a"), ("task.claimed", "b"), ("task.released", "b"))
    assert lapsed == ["task.claimed b", "task.released b"]
    seat = _fold((ahead, "a"), (ahead, "b"), ("verdict.submitted", "a"), (back, "b"))
    assert seat == [f"{ahead} a", "verdict.submitted a"]


@pytest.mark.parametrize(
    ("impact", "shown"),
    [
        (None, ""),
        (Decimal("15231.2"), "15,231.20"),
        (Decimal("15231.20"), "15,231.20"),
        (Decimal("90.00"), "90"),
        (Decimal("0.125"), "0.125"),
    ],
)
def test_impact_is_written_as_money_is(impact: Decimal | None, shown: str) -> None:
    assert format_impact(impact) == shown
