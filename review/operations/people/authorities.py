"""Up to which amount a person's approval counts where a quorum is weighted."""

from decimal import Decimal
from typing import Final

from django.db import transaction

from review.models import Authority, Person, Queue
from workflows import audit
from workflows.core.actors import Actor
from workflows.operations.errors import Conflict, Invalid
from workflows.store import database_now

_LARGEST: Final = Decimal(10) ** 24


@transaction.atomic
def grant(
    *, person: Person, amount: Decimal, actor: Actor, queue: Queue | None = None
) -> None:
    """Set up to which amount a person may approve, in one queue or in all.

    Replaces what was held there; the queue's own limit goes before the one for all.
    Raises Invalid for an amount that is no number from 0 on.
    """
    if not amount.is_finite() or not 0 <= amount < _LARGEST:
        raise Invalid("An authority is an amount from 0 on.")
    # Two grants at once must see each other, or the second finds none to replace.
    Person.objects.select_for_update().get(id=person.id)
    now = database_now()
    Authority.objects.filter(person=person, queue=queue, revoked_at=None).update(
        revoked_at=now, revoked_by=actor.ref
    )
    Authority.objects.create(
        person=person,
        queue=queue,
        amount=amount,
        granted_at=now,
        granted_by=actor.ref,
    )
    detail = _detail(person, queue) | {"amount": amount}
    draft = audit.Draft(kind="authority.granted", actor=actor, detail=detail)
    audit.record_installation(drafts=[draft], now=now)


@transaction.atomic
def revoke(*, person: Person, actor: Actor, queue: Queue | None = None) -> None:
    """Take an authority away; it ends with this transaction. Raises Conflict."""
    now = database_now()
    changed = Authority.objects.filter(
        person=person, queue=queue, revoked_at=None
    ).update(revoked_at=now, revoked_by=actor.ref)
    if not changed:
        where = f"in {queue.key}" if queue else "for all queues"
        raise Conflict(f"{person.name} has no authority {where}.")
    draft = audit.Draft(
        kind="authority.revoked", actor=actor, detail=_detail(person, queue)
    )
    audit.record_installation(drafts=[draft], now=now)


def _detail(person: Person, queue: Queue | None) -> dict[str, object]:
    return {
        "person": person.id,
        "name": person.name,
        "queue": queue.key if queue else None,
    }
