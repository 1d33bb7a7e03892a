"""Differences by kind of value, and corrections held to a form's schema."""

from decimal import Decimal

import pytest

from review.forms.corrections import Correction
from review.views.tasks.changes import add_before, build_fields, compare_rounds
from review.views.tasks.differences import diff_values, measure


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (Decimal("4100.00"), Decimal("4312.00"), "+212 (+5.2 %)"),
        (Decimal("0.39"), Decimal("0.37"), "\N{MINUS SIGN}0.02 (\N{MINUS SIGN}5.1 %)"),
        (0, 5, "+5"),
        (1, 1000, "+999"),
        ("2026-01-05", "2026-01-08", "+3 days"),
        ("2026-01-05", "2026-01-04", "-1 day"),
        ("2026-13-05", "2026-01-04", ""),
        (True, False, ""),
        ("a", "b", ""),
        (1, 1, ""),
    ],
)
def test_distance_is_said_for_numbers_and_days(
    old: object, new: object, said: str
) -> None:
    assert measure(old, new) == said


def test_texts_differ_by_words_and_lists_by_items() -> None:
    old, new = diff_values("Noordzee Transport B.V.", "Noordzee Logistics B.V.")
    assert [run.text for run in old if run.changed] == ["Transport"]
    assert [run.text for run in new if run.changed] == ["Logistics"]
    old, new = diff_values([1, 2, 2], [2, 3])
    assert [run.text for run in old if run.changed] == ["1", "2"]
    assert [run.text for run in new if run.changed] == ["3"]


def test_fields_tell_what_was_before_what_is_and_what_is_proposed() -> None:
    payload = {"name": "Ada", "amount": 7, "confidence": Decimal("0.5")}
    fields = build_fields(
        payload, proposal={"amount": 9}, labels={"amount": "Sum"}, order=["amount"]
    )
    assert [(f.label, f.is_changed, f.distance) for f in fields] == [
        ("Sum", True, "+2 (+28.6 %)"),
        ("Name", False, ""),
    ]
    edited = add_before(fields, {"name": "Adam", "amount": 7})
    assert [bool(field.before) for field in edited] == [False, True]
    compared = compare_rounds(fields, {"name": "Adam", "amount": 7})
    assert [(f.name, f.is_changed) for f in compared] == [
        ("name", True),
        ("amount", False),
    ]


SCHEMA = {"type": "number", "minimum": 0, "maximum": 100}


@pytest.mark.parametrize(
    ("value", "schema", "text", "read"),
    [
        (Decimal(5), SCHEMA, "7.5", Decimal("7.5")),
        (None, {"type": ["integer", "null"]}, "", None),
        (3, {"type": "integer"}, "4", 4),
        (True, {"type": "boolean"}, "no", False),
        ("EUR", {"enum": ["EUR", "USD"]}, "USD", "USD"),
        (None, {}, "12", Decimal(12)),
        ("x", {}, " y ", " y "),
    ],
)
def test_correction_has_the_type_of_the_form(
    value: object, schema: dict[str, object], text: str, read: object
) -> None:
    assert Correction("/x", "Sum", value, schema).read(text) == read


@pytest.mark.parametrize(
    ("value", "schema", "text", "sentence"),
    [
        (Decimal(5), SCHEMA, "101", "Sum must be at most 100."),
        (3, {"type": "integer"}, "4.5", "Sum must be a whole number."),
        ("EUR", {"enum": ["EUR", "USD"]}, "GBP", "Sum must be one of EUR, USD."),
        (
            "a",
            {"type": "string", "minLength": 3},
            "ab",
            "Sum must have at least 3 characters.",
        ),
        (Decimal(5), SCHEMA, "NaN", "Sum: “NaN” is no plain number."),
        (Decimal(5), SCHEMA, "", "Sum: “” is no number; write it like 1234.50."),
        (True, {}, "perhaps", "Sum: write yes or no."),
    ],
)
def test_correction_that_the_form_forbids_is_said_in_one_sentence(
    value: object, schema: dict[str, object], text: str, sentence: str
) -> None:
    with pytest.raises(ValueError, match="Sum") as caught:
        Correction("/x", "Sum", value, schema).read(text)
    assert str(caught.value) == sentence


def test_correction_offers_what_may_be_chosen() -> None:
    assert Correction("/x", "Sum", value=True).options == ["yes", "no"]
    choice = Correction("/x", "Sum", "GBP", {"enum": ["EUR"]})
    assert choice.options == ["EUR", "GBP"]
    assert Correction("/x", "Day", "", {"format": "date"}).input_type == "date"
