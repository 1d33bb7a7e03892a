"""Calendars that two persons make; what is changed of one afterwards are policies."""

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any, Final

from django.db import transaction
from django.db.models import Q

from review.core.changes import GovernedKind
from review.core.policies.calendar_policy import to_days_off, to_hours
from review.core.policies.policies import Line
from review.core.states import PolicyKind, Role
from review.models import Calendar, Person, ProposedChange, RoleGrant
from review.operations import queues
from review.operations.people.people import actor_of
from review.operations.policies import governing, policies
from review.operations.policies.governing import Office, Wish
from review.operations.policies.policy_subjects import Subject
from review.permissions import Rights, check_can_rule
from workflows.operations.errors import Conflict

HEADS: Final = ("What", "As")


def check_body(body: object) -> dict[str, Any]:
    """Return a calendar's sound body in its one form. Raises BadBody."""
    return policies.check_body(PolicyKind.CALENDAR, body, subject=Subject())


@transaction.atomic
def propose(
    *, key: str, name: str, body: object, reason: str, person: Person
) -> ProposedChange:
    """Propose a calendar; another person with the right makes it by approving.

    Raises BadBody, Forbidden, Invalid without a reason, and Conflict where one of that
    key stands or waits already.
    """
    sound = check_body(body)
    if Calendar.objects.filter(key=key).exists():
        raise Conflict(
            f"There is a calendar {key} already; change that one, or choose another key."
        )
    wish = Wish(
        subject=f"calendar:{key}",
        title=f"New calendar “{name}”",
        reason=reason,
        before={},
        body={"key": key, "name": name, "calendar": sound},
    )
    return governing.propose(OFFICE, person=person, wish=wish)


def list_lines(body: Mapping[str, Any]) -> list[Line]:
    """Return what a proposed calendar says line by line; nothing of nothing."""
    if not body:
        return []
    named = {"Name": body["name"], "Key": body["key"]}
    rules = policies.KINDS[PolicyKind.CALENDAR]
    told = rules.list_lines(body["calendar"])
    return [
        *(Line(head, (head, text)) for head, text in named.items()),
        *(line for line in told if all(line.cells)),
    ]


def _check_may(rights: Rights, _change: ProposedChange) -> None:
    check_can_rule(rights, queue_id=None)


def _list_approvers(_change: ProposedChange) -> Collection[int]:
    whole = Q(role=Role.MANAGER.value, queue__isnull=True)
    found = RoleGrant.objects.filter(
        Q(role=Role.PROCESS_OWNER.value) | whole, revoked_at=None
    )
    return set(found.values_list("person_id", flat=True))


def _enact(change: ProposedChange, person: Person, _now: dt.datetime) -> None:
    """Make the calendar; the entry names who approved, the change who proposed."""
    # What was sound then may not be now: another release knows other countries.
    sound = check_body(change.body["calendar"])
    made = queues.define_calendar(
        key=change.body["key"],
        name=change.body["name"],
        zone=sound["zone"],
        hours=to_hours(sound),
        country=sound.get("country", ""),
        subdivision=sound.get("part", ""),
        days_off=to_days_off(sound),
        actor=actor_of(person),
    )
    change.version = made.version


OFFICE: Final = Office(
    kind=GovernedKind.CALENDAR,
    prefix="calendar",
    check_may_propose=_check_may,
    check_may_settle=_check_may,
    list_approvers=_list_approvers,
    enact=_enact,
)
