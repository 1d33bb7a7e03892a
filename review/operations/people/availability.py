"""When people are there and what they take: absences, regions, skills, limits, shifts.

Everybody plans his own absences; the rest is for managers of a queue the person
reviews, and for administrators. Each change is an entry of the installation.
"""

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Final

from django.db import transaction

from review.core.states import Role
from review.core.tasks.rules import LEVELS, MAX_REGION, MAX_SKILL
from review.models import Absence, Calendar, Person, RoleGrant, Skill
from review.operations.people.people import actor_of
from review.permissions import Rights, get_rights
from workflows import audit
from workflows.operations.errors import Conflict, Forbidden, Invalid, NotFound
from workflows.store import database_now

MOST_DAYS: Final = 400
MOST_SKILLS: Final = 40
MOST_REGIONS: Final = 40
MOST_HELD: Final = 1000


def plan_absence(
    *,
    person: Person,
    starts_at: dt.datetime,
    ends_at: dt.datetime,
    by: Person,
    reason: str = "",
) -> int:
    """Note that a person is away; return the absence's id.

    Nothing is pushed to him then, and when it begins what he holds moves on. Raises
    Invalid for a span that is over, backwards or too long, Conflict where it overlaps
    another, Forbidden for who is neither the person nor may plan for him.
    """
    if ends_at <= starts_at:
        raise Invalid("An absence ends after it starts.")
    if ends_at - starts_at > dt.timedelta(days=MOST_DAYS):
        raise Invalid(f"An absence lasts {MOST_DAYS} days at most.")
    with transaction.atomic():
        check_may_plan(by, person)
        # Two plans at once must see each other, or they overlap.
        Person.objects.select_for_update().get(id=person.id)
        now = database_now()
        if ends_at <= now:
            raise Invalid("This span is over; plan one that ends in the future.")
        other = Absence.objects.filter(
            person=person,
            canceled_at=None,
            starts_at__lt=ends_at,
            ends_at__gt=starts_at,
        ).first()
        if other is not None:
            raise Conflict(
                f"{person.name} is away from {other.starts_at:%Y-%m-%d %H:%M} to"
                f" {other.ends_at:%Y-%m-%d %H:%M} UTC already; cancel that one first."
            )
        absence = Absence.objects.create(
            person=person,
            starts_at=starts_at,
            ends_at=ends_at,
            reason=reason.strip()[:200],
            created_at=now,
        )
        _record("absence.planned", person, by, _span(absence), now=now)
    return absence.pk


def cancel_absence(*, absence_id: int, by: Person) -> None:
    """Take an absence back; work that moved on already stays where it is.

    Raises NotFound, Conflict for one that is over or canceled, and Forbidden.
    """
    with transaction.atomic():
        absence = (
            Absence.objects
            .select_for_update(of=("self",))
            .select_related("person")
            .filter(id=absence_id)
            .first()
        )
        if absence is None:
            raise NotFound(f"There is no absence {absence_id}.")
        check_may_plan(by, absence.person)
        now = database_now()
        if absence.canceled_at is not None or absence.ends_at <= now:
            raise Conflict("This absence is over or canceled already.")
        Absence.objects.filter(id=absence_id).update(canceled_at=now)
        _record("absence.canceled", absence.person, by, _span(absence), now=now)


def change_staff(
    *,
    person: Person,
    by: Person,
    regions: Collection[str],
    skills: Mapping[str, int],
    wip_limit: int | None,
    calendar_key: str,
) -> None:
    """Say whose work a person takes, what he can, how much and when.

    No regions: all; no limit: any number; no calendar: always. Raises Invalid for
    words or figures out of range, NotFound for an unknown calendar, Forbidden for who
    may not manage the person.
    """
    wanted = sorted({region.strip() for region in regions if region.strip()})
    _check(wanted, skills, wip_limit)
    with transaction.atomic():
        check_may_manage(by, person)
        calendar = None
        if calendar_key:
            calendar = Calendar.objects.filter(key=calendar_key).first()
            if calendar is None:
                raise NotFound(f"There is no calendar {calendar_key!r}.")
        Person.objects.select_for_update().get(id=person.id)
        now = database_now()
        Person.objects.filter(id=person.id).update(
            regions=wanted, wip_limit=wip_limit, calendar=calendar
        )
        Skill.objects.filter(person=person).exclude(name__in=skills).delete()
        Skill.objects.bulk_create(
            [
                Skill(person=person, name=name, level=level)
                for name, level in sorted(skills.items())
            ],
            update_conflicts=True,
            unique_fields=["person", "name"],
            update_fields=["level"],
        )
        detail: dict[str, object] = {
            "regions": wanted,
            "skills": dict(sorted(skills.items())),
            "wip_limit": wip_limit,
            "calendar": calendar_key,
        }
        _record("person.availability_changed", person, by, detail, now=now)


def check_may_manage(by: Person, person: Person) -> None:
    """Raise Forbidden unless `by` administers, or manages a queue the person reviews."""
    rights = get_rights(by.id)
    if rights.holds_anywhere(Role.ADMINISTRATOR) or _manages(rights, person.id):
        return
    raise Forbidden(
        f"{rights.name} manages no queue that {person.name} reviews;"
        " one of these queues' managers can change this.",
        code="not-a-manager",
    )


def check_may_plan(by: Person, person: Person) -> None:
    """Raise Forbidden unless it is one's own absence, or one manages the person."""
    if by.id != person.id:
        check_may_manage(by, person)


def list_managed(rights: Rights) -> set[int]:
    """Return the ids of all persons whose availability the viewer may change."""
    grants = RoleGrant.objects.filter(
        role=Role.REVIEWER.value, revoked_at=None, person__disabled_at=None
    ).exclude(person__simulated=True)
    if rights.holds_anywhere(Role.ADMINISTRATOR):
        return set(grants.values_list("person_id", flat=True))
    managed = rights.list_queue_ids(Role.MANAGER)
    if managed is None:
        return set(grants.values_list("person_id", flat=True))
    if not managed:
        return set()
    return set(
        grants.filter(queue_id__in=managed).values_list("person_id", flat=True)
    ) | set(grants.filter(queue=None).values_list("person_id", flat=True))


def _manages(rights: Rights, person_id: int) -> bool:
    return person_id in list_managed(rights)


def _check(
    regions: Collection[str], skills: Mapping[str, int], wip_limit: int | None
) -> None:
    if len(regions) > MOST_REGIONS or any(len(one) > MAX_REGION for one in regions):
        raise Invalid(
            f"Up to {MOST_REGIONS} regions, each of up to {MAX_REGION} letters."
        )
    if len(skills) > MOST_SKILLS or any(
        not name.strip() or len(name) > MAX_SKILL for name in skills
    ):
        raise Invalid(f"Up to {MOST_SKILLS} skills, each of up to {MAX_SKILL} letters.")
    for name, level in skills.items():
        if level not in LEVELS:
            raise Invalid(f"The level of {name} is {level}; it goes from 1 to 5.")
    if wip_limit is not None and not 1 <= wip_limit <= MOST_HELD:
        raise Invalid(
            f"The limit is {wip_limit}; it goes from 1 to {MOST_HELD}, or is empty."
        )


def _span(absence: Absence) -> dict[str, object]:
    return {
        "absence": absence.pk,
        "starts_at": absence.starts_at.isoformat(),
        "ends_at": absence.ends_at.isoformat(),
        "reason": absence.reason,
    }


def _record(
    kind: str,
    person: Person,
    by: Person,
    detail: Mapping[str, object],
    *,
    now: dt.datetime,
) -> None:
    draft = audit.Draft(
        kind=kind,
        actor=actor_of(by),
        detail={"person": person.id, "name": person.name, **detail},
    )
    audit.record_installation(drafts=[draft], now=now)
