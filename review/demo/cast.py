"""The demonstration's people and where they work. All invented."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from review.core.states import Role
from review.demo import rooms
from review.demo.actors import DEMO
from review.models import Person, Queue, RoleGrant, User
from review.operations.people import people

PASSWORD: Final = "countersign-demo"  # noqa: S105  (printed for whoever tries it)

ALL: Final = (
    "credit",
    "compliance",
    "invoices",
    "administration",
    "pre-approvers",
    "travel-desk",
    "expenses",
)
SENIOR: Final = ("head-of-credit", "expenses", "budget-owners", "supervisors")


@dataclass(frozen=True, slots=True)
class Part:
    """One person of the demonstration; without a username he has no account."""

    name: str
    role: Role
    queues: tuple[str, ...] = ()
    username: str = ""
    says: str = ""


PARTS: Final = (
    Part("Alice Archer", Role.REVIEWER, ALL, "alice", "reviewer, takes the next case"),
    Part("Bob Brandt", Role.REVIEWER, ALL, "bob", "reviewer, the second pair of eyes"),
    Part("Carol Chen", Role.REVIEWER, ALL, "carol", "reviewer, settles disagreement"),
    Part("Henry Holt", Role.REVIEWER, SENIOR, "henry", "senior reviewer, escalations"),
    Part(
        "Emma Evans", Role.REVIEWER, ("employees",), "emma", "employee, declares trips"
    ),
    Part("Mona Meyer", Role.MANAGER, (), "mona", "manager of all queues"),
    Part("Dana Doyle", Role.AUDITOR, (), "dana", "auditor, reads and exports"),
    Part("Nils Nyberg", Role.AUDITOR, (), "nils", "auditor of lending, for a quarter"),
    Part("Olga Okafor", Role.PROCESS_OWNER, (), "olga", "process owner"),
    Part("Otto Olsen", Role.PROCESS_OWNER, (), "otto", "process owner, the second one"),
    Part(
        "Erik Engel", Role.ADMINISTRATOR, (), "erik", "administrator, reviews nothing"
    ),
    Part("Farah Fontaine", Role.REVIEWER, ALL),
    Part("Goran Galic", Role.REVIEWER, ALL),
    Part("Ines Ibarra", Role.REVIEWER, ALL, "ines", "reviewer, away today"),
    Part("Jonas Jansen", Role.REVIEWER, SENIOR),
    Part("Kaito Kimura", Role.REVIEWER, SENIOR),
    Part("Lena Lind", Role.REVIEWER, ("employees",)),
    Part("Noor Nasser", Role.REVIEWER, ("employees",)),
    Part("Pavel Petrov", Role.REVIEWER, ("employees",)),
)


@dataclass(frozen=True, slots=True)
class Cast:
    """Who stands at which queue, who declares trips, everybody by name, the queues."""

    staff: Mapping[str, tuple[Person, ...]]
    employees: tuple[Person, ...]
    people: Mapping[str, Person]
    desks: Mapping[str, Queue]


def set_stage() -> Cast:
    """Make sure that the people and their queues are there; return them."""
    everybody = {part.name: _find_person(part) for part in PARTS}
    known = {queue.key: queue for queue in Queue.objects.all()}
    desks = rooms.define_queues(known, staff=everybody)
    staff: dict[str, list[Person]] = {key: [] for key in desks}
    for part in PARTS:
        person = everybody[part.name]
        for key in part.queues:
            people.grant_role(
                person=person, role=part.role, queue=desks[key], actor=DEMO
            )
            staff[key].append(person)
        if not part.queues and not _holds(everybody[part.name], part.role):
            people.grant_role(person=person, role=part.role, actor=DEMO)
    return Cast(
        staff={key: tuple(found) for key, found in staff.items()},
        employees=tuple(staff["employees"]),
        people=everybody,
        desks=desks,
    )


def _holds(person: Person, role: Role) -> bool:
    """Tell whether a role is held, however limited: granting it again lifts limits."""
    return RoleGrant.objects.filter(
        person=person, role=role.value, revoked_at=None
    ).exists()


def list_log_ins() -> list[str]:
    """Return one line for each account: username, name and what it may do."""
    return [
        f"{part.username:<7} {part.name:<13} {part.says}"
        for part in PARTS
        if part.username
    ]


def _find_person(part: Part) -> Person:
    if part.username:
        account = User.objects.filter(username=part.username).first()
        if account is not None:
            return account.person
    else:
        found = Person.objects.filter(name=part.name, simulated=True).first()
        if found is not None:
            return found
    return people.create_person(
        name=part.name,
        actor=DEMO,
        username=part.username,
        password=PASSWORD if part.username else "",
        simulated=not part.username,
    )
