"""A small world: a queue, who may do what there, and cases to decide."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.test import Client

from review.core.states import Decision, Role
from review.models import Person, Queue, Task, User
from review.operations import queues
from review.operations.people import people
from tests.factories.processes import TESTER, chain, flow, package, process
from tests.factories.tasks import AT_ONCE
from workflows.operations import definitions, instances
from workflows.operations.advance import advance_batch

ROLES: Final = {
    "alice": Role.REVIEWER,
    "bob": Role.REVIEWER,
    "carol": Role.MANAGER,
    "dan": Role.AUDITOR,
    "olga": Role.PROCESS_OWNER,
    "erin": Role.ADMINISTRATOR,
    "mallory": None,
}
PASSWORD: Final = "a-long-password"
TEXT: Final = "Noordzee Logistics\nTotal due: 1210.00\n"


@dataclass(frozen=True, slots=True)
class World:
    """Who and what there is; `browser` gives a signed-in client."""

    people: dict[str, Person]
    queue: Queue
    definition_id: int

    def browser(self, name: str) -> Client:
        client = Client()
        client.force_login(User.objects.get(username=name))
        return client

    def start(self, count: int = 1, **variables: Any) -> list[UUID]:
        """Start cases up to their human step."""
        started = [
            instances.start(
                definition_key="screens",
                business_key=f"CASE-{Task.objects.count() + number}",
                initiator=TESTER,
                variables=payload(**variables),
            )
            for number in range(count)
        ]
        while advance_batch(worker="test").more:
            pass
        return started

    def open_task(self, **variables: Any) -> Task:
        (instance_id,) = self.start(**variables)
        return Task.objects.get(instance_id=instance_id)


def payload(**changes: Any) -> dict[str, Any]:
    return {
        "applicant": "Noor Visser",
        "amount": Decimal("38500.50"),
        "verified": True,
        "employer": "Noordzee Transport",
        "fields": {
            "total": {
                "value": Decimal("1210.00"),
                "confidence": Decimal("0.74"),
                "source": {"document": "d1", "start": 30, "end": 37},
            }
        },
        "documents": [{"id": "d1", "name": "invoice.txt", "text": TEXT}],
        "proposal": {"action": "approve", "employer": "Noordzee Logistics"},
        "confidence": Decimal("0.71"),
        "quorum": "one",
        **changes,
    }


def _user_task(name: str, *, quorum: str) -> str:
    return (
        f'<userTask id="{name}" name="Check" cs:queue="desk" cs:sla="PT8H"'
        f' cs:proposal="proposal" cs:quorum="{quorum}"'
        " cs:title='\"Check \" + applicant'/>"
    )


PROCESS: Final = process(
    '<startEvent id="start"/><exclusiveGateway id="how" default="how-one"/>'
    f"{_user_task('one', quorum='one')}{_user_task('two', quorum='dual')}"
    '<exclusiveGateway id="join"/><endEvent id="end"/>'
    + flow("start", "how")
    + flow("how", "two", condition='quorum = "dual"')
    + flow("how", "one")
    + flow("one", "join")
    + flow("two", "join")
    + chain("join", "end")
)


def build_world() -> World:
    """Alice and bob review, carol manages, dan audits, mallory may nothing."""
    persons = {}
    queue = queues.define_queue(
        key="desk",
        name="Credit desk",
        actor=TESTER,
        rules=AT_ONCE,
        policy_text="Look twice.",
    )
    queues.define_queue(key="senior", name="Senior desk", actor=TESTER, rules=AT_ONCE)
    for name, role in ROLES.items():
        persons[name] = people.create_person(
            name=name.title(), actor=TESTER, username=name, password=PASSWORD
        )
        if role is not None:
            people.grant_role(person=persons[name], role=role, actor=TESTER)
    for code, decision in (
        ("documents-missing", Decision.REJECT),
        ("misread", Decision.EDIT_AND_APPROVE),
    ):
        queues.define_reason_code(
            code=code,
            label=code.capitalize(),
            decision=decision,
            policy_text=f"What {code} means.",
            rationale_text=f"Of [what]: {code}.",
            actor=TESTER,
        )
    deployed = definitions.deploy(files=package(PROCESS, key="screens"), actor=TESTER)
    return World(people=persons, queue=queue, definition_id=deployed.definition_id)
