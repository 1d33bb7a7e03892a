"""Which tasks may be decided together, and when."""

import dataclasses
from functools import partial
from typing import Any

import pytest

from review.core.states import Control, Decision, Reveal, Signature, Stage, TaskState
from review.core.tasks.batches import (
    MOST,
    Candidate,
    Kind,
    count_sample,
    find_bar,
    find_odd,
    find_refusal,
    find_unready,
    read_kind,
)

KIND = Kind(rule="loan check", action="approve", form="default v1")


def _task(number: int = 1, **changes: Any) -> Candidate:
    return Candidate(**{
        "id": number,
        "label": f"CASE-{number}",
        "state": TaskState.OPEN,
        "is_free": True,
        "control": Control.REVIEW,
        "stage": Stage.FIRST,
        "seats": 1,
        "needed": 1,
        "reveal": Reveal.ON_REQUEST,
        "signature": Signature.NONE,
        "is_excluded": False,
        "kind": KIND,
        **changes,
    })


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"is_excluded": True}, "four eyes"),
        ({"is_free": False}, "holds it"),
        ({"control": Control.DUAL}, "two persons"),
        ({"stage": Stage.SECOND}, "second review"),
        ({"seats": 3}, "several persons"),
        ({"needed": 2}, "several persons"),
        ({"signature": Signature.PASSWORD}, "signature"),
        ({"reveal": Reveal.VERDICT_FIRST}, "before you see"),
        ({"kind": dataclasses.replace(KIND, action="")}, "nothing is proposed"),
    ],
)
def test_what_bars_a_task_from_every_batch(changes: dict[str, Any], words: str) -> None:
    assert words in find_bar(_task(**changes))
    refusal = find_refusal([_task(1), _task(2, **changes)])
    assert refusal.startswith("CASE-2 ")
    assert words in refusal


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("rule", "another rule"),
        ("action", "another proposed"),
        ("form", "another version"),
    ],
)
def test_tasks_that_are_not_alike_name_what_differs(name: str, words: str) -> None:
    other = dataclasses.replace(KIND, **{name: "else"})
    assert words in find_refusal([_task(1), _task(2, kind=other)])


def test_a_batch_has_two_to_fifty_tasks() -> None:
    assert find_bar(_task()) == ""
    assert "two tasks" in find_refusal([_task()])
    assert find_refusal([_task(n) for n in range(MOST)]) == ""
    assert "at most" in find_refusal([_task(n) for n in range(MOST + 1)])


def test_the_sample_is_opened_and_the_number_typed() -> None:
    ask = partial(find_unready, sample=[1, 2, 3], size=5)
    assert "2 more tasks" in ask(opened=[3, 9], typed="5")
    assert "one more" in ask(opened=[3, 1], typed="5")
    assert "Type 5" in ask(opened=[1, 2, 3], typed="4")
    assert ask(opened=[1, 2, 3], typed=" 5 ") == ""
    assert [count_sample(size) for size in (2, 3, 50)] == [2, 3, 3]


def test_a_kind_is_rule_action_and_form_in_their_versions() -> None:
    why = {"explanation": {"tables": [{"decision": "grid", "matched": [4]}]}}
    given: dict[str, Any] = {
        "definition": "loan",
        "node": "check",
        "why": why,
        "policy": {"version": "loan 1.0.0", "form": "short"},
        "proposal": {"action": "approve", "amount": 1},
    }
    kind = read_kind(**given)
    assert kind.to_json() == {
        "rule": "loan check · grid 4 · loan 1.0.0",
        "action": "approve",
        "form": "short loan 1.0.0",
    }
    assert read_kind(**{**given, "proposal": "pay"}).action == "pay"
    assert read_kind(**{**given, "proposal": None, "why": {}}).action == ""
    assert len(read_kind(**{**given, "proposal": {"a": 1}}).action) == 64


def test_the_largest_alike_group_of_a_selection_is_chosen() -> None:
    other = dataclasses.replace(KIND, action="reject")
    tasks = [
        _task(1, kind=other),
        _task(2),
        _task(3, is_free=False),
        _task(4),
        _task(5, kind=dataclasses.replace(KIND, rule="fraud check")),
    ]
    odd = find_odd(tasks, Decision.APPROVE)
    assert odd.keys() == {1, 3, 5}
    assert "another proposed action" in odd[1]
    assert "holds it" in odd[3]
    assert "another rule" in odd[5]
    assert find_refusal([task for task in tasks if task.id not in odd]) == ""
    assert find_odd([_task(1, is_free=False)], Decision.APPROVE).keys() == {1}
    assert find_odd([], Decision.APPROVE) == {}


def test_a_group_that_the_decision_goes_against_is_chosen_last() -> None:
    other = dataclasses.replace(KIND, action="REJECT")
    tasks = [_task(1, kind=other), _task(2, kind=other), _task(3)]
    assert find_odd(tasks, Decision.APPROVE).keys() == {1, 2}
    assert find_odd(tasks, Decision.REJECT).keys() == {3}
    assert find_odd(tasks[:2], Decision.APPROVE) == {}


@pytest.mark.parametrize(
    ("proposal", "action"),
    [
        ({"action": "pay", "decision": "APPROVE"}, "pay"),
        ({"decision": "APPROVE", "rate": 3}, "APPROVE"),
        ("APPROVE", "APPROVE"),
        (None, ""),
    ],
)
def test_the_action_of_a_proposal_is_what_it_calls_so(
    proposal: object, action: str
) -> None:
    kind = read_kind(definition="d", node="n", why={}, policy={}, proposal=proposal)
    assert kind.action == action
