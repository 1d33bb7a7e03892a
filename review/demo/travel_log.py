"""How the log of real travel declarations speaks of the definition travel-declaration.

The log: BPI Challenge 2020, domestic declarations (doi 10.4121/uuid:3f422315-ed9d-
4882-891f-e180b5b4feb5). Its names of activities are the keys here.
"""

import itertools
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

from review.core.evidence.xes import Event, Trace
from review.core.replaying import LogMap
from review.core.states import Decision

_SUBMITTED: Final = "Declaration SUBMITTED by EMPLOYEE"
_SAVED: Final = "Declaration SAVED by EMPLOYEE"
_TAKEN_BACK: Final = "Declaration REJECTED by EMPLOYEE"
_RETURNED: Final = "Declaration REJECTED by MISSING"
_FINAL: Final = "Declaration FINAL_APPROVED by SUPERVISOR"
_FIRST_CHECKS: Final = {
    "ADMINISTRATION": "ADMINISTRATION",
    "PRE_APPROVER": "PRE_APPROVER",
    "SUPERVISOR": "SUPERVISOR",
}


def _read_case(trace: Trace) -> Mapping[str, object]:
    first = trace.events[0].attributes
    return {
        "declaration": first.get("(case)_DeclarationNumber", trace.name),
        "employee": f"Employee of {trace.name}",
        "amount": _read_amount(first.get("(case)_Amount", "0")),
        "currency": "EUR",
    }


def _read_amount(text: str) -> Decimal:
    try:
        return Decimal(text).quantize(Decimal("0.01"))
    except InvalidOperation:
        return Decimal(0)


def _read_round(events: Sequence[Event]) -> Mapping[str, object]:
    activities = [event.activity for event in events]
    roles = [event.role for event in events]
    first = next((role for role in roles if role in _FIRST_CHECKS), "ADMINISTRATION")
    returned = (_FINAL, _RETURNED) in itertools.pairwise(activities)
    return {
        "first_check": _FIRST_CHECKS[first],
        "budget_check": "REQUIRED" if "BUDGET OWNER" in roles else "NOT_REQUIRED",
        "receipts_complete": not returned,
    }


def _business_key(trace: Trace) -> str:
    return str(_read_case(trace)["declaration"])


TRAVEL_LOG: Final = LogMap(
    starts={_SUBMITTED: {"draft": False}, _SAVED: {"draft": True}},
    verdicts={
        ("finish_draft", _SUBMITTED): Decision.APPROVE,
        ("administration", "Declaration APPROVED by ADMINISTRATION"): Decision.APPROVE,
        ("administration", "Declaration REJECTED by ADMINISTRATION"): Decision.REJECT,
        ("pre_approver", "Declaration APPROVED by PRE_APPROVER"): Decision.APPROVE,
        ("pre_approver", "Declaration REJECTED by PRE_APPROVER"): Decision.REJECT,
        ("budget_owner", "Declaration APPROVED by BUDGET OWNER"): Decision.APPROVE,
        ("budget_owner", "Declaration REJECTED by BUDGET OWNER"): Decision.REJECT,
        ("supervisor", _FINAL): Decision.APPROVE,
        ("supervisor", "Declaration REJECTED by SUPERVISOR"): Decision.REJECT,
        ("correct", _SUBMITTED): Decision.APPROVE,
        ("correct", _TAKEN_BACK): Decision.REJECT,
        ("hand_in_again", _SUBMITTED): Decision.APPROVE,
    },
    rounds=frozenset({_SUBMITTED}),
    automatic={"request_payment": "Request Payment", "pay": "Payment Handled"},
    silent={"receipts": (_RETURNED, "request_payment")},
    withdrawals=frozenset({"finish_draft", "correct", "hand_in_again"}),
    ends={
        "Payment Handled": "paid",
        _SAVED: "discarded",
        _TAKEN_BACK: "withdrawn",
        _RETURNED: "withdrawn",
    },
    read_case=_read_case,
    read_round=_read_round,
    business_key=_business_key,
    assumptions=(
        (
            "The log names no unit, so who checks first and whether the budget owner is"
            " asked are taken from the round's own events."
        ),
        (
            "A return by the unknown role MISSING right after the final approval stands"
            " for receipts that finance finds missing."
        ),
        (
            "A case that just ends while the employee has it counts as withdrawn, or"
            " discarded as a draft, at its last event."
        ),
        "Amounts are rounded to cents; persons are simulated, the log has only roles.",
    ),
)
