"""Cases that wait at a step, and people who may intervene."""

from dataclasses import dataclass
from uuid import UUID

import pytest
from pytest_django import Settings

import tests.factories.handlers  # noqa: F401  registers the handlers
from review.core.states import Role
from review.models import Person
from review.operations.people import people as persons
from tests.factories.processes import TESTER, chain, deploy, process
from tests.integration.engine.conftest import Waiting, people
from workflows.models import Step
from workflows.operations import instances
from workflows.operations.advance import advance_batch
from workflows.operations.instances import Start

__all__ = ["people"]

WHY = "The paper form was found."
LINE = process(
    '<startEvent id="s"/><userTask id="a" name="Check"/><userTask id="b"/>'
    '<endEvent id="e"/>' + chain("s", "a", "b", "e")
)
BROKEN = process(
    '<startEvent id="s"/><serviceTask id="book" name="Book" cs:handler="test.broken"/>'
    '<endEvent id="e"/>' + chain("s", "book", "e")
)


@dataclass(frozen=True, slots=True)
class Office:
    """Olga and Oskar own processes, Erin administers, Alice reviews."""

    olga: Person
    oskar: Person
    erin: Person
    alice: Person

    def start(
        self, count: int = 1, *, key: str = "line", **variables: object
    ) -> list[UUID]:
        """Start cases that wait at their first step."""
        body = BROKEN if key == "broken" else LINE
        made = instances.start_many(
            definition_id=deploy(body, key=key),
            starts=[
                Start(variables=variables, initiator=TESTER, business_key=f"{key}-{n}")
                for n in range(count)
            ],
        )
        while advance_batch(worker="test").instances:
            pass
        return made


def step_at(instance_id: UUID, node: str) -> int:
    """Return the live step of an instance at a node."""
    return Step.objects.get(
        instance_id=instance_id, node_id=node, state__in=["WAITING", "INCIDENT"]
    ).pk


@pytest.fixture
def office(db: None, people: Waiting) -> Office:
    """Make the people; human steps simply wait."""
    return make_office()


@pytest.fixture
def dual(settings: Settings) -> None:
    """Put every act under two persons' control."""
    settings.DUAL_CONTROL = frozenset({
        "suspend", "resume", "cancel", "retry", "skip", "move", "edit",
    })  # fmt: skip


def make_office() -> Office:
    """Make the people, each with an account."""
    made = {}
    for name, role in (
        ("olga", Role.PROCESS_OWNER),
        ("oskar", Role.PROCESS_OWNER),
        ("erin", Role.ADMINISTRATOR),
        ("alice", Role.REVIEWER),
    ):
        made[name] = persons.create_person(
            name=name.title(),
            actor=TESTER,
            username=name,
            password="a-long-password",
        )
        persons.grant_role(person=made[name], role=role, actor=TESTER)
    return Office(**made)
