"""The demonstration's queues: what they are for, how they hand out work, their reasons."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from review.core.states import Assignment, Decision, Signature
from review.demo.actors import DEMO
from review.models import Calendar, Person, Queue
from review.operations import queues
from review.operations.queues import QueueRules
from workflows.store import database_now

CALENDAR: Final = "office"
HOURS: Final = {str(day): [["08:30", "12:30"], ["13:15", "17:30"]] for day in range(5)}
# key: (name, spans of every weekday with their breaks)
SHIFTS: Final[Mapping[str, tuple[str, list[list[str]]]]] = {
    "early-shift": ("Early shift", [["06:00", "10:00"], ["10:30", "14:30"]]),
    "late-shift": ("Late shift", [["13:00", "17:00"], ["17:30", "21:30"]]),
}
# key: (name, what it is for, escalates to)
QUEUES: Final[Mapping[str, tuple[str, str, str]]] = {
    "head-of-credit": ("Head of credit", "What the credit desk could not decide.", ""),
    "credit": (
        "Credit desk",
        "Loans that the grid leaves to people.",
        "head-of-credit",
    ),
    "compliance": ("Compliance", "Hits of the screening lists.", "head-of-credit"),
    "invoices": ("Invoice desk", "Invoices with doubtful fields.", ""),
    "supervisors": ("Supervisors", "The final word on declarations.", ""),
    "budget-owners": ("Budget owners", "Declarations above the limit.", "supervisors"),
    "administration": (
        "Administration",
        "The first check of declarations.",
        "supervisors",
    ),
    "expenses": (
        "Expense desk",
        "Expenses, approved by authority up to an amount.",
        "",
    ),
    "pre-approvers": ("Pre-approvers", "The first check in some units.", ""),
    "travel-desk": ("Travel desk", "Travellers to check, changes of trips.", ""),
    "employees": ("Employees", "One's own declarations, to correct.", ""),
}
POLICIES: Final = {
    "credit": (
        "A loan rests on income that payslips show and on a history that pays."
        " Check that the installment stays below a third of the income, and that the"
        " score's reasons fit the papers. In doubt, escalate with the question."
    ),
    "compliance": (
        "A hit is a question, not an answer. Compare name, country and date of birth"
        " with the list before clearing it. Two persons decide, each on their own."
    ),
    "travel-desk": (
        "Check that the traveller is ours, that the passport outlasts the trip and that"
        " the dates fit. Nobody travels on a day off without saying so."
    ),
    "expenses": (
        "An expense takes the authority to approve its amount: one person who has that"
        " much, or several whose limits together cover it. Check the receipt first."
    ),
    "invoices": (
        "Compare every field that is marked as doubtful with its place in the text."
        " Correct what was misread; reject what is no invoice of ours."
    ),
}
# code: (label, decision, policy, whether words are asked for as well)
REASONS: Final[Mapping[str, tuple[str, Decision, str, bool]]] = {
    "income-unproven": (
        "Income is not proven",
        Decision.REJECT,
        (
            "Lending policy 3.1: income is proven by three payslips of the last months, or"
            " by the last two tax assessments of who works for himself. A letter of the"
            " employer alone proves nothing."
        ),
        False,
    ),
    "debt-too-high": (
        "Debt is too high",
        Decision.REJECT,
        (
            "Lending policy 4.2: all installments together stay below a third of the net"
            " income. Guarantors do not change the sum; they change who else is asked."
        ),
        False,
    ),
    "documents-missing": (
        "Documents are missing",
        Decision.REJECT,
        "General rule 2: what is not there was not checked.",
        False,
    ),
    "not-ours": (
        "Not addressed to us",
        Decision.REJECT,
        "Accounts payable 1.4: only invoices to one of our companies.",
        False,
    ),
    "other": (
        "Another reason",
        Decision.REJECT,
        "Say which; it becomes a reason of its own when it returns.",
        True,
    ),
    "misread": (
        "Field was misread",
        Decision.EDIT_AND_APPROVE,
        (
            "Accounts payable 2.3: where the paper and the reading differ, the paper"
            " counts. The correction says where on the paper it stands."
        ),
        False,
    ),
    "typing-error": (
        "Typing error corrected",
        Decision.EDIT_AND_APPROVE,
        "General rule 5: corrections that change no meaning.",
        False,
    ),
}
# What a rationale may begin with; the brackets are for the reviewer to fill in.
TEXTS: Final[Mapping[str, str]] = {
    "income-unproven": "The payslips of [months] are missing; asked for three, got [n].",
    "debt-too-high": "Installments of [amount] against a net income of [income].",
    "documents-missing": "Missing: [document]. Without it [what] could not be checked.",
    "misread": "The paper says [value] at [place].",
}
OWNERS: Final = {
    "head-of-credit": "Henry Holt",
    "credit": "Henry Holt",
    "compliance": "Henry Holt",
}
OWNER: Final = "Mona Meyer"
HALF_A_DAY: Final = 14_400
# What is not said here is as the product has it: pull, three tasks, 8 seconds to undo.
RULES: Final[Mapping[str, dict[str, Any]]] = {
    "credit": {"assign_seconds": 2 * HALF_A_DAY, "wip_limit": 4},
    "compliance": {
        "signature": Signature.PASSWORD,
        "signature_meaning": "I compared name, country and date of birth with the list.",
        "wip_limit": 2,
    },
    "invoices": {
        "rationale_below": Decimal("0.6"),
        "rationale_above": Decimal(50_000),
        "wip_limit": 5,
    },
    "travel-desk": {
        "assignment": Assignment.LEAST_LOADED,
        "assign_seconds": 2 * HALF_A_DAY,
        "wip_limit": 5,
        "ladder": "75%: notify; 100%: raise, reassign, notify managers",
    },
}


def define_queues(
    known: Mapping[str, Queue], *, staff: Mapping[str, Person]
) -> dict[str, Queue]:
    """Make what is missing of calendars, queues and reasons; return the queues.

    `staff` are the persons by name, for the owners.
    """
    if set(QUEUES) <= set(known):
        return dict(known)
    calendar = _define_calendars()
    made: dict[str, Queue] = {}
    for key, (name, description, above) in QUEUES.items():
        made[key] = queues.define_queue(
            key=key,
            name=name,
            description=description,
            policy_text=POLICIES.get(key, ""),
            calendar=calendar,
            escalate_to=made.get(above),
            owner=staff[OWNERS.get(key, OWNER)],
            rules=QueueRules(**RULES.get(key, {})),
            actor=DEMO,
        )
    for code, (label, decision, policy, needs_words) in REASONS.items():
        queues.define_reason_code(
            code=code,
            label=label,
            decision=decision,
            policy_text=policy,
            rationale_text=TEXTS.get(code, ""),
            needs_rationale=needs_words,
            actor=DEMO,
        )
    return made


def _define_calendars() -> Calendar:
    """Make the shifts and the office hours; return the office hours."""
    for key, (name, spans) in SHIFTS.items():
        queues.define_calendar(
            key=key,
            name=name,
            zone="Europe/Berlin",
            hours={str(day): spans for day in range(5)},
            country="DE",
            subdivision="BE",
            actor=DEMO,
        )
    year = database_now().year
    return queues.define_calendar(
        key=CALENDAR,
        name="Office hours, Berlin",
        zone="Europe/Berlin",
        hours=HOURS,
        country="DE",
        subdivision="BE",
        days_off={
            dt.date(at, month, 24 if month == 12 else 2): "Company holiday"
            for at in (year, year + 1)
            for month in (1, 12)
        },
        actor=DEMO,
    )
