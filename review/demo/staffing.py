"""What the demonstration's people bring, when they are there, and who stands in."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from review.demo.cast import Cast
from review.models import Absence, BreakGlass, Delegation
from review.operations.people import availability, delegations, emergencies
from review.operations.tasks import rebalancing
from workflows.store import database_now

MANAGER: Final = "Mona Meyer"


@dataclass(frozen=True, slots=True)
class Brings:
    """One person's regions (none: all), skills by level, limit and hours."""

    regions: tuple[str, ...] = ()
    skills: Mapping[str, int] = field(default_factory=dict)
    limit: int | None = None
    hours: str = ""


# Alice has no hours: whoever tries the demonstration at night is given work as well.
STAFF: Final[Mapping[str, Brings]] = {
    "Alice Archer": Brings(("DE", "FR", "NL", "PL"), {"large-loans": 3}, limit=8),
    "Bob Brandt": Brings(skills={"large-loans": 4}, hours="early-shift"),
    "Carol Chen": Brings(skills={"large-loans": 5, "fraud": 2}, hours="late-shift"),
    "Henry Holt": Brings(skills={"large-loans": 5, "fraud": 4}, hours="office"),
    "Ines Ibarra": Brings(("DE", "IT"), {"fraud": 3}),
}
DAY: Final = dt.timedelta(days=1)


def bring_staff(cast: Cast) -> None:
    """Say what each reviewer brings; said already, nothing is done."""
    manager = cast.people[MANAGER]
    for name, brings in STAFF.items():
        person = cast.people[name]
        if not person.skills.exists():
            availability.change_staff(
                person=person,
                by=manager,
                regions=brings.regions,
                skills=brings.skills,
                wip_limit=brings.limit,
                calendar_key=brings.hours,
            )


def send_away(cast: Cast) -> None:
    """Let one reviewer be away from now on, her work moved, and one next week."""
    now = database_now()
    ines, bob = cast.people["Ines Ibarra"], cast.people["Bob Brandt"]
    spans = [
        (ines, now, now + 2 * DAY, "Ill; called in this morning."),
        (bob, now + 5 * DAY, now + 12 * DAY, "On leave."),
    ]
    for person, starts, ends, reason in spans:
        if not Absence.objects.filter(person=person).exists():
            availability.plan_absence(
                person=person,
                starts_at=starts,
                ends_at=ends,
                by=cast.people[MANAGER] if person == ines else person,
                reason=reason,
            )
    rebalancing.rebalance(now=database_now())


def stand_in(cast: Cast) -> None:
    """Let a senior lend his right to Alice, and break a glass that nobody reviewed yet."""
    henry, alice = cast.people["Henry Holt"], cast.people["Alice Archer"]
    if not Delegation.objects.filter(giver=henry).exists():
        delegations.delegate(
            giver=henry,
            taker=alice,
            ends_at=database_now() + 14 * DAY,
            queue=cast.desks["supervisors"],
            reason="At the annual audit until then.",
        )
    erik = cast.people["Erik Engel"]
    if not BreakGlass.objects.filter(person=erik).exists():
        emergencies.break_glass(
            person=erik,
            queue=cast.desks["compliance"],
            reason="Payouts stop at noon and nobody of compliance could be reached.",
            lasting=dt.timedelta(hours=4),
        )
