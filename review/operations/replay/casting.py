"""The simulated persons of a replay: who starts cases and who stands at which queue."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from review.core.states import Role
from review.core.tasks.desks import is_own_work
from review.models import Person, Queue
from review.operations import queues
from review.operations.people import people
from workflows.core.actors import Actor, ActorKind
from workflows.core.bpmn.graph import NodeKind
from workflows.operations import definitions

REPLAY: Final = Actor(kind=ActorKind.SYSTEM, id="replay", name="Replay of a log")
INITIATORS: Final = 40
PER_QUEUE: Final = 8


@dataclass(frozen=True, slots=True)
class Cast:
    """The simulated persons: who starts cases, and who works in which queue."""

    initiators: Sequence[Person]
    queues: Mapping[str, Sequence[Person]]
    queue_of: Mapping[str, str]
    own_work: frozenset[str]

    def pick(
        self, node: str, *, case: str, initiator: Person, queue: str = ""
    ) -> Person:
        """Return who does a node's work: the same person for the same case.

        `queue` is where the task waits by now, if it was moved there.
        """
        if node in self.own_work:
            return initiator
        pool = self.queues.get(queue) or self.queues[self.queue_of[node]]
        return pool[zlib.crc32(f"{node} {case}".encode()) % len(pool)]


def hire(*, definition_id: int) -> Cast:
    """Make sure that simulated persons stand at every queue of the definition."""
    process = definitions.compiled(definition_id).main
    nodes = [n for n in process.nodes.values() if n.kind is NodeKind.USER_TASK]
    queue_of = {node.id: node.properties["queue"] for node in nodes}
    own = frozenset(node.id for node in nodes if is_own_work(node))
    employees = [_find_person(f"Simulated employee {n + 1}") for n in range(INITIATORS)]
    staff: dict[str, Sequence[Person]] = {}
    for node in nodes:
        key = queue_of[node.id]
        queue = Queue.objects.filter(key=key).first() or queues.define_queue(
            key=key, name=key.replace("-", " ").capitalize(), actor=REPLAY
        )
        if key in staff:
            continue
        label = f"Simulated {key.replace('-', ' ').removesuffix('s')}"
        staff[key] = (
            employees
            if node.id in own
            else [_find_person(f"{label} {n + 1}") for n in range(PER_QUEUE)]
        )
        for person in staff[key]:
            people.grant_role(
                person=person, role=Role.REVIEWER, queue=queue, actor=REPLAY
            )
    return Cast(initiators=employees, queues=staff, queue_of=queue_of, own_work=own)


def _find_person(name: str) -> Person:
    found = Person.objects.filter(name=name, simulated=True).first()
    return found or people.create_person(name=name, actor=REPLAY, simulated=True)
