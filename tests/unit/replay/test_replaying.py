"""A recorded case against the model: acts, deviations and reconstructed paths."""

from decimal import Decimal

import pytest

from review.core.replaying import Act, Case, Deviation, Passed, reconstruct
from review.core.states import Decision, Outcome
from review.demo.travel_log import TRAVEL_LOG
from tests.unit.replay.logs import (
    ADMINISTRATION,
    BUDGET_OWNER,
    FINAL,
    HANDLED,
    NOT_ADMINISTRATION,
    PAID,
    PRE_APPROVER,
    REQUEST,
    RETURNED,
    SAVED,
    SUBMITTED,
    TAKEN_BACK,
    trace,
)


def case(*activities: str) -> Case:
    """Return a case that has begun."""
    begun = Case(trace=trace(*activities), log_map=TRAVEL_LOG)
    assert begun.begin() is None
    return begun


def reason(found: object) -> str:
    assert isinstance(found, Deviation)
    return found.reason


def test_first_round_says_how_the_instance_starts() -> None:
    variables = case(SUBMITTED, ADMINISTRATION, BUDGET_OWNER, *PAID).variables
    assert variables == {
        "declaration": "declaration number 7",
        "employee": "Employee of declaration 0",
        "amount": Decimal("26.85"),
        "currency": "EUR",
        "draft": False,
        "first_check": "ADMINISTRATION",
        "budget_check": "REQUIRED",
        "receipts_complete": True,
    }


@pytest.mark.parametrize(
    ("activities", "name", "value"),
    [
        ((SUBMITTED, PRE_APPROVER, *PAID), "first_check", "PRE_APPROVER"),
        ((SUBMITTED, *PAID), "first_check", "SUPERVISOR"),
        ((SUBMITTED, *PAID), "budget_check", "NOT_REQUIRED"),
        ((SUBMITTED, FINAL, RETURNED), "receipts_complete", False),
        ((SUBMITTED, FINAL, REQUEST, RETURNED), "receipts_complete", True),
        ((SAVED,), "draft", True),
    ],
)
def test_what_the_log_leaves_implicit_is_read(
    activities: tuple[str, ...], name: str, value: object
) -> None:
    assert case(*activities).variables[name] == value


def test_persons_decide_what_the_log_says() -> None:
    one = case(SUBMITTED, ADMINISTRATION, *PAID)
    assert one.decide("administration") == Act(decision=Decision.APPROVE)
    assert one.decide("supervisor") == Act(decision=Decision.APPROVE)
    assert one.expects("pay") is not None
    assert one.account("request_payment") is None
    assert one.expects("pay") is None
    assert one.account("pay") is None
    assert one.finish(end_node="paid") is None


def test_handing_in_again_edits_what_the_new_round_needs() -> None:
    one = case(
        SUBMITTED, NOT_ADMINISTRATION, TAKEN_BACK, SUBMITTED, PRE_APPROVER, *PAID
    )
    assert one.decide("administration") == Act(decision=Decision.REJECT)
    assert one.decide("correct") == Act(decision=Decision.REJECT)
    assert one.decide("hand_in_again") == Act(
        decision=Decision.EDIT_AND_APPROVE, edits={"/first_check": "PRE_APPROVER"}
    )
    assert one.variables["first_check"] == "PRE_APPROVER"


def test_same_round_again_edits_nothing() -> None:
    one = case(SUBMITTED, NOT_ADMINISTRATION, SUBMITTED, ADMINISTRATION, *PAID)
    one.decide("administration")
    assert one.decide("correct") == Act(decision=Decision.APPROVE)


def test_case_that_just_ends_is_withdrawn() -> None:
    one = case(SUBMITTED, NOT_ADMINISTRATION, TAKEN_BACK)
    one.decide("administration")
    one.decide("correct")
    assert one.decide("hand_in_again") == Act(decision=Decision.REJECT, inferred=True)
    assert one.finish(end_node="withdrawn") is None
    assert "should end at 'withdrawn', not 'paid'" in reason(
        one.finish(end_node="paid")
    )


def test_case_that_ends_before_a_check_deviates() -> None:
    assert "ends while the model waits at 'administration'" in reason(
        case(SUBMITTED).decide("administration")
    )


def test_act_that_the_model_does_not_allow_deviates() -> None:
    one = case(SUBMITTED, TAKEN_BACK)
    assert reason(one.decide("administration")) == (
        f"After {SUBMITTED!r} the log has {TAKEN_BACK!r};"
        " the model waits at 'administration'."
    )
    assert one.position == 1


def test_payment_that_the_log_does_not_know_deviates() -> None:
    one = case(SUBMITTED, FINAL, HANDLED)
    one.decide("supervisor")
    assert "goes on to 'Request Payment'" in reason(one.account("request_payment"))


def test_events_after_the_end_deviate() -> None:
    one = case(SUBMITTED, *PAID, TAKEN_BACK)
    one.decide("supervisor")
    one.account("request_payment")
    one.account("pay")
    assert "the model has ended" in reason(one.finish(end_node="paid"))


def test_case_that_begins_elsewhere_deviates() -> None:
    one = Case(trace=trace(ADMINISTRATION), log_map=TRAVEL_LOG)
    assert "does not begin with" in reason(one.begin())


def test_path_is_told_in_the_logs_words() -> None:
    passed = [
        Passed("handed_in"),
        Passed("administration", Outcome.REJECTED),
        Passed("correct", Outcome.REJECTED),
        Passed("hand_in_again", Outcome.APPROVED),
        Passed("supervisor", Outcome.APPROVED),
        Passed("receipts"),
        Passed("receipts_done"),
        Passed("rejected"),
        Passed("correct", Outcome.REJECTED, inferred=True),
        Passed("hand_in_again", Outcome.REJECTED, inferred=True),
        Passed("withdrawn"),
    ]
    told = reconstruct(passed, log_map=TRAVEL_LOG, variables={"draft": False})
    assert told == [
        SUBMITTED,
        NOT_ADMINISTRATION,
        TAKEN_BACK,
        SUBMITTED,
        FINAL,
        RETURNED,
    ]


def test_paid_path_is_told_without_a_return() -> None:
    passed = [
        Passed("supervisor", Outcome.APPROVED),
        Passed("receipts"),
        Passed("receipts_done"),
        Passed("request_payment"),
        Passed("pay"),
    ]
    told = reconstruct(passed, log_map=TRAVEL_LOG, variables={"draft": True})
    assert told == [SAVED, *PAID]
