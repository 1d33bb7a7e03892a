"""Lend one's right to review to somebody else for a time, and take it back."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from review.core.notices.notices import Notice
from review.core.states import Role
from review.core.verdicts.delegation import (
    LONGEST,
    DelegationProblem,
    Lent,
    find_delegation_problem,
)
from review.models import Delegation, Person, Queue
from review.operations.notices import notifying
from review.operations.people.people import actor_of
from review.permissions import Rights, get_rights
from workflows import audit
from workflows.operations.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    check_reason,
)
from workflows.store import database_now

_SENTENCES: Final = {
    DelegationProblem.TO_ONESELF: "Choose somebody else: you act for yourself anyway.",
    DelegationProblem.OVER_BEFORE_IT_BEGINS: (
        "The delegation would be over before it begins; choose a later end."
    ),
    DelegationProblem.TOO_LONG: (
        f"A delegation lasts {LONGEST.days} days at most; for longer an administrator"
        " gives the role itself."
    ),
    DelegationProblem.NO_AMOUNT: "The largest amount must be a number above zero.",
    DelegationProblem.LOOP: (
        "{taker} has lent you the right to act for them at that time, so you cannot lend"
        " them yours; choose somebody else or other days."
    ),
    DelegationProblem.GIVER_STANDS_IN: (
        "You stand in for somebody at that time; what is lent is not lent on. Choose"
        " other days, or end that delegation first."
    ),
    DelegationProblem.TAKER_HAS_LENT: (
        "{taker} has lent their own rights away at that time, so they can stand in for"
        " nobody; choose somebody else or other days."
    ),
    DelegationProblem.LENT_ALREADY: (
        "{taker} stands in for you there at that time already; end that delegation"
        " first to change it."
    ),
}
_WRONG_INPUT: Final = {
    DelegationProblem.TO_ONESELF,
    DelegationProblem.OVER_BEFORE_IT_BEGINS,
    DelegationProblem.TOO_LONG,
    DelegationProblem.NO_AMOUNT,
}


@transaction.atomic
def delegate(
    *,
    giver: Person,
    taker: Person,
    ends_at: dt.datetime,
    reason: str,
    starts_at: dt.datetime | None = None,
    queue: Queue | None = None,
    amount: Decimal | None = None,
) -> Delegation:
    """Let the taker review in the giver's place; return the delegation.

    Without `queue` it is for all that the giver reviews, without `starts_at` from now.
    The two count as one person for four eyes meanwhile. Raises Invalid (limits, no
    reason), Forbidden (the giver reviews nothing there by role), Conflict (loop, chain,
    twice, a taker who is an auditor).
    """
    check_reason(reason)
    # Two delegations at once must see each other, or they make a chain together.
    both = sorted({giver.id, taker.id})
    list(Person.objects.select_for_update().filter(id__in=both).order_by("id"))
    now = database_now()
    lent = Lent(
        giver_id=giver.id,
        taker_id=taker.id,
        queue_id=queue.id if queue else None,
        amount=amount,
        starts_at=starts_at or now,
        ends_at=ends_at,
    )
    problem = find_delegation_problem(lent, existing=_list_of(both), now=now)
    if problem:
        sentence = _SENTENCES[problem].format(taker=taker.name)
        code = f"delegation-{problem.value.lower().replace('_', '-')}"
        raise (Invalid if problem in _WRONG_INPUT else Conflict)(sentence, code=code)
    _check_giver(get_rights(giver.id), queue)
    _check_taker(get_rights(taker.id))
    made = Delegation.objects.create(
        giver=giver,
        taker=taker,
        queue=queue,
        amount=amount,
        starts_at=lent.starts_at,
        ends_at=ends_at,
        reason=reason.strip(),
        created_at=now,
    )
    _tell(made, giver=giver, taker=taker, queue=queue)
    _record("delegation.given", made, giver, {"reason": made.reason}, now=now)
    return made


@transaction.atomic
def revoke(*, delegation_id: int, person: Person, reason: str = "") -> None:
    """End a delegation now: its giver, its taker or an administrator.

    Raises NotFound, Forbidden, and Conflict where it is over already.
    """
    found = Delegation.objects.select_for_update().filter(id=delegation_id).first()
    if found is None:
        raise NotFound(f"There is no delegation {delegation_id}.")
    is_party = person.id in {found.giver_id, found.taker_id}
    if not is_party and not get_rights(person.id).holds(Role.ADMINISTRATOR):
        raise Forbidden(
            "Only the two persons of a delegation, or an administrator, may end it.",
            code="not-your-delegation",
        )
    now = database_now()
    if found.revoked_at is not None or found.ends_at <= now:
        raise Conflict("This delegation is over already.", code="delegation-over")
    found.revoked_at, found.revoked_by = now, actor_of(person).ref
    found.save(update_fields=["revoked_at", "revoked_by"])
    _record("delegation.revoked", found, person, {"reason": reason.strip()}, now=now)


def _list_of(person_ids: Sequence[int]) -> list[Lent]:
    found = Delegation.objects.filter(
        Q(giver_id__in=person_ids) | Q(taker_id__in=person_ids), revoked_at=None
    )
    return [
        Lent(
            giver_id=one.giver_id,
            taker_id=one.taker_id,
            queue_id=one.queue_id,
            amount=one.amount,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
        )
        for one in found
    ]


def _check_giver(rights: Rights, queue: Queue | None) -> None:
    if queue is not None and rights.reviews_by_role(queue.id):
        return
    if queue is None and rights.own_reviews:
        return
    where = f"the queue {queue.name}" if queue else "any queue"
    raise Forbidden(
        f"You do not review {where} by a role of your own, so there is nothing to lend.",
        code="nothing-to-lend",
    )


def _check_taker(rights: Rights) -> None:
    # Who checks the work may not have a hand in it (NIST 800-53 AC-5).
    if rights.audit is not None:
        raise Conflict(
            f"{rights.name} is an auditor and may judge nothing; choose somebody else.",
            code="incompatible-roles",
        )


def _tell(
    made: Delegation, *, giver: Person, taker: Person, queue: Queue | None
) -> None:
    where = f"in the queue {queue.name}" if queue else "in all queues they review"
    limit = f", up to {made.amount:f}" if made.amount is not None else ""
    notifying.tell(
        persons=[taker.id],
        kind=Notice.DELEGATED,
        title=f"You stand in for {giver.name}",
        text=(
            f"{giver.name} lets you review {where}{limit}, until"
            f" {made.ends_at:%Y-%m-%d %H:%M} UTC: {made.reason}"
        ),
        url=reverse("delegation-list"),
        key=f"delegation-{made.id}",
    )


def _record(
    kind: str,
    row: Delegation,
    by: Person,
    detail: dict[str, object],
    *,
    now: dt.datetime,
) -> None:
    facts: dict[str, object] = {
        "delegation": row.id,
        "giver": row.giver_id,
        "taker": row.taker_id,
        "queue": row.queue.key if row.queue else None,
        "amount": row.amount,
        "starts_at": row.starts_at.isoformat(),
        "ends_at": row.ends_at.isoformat(),
    }
    draft = audit.Draft(kind=kind, actor=actor_of(by), detail=facts | detail)
    audit.record_installation(drafts=[draft], now=now)
