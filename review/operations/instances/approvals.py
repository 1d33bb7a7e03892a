"""Acts that take two persons: propose, approve, decline, withdraw.

Locks: the instance's row, then the proposal's. An approval is the act itself: entries
of approval and act, and all that the act changes, are one transaction.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Final

from django.conf import settings
from django.db import connection, transaction

from review import live
from review.core.interventions import (
    Act,
    Objection,
    Proposal,
    ProposalState,
    find_objection,
)
from review.models import Intervention, Person
from review.operations.instances import acts
from review.operations.instances.acts import Wish
from review.operations.people.people import actor_of
from review.permissions import get_rights
from workflows import audit
from workflows.core.canonical import digest
from workflows.core.states import FINAL_INSTANCE_STATES
from workflows.operations import interventions
from workflows.operations.errors import (
    Conflict,
    Forbidden,
    NotFound,
    Refused,
    Stale,
    check_reason,
)
from workflows.operations.steps import Locked, lock_instance
from workflows.store.disclosures import name_value

_ID: Final = (
    "SELECT nextval(pg_get_serial_sequence('review_intervention', 'id'))::bigint"
)


class _TriedOut(Exception):
    """The act could be done; what it did is taken back."""


@transaction.atomic
def propose(*, person: Person, wish: Wish) -> int:
    """Store an act for a second person to approve; return the proposal's id.

    The act is tried out and taken back, so that nobody is asked to approve what
    cannot be done. Raises what the act itself raises; Conflict when the same act is
    proposed already.
    """
    check_reason(wish.reason)
    acts.check_right(get_rights(person.id), wish.act)
    locked = _lock_live(wish)
    standing = interventions.get_standing(wish.instance_id)
    if wish.seen is not None:
        interventions.check_standing(wish.instance_id, wish.seen)
    _try_out(wish, person)
    named = digest({
        "instance": str(wish.instance_id),
        "act": wish.act.value,
        "arguments": _tell(wish),
        "standing": standing,
    })
    _lapse_expired(wish, person, now=locked.now)
    if Intervention.objects.filter(digest=named, state="PROPOSED").exists():
        raise Conflict("The same act is proposed already and waits for approval.")
    proposal_id = _take_id()
    expires_at = locked.now + dt.timedelta(hours=settings.DUAL_CONTROL_HOURS)
    seq = _record(
        wish,
        "proposed",
        person,
        {
            "intervention": proposal_id,
            "act": wish.act.value,
            **_tell(wish),
            "digest": named,
            "reason": wish.reason,
            "expires_at": expires_at.isoformat(),
        },
        now=locked.now,
    )
    Intervention.objects.create(
        id=proposal_id,
        instance_id=wish.instance_id,
        act=wish.act.value,
        arguments=dict(wish.arguments),
        digest=named,
        standing=standing,
        reason=wish.reason,
        state=ProposalState.PROPOSED.value,
        proposed_by=person,
        proposed_at=locked.now,
        expires_at=expires_at,
        audit_seq=seq,
    )
    live.publish(live.instance_topic(wish.instance_id))
    return proposal_id


def approve(*, intervention_id: int, person: Person, reason: str = "") -> None:
    """Approve a proposed act and do it.

    Raises NotFound; Forbidden (role, same person); Conflict when it is settled
    already; Stale when its time ran out or the instance has moved since, which ends
    the proposal; and whatever the act itself raises, which leaves it standing.
    """
    if reason:
        check_reason(reason)
    refusal = _approve(intervention_id, person, reason)
    if refusal is not None:
        raise refusal


@transaction.atomic
def decline(*, intervention_id: int, person: Person, reason: str) -> None:
    """Refuse a proposed act, as another person with its right. Raises as approve."""
    check_reason(reason)
    row, locked = _lock(intervention_id)
    acts.check_right(get_rights(person.id), Act(row.act))
    _check_open(row)
    if row.proposed_by_id == person.id:
        raise Forbidden("You proposed this yourself; withdraw it instead.")
    _settle(row, ProposalState.DECLINED, person, reason=reason, now=locked.now)


@transaction.atomic
def withdraw(*, intervention_id: int, person: Person, reason: str) -> None:
    """Take a proposal back, as whoever proposed it. Raises as approve."""
    check_reason(reason)
    row, locked = _lock(intervention_id)
    _check_open(row)
    if row.proposed_by_id != person.id:
        raise Forbidden("Somebody else proposed this; decline it instead.")
    _settle(row, ProposalState.WITHDRAWN, person, reason=reason, now=locked.now)


def do_or_propose(*, person: Person, wish: Wish) -> int | None:
    """Do an act, or propose it where it takes two persons; return the proposal's id."""
    if acts.is_controlled(wish.act):
        return propose(person=person, wish=wish)
    acts.do_now(person=person, wish=wish)
    return None


@transaction.atomic
def _approve(intervention_id: int, person: Person, reason: str) -> Refused | None:
    """Approve and do; a refusal that comes back, not raised, is to be committed."""
    row, locked = _lock(intervention_id)
    act = Act(row.act)
    acts.check_right(get_rights(person.id), act)
    objection = find_objection(
        Proposal(
            state=ProposalState(row.state),
            proposed_by=row.proposed_by_id,
            expires_at=row.expires_at,
            standing=row.standing,
        ),
        person_id=person.id,
        standing=interventions.get_standing(row.instance_id),
        now=locked.now,
    )
    if objection in {Objection.EXPIRED, Objection.MOVED_ON}:
        refusal = _objected(objection)
        because = refusal.message
        _settle(row, ProposalState.LAPSED, person, reason=because, now=locked.now)
        return refusal
    if objection:
        raise _objected(objection)
    # Who proposed must still be allowed to: a role that was taken away ends at once.
    acts.check_right(get_rights(row.proposed_by_id), act)
    wish = _wish_of(row)
    detail = {"intervention": row.id, "digest": row.digest, "reason": reason}
    _record(wish, "approved", person, detail, now=locked.now)
    acts.carry_out(wish, actor_of(person))
    _settle(row, ProposalState.DONE, person, reason=reason, now=locked.now)
    return None


def _lock(intervention_id: int) -> tuple[Intervention, Locked]:
    # A proposal never changes its instance, so looking it up needs no lock of its own.
    instance_id = (
        Intervention.objects
        .filter(pk=intervention_id)
        .values_list("instance_id", flat=True)
        .first()
    )
    if instance_id is None:
        raise NotFound(f"There is no proposed act {intervention_id}.")
    locked = lock_instance(instance_id)
    if locked is None:
        raise NotFound(f"There is no instance {instance_id}.")
    return Intervention.objects.select_for_update().get(pk=intervention_id), locked


def _lock_live(wish: Wish) -> Locked:
    locked = lock_instance(wish.instance_id)
    if locked is None:
        raise NotFound(f"There is no instance {wish.instance_id}.")
    if locked.state in FINAL_INSTANCE_STATES:
        raise Conflict(f"The instance has ended already ({locked.state.value}).")
    return locked


def _check_open(row: Intervention) -> None:
    if row.state != ProposalState.PROPOSED.value:
        raise _objected(Objection.SETTLED)


def _try_out(wish: Wish, person: Person) -> None:
    try:
        with transaction.atomic():
            acts.carry_out(wish, actor_of(person))
            raise _TriedOut
    except _TriedOut:
        return


def _settle(
    row: Intervention,
    state: ProposalState,
    person: Person,
    *,
    reason: str,
    now: dt.datetime,
) -> None:
    detail = {
        "intervention": row.id,
        "act": row.act,
        "proposed_by": f"person:{row.proposed_by_id}",
        "reason": reason,
    }
    seq = _record(_wish_of(row), state.value.lower(), person, detail, now=now)
    Intervention.objects.filter(pk=row.pk).update(
        state=state.value,
        settled_by=person,
        settled_at=now,
        settled_reason=reason,
        audit_seq=seq,
    )
    live.publish(live.instance_topic(row.instance_id))


def _lapse_expired(wish: Wish, person: Person, *, now: dt.datetime) -> None:
    for row in Intervention.objects.select_for_update().filter(
        instance_id=wish.instance_id, state="PROPOSED", expires_at__lte=now
    ):
        because = _objected(Objection.EXPIRED).message
        _settle(row, ProposalState.LAPSED, person, reason=because, now=now)


def _wish_of(row: Intervention) -> Wish:
    return Wish(
        act=Act(row.act),
        instance_id=row.instance_id,
        reason=row.reason,
        arguments=row.arguments,
    )


def _record(
    wish: Wish,
    what: str,
    person: Person,
    detail: Mapping[str, object],
    *,
    now: dt.datetime,
) -> int:
    draft = audit.Draft(
        kind=f"intervention.{what}",
        actor=actor_of(person),
        detail=detail,
        step_id=wish.arguments.get("step"),
    )
    return audit.record(instance_id=wish.instance_id, drafts=[draft], now=now)


def _tell(wish: Wish) -> dict[str, object]:
    """Return arguments as an entry keeps them: values of variables by their digests."""
    told: dict[str, object] = {}
    for name, value in wish.arguments.items():
        if isinstance(value, Mapping):
            told[name] = {
                key: name_value(wish.instance_id, item) for key, item in value.items()
            }
        elif value not in (None, False, []):
            told[name] = value
    return told


def _take_id() -> int:
    with connection.cursor() as cursor:
        cursor.execute(_ID)
        return int(cursor.fetchone()[0])


def _objected(objection: Objection) -> Refused:
    match objection:
        case Objection.SETTLED:
            return Conflict("This proposal has been settled already.")
        case Objection.SAME_PERSON:
            return Forbidden(
                "You proposed this yourself, so a second person must approve it;"
                " another account of yours does not make you another person.",
                code="same-person",
            )
        case Objection.EXPIRED:
            return Stale("The time to approve this is over; propose it again.")
        case Objection.MOVED_ON:
            return Stale(
                "The instance has moved on since this was proposed;"
                " look at it again and propose anew."
            )
