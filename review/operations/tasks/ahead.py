"""Take the next task before its turn, so that its page is there when it comes.

A lease taken ahead is short and starts no touch time; it is given back when its person
skips, looks away, or another task comes first (claims.claim_next).
"""

from collections.abc import Collection

from django.db import transaction

from review.core.tasks.leases import Lease
from review.models import Person
from review.operations.people.people import actor_of
from review.operations.tasks import claims, conflicts, serving
from review.operations.tasks.locking import check_live, lock_task_for
from review.permissions import check_can_review


@transaction.atomic
def claim_ahead(*, queue_keys: Collection[str], person: Person) -> Lease | None:
    """Take the task that is next after the one in hand; None when nothing is left.

    What is held ahead already is returned as it stands, and each queue says how many
    may be (0: none). Raises Forbidden for a disabled person.
    """
    offer = serving.find_offer(person_id=person.id, queue_keys=queue_keys, lock=True)
    holder = offer.holder
    kept: dict[int, int] = {}
    for one in holder.ahead:
        kept[one.queue_id] = kept.get(one.queue_id, 0) + 1
    # A limit reached by the one in hand does not count: it is free when this one's
    # turn comes, and beginning asks again.
    lanes = [
        lane
        for lane in (*offer.lanes, *offer.full)
        if kept.get(lane.place.queue_id, 0) < lane.claim_ahead
    ]
    for head in serving.find_heads(holder, lanes):
        task = claims.take_head(head, offer, lanes=lanes)
        if task is not None:
            return claims.take(
                task,
                person,
                by=actor_of(person),
                occurred_at=None,
                kind="task.claimed_ahead",
                ahead=True,
            )
    if not holder.ahead:
        return None
    first = holder.ahead[0]
    return Lease(first.task_id, first.token, first.until)


@transaction.atomic
def begin(*, task_id: int, person: Person, token: int) -> Lease:
    """Make a task taken ahead a full lease, when its page is opened; the token stays.

    A full lease is returned as it stands. Raises Stale when it is not the person's any
    more, Forbidden as claim does, and Conflict beyond what the person may hold.
    """
    serving.lock_person(person.id)
    task, rights, (facts, given) = lock_task_for(
        task_id, person.id, [serving.read_facts(person.id), serving.read_given(task_id)]
    )
    check_live(task)
    claims.check_lease(task, person_id=person.id, token=token)
    if not given[0][3] and task.lease_until:
        return Lease(task.id, task.lease_token, task.lease_until)
    check_can_review(rights, queue_id=task.queue_id)
    claims.check_four_eyes(task, person_id=person.id)
    serving.check_may_hold(task, serving.read_holder(rights, facts), given[0])
    conflicts.check_conflict(task, persons=rights.persons)
    return claims.begin_held(task, person)


@transaction.atomic
def release_ahead(*, person: Person) -> int:
    """Give back what a person took ahead and has not begun; return how many."""
    offer = serving.find_offer(person_id=person.id, queue_keys=[], lock=True)
    return sum(claims.release_held(one, person) for one in offer.holder.ahead)
