"""Changes of rules and rights that two persons make: what every kind has in common.

A proposal is a row that changes nothing. An approval is the act itself: what is decided
and what is done are one transaction, so a crash leaves all of it or nothing, and no
second approval does it again. What a kind does stands in alerts.py and roles.py.
"""

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.urls import reverse

from review import live
from review.core.changes import ChangeState, GovernedKind
from review.core.notices.notices import Notice
from review.models import Person, ProposedChange, Queue
from review.operations.four_eyes import check_another, check_own
from review.operations.notices.notifying import tell
from review.operations.people.people import actor_of
from review.permissions import Rights, get_rights
from workflows import audit
from workflows.core.canonical import digest
from workflows.operations.errors import Conflict, NotFound, check_reason
from workflows.store import database_now

_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended('proposed:' || %s, 0))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """How changes of one kind are governed.

    The checks raise Forbidden. `enact` does what was agreed, in the caller's
    transaction, and may give the change the subject and version that it made; the
    entries of the deed are its own. `prefix` begins the kinds of all entries.
    """

    kind: GovernedKind
    prefix: str
    check_may_propose: Callable[[Rights, ProposedChange], None]
    check_may_settle: Callable[[Rights, ProposedChange], None]
    list_approvers: Callable[[ProposedChange], Collection[int]]
    enact: Callable[[ProposedChange, Person, dt.datetime], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants changed: from what stands to what shall stand, and why."""

    subject: str
    title: str
    reason: str
    before: Mapping[str, Any]
    body: Mapping[str, Any]
    queue: Queue | None = None


@transaction.atomic
def propose(office: Office, *, person: Person, wish: Wish) -> ProposedChange:
    """Store a change for a second person to approve.

    Raises Forbidden, Invalid without a reason, and Conflict where nothing would change
    or a change of the same waits already.
    """
    check_reason(wish.reason)
    if wish.before == wish.body:
        raise Conflict("This is what stands already; there is nothing to propose.")
    with connection.cursor() as cursor:
        cursor.execute(_ONE_AT_A_TIME, [wish.subject])
    waiting = ProposedChange.objects.filter(
        kind=office.kind.value, subject=wish.subject, state=ChangeState.PROPOSED.value
    ).first()
    if waiting is not None:
        raise Conflict(
            f"“{waiting.title}” waits for a second person already; it must be approved,"
            " declined or withdrawn first."
        )
    now = database_now()
    change = ProposedChange(
        kind=office.kind.value,
        subject=wish.subject,
        title=wish.title[:300],
        queue=wish.queue,
        before=dict(wish.before),
        body=dict(wish.body),
        reason=wish.reason.strip(),
        state=ChangeState.PROPOSED.value,
        author=person,
        proposed_at=now,
    )
    office.check_may_propose(get_rights(person.id), change)
    change.save(force_insert=True)
    _tell_approvers(office, change, person)
    _record(office, "proposed", change, person, reason=change.reason, now=now)
    return change


@transaction.atomic
def approve(
    office: Office, *, change_id: int, person: Person, reason: str = ""
) -> ProposedChange:
    """Approve a change as another natural person than its author, and do it.

    Raises NotFound; Forbidden (right, same person); Conflict when it is settled already
    or cannot be done any more, which leaves it standing.
    """
    if reason:
        check_reason(reason)
    change = _lock(change_id)
    _check_may_settle(office, change, person)
    # Who proposed must still be allowed to: a role that was taken away ends at once.
    office.check_may_propose(get_rights(change.author_id), change)
    now = database_now()
    office.enact(change, person, now)
    _settle(office, change, ChangeState.DONE, person, reason=reason, now=now)
    return change


def decline(office: Office, *, change_id: int, person: Person, reason: str) -> None:
    """Refuse a change, as another person with the right to approve it."""
    check_reason(reason)
    with transaction.atomic():
        change = _lock(change_id)
        _check_may_settle(office, change, person)
        now = database_now()
        _settle(office, change, ChangeState.DECLINED, person, reason=reason, now=now)


def withdraw(office: Office, *, change_id: int, person: Person, reason: str) -> None:
    """Take a change back, as whoever proposed it."""
    check_reason(reason)
    with transaction.atomic():
        change = _lock(change_id)
        check_own(
            state=ChangeState(change.state),
            author_id=change.author_id,
            person_id=person.id,
        )
        now = database_now()
        _settle(office, change, ChangeState.WITHDRAWN, person, reason=reason, now=now)


def may_settle(office: Office, change: ProposedChange, rights: Rights) -> None:
    """Raise Forbidden or Conflict unless this person may approve or decline it."""
    check_another(
        state=ChangeState(change.state), author_id=change.author_id, rights=rights
    )
    office.check_may_settle(rights, change)


def _lock(change_id: int) -> ProposedChange:
    change = (
        ProposedChange.objects
        .select_for_update(of=("self",))
        .select_related("author", "queue")
        .filter(pk=change_id)
        .first()
    )
    if change is None:
        raise NotFound(f"There is no proposed change {change_id}.")
    return change


def _check_may_settle(office: Office, change: ProposedChange, person: Person) -> None:
    may_settle(office, change, get_rights(person.id))


def _settle(
    office: Office,
    change: ProposedChange,
    state: ChangeState,
    person: Person,
    *,
    reason: str,
    now: dt.datetime,
) -> None:
    change.state = state.value
    change.settled_by, change.settled_at, change.settled_reason = person, now, reason
    change.save()
    word = "approved" if state is ChangeState.DONE else state.value.lower()
    if person.id != change.author_id:
        tell(
            persons=[change.author_id],
            kind=Notice.POLICY_SETTLED,
            title=f"{change.title}, {word} by {person.name}",
            text=reason or f"{change.title}: {word}.",
            url=reverse("proposed-change", args=[change.id]),
            key=f"proposed:{change.id}:settled",
        )
    _record(office, word, change, person, reason=reason, now=now)


def _record(
    office: Office,
    what: str,
    change: ProposedChange,
    person: Person,
    *,
    reason: str,
    now: dt.datetime,
) -> None:
    detail: dict[str, object] = {
        "change": change.id,
        "subject": change.subject,
        "title": change.title,
        "digest": digest(change.body),
        "proposed_by": f"person:{change.author_id}",
    }
    if reason:
        detail["reason"] = reason
    kind = f"{office.prefix}.change_{what}"
    draft = audit.Draft(kind=kind, actor=actor_of(person), detail=detail)
    audit.record_installation(drafts=[draft], now=now)
    live.publish(live.ALERTS, live.POLICIES)


def _tell_approvers(office: Office, change: ProposedChange, author: Person) -> None:
    tell(
        persons=set(office.list_approvers(change)) - {author.id},
        kind=Notice.POLICY_PROPOSED,
        title=f"{change.title} waits for approval",
        text=f"{author.name} says why: {change.reason}",
        url=reverse("proposed-change", args=[change.id]),
        key=f"proposed:{change.id}:proposed",
    )
