"""Four eyes: what judgements make of a task, and who may give one."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.core.quorum import (
    Judgement,
    Objection,
    Tally,
    find_objection,
    list_excluded,
    tally,
)
from review.core.states import Control, Decision, Outcome, Stage

YES, NO, EDIT = Decision.APPROVE, Decision.REJECT, Decision.EDIT_AND_APPROVE


def count(
    *decisions: Decision,
    control: Control = Control.DUAL,
    reject_ends: bool = False,
    initiator: str = "person:99",
) -> Tally:
    judgements = [Judgement(n, one, 1) for n, one in enumerate(decisions, 1)]
    return tally(
        control=control,
        judgements=judgements,
        current_round=1,
        initiator=initiator,
        reject_ends=reject_ends,
    )


@pytest.mark.parametrize(
    ("decisions", "expected"),
    [
        ((), Tally(None, Stage.FIRST)),
        ((YES,), Tally(None, Stage.SECOND)),
        ((NO,), Tally(None, Stage.SECOND)),
        ((EDIT,), Tally(None, Stage.SECOND)),
        ((YES, YES), Tally(Outcome.APPROVED, Stage.SECOND)),
        ((EDIT, YES), Tally(Outcome.APPROVED, Stage.SECOND)),
        ((NO, NO), Tally(Outcome.REJECTED, Stage.SECOND)),
        ((YES, NO), Tally(None, Stage.ADJUDICATION)),
        ((NO, YES), Tally(None, Stage.ADJUDICATION)),
        ((YES, NO, YES), Tally(Outcome.APPROVED, Stage.ADJUDICATION)),
        ((NO, YES, NO), Tally(Outcome.REJECTED, Stage.ADJUDICATION)),
    ],
)
def test_dual_control(decisions: tuple[Decision, ...], expected: Tally) -> None:
    assert count(*decisions) == expected


@pytest.mark.parametrize(
    ("decision", "outcome"),
    [
        (YES, Outcome.APPROVED),
        (EDIT, Outcome.APPROVED),
        (NO, Outcome.REJECTED),
    ],
)
def test_single_control(decision: Decision, outcome: Outcome) -> None:
    assert count(decision, control=Control.REVIEW).outcome is outcome


def test_one_rejection_ends_where_the_step_says_so() -> None:
    assert count(NO, reject_ends=True) == Tally(Outcome.REJECTED, Stage.FIRST)
    assert count(YES, NO, reject_ends=True) == Tally(Outcome.REJECTED, Stage.SECOND)
    assert count(YES, reject_ends=True).outcome is None


def test_second_judgement_of_a_person_counts_for_nothing() -> None:
    twice = [Judgement(1, YES, 1), Judgement(1, YES, 1)]
    found = tally(control=Control.DUAL, judgements=twice, current_round=1, initiator="")
    assert found == Tally(None, Stage.SECOND)


def test_initiators_judgement_counts_for_nothing() -> None:
    assert count(YES, YES, initiator="person:1") == Tally(None, Stage.SECOND)
    assert count(YES, control=Control.REVIEW, initiator="person:1").outcome is None


def test_judgements_of_other_rounds_count_for_nothing() -> None:
    found = tally(
        control=Control.DUAL,
        judgements=[Judgement(1, YES, 1), Judgement(2, EDIT, 2)],
        current_round=2,
        initiator="",
    )
    assert found == Tally(None, Stage.SECOND)


@pytest.mark.parametrize("control", [Control.AUTO, Control.BLOCK])
def test_controls_without_people_have_nothing_to_count(control: Control) -> None:
    with pytest.raises(ValueError, match="asks no people"):
        count(control=control)


def test_objections() -> None:
    judged = [Judgement(1, YES, 1)]

    def objection(person_id: int, current_round: int = 1) -> Objection | None:
        return find_objection(
            person_id=person_id,
            initiator="person:7",
            judgements=judged,
            current_round=current_round,
        )

    assert objection(7) is Objection.INITIATOR
    assert objection(1) is Objection.ALREADY_JUDGED
    assert objection(1, current_round=2) is None
    assert objection(2) is None


@pytest.mark.parametrize(
    ("initiator", "excluded"),
    [("person:7", [1, 7]), ("token:7", [1]), ("", [1]), ("person:x", [1])],
)
def test_excluded_are_initiator_and_judges(initiator: str, excluded: list[int]) -> None:
    judged = [Judgement(1, YES, 2), Judgement(3, YES, 1)]
    assert (
        list_excluded(initiator=initiator, judgements=judged, current_round=2)
        == excluded
    )


JUDGEMENTS = st.lists(
    st.builds(
        Judgement,
        person_id=st.integers(1, 4),
        decision=st.sampled_from(Decision),
        round=st.just(1),
    ),
    max_size=6,
)


@given(JUDGEMENTS, st.integers(1, 4))
def test_dual_outcome_always_has_two_others_than_the_initiator(
    judgements: list[Judgement], initiator: int
) -> None:
    found = tally(
        control=Control.DUAL,
        judgements=judgements,
        current_round=1,
        initiator=f"person:{initiator}",
    )
    others = {one.person_id for one in judgements} - {initiator}
    if found.outcome is not None:
        assert len(others) >= 2
    else:
        assert len(others) < 3


@given(st.sampled_from(Decision), st.sampled_from(Decision))
def test_order_of_the_first_two_does_not_matter(
    first: Decision, second: Decision
) -> None:
    outcomes = {
        tally(
            control=Control.DUAL,
            judgements=list(order),
            current_round=1,
            initiator="",
        )
        for order in itertools.permutations([
            Judgement(1, first, 1),
            Judgement(2, second, 1),
        ])
    }
    assert len(outcomes) == 1
