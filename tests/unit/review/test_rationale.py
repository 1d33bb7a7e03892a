"""What must be given as a reason."""

from decimal import Decimal
from typing import Any

import pytest

from review.core.states import Decision
from review.core.verdicts.rationale import (
    Given,
    Rules,
    find_lack,
    is_override,
    read_suggestion,
)

QUIET = Rules()
ASKING = Rules(below_confidence=Decimal("0.8"), from_amount=Decimal(10000))


def given(decision: Decision, **facts: Any) -> Given:
    values: dict[str, Any] = {
        "has_code": False,
        "has_words": False,
        "confidence": Decimal("0.9"),
        "impact": Decimal(100),
    }
    return Given(decision=decision, **{**values, **facts})


@pytest.mark.parametrize("rules", [QUIET, ASKING])
def test_routine_approval_needs_nothing(rules: Rules) -> None:
    assert find_lack(given(Decision.APPROVE), rules) is None


@pytest.mark.parametrize(
    ("decision", "word"),
    [
        (Decision.REJECT, "Rejecting"),
        (Decision.EDIT_AND_APPROVE, "Editing"),
        (Decision.ESCALATE, "Escalating"),
        (Decision.ABSTAIN, "Abstaining"),
    ],
)
def test_everything_else_needs_a_code_or_words(decision: Decision, word: str) -> None:
    lack = find_lack(given(decision), QUIET)
    assert lack is not None
    assert (lack.code, lack.sentence.split()[0]) == ("reason-missing", word)
    assert find_lack(given(decision, has_words=True), QUIET) is None
    offered = find_lack(given(decision, has_words=True, offers_codes=True), QUIET)
    assert offered is not None
    assert "reason code" in offered.sentence
    coded = given(decision, has_code=True, offers_codes=True)
    assert find_lack(coded, QUIET) is None


@pytest.mark.parametrize(
    ("facts", "rules", "sentence"),
    [
        ({"confidence": Decimal("0.79")}, ASKING, "not sure"),
        ({"confidence": None}, ASKING, "not sure"),
        ({"confidence": Decimal("0.8")}, ASKING, None),
        ({"confidence": None}, QUIET, None),
        ({"impact": Decimal(10000)}, ASKING, "10000"),
        ({"impact": Decimal("9999.99")}, ASKING, None),
        ({"impact": None}, ASKING, None),
        ({"suggested": Decision.REJECT}, QUIET, "against the suggestion"),
        ({"suggested": Decision.APPROVE}, QUIET, None),
        ({"code_wants_words": True, "has_code": True}, QUIET, "asks for a rationale"),
    ],
)
def test_approval_is_explained_where_it_is_worth_it(
    facts: dict[str, Any], rules: Rules, sentence: str | None
) -> None:
    lack = find_lack(given(Decision.APPROVE, **facts), rules)
    if sentence is None:
        assert lack is None
    else:
        assert lack is not None
        assert lack.code == "rationale-missing"
        assert sentence in lack.sentence
    assert find_lack(given(Decision.APPROVE, has_words=True, **facts), rules) is None


def test_rejecting_what_is_suggested_to_approve_takes_words_beside_the_code() -> None:
    overriding = {"has_code": True, "suggested": Decision.APPROVE}
    lack = find_lack(given(Decision.REJECT, **overriding), QUIET)
    assert lack is not None
    assert lack.code == "rationale-missing"


@pytest.mark.parametrize(
    ("proposal", "suggested"),
    [
        ({"action": "approve"}, Decision.APPROVE),
        ({"decision": " Reject "}, Decision.REJECT),
        ({"recommendation": "decline", "amount": 5}, Decision.REJECT),
        ("approve", Decision.APPROVE),
        ({"action": "book"}, None),
        ({"action": 5}, None),
        ({"amount": 5}, None),
        ([], None),
        (None, None),
    ],
)
def test_suggestion_is_read_from_its_word(
    proposal: object, suggested: Decision | None
) -> None:
    assert read_suggestion(proposal) is suggested


def test_override_is_a_vote_against_the_suggestion() -> None:
    pairs = [
        (Decision.REJECT, Decision.APPROVE),
        (Decision.APPROVE, Decision.REJECT),
        (Decision.EDIT_AND_APPROVE, Decision.REJECT),
    ]
    assert all(is_override(said, suggested) for said, suggested in pairs)
    others = [
        (Decision.EDIT_AND_APPROVE, Decision.APPROVE),
        (Decision.ABSTAIN, Decision.APPROVE),
        (Decision.REJECT, None),
    ]
    assert not any(is_override(said, suggested) for said, suggested in others)
