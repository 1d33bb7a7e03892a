"""Reason codes as a policy: what is sound, and what a change of them loses."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.core.policies.reason_policy import (
    DECISIONS,
    Reason,
    ReasonRules,
    read_reasons,
)
from review.core.policies.reason_preview import Given, preview_reasons
from review.core.states import Decision

CODES = st.sampled_from(["late", "unproven", "misread", "double"])
TEXTS = st.text(
    st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=9
)
REASONS = st.builds(
    Reason,
    code=CODES,
    label=TEXTS,
    decision=st.sampled_from(list(DECISIONS.values())),
    policy=st.one_of(st.just(""), TEXTS),
    text=st.one_of(st.just(""), TEXTS),
    needs_words=st.booleans(),
    is_retired=st.booleans(),
)
LISTS = st.lists(REASONS, max_size=4, unique_by=lambda one: one.code)


@given(LISTS)
def test_list_comes_back_from_its_one_form(reasons: list[Reason]) -> None:
    rules = ReasonRules()
    body = {"rows": [one.to_row() for one in reasons]}
    assert not rules.check(body)
    assert rules.normalize(body) == body
    assert read_reasons(body) == tuple(reasons)


@given(LISTS, LISTS, st.dictionaries(CODES, st.integers(0, 50)))
def test_every_code_that_was_given_is_kept_lost_or_merged(
    before: list[Reason], after: list[Reason], counts: dict[str, int]
) -> None:
    found = preview_reasons(
        before=before,
        after=after,
        given={code: Given(count) for code, count in counts.items()},
        weeks=4,
    )
    codes = [one.code for one in found.figures]
    assert sorted(codes) == sorted({one.code for one in [*before, *after]})
    lost = sum(one.given.times for one in found.lost)
    retired = sum(
        one.given.times
        for one in found.figures
        if not one.is_offered and not one.is_lost
    )
    kept = sum(found.count_then(one) for one in found.figures)
    assert kept + lost + retired == found.total


def row(**words: str) -> dict[str, str]:
    return {"code": "late", "label": "Too late", "decision": "reject", **words}


@pytest.mark.parametrize(
    ("rows", "place", "said"),
    [
        ([row(code="")], ("rows", 0, "code"), "1 to 60"),
        ([row(code="too late")], ("rows", 0, "code"), "joined by hyphens"),
        ([row(label="")], ("rows", 0, "label"), "what the list shows"),
        ([row(decision="maybe")], ("rows", 0, "decision"), "one of approve"),
        ([row(words="perhaps")], ("rows", 0, "words"), "yes, or nothing"),
        ([row(policy="x" * 2001)], ("rows", 0, "policy"), "2,000"),
        ([row(), row()], ("rows", 1, "code"), "stands above"),
        ([row(instead="other")], ("rows", 0, "instead"), "only what is retired"),
        ([row(retired="yes", instead="x")], ("rows", 0, "instead"), "not offered"),
        (
            [row(retired="yes", instead="b"), row(code="b", decision="approve")],
            ("rows", 0, "instead"),
            "b is for approve",
        ),
    ],
)
def test_faults_name_their_cell(
    rows: list[dict[str, Any]], place: tuple[object, ...], said: str
) -> None:
    faults = ReasonRules().check({"rows": rows})
    assert [fault.place for fault in faults] == [place]
    assert said in faults[0].message


def test_merged_code_counts_with_its_successor() -> None:
    late = Reason("late", "Late", Decision.REJECT)
    slow = Reason("slow", "Slow", Decision.REJECT)
    gone = Reason("slow", "Slow", Decision.REJECT, is_retired=True, instead="late")
    found = preview_reasons(
        before=[late, slow],
        after=[late, gone],
        given={"late": Given(5, 40, 4), "slow": Given(3)},
        weeks=4,
    )
    assert [found.count_then(one) for one in found.figures] == [8, 0]
    assert [one.code for one in found.merged] == ["slow"]
    assert found.lost == ()
    error = found.figures[0].error
    assert error is not None
    assert error.share == pytest.approx(0.1)
