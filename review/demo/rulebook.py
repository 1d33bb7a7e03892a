"""What rules the demonstration's queues: who looks at what, and whose a case is."""

from collections.abc import Mapping
from typing import Any, Final

from review.core.states import PolicyKind, PolicyState
from review.models import Person, Policy, Queue
from review.operations import policies

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
# (queue, kind): what is in force from the beginning
FIRST: Final[Mapping[tuple[str, PolicyKind], dict[str, Any]]] = {
    ("invoices", PolicyKind.GRID): INVOICE_GRID,
    ("credit", PolicyKind.ROUTING): CREDIT_ROUTING,
}


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
