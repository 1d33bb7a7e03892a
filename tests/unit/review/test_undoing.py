"""Until when a vote can be taken back, alone and beside others."""

import dataclasses
import datetime as dt
from typing import Any

import pytest

from review.core.states import Decision, Stage, TaskState
from review.core.verdicts.undoing import Vote, find_undo_until

AT = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
UNTIL = AT + dt.timedelta(seconds=8)
VOTE = Vote(Decision.APPROVE, 1, AT, was_held=True, is_undone=False)
BESIDE: dict[str, Any] = {
    "state": TaskState.OPEN,
    "stage": Stage.SECOND,
    "current_round": 1,
    "seats": 2,
    "undo_seconds": 8,
    "holds_task_until": None,
}


@pytest.mark.parametrize(
    "state",
    [TaskState.OPEN, TaskState.CLAIMED, TaskState.WAITING, TaskState.SETTLING],
)
def test_vote_beside_others_has_a_window_of_its_own(state: TaskState) -> None:
    assert find_undo_until(VOTE, **{**BESIDE, "state": state}) == UNTIL


def test_vote_that_holds_its_task_can_be_taken_back_until_the_release() -> None:
    later = UNTIL + dt.timedelta(seconds=5)
    edit = dataclasses.replace(VOTE, decision=Decision.EDIT_AND_APPROVE, round=2)
    for vote in (VOTE, edit):
        for seats in (1, 3):
            given = {**BESIDE, "state": TaskState.SETTLING, "seats": seats}
            given["holds_task_until"] = later
            assert find_undo_until(vote, **given) == later


@pytest.mark.parametrize(
    ("vote", "task"),
    [
        ({"is_undone": True}, {}),
        ({"was_held": False}, {}),
        ({"decision": Decision.ABSTAIN}, {"holds_task_until": UNTIL}),
        ({"decision": Decision.REQUEST_INFORMATION}, {}),
        ({"decision": Decision.EDIT_AND_APPROVE}, {}),
        ({}, {"current_round": 2}),
        ({}, {"stage": Stage.ADJUDICATION}),
        ({}, {"state": TaskState.DECIDED}),
        ({}, {"state": TaskState.CANCELED}),
        ({}, {"seats": 1}),
    ],
)
def test_what_can_never_be_taken_back(
    vote: dict[str, Any], task: dict[str, Any]
) -> None:
    changed = dataclasses.replace(VOTE, **vote)
    assert find_undo_until(changed, **{**BESIDE, **task}) is None
