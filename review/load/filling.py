"""Fill an installation with open tasks by the operations that real work uses.

Nothing is written past the engine: every chain of entries verifies afterwards, and
every task could be claimed and judged.
"""

import itertools
import multiprocessing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from django.db import connections

from review.core.states import Role
from review.load.cases import KEY, QUEUES, make_case, package
from review.models import Person, Queue, User
from review.operations import queues
from review.operations.people import people
from review.operations.queues import QueueRules
from workflows.core.actors import Actor, ActorKind
from workflows.models import Instance
from workflows.operations import definitions, instances
from workflows.operations.instances import Start
from workflows.workers import tune_process

LOAD: Final = Actor(kind=ActorKind.SYSTEM, id="load", name="Load")
BATCH: Final = 250
PEOPLE: Final = 16
RULES: Final = QueueRules(wip_limit=None)


@dataclass(frozen=True, slots=True)
class Stage:
    """What the load needs first: by queue the definition that fills it."""

    definition_ids: tuple[int, ...]


def set_stage() -> Stage:
    """Make the queues, their definitions and reviewers, as far as they are missing."""
    for key in QUEUES:
        if not Queue.objects.filter(key=key).exists():
            name = key.replace("-", " ").capitalize()
            queues.define_queue(key=key, name=name, actor=LOAD, rules=RULES)
    deployed = [
        definitions.deploy(files=package(key), actor=LOAD).definition_id
        for key in QUEUES
    ]
    hire(PEOPLE)
    return Stage(definition_ids=tuple(deployed))


def hire(count: int) -> None:
    """Make reviewers of all queues, "Load 1" to "Load <count>", where missing."""
    known = set(
        Person.objects.filter(name__startswith="Load ").values_list("name", flat=True)
    )
    for number in range(1, count + 1):
        name = f"Load {number}"
        if name not in known:
            person = people.create_person(name=name, actor=LOAD, simulated=True)
            people.grant_role(person=person, role=Role.REVIEWER, actor=LOAD)


def open_account(*, username: str, password: str) -> Person:
    """Give the load a reviewer and manager who can sign in. Raises Invalid, Conflict."""
    found = User.objects.filter(username=username).select_related("person").first()
    if found is not None:
        return found.person
    person = people.create_person(
        name="Load", actor=LOAD, username=username, password=password
    )
    for role in (Role.REVIEWER, Role.MANAGER):
        people.grant_role(person=person, role=role, actor=LOAD)
    return person


def fill(
    *, tasks: int, processes: int = 1, tell: Callable[[int], None] = lambda _: None
) -> int:
    """Open that many tasks, spread over the queues; return how many were opened.

    `tell` hears after each batch how many there are by now. A fill that was cut short
    leaves whole cases; the next one adds to them.
    """
    stage = set_stage()
    first = Instance.objects.filter(definition_id__in=stage.definition_ids).count()
    batches = [
        (number, min(BATCH, first + tasks - number))
        for number in range(first, first + tasks, BATCH)
    ]
    start = partial(_start, stage.definition_ids)
    opened = 0
    if processes == 1:
        for count in itertools.starmap(start, batches):
            opened += count
            tell(opened)
        return opened
    # Each process opens connections of its own: one that two share breaks both.
    connections.close_all()
    context = multiprocessing.get_context("fork")
    with context.Pool(processes, initializer=tune_process) as pool:
        for count in pool.imap_unordered(partial(_start_one, start), batches):
            opened += count
            tell(opened)
    return opened


def _start_one(start: Callable[[int, int], int], batch: tuple[int, int]) -> int:
    return start(*batch)


def _start(definition_ids: Sequence[int], first: int, count: int) -> int:
    """Open the tasks of one batch, all of one queue, in one transaction."""
    definition_id = definition_ids[first // BATCH % len(definition_ids)]
    started = instances.start_and_advance(
        definition_id=definition_id,
        starts=[
            Start(
                variables=make_case(number),
                initiator=LOAD,
                business_key=f"L-{number:08}",
            )
            for number in range(first, first + count)
        ],
    )
    return len(started)


__all__ = ["KEY", "fill", "hire", "open_account", "set_stage"]
