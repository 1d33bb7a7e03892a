"""Facets from plain words, selections and scopes as they are stored, sights in words."""

from __future__ import annotations

import datetime as dt
from uuid import UUID, uuid4

import pytest

from review.core.evidence.bundles import RangeRefused, read_range
from review.core.evidence.controls import Result, compare
from review.core.evidence.facets import Facets, UnreadableFacet, read_facets
from review.core.evidence.scopes import EVERYTHING, AuditScope, UnreadableScope
from review.core.evidence.selections import Selection, UnreadableSelection
from review.core.verdicts.sights import Span, list_sources, tell_model_view

CASE = UUID("018f3c1e-0000-7000-8000-00000000002a")


@pytest.mark.parametrize(
    ("text", "facets"),
    [
        ("", Facets()),
        (str(CASE), Facets(chain=CASE)),
        ("verdict.*", Facets(kind="verdict.*")),
        ("verdict.submitted", Facets(kind="verdict.submitted")),
        ("person:42", Facets(actor="person:42")),
        ("0a1b2c3d", Facets(hash="0a1b2c3d")),
        ("deadbeef", Facets(words="deadbeef")),
        ("LOAN-2026-000001", Facets(words="LOAN-2026-000001")),
        ("Ada Löwe", Facets(words="Ada Löwe")),
    ],
)
def test_the_one_box_is_understood(text: str, facets: Facets) -> None:
    assert read_facets({"q": text}) == facets


def test_days_are_whole_days_of_the_auditors_zone() -> None:
    found = read_facets({
        "since": "2026-03-29",
        "until": "2026-03-29",
        "zone": "Europe/Berlin",
    })
    assert found.since is not None
    assert found.until is not None
    # The clocks go forward that night: the day has 23 hours.
    assert found.until - found.since == dt.timedelta(hours=23)
    assert found.since == dt.datetime(2026, 3, 28, 23, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("name", "day", "zone"),
    [("since", "0001-01-01", "Asia/Tokyo"), ("until", "9999-12-31", "UTC")],
)
def test_days_at_the_ends_of_the_calendar_are_refused(
    name: str, day: str, zone: str
) -> None:
    with pytest.raises(UnreadableFacet) as refused:
        read_facets({name: day, "zone": zone})
    assert refused.value.name == name


def test_what_is_filled_in_wins_over_the_box() -> None:
    found = read_facets({"q": "verdict.*", "kind": "task.opened", "four_eyes": "no"})
    assert (found.kind, found.four_eyes) == ("task.opened", False)
    assert found.asks_tasks


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("kind", "Verdict!"),
        ("since", "yesterday"),
        ("since", "9999-99-01"),
        ("since", "0001-01-01"),
        ("until", "9999-12-30"),
        ("least", "NaN"),
        ("most", "much"),
        ("role", "BOSS"),
        ("overturned", "maybe"),
        ("zone", "Moon/Base"),
        ("found", "1e3"),
        ("queue", "q" * 201),
    ],
)
def test_a_facet_that_cannot_be_read_is_named(name: str, text: str) -> None:
    with pytest.raises(UnreadableFacet) as refused:
        read_facets({name: text})
    assert refused.value.name == name


def test_bounds_the_wrong_way_round_are_refused() -> None:
    with pytest.raises(UnreadableFacet):
        read_facets({"least": "5", "most": "4"})
    with pytest.raises(UnreadableFacet):
        read_facets({"since": "2026-02-02", "until": "2026-02-01"})


def test_a_selection_comes_back_as_it_was_stored() -> None:
    selection = Selection("sample", "Q1", {"plan": "7"}, (CASE, uuid4()))
    assert Selection.from_json(selection.to_json()) == selection
    for broken in ({}, {**selection.to_json(), "kind": "all"}, {"cases": ["x"]}):
        with pytest.raises(UnreadableSelection):
            Selection.from_json(broken)


def test_a_scope_comes_back_as_it_was_stored() -> None:
    begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    scope = AuditScope("Loans", ("loan",), ("desk",), begin, begin.replace(month=4))
    assert AuditScope.from_json(scope.to_json()) == scope
    assert scope.is_limited
    assert not AuditScope(matter="Everything", ends_at=begin).is_limited
    with pytest.raises(UnreadableScope):
        AuditScope(opened_from=begin, opened_until=begin).check()
    with pytest.raises(UnreadableScope):
        AuditScope.from_json({"opened_from": "2026-01-01T00:00:00"})


def test_limits_include_what_is_limited_no_less() -> None:
    begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    march = begin.replace(month=3)
    wide = AuditScope(
        "A", ("loan", "travel"), ("desk",), begin, begin.replace(year=2027)
    )
    for scope, is_within in (
        (wide, True),
        (AuditScope("B", ("loan",), ("desk",), march, begin.replace(month=4)), True),
        (AuditScope("", (), ("desk",), march, begin.replace(month=4)), False),
        (
            AuditScope("", ("loan",), ("desk", "senior"), march, wide.opened_until),
            False,
        ),
        (AuditScope("", ("loan",), ("desk",), None, wide.opened_until), False),
        (AuditScope("", ("loan",), ("desk",), begin, None), False),
    ):
        assert wide.includes(scope) is is_within, scope
        assert EVERYTHING.includes(scope)
    assert not wide.includes(EVERYTHING)


def test_a_range_of_more_digits_than_a_file_has_bytes_is_passed_over() -> None:
    assert read_range("bytes=2-4", size=10) == (2, 4)
    assert read_range(f"bytes={'9' * 5000}-", size=10) is None
    with pytest.raises(RangeRefused):
        read_range("bytes=10-", size=10)


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        ({"reveal": "ASSIST"}, "from the beginning"),
        ({"reveal": "VERDICT_FIRST"}, "until the verdict"),
        ({"reveal": "ON_REQUEST"}, "stayed hidden, for all 60 s"),
        (
            {"reveal": "ON_REQUEST", "revealed_at": "2026-01-01T00:00:34+00:00"},
            "at second 34 of 60",
        ),
        ({}, "not recorded"),
    ],
)
def test_when_the_models_view_was_in_sight_is_told(
    shown: dict[str, str], words: str
) -> None:
    begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    span = Span(1, begin, begin + dt.timedelta(minutes=1))
    assert words in tell_model_view(shown, span=span)


def test_sources_say_which_were_opened() -> None:
    shown = {"sources": {"b": "2", "a": "1"}, "sources_opened": ["b"]}
    assert list_sources(shown) == [("a", "1", False), ("b", "2", True)]


def test_own_decisions_are_compared_where_there_are_two() -> None:
    assert compare(Result.APPROVED, "APPROVED") is True
    assert compare(Result.REJECTED, "APPROVED") is False
    assert compare(Result.UNDECIDED, "APPROVED") is None
    assert compare(Result.APPROVED, None) is None
