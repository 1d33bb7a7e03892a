"""Incidents of one fault are one group, whatever they name."""

import datetime as dt
from dataclasses import replace

import pytest

from review.core.incident_groups import (
    By,
    Fault,
    draw_hours,
    group_faults,
    normalize_message,
    say_outcome,
)

NOW = dt.datetime(2026, 3, 2, 12, 30, tzinfo=dt.UTC)
FAULT = Fault(
    id=1,
    is_open=True,
    code="TimeoutError",
    message="No answer for case 17 after 30 s",
    handler="credit.check",
    definition="loan",
    node="check",
    opened_at=NOW,
)


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        ("No answer for case 17 after 30.5 s", "No answer for case [n] after [n] s"),
        ("KeyError: 'amount_eur'", "KeyError: [text]"),
        ("Loan LN-2041 is unknown", "Loan [id] is unknown"),
        (
            "Row 0d7c9c1e-59a2-4e6f-9b3f-3f1d1d8c7a10 is gone",
            "Row [id] is gone",
        ),
        (
            "POST https://bank.example/v1/x?id=4 failed: 503",
            "POST [address] failed: [n]",
        ),
        ("Closed since 2026-03-02T10:00:00+01:00", "Closed since [time]"),
        ("Mail to jan@bank.example bounced", "Mail to [mail] bounced"),
        ("digest deadbeef00112233 differs", "digest [id] differs"),
        ("Only the first line\n  at frame 7", "Only the first line"),
        ("Its effaced facade stays", "Its effaced facade stays"),
        ("", ""),
    ],
)
def test_message_keeps_words_and_loses_names(message: str, wanted: str) -> None:
    assert normalize_message(message) == wanted


def test_faults_of_one_error_are_one_group_across_steps() -> None:
    other = replace(
        FAULT, id=2, message="No answer for case 9 after 31 s", node="recheck"
    )
    (group,) = group_faults([FAULT, other], by=By.ERROR, now=NOW)
    assert group.ids == [1, 2]
    assert group.message == "No answer for case [n] after [n] s"
    assert dict(group.places) == {("loan", "check"): 1, ("loan", "recheck"): 1}


@pytest.mark.parametrize(
    "change", [{"code": "X"}, {"handler": "x"}, {"message": "X y"}]
)
def test_another_error_is_another_group(change: dict[str, str]) -> None:
    other = replace(FAULT, id=2, **change)  # type: ignore[arg-type]
    assert len(group_faults([FAULT, other], by=By.ERROR, now=NOW)) == 2


def test_grouping_by_step_puts_errors_of_a_step_together() -> None:
    other = replace(FAULT, id=2, code="KeyError", message="'x'")
    elsewhere = replace(FAULT, id=3, node="book")
    groups = group_faults([FAULT, other, elsewhere], by=By.STEP, now=NOW)
    assert [(one.node, one.count) for one in groups] == [("check", 2), ("book", 1)]
    assert len(groups[0].faults) == 2


def test_resolved_faults_count_in_the_hours_and_nowhere_else() -> None:
    before = NOW - dt.timedelta(hours=3, minutes=5)
    gone = replace(FAULT, id=2, is_open=False, opened_at=before)
    old = replace(FAULT, id=3, is_open=False, opened_at=NOW - dt.timedelta(hours=24))
    alone = replace(FAULT, id=4, is_open=False, code="Else")
    (group,) = group_faults([gone, old, FAULT, alone], by=By.ERROR, now=NOW)
    assert (group.ids, group.rate) == ([1], 2)
    assert (group.hours[-1], group.hours[-4]) == (1, 1)
    assert (group.first_at, group.last_at) == (NOW, NOW)


def test_the_largest_group_comes_first_and_keys_stay() -> None:
    many = [replace(FAULT, id=n, code="Many") for n in range(2, 5)]
    groups = group_faults([FAULT, *many], by=By.ERROR, now=NOW)
    assert [one.count for one in groups] == [3, 1]
    again = group_faults([*reversed(many), FAULT], by=By.ERROR, now=NOW)
    assert [one.key for one in again] == [one.key for one in groups]


def test_bars_stand_on_the_ground_and_small_ones_are_seen() -> None:
    bars = draw_hours([0, 100, 1], width=30, height=20)
    assert [(one.x, one.y, one.height) for one in bars] == [
        ("10", "0", "20"),
        ("20", "18", "2"),
    ]


@pytest.mark.parametrize(
    ("done", "proposed", "refusals", "wanted"),
    [
        (41, 0, [], "41 retried."),
        (
            41,
            0,
            [
                "Incident 7 has been resolved already.",
                "Incident 8 has been resolved already.",
            ],
            "41 retried, 2 refused because: Incident [n] has been resolved already.",
        ),
        (0, 3, [], "3 proposed to a second person."),
        (0, 0, ["A.", "B."], "2 refused because: A (and one more reason)."),
        (0, 0, [], "0 retried."),
    ],
)
def test_outcome_is_said_in_one_sentence(
    done: int, proposed: int, refusals: list[str], wanted: str
) -> None:
    said = say_outcome(done=done, proposed=proposed, refusals=refusals, verb="retried")
    assert said == wanted
