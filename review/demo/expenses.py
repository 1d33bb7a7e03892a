"""Expenses of the demonstration: each needs as much authority as it costs.

One who may approve 10,000 is enough for most; two others, who may approve 1,000 each,
do for what costs up to 2,000.
"""

from collections.abc import Collection
from decimal import Decimal
from typing import Final

from review.core.states import Decision
from review.demo.actors import DEMO
from review.demo.cast import Cast
from review.models import Authority, Task
from review.operations.people import authorities
from review.operations.people.people import actor_of
from review.operations.tasks import claims
from review.operations.verdicts import verdicts
from workflows.operations import definitions, instances
from workflows.operations.errors import NotFound
from workflows.operations.instances import Start
from workflows.store import database_now

KEY: Final = "expense-claim"
QUEUE: Final = "expenses"
AUTHORITY: Final = {
    "Henry Holt": 10_000,
    "Alice Archer": 1_000,
    "Bob Brandt": 1_000,
    "Carol Chen": 1_000,
}
# expense: (what for, amount, who approved it so far)
EXPENSES: Final[dict[str, tuple[str, str, tuple[str, ...]]]] = {
    "EXP-501": ("Chairs for the meeting room", "1740.00", ("Bob Brandt", "Carol Chen")),
    "EXP-502": ("Licences for a year", "6200.00", ("Henry Holt",)),
    "EXP-503": ("A camera for the lab", "1890.50", ("Carol Chen",)),
    "EXP-504": ("Books", "312.40", ()),
    "EXP-505": ("A stand at the fair", "7450.00", ()),
    "EXP-506": ("Tools for the workshop", "1320.00", ()),
}


def claim_expenses(cast: Cast, *, known: Collection[str]) -> int:
    """Give out authority, claim the expenses that are not there yet, approve some.

    Returns how many expenses there are.
    """
    queue = cast.desks[QUEUE]
    if not Authority.objects.filter(queue=queue).exists():
        for name, amount in AUTHORITY.items():
            authorities.grant(
                person=cast.people[name],
                amount=Decimal(amount),
                queue=queue,
                actor=DEMO,
            )
    missing = [key for key in EXPENSES if key not in known]
    _start(cast, missing)
    tasks = Task.objects.filter(business_key__in=missing)
    for task in tasks.order_by("business_key"):
        for name in EXPENSES[task.business_key][2]:
            _approve(cast, task, name)
    return len(EXPENSES)


def _start(cast: Cast, keys: Collection[str]) -> None:
    found = definitions.find_definition(key=KEY)
    if found is None:
        raise NotFound(f"The definition {KEY} is not deployed.")
    emma = cast.people["Emma Evans"]
    starts = [
        Start(
            variables={
                "expense": key,
                "employee": emma.name,
                "what": EXPENSES[key][0],
                "amount": Decimal(EXPENSES[key][1]),
            },
            initiator=actor_of(emma),
            business_key=key,
        )
        for key in keys
    ]
    if starts:
        instances.start_and_advance(definition_id=found.id, starts=starts)


def _approve(cast: Cast, task: Task, name: str) -> None:
    at = database_now()
    person = cast.people[name]
    lease = claims.claim(task_id=task.id, person=person, occurred_at=at)
    verdicts.submit(
        task_id=task.id,
        person=person,
        token=lease.token,
        payload_digest=task.payload_digest,
        decision=Decision.APPROVE,
        occurred_at=at,
    )
