"""Who sees which verdict, as sentences."""

import pytest

from review.core.states import Stage, TaskState
from review.core.verdicts.visibility import Sight, Viewer, see_verdict

ALICE, BOB = 1, 2


def sees(
    person: int,
    *,
    of: int,
    state: TaskState = TaskState.OPEN,
    stage: Stage = Stage.SECOND,
    may_judge: bool = True,
    oversees: bool = False,
    blind: bool = True,
) -> Sight:
    viewer = Viewer(person_id=person, may_judge=may_judge, oversees=oversees)
    return see_verdict(
        viewer=viewer, author_id=of, state=state, stage=stage, blind=blind
    )


def test_own_verdict_is_always_seen() -> None:
    for state in TaskState:
        assert sees(ALICE, of=ALICE, state=state, may_judge=False) is Sight.FULL


def test_second_reviewer_sees_nothing_of_the_first() -> None:
    assert sees(BOB, of=ALICE) is Sight.HIDDEN


def test_open_quorum_shows_its_reviewers_who_said_what() -> None:
    assert sees(BOB, of=ALICE, blind=False) is Sight.FULL
    assert sees(BOB, of=ALICE, blind=False, stage=Stage.ADJUDICATION) is Sight.FULL
    assert sees(BOB, of=ALICE, blind=False, may_judge=False) is Sight.HIDDEN


def test_second_reviewer_sees_nothing_even_as_a_manager() -> None:
    assert sees(BOB, of=ALICE, oversees=True) is Sight.HIDDEN


def test_adjudicator_sees_both_sides_unnamed() -> None:
    assert sees(BOB, of=ALICE, stage=Stage.ADJUDICATION) is Sight.UNNAMED


def test_who_has_judged_waits_for_the_outcome() -> None:
    for stage in Stage:
        assert sees(BOB, of=ALICE, stage=stage, may_judge=False) is Sight.HIDDEN


def test_auditor_sees_all() -> None:
    assert sees(BOB, of=ALICE, may_judge=False, oversees=True) is Sight.FULL


@pytest.mark.parametrize("state", [TaskState.DECIDED, TaskState.CANCELED])
def test_everybody_sees_all_when_it_is_over(state: TaskState) -> None:
    assert sees(BOB, of=ALICE, state=state, may_judge=False) is Sight.FULL
