"""The demonstration's people, queues, reasons and working hours. All invented."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from review.core.states import Decision, Role
from review.models import Person, Queue, User
from review.operations import people, queues
from workflows.core.actors import Actor, ActorKind

DEMO: Final = Actor(kind=ActorKind.SYSTEM, id="demo", name="Demonstration")
PORTAL: Final = Actor(kind=ActorKind.SYSTEM, id="portal", name="Application portal")
PASSWORD: Final = "countersign-demo"  # noqa: S105  (printed for whoever tries it)
CALENDAR: Final = "office"
HOURS: Final = {str(day): [["08:30", "12:30"], ["13:15", "17:30"]] for day in range(5)}

ALL: Final = (
    "credit",
    "compliance",
    "invoices",
    "administration",
    "pre-approvers",
    "travel-desk",
)
SENIOR: Final = ("head-of-credit", "budget-owners", "supervisors")


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
    Part("Olga Okafor", Role.PROCESS_OWNER, (), "olga", "process owner"),
    Part(
        "Erik Engel", Role.ADMINISTRATOR, (), "erik", "administrator, reviews nothing"
    ),
    Part("Farah Fontaine", Role.REVIEWER, ALL),
    Part("Goran Galic", Role.REVIEWER, ALL),
    Part("Ines Ibarra", Role.REVIEWER, ALL),
    Part("Jonas Jansen", Role.REVIEWER, SENIOR),
    Part("Kaito Kimura", Role.REVIEWER, SENIOR),
    Part("Lena Lind", Role.REVIEWER, ("employees",)),
    Part("Noor Nasser", Role.REVIEWER, ("employees",)),
    Part("Pavel Petrov", Role.REVIEWER, ("employees",)),
)
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
        "Lending policy 3.1: three payslips of the last months.",
        False,
    ),
    "debt-too-high": (
        "Debt is too high",
        Decision.REJECT,
        "Lending policy 4.2: installments below a third of income.",
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
        "Accounts payable 2.3: the paper counts.",
        False,
    ),
    "typing-error": (
        "Typing error corrected",
        Decision.EDIT_AND_APPROVE,
        "General rule 5: corrections that change no meaning.",
        False,
    ),
}


@dataclass(frozen=True, slots=True)
class Cast:
    """Who stands at which queue, and who declares trips."""

    staff: Mapping[str, tuple[Person, ...]]
    employees: tuple[Person, ...]


def set_stage() -> Cast:
    """Make sure that the people and their queues are there; return them."""
    desks = _define_queues()
    staff: dict[str, list[Person]] = {key: [] for key in desks}
    for part in PARTS:
        person = _find_person(part)
        for key in part.queues:
            people.grant_role(
                person=person, role=part.role, queue=desks[key], actor=DEMO
            )
            staff[key].append(person)
        if not part.queues:
            people.grant_role(person=person, role=part.role, actor=DEMO)
    return Cast(
        staff={key: tuple(found) for key, found in staff.items()},
        employees=tuple(staff["employees"]),
    )


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


def _define_queues() -> dict[str, Queue]:
    known = {queue.key: queue for queue in Queue.objects.all()}
    if set(QUEUES) <= set(known):
        return known
    calendar = queues.define_calendar(
        key=CALENDAR,
        name="Office hours, Berlin",
        zone="Europe/Berlin",
        hours=HOURS,
        country="DE",
        subdivision="BE",
        actor=DEMO,
    )
    made: dict[str, Queue] = {}
    for key, (name, description, above) in QUEUES.items():
        made[key] = queues.define_queue(
            key=key,
            name=name,
            description=description,
            policy_text=POLICIES.get(key, ""),
            calendar=calendar,
            escalate_to=made.get(above),
            actor=DEMO,
        )
    for code, (label, decision, policy, needs_words) in REASONS.items():
        queues.define_reason_code(
            code=code,
            label=label,
            decision=decision,
            policy_text=policy,
            needs_rationale=needs_words,
            actor=DEMO,
        )
    return made
