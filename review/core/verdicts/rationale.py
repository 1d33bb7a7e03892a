"""What a person must give as a reason: a code, words, or nothing. No storage, no clock.

Routine approvals need none: forced text decays into "ok". Whoever rejects, edits,
escalates or abstains says why, by a reason code where the queue has any for that.
Words are asked for besides where a model whose view was seen is overridden, and for an
approval that the queue wants explained: low confidence, or a value from its threshold
on. That a second review disagrees, or that a view still hidden is overridden, cannot be
asked about: the question would tell.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from review.core.states import Decision

_SUGGESTS: Final = ("action", "decision", "recommendation")
_WORDS: Final = {
    "approve": Decision.APPROVE,
    "approved": Decision.APPROVE,
    "accept": Decision.APPROVE,
    "grant": Decision.APPROVE,
    "reject": Decision.REJECT,
    "rejected": Decision.REJECT,
    "decline": Decision.REJECT,
    "refuse": Decision.REJECT,
    "deny": Decision.REJECT,
}
_NAMES: Final = {
    Decision.REJECT: "Rejecting",
    Decision.EDIT_AND_APPROVE: "Editing",
    Decision.ESCALATE: "Escalating",
    Decision.ABSTAIN: "Abstaining",
    Decision.REQUEST_INFORMATION: "Asking for information",
}


@dataclass(frozen=True, slots=True)
class Rules:
    """When a queue wants words for an approval; None: never for that."""

    below_confidence: Decimal | None = None
    from_amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """What a person hands in, and what it is about.

    `suggested` is what the model would do, where the person has seen that.
    `offers_codes`: there is at least one reason code for this decision here.
    `code_wants_words`: the chosen code asks for a rationale by itself.
    """

    decision: Decision
    has_code: bool
    has_words: bool
    offers_codes: bool = False
    code_wants_words: bool = False
    suggested: Decision | None = None
    confidence: Decimal | None = None
    impact: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Lack:
    """What is missing: `code` names it, `sentence` says why and what to do."""

    code: str
    sentence: str


def read_suggestion(proposal: object) -> Decision | None:
    """Return what a proposal would have the person do, None where it does not say."""
    word = proposal
    if isinstance(proposal, Mapping):
        found: Mapping[str, Any] = proposal
        word = next((found[name] for name in _SUGGESTS if found.get(name)), None)
    return _WORDS.get(word.strip().lower()) if isinstance(word, str) else None


def is_override(decision: Decision, suggested: Decision | None) -> bool:
    """Tell whether a vote goes against what the model suggests."""
    if suggested is Decision.APPROVE:
        return decision is Decision.REJECT
    if suggested is Decision.REJECT:
        return decision in {Decision.APPROVE, Decision.EDIT_AND_APPROVE}
    return False


def find_lack(given: Given, rules: Rules) -> Lack | None:
    """Return the first thing that is missing, or None where the reasons suffice."""
    if given.decision is not Decision.APPROVE and not given.has_code:
        name = _NAMES[given.decision]
        if given.offers_codes:
            return Lack(
                "reason-missing",
                f"{name} needs a reason code; choose one of the list.",
            )
        if not given.has_words:
            return Lack(
                "reason-missing",
                f"{name} needs a reason; say why in the rationale, it is kept.",
            )
    if given.has_words:
        return None
    because = _find_cause(given, rules)
    return Lack("rationale-missing", because) if because else None


def _find_cause(given: Given, rules: Rules) -> str:
    """Return why words are asked for, "" where they are not."""
    if given.code_wants_words:
        return "This reason asks for a rationale; say more in words."
    if is_override(given.decision, given.suggested):
        return "You decide against the suggestion; say why in the rationale."
    if given.decision is not Decision.APPROVE:
        return ""
    if rules.below_confidence is not None and (
        given.confidence is None or given.confidence < rules.below_confidence
    ):
        return (
            "The model is not sure of this case, and its queue wants such approvals"
            " explained; say in the rationale what you checked."
        )
    if (
        rules.from_amount is not None
        and given.impact is not None
        and given.impact >= rules.from_amount
    ):
        return (
            f"Approvals from {rules.from_amount.normalize():f} on are explained in this"
            " queue; say in the rationale what you checked."
        )
    return ""
