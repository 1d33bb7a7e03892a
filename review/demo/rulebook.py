"""What rules the demonstration's queues: who looks at what, and whose a case is."""

import dataclasses
import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from review.core.figures.alerting import Bounds, Comparison
from review.core.states import PolicyKind, PolicyState
from review.models import AlertRule, Calendar, Person, Policy, ProposedChange, Queue
from review.operations.figures import alerts
from review.operations.policies import policies, proposed_changes
from review.operations.policies.policy_subjects import Subject

INVOICE_GRID: Final[dict[str, Any]] = {
    "inputs": [{"expression": "match.status", "type": "string"}],
    "rows": [
        {
            "impact": "> 50000",
            "control": "dual",
            "reveal": "verdict first",
            "note": "Large: two persons, each before the reader's view.",
        },
        {
            "impact": "> 10000",
            "tests": ['not("MATCHED")'],
            "control": "dual",
            "reveal": "verdict first",
            "note": "No order, or another total.",
        },
        {
            "confidence": ">= 0.9",
            "impact": "<= 2500",
            "tests": ['"MATCHED"'],
            "control": "auto",
            "note": "Read surely and equal to the order.",
        },
        {
            "confidence": ">= 0.9",
            "tests": ['"MATCHED"'],
            "control": "review",
            "reveal": "assist",
        },
        {
            "confidence": "< 0.6",
            "control": "review",
            "reveal": "verdict first",
            "note": "Hardly legible: read it yourself first.",
        },
        {"control": "review", "reveal": "on request", "note": "Everything else."},
    ],
}
CREDIT_ROUTING: Final[dict[str, Any]] = {
    "rules": [
        {"name": "Country of the applicant", "when": "-", "region": "=country"},
        {
            "name": "Large loan",
            "when": "amount > 100000",
            "class": "A",
            "skill": "large-loans",
            "level": 3,
        },
        {
            "name": "Nobody decides on whom they advised",
            "exclude": "person.name = payload.advised_by",
        },
    ]
}
CREDIT_QUORUM: Final[dict[str, Any]] = {
    "rows": [
        {
            "process": "loan-approval",
            "step": "decide",
            "impact": "> 100000",
            "quorum": "dual",
            "note": "So much money takes two, whatever the grid says.",
        }
    ]
}
EXPENSE_CLOCKS: Final[dict[str, Any]] = {
    "inputs": [{"expression": "impact"}],
    "rows": [
        {
            "tests": [">= 5000"],
            "goal": "PT8H",
            "warn": "50%",
            "where": "over the step",
            "note": "Much money: half the time.",
        },
        {"goal": "P2D", "note": "Where a step says nothing."},
    ],
}
EXPENSE_LADDER: Final[dict[str, Any]] = {
    "words": "75%: notify; 100%: notify owner, raise; +P1D: notify managers"
}
DECLARATION_LADDER: Final[dict[str, Any]] = {
    "words": "50%: notify; 75%: raise; 100%: notify owner, reassign; +P5D: return"
}
CREDIT_OBJECTIVES: Final[dict[str, Any]] = {
    "rows": [
        {"name": "in-time", "share": "95", "window": "28d"},
        {"name": "urgent-within-a-day", "class": "A", "within": "PT8H", "share": "90"},
    ]
}
# (queue, kind): what is in force from the beginning
FIRST: Final[Mapping[tuple[str, PolicyKind], dict[str, Any]]] = {
    ("invoices", PolicyKind.GRID): INVOICE_GRID,
    ("credit", PolicyKind.ROUTING): CREDIT_ROUTING,
    ("credit", PolicyKind.QUORUM): CREDIT_QUORUM,
    ("expenses", PolicyKind.CLOCKS): EXPENSE_CLOCKS,
    ("expenses", PolicyKind.LADDER): EXPENSE_LADDER,
    ("credit", PolicyKind.OBJECTIVES): CREDIT_OBJECTIVES,
}
# Reasons that mean nothing for a loan, and what is given instead.
NOT_FOR_LOANS: Final = {"not-ours": "", "misread": "typing-error"}
ALERT: Final = "Credit falls behind"
WATCHED: Final = "Late credit decisions are to be seen before customers call."


def bring_in(desks: Mapping[str, Queue], *, by: Person, second: Person) -> None:
    """Bring the first versions into force where there are none, as two persons do."""
    for (key, kind), body in FIRST.items():
        if not Policy.objects.filter(queue=desks[key], kind=kind.value).exists():
            policy = policies.propose(
                queue_id=desks[key].id,
                kind=kind,
                body=body,
                reason="What the desk has worked by so far.",
                person=by,
            )
            if policy.state == PolicyState.PROPOSED.value:
                policies.approve(policy_id=policy.id, person=second)


def sort_reasons(queue: Queue, *, by: Person, second: Person) -> None:
    """Retire the reasons that mean nothing in a queue, as two persons do."""
    subject = Subject(queue=queue)
    if subject.list_policies(PolicyKind.REASONS).exists():
        return
    before = policies.find_before(subject, PolicyKind.REASONS) or {"rows": []}
    rows = [dict(row) for row in before["rows"]]
    for row in rows:
        if row["code"] in NOT_FOR_LOANS:
            row |= {"retired": "yes", "instead": NOT_FOR_LOANS[row["code"]]}
    proposed = policies.propose(
        queue_id=queue.id,
        kind=PolicyKind.REASONS,
        body={"rows": rows},
        reason="Nobody gave them for a loan; who looks for one reads two lines less.",
        person=by,
    )
    policies.approve(policy_id=proposed.id, person=second)


def propose_short_fridays(calendar: Calendar, *, by: Person, second: Person) -> None:
    """Give the office hours a history: one change declined, another one waits."""
    subject = Subject(calendar=calendar)
    if subject.list_policies(PolicyKind.CALENDAR).exists():
        return
    before = policies.find_before(subject, PolicyKind.CALENDAR) or {}
    wanted = (
        ("sat", "09:00-12:00", "The queue of Friday would be gone by Monday."),
        ("fri", "08:30-12:30, 13:15-15:00", "Hardly anything comes in on Fridays."),
    )
    for word, hours, why in wanted:
        proposed = policies.propose(
            calendar_id=calendar.id,
            kind=PolicyKind.CALENDAR,
            body={**before, word: hours},
            reason=why,
            person=by,
        )
        if word == "sat":
            policies.decline(
                policy_id=proposed.id,
                person=second,
                reason="Nobody is in the house on Saturdays.",
            )


def watch(queue: Queue, *, by: Person, second: Person) -> None:
    """Let two persons make an alert of breached work, and propose another."""
    if AlertRule.objects.exists() or ProposedChange.objects.exists():
        return
    breached = alerts.Wanted(
        name=ALERT,
        figure="breached_open",
        queue=queue,
        bounds=Bounds(Comparison.ABOVE, Decimal(5), Decimal(2)),
        period=dt.timedelta(days=1),
        note="Ask the fraud desk to help out until noon.",
    )
    made = alerts.propose(wanted=breached, person=by, reason=WATCHED)
    proposed_changes.approve(change_id=made.id, person=second)
    slow = dataclasses.replace(
        breached,
        name="Credit takes long",
        figure="lead_p85",
        bounds=Bounds(Comparison.ABOVE, Decimal(57_600), Decimal(28_800)),
        note="",
    )
    alerts.propose(wanted=slow, person=by, reason="Slow weeks show here first.")


def propose_more_automation(queue: Queue, *, by: Person) -> None:
    """Propose to pass larger sure invoices; it waits for a second person."""
    rows = [dict(row) for row in INVOICE_GRID["rows"]]
    rows[2]["impact"] = "<= 12000"
    waits = Policy.objects.filter(queue=queue, kind=PolicyKind.GRID.value, version=2)
    if not waits.exists():
        policies.propose(
            queue_id=queue.id,
            kind=PolicyKind.GRID,
            body={**INVOICE_GRID, "rows": rows},
            reason="Sure invoices that equal their order are hardly ever corrected.",
            person=by,
        )


def propose_a_ladder(queue: Queue, *, by: Person) -> None:
    """Propose to return what nobody looks at; it waits for a second person."""
    if not Policy.objects.filter(queue=queue, kind=PolicyKind.LADDER.value).exists():
        policies.propose(
            queue_id=queue.id,
            kind=PolicyKind.LADDER,
            body=DECLARATION_LADDER,
            reason="Nobody hears of a late declaration before it is too late.",
            person=by,
        )
