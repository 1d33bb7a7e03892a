"""By which variables instances are found: what is declared, kept and refused."""

import datetime as dt
from decimal import Decimal

import pytest

from tests.unit.bpmn.models import HEAD
from workflows.bpmn import read_bpmn
from workflows.core.bpmn.problems import BpmnError
from workflows.core.searching import (
    LONGEST,
    SearchableError,
    SearchKind,
    Value,
    list_values,
    read_number,
    read_searchable,
)

DECLARED = read_searchable("country, amount:number, order.due:date urgent:flag")


def test_declaration_names_paths_with_types_and_text_where_none_is_said() -> None:
    assert [(one.name, one.kind) for one in DECLARED] == [
        ("country", SearchKind.TEXT),
        ("amount", SearchKind.NUMBER),
        ("order.due", SearchKind.DATE),
        ("urgent", SearchKind.FLAG),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a a", "declared twice"),
        ("a:money", "names no type"),
        ("items.*.price:number", "one value each"),
        ("*", "begins with one"),
        (" ".join(f"v{n}" for n in range(21)), "20 is the most"),
        ("x" * 101, "longer than 100"),
    ],
)
def test_declaration_that_cannot_be_followed_is_refused(
    text: str, message: str
) -> None:
    with pytest.raises(SearchableError, match=message):
        read_searchable(text)


def test_values_are_kept_by_their_kind() -> None:
    variables = {
        "country": "  The   NETHERLANDS ",
        "amount": Decimal("12.5"),
        "order": {"due": "2026-02-01"},
        "urgent": True,
        "other": "not declared",
    }
    assert list(list_values(variables, DECLARED)) == [
        Value("country", text="the netherlands"),
        Value("amount", number=Decimal("12.5")),
        Value("order.due", moment=dt.datetime(2026, 2, 1, tzinfo=dt.UTC)),
        Value("urgent", text="true"),
    ]


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"country": None, "amount": "12", "order": "x", "urgent": "yes"},
        {"country": ["a"], "amount": True, "order": {"due": "soon"}, "urgent": 1},
        {"amount": Decimal("1e26")},
        {"amount": Decimal("NaN")},
    ],
)
def test_what_is_of_another_type_or_has_no_room_is_not_kept(
    variables: dict[str, object],
) -> None:
    assert list(list_values(variables, DECLARED)) == []


def test_long_texts_are_cut_and_numbers_rounded_as_they_are_kept() -> None:
    (kept,) = list_values({"country": "Ä" * 300}, DECLARED)
    assert kept.text == "ä" * LONGEST
    (number,) = list_values({"amount": Decimal(1) / 3}, DECLARED)
    assert number.number == Decimal("0.333333333333")
    assert read_number(" 7 ") == 7
    assert read_number("seven") is None


def refusals(words: str) -> list[str]:
    body = (
        f'\n\n<process id="p" isExecutable="true" {words}>'
        '<startEvent id="s"/></process></definitions>'
    )
    try:
        read_bpmn((HEAD + body).encode(), source="p.bpmn")
    except BpmnError as error:
        return [str(one) for one in error.problems]
    return []


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ('cs:personal="name" cs:searchable="name"', "name"),
        ('cs:personal="who.name" cs:searchable="who"', "who"),
        ('cs:personal="who" cs:searchable="who.age:number"', "who.age"),
        ('cs:personal="list.*.name" cs:searchable="list.first.name"', "list.first"),
        ('cs:subject="client" cs:searchable="client"', "client"),
        ('cs:searchable="check.rationale"', "check.rationale"),
    ],
)
def test_personal_values_are_refused_with_their_place(words: str, name: str) -> None:
    (refusal,) = refusals(words)
    assert refusal.startswith(f"p.bpmn:3: p: cs:searchable: '{name}")
    assert "personal" in refusal


def test_values_beside_personal_ones_may_be_searched_by() -> None:
    words = 'cs:personal="who.name" cs:subject="businessKey"'
    assert refusals(f'{words} cs:searchable="who.country, amount:number"') == []
    (refusal,) = refusals('cs:searchable="a:money"')
    assert "cs:searchable: 'a:money' names no type" in refusal
