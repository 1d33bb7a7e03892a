"""Settle proposed changes of every kind; each kind's office is a line here."""

from collections.abc import Mapping
from typing import Final

from review.core.changes import GovernedKind
from review.models import Person, ProposedChange
from review.operations.figures import alerts
from review.operations.people import roles
from review.operations.policies import governing, new_calendars
from review.operations.policies.governing import Office
from workflows.operations.errors import NotFound

OFFICES: Final[Mapping[GovernedKind, Office]] = {
    GovernedKind.ALERT_RULE: alerts.OFFICE,
    GovernedKind.ROLE: roles.OFFICE,
    GovernedKind.CALENDAR: new_calendars.OFFICE,
}


def office_of(change: ProposedChange) -> Office:
    """Return how a change is governed."""
    return OFFICES[GovernedKind(change.kind)]


def approve(*, change_id: int, person: Person, reason: str = "") -> ProposedChange:
    """Approve a change as another person than its author; raises as governing.approve."""
    office = _find(change_id)
    return governing.approve(office, change_id=change_id, person=person, reason=reason)


def decline(*, change_id: int, person: Person, reason: str) -> None:
    """Refuse a change; raises as governing.decline."""
    office = _find(change_id)
    governing.decline(office, change_id=change_id, person=person, reason=reason)


def withdraw(*, change_id: int, person: Person, reason: str) -> None:
    """Take one's own change back; raises as governing.withdraw."""
    office = _find(change_id)
    governing.withdraw(office, change_id=change_id, person=person, reason=reason)


def _find(change_id: int) -> Office:
    # A change never changes its kind, so looking that up needs no lock of its own.
    change = ProposedChange.objects.filter(pk=change_id).only("kind").first()
    if change is None:
        raise NotFound(f"There is no proposed change {change_id}.")
    return office_of(change)
