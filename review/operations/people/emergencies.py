"""Break glass: take the right to review a queue in an emergency, and answer for it.

It lifts the missing role, never four eyes. It ends by itself, it is told to whoever
answers for the queue, and another person looks at it afterwards.
"""

import datetime as dt
from typing import Final

from django.db import transaction
from django.urls import reverse

from review.core.notices.notices import Notice
from review.core.states import Role
from review.models import BreakGlass, Person, Queue, RoleGrant
from review.operations.notices import notifying
from review.operations.people.people import actor_of
from review.permissions import check_can_review_emergencies, get_rights
from workflows import audit
from workflows.operations.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    check_reason,
)
from workflows.store import database_now

SHORTEST_REASON: Final = 15
LONGEST: Final = dt.timedelta(hours=8)
USUAL: Final = dt.timedelta(hours=1)


@transaction.atomic
def break_glass(
    *, person: Person, queue: Queue, reason: str, lasting: dt.timedelta = USUAL
) -> BreakGlass:
    """Let a person review a queue for a time without the role; return the record.

    Raises Invalid (a reason of less than a few words, a time beyond LONGEST), Conflict
    (the right is there already; an auditor) and what get_rights raises.
    """
    check_reason(reason)
    if len(reason.strip()) < SHORTEST_REASON:
        raise Invalid(
            "Say in a sentence what the emergency is; another person reads it afterwards."
        )
    if not dt.timedelta() < lasting <= LONGEST:
        hours = LONGEST // dt.timedelta(hours=1)
        raise Invalid(f"An emergency's right lasts {hours} hours at most.")
    # Two at once must see each other, or the same glass is broken twice.
    Person.objects.select_for_update().get(id=person.id)
    rights = get_rights(person.id)
    if rights.audit is not None:
        raise Conflict(
            f"{rights.name} is an auditor and may judge nothing, not in an emergency"
            " either; ask a reviewer of the queue.",
            code="incompatible-roles",
        )
    if rights.holds(Role.REVIEWER, queue_id=queue.id):
        raise Conflict(
            f"You may review {queue.name} as it is; there is no glass to break.",
            code="right-held-already",
        )
    now = database_now()
    made = BreakGlass.objects.create(
        person=person,
        queue=queue,
        reason=reason.strip(),
        opened_at=now,
        expires_at=now + lasting,
    )
    _tell_of_opening(made, person=person, queue=queue)
    _record("emergency.opened", made, person, {"reason": made.reason}, now=now)
    return made


@transaction.atomic
def give_back(*, emergency_id: int, person: Person) -> None:
    """End one's own emergency's right before its time. Raises as review does."""
    found = _lock(emergency_id)
    if found.person_id != person.id:
        raise Forbidden("Only who took an emergency's right gives it back.")
    now = database_now()
    if found.expires_at <= now:
        raise Conflict("This emergency's right is over already.", code="emergency-over")
    found.expires_at = now
    found.save(update_fields=["expires_at"])
    _record("emergency.ended", found, person, {}, now=now)


@transaction.atomic
def review(*, emergency_id: int, person: Person, is_justified: bool, note: str) -> None:
    """Say whether an emergency was one, as another person who may judge that.

    Raises NotFound, Invalid (no note), Forbidden (one's own, somebody who counts as
    its taker, no such right) and Conflict (reviewed already).
    """
    check_reason(note)
    found = _lock(emergency_id)
    rights = get_rights(person.id)
    check_can_review_emergencies(rights, queue_id=found.queue_id)
    if found.person_id in rights.persons:
        raise Forbidden(
            "You took this right yourself, or stand in for who did; a manager of the"
            " queue, an auditor or a process owner who is another person reviews it.",
            code="four-eyes-emergency",
        )
    if found.reviewed_at is not None:
        raise Conflict("This emergency is reviewed already.", code="emergency-reviewed")
    now = database_now()
    found.reviewed_at, found.reviewed_by = now, person
    found.is_justified, found.review_note = is_justified, note.strip()
    # A right nobody can justify does not go on.
    if not is_justified:
        found.expires_at = min(found.expires_at, now)
    found.save()
    detail: dict[str, object] = {"justified": is_justified, "note": found.review_note}
    notifying.tell(
        persons=[found.person_id],
        kind=Notice.EMERGENCY_REVIEW,
        title=f"Your emergency in {found.queue.name} was reviewed",
        text=f"{'Justified' if is_justified else 'Not justified'}: {found.review_note}",
        url=reverse("emergency-list"),
        key=f"emergency-reviewed-{found.id}",
    )
    _record("emergency.reviewed", found, person, detail, now=now)


def _lock(emergency_id: int) -> BreakGlass:
    found = BreakGlass.objects.select_for_update().filter(id=emergency_id).first()
    if found is None:
        raise NotFound(f"There is no emergency {emergency_id}.")
    return found


def _tell_of_opening(made: BreakGlass, *, person: Person, queue: Queue) -> None:
    """Tell managers of the queue, its owner, and who may review emergencies."""
    answerable = RoleGrant.objects.filter(
        role__in=[Role.MANAGER.value, Role.PROCESS_OWNER.value, Role.AUDITOR.value],
        revoked_at=None,
        scope={},
    ).exclude(person=person)
    persons = {
        person_id
        for person_id, queue_id in answerable.values_list("person_id", "queue_id")
        if queue_id in {None, queue.id}
    }
    if queue.owner_id is not None and queue.owner_id != person.id:
        persons.add(queue.owner_id)
    notifying.tell(
        persons=persons,
        kind=Notice.EMERGENCY_OPENED,
        title=f"{person.name} broke the glass of {queue.name}",
        text=(
            f"{person.name} may review {queue.name} until"
            f" {made.expires_at:%Y-%m-%d %H:%M} UTC: {made.reason}"
        ),
        url=reverse("emergency-list"),
        key=f"emergency-{made.id}",
        queue_id=queue.id,
    )


def _record(
    kind: str,
    row: BreakGlass,
    by: Person,
    detail: dict[str, object],
    *,
    now: dt.datetime,
) -> None:
    facts: dict[str, object] = {
        "emergency": row.id,
        "person": row.person_id,
        "queue": row.queue.key,
        "expires_at": row.expires_at.isoformat(),
    }
    draft = audit.Draft(kind=kind, actor=actor_of(by), detail=facts | detail)
    audit.record_installation(drafts=[draft], now=now)
