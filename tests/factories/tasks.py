"""Tasks for tests: a small process with one human step, and who may work on it.

Nothing here invents a state: every task is opened by the engine, and is claimed and
judged by the operations that people use.
"""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.contrib.postgres.functions import TransactionNow

import tests.factories.handlers  # noqa: F401  registers the handlers
from review.core.states import Decision, Role
from review.core.tasks.leases import Lease
from review.models import Person, Queue, Task
from review.operations import queues
from review.operations.people import people
from review.operations.queues import QueueRules
from review.operations.tasks import claims
from review.operations.verdicts import verdicts
from tests.factories.decisions import decision, dmn, input_data, table
from tests.factories.processes import TESTER, chain, flow, package, process
from workflows.operations import definitions, instances
from workflows.operations.instances import Start

GRID: Final = dmn(
    input_data("confidence", kind="number"),
    input_data("impact", kind="number"),
    decision(
        "grid",
        table(
            inputs={"confidence": "number", "impact": "number"},
            hit_policy="FIRST",
            rules=[
                ("-", ">= 1000000", '"block"'),
                ("-", ">= 10000", '"dual"'),
                (">= 0.95", "-", '"auto"'),
                ("-", "-", '"review"'),
            ],
        ),
        inputs=("confidence", "impact"),
    ),
)
AT_ONCE: Final = QueueRules(undo_seconds=0, wip_limit=None, claim_ahead=0)
"""Verdicts take effect at once, and a person may hold any number of tasks."""

NAMES: Final = ("alice", "bob", "carol", "dave")
PASSWORD: Final = "correct-horse-battery"


@dataclass(frozen=True, slots=True)
class Desk:
    """A queue with four reviewers, a definition that leads there, and its id."""

    queue: Queue
    definition_id: int
    staff: dict[str, Person] = field(default_factory=dict)

    @property
    def alice(self) -> Person:
        return self.staff["alice"]

    @property
    def bob(self) -> Person:
        return self.staff["bob"]

    @property
    def carol(self) -> Person:
        return self.staff["carol"]

    @property
    def dave(self) -> Person:
        return self.staff["dave"]


def make_person(name: str, *roles: Role, queue: Queue | None = None) -> Person:
    """Create a person without an account who holds these roles."""
    person = people.create_person(name=name, actor=TESTER)
    for role in roles:
        people.grant_role(person=person, role=role, queue=queue, actor=TESTER)
    return person


def review_process(**attributes: str) -> str:
    """Return a process whose one human step has these attributes (all of `cs:`)."""
    words = {"queue": "desk", "title": '"Case " + name', **attributes}
    text = " ".join(
        f"cs:{key}='{value.replace('<', '&lt;')}'" for key, value in words.items()
    )
    return process(
        f'<startEvent id="start"/><userTask id="review" name="Review" {text}/>'
        '<exclusiveGateway id="split" default="split-refused"/>'
        '<serviceTask id="after" cs:handler="test.noop"/>'
        '<endEvent id="granted"/><endEvent id="refused"/>'
        + chain("start", "review", "split")
        + flow("split", "after", condition='review.outcome = "APPROVED"')
        + flow("split", "refused")
        + chain("after", "granted")
    )


def make_desk(**attributes: str) -> Desk:
    """Create the queue, its reviewers and a deployed definition."""
    queue = queues.define_queue(key="desk", name="Desk", actor=TESTER, rules=AT_ONCE)
    files = package(review_process(**attributes), files={"grid.dmn": GRID})
    deployed = definitions.deploy(files=files, actor=TESTER)
    staff = {
        name: make_person(name.title(), Role.REVIEWER, queue=queue) for name in NAMES
    }
    return Desk(queue=queue, definition_id=deployed.definition_id, staff=staff)


def set_rules(desk: Desk, rules: QueueRules) -> None:
    """Give the desk's queue other rules."""
    queues.define_queue(key="desk", name="Desk", actor=TESTER, rules=rules)


def start_cases(
    desk: Desk, *, count: int = 1, initiator: Person | None = None, **variables: Any
) -> list[UUID]:
    """Start cases and let each reach its human step."""
    values = {"name": "Ada", "amount": 500, "confidence": Decimal("0.5"), **variables}
    start = Start(
        variables=values,
        initiator=people.actor_of(initiator) if initiator else TESTER,
        business_key="CASE",
    )
    return instances.start_and_advance(
        definition_id=desk.definition_id, starts=[start] * count
    )


def open_task(desk: Desk, *, initiator: Person | None = None, **variables: Any) -> Task:
    """Start one case and return the task its human step opened."""
    (instance_id,) = start_cases(desk, initiator=initiator, **variables)
    return Task.objects.get(instance_id=instance_id)


def judge(
    task: Task,
    person: Person,
    decision: Decision = Decision.APPROVE,
    *,
    lease: Lease | None = None,
    **given: Any,
) -> verdicts.Submitted:
    """Claim a task as it now stands (unless a lease is given) and judge it."""
    held = lease or claims.claim(task_id=task.id, person=person)
    task.refresh_from_db()
    if decision is not Decision.APPROVE:
        given.setdefault("rationale", "Because the papers say so.")
    given.setdefault("payload_digest", task.payload_digest)
    return verdicts.submit(
        task_id=task.id, person=person, token=held.token, decision=decision, **given
    )


def lapse(task: Task) -> None:
    """Let a task's lease be over: its end moves into the past."""
    past = TransactionNow() - dt.timedelta(seconds=1)
    Task.objects.filter(id=task.id).update(lease_until=past)


def task_at(state: str, desk: Desk, **variables: Any) -> Task:
    """Return a task that walked the real operations to a state.

    OPEN, CLAIMED (by alice), SECOND (alice approved), DISPUTED (alice approved, bob
    rejected), DECIDED (approved), REJECTED, CANCELED. The dual ones need a desk whose
    step asks for two persons.
    """
    task = open_task(desk, **variables)
    match state:
        case "OPEN":
            pass
        case "CLAIMED":
            claims.claim(task_id=task.id, person=desk.alice)
        case "SECOND":
            judge(task, desk.alice)
        case "DISPUTED":
            judge(task, desk.alice)
            judge(task, desk.bob, Decision.REJECT)
        case "DECIDED":
            judge(task, desk.alice)
        case "REJECTED":
            judge(task, desk.alice, Decision.REJECT)
        case "CANCELED":
            instances.cancel(
                instance_id=task.instance_id, actor=TESTER, reason="Not needed."
            )
        case other:
            raise ValueError(f"Nobody knows how to bring a task to {other!r}.")
    task.refresh_from_db()
    return task
