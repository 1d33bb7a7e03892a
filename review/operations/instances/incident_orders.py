"""Act on many incidents: each in a transaction of its own, in turn, resumable.

Note [An order's items]
An item is locked (and passed over by others who look), its act done, its fate noted, all
in one transaction: whoever dies in between leaves nothing half done, and the next one
goes on with the items that have no fate. No lease is needed, and any number may help.
Rights and dual control are asked for each item anew, as if the person stood there.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Count

from review import live, permissions
from review.core.incident_orders import AT_ONCE, MOST, OrderAct
from review.models import IncidentOrder, IncidentOrderItem, Person
from review.operations.instances import approvals
from review.operations.instances.acts import Wish
from review.operations.instances.bulk import Fate
from review.operations.people.people import actor_of
from workflows import audit, dispatch
from workflows.core.actors import SWEEPER
from workflows.core.canonical import digest
from workflows.driver import fetch
from workflows.kinds import Bundler
from workflows.operations.errors import Invalid, Refused, check_reason
from workflows.store import database_now

BELL: Final = "bundles"
HERE_SECONDS: Final = 2.0
_DUE: Final = """
    SELECT EXISTS (SELECT FROM review_incidentorder WHERE finished_at IS NULL)
"""
# An order is done in the order of its items; a later one helps where all are taken.
_NEXT: Final = """
    SELECT i.id FROM review_incidentorderitem i
    JOIN review_incidentorder o ON o.id = i.order_id
    WHERE i.fate = '' AND o.finished_at IS NULL
      AND (%(order)s::bigint IS NULL OR o.id = %(order)s)
    ORDER BY o.id, i.id LIMIT 1 FOR UPDATE OF i SKIP LOCKED
"""
_OVER: Final = """
    SELECT o.id FROM review_incidentorder o
    WHERE o.finished_at IS NULL AND NOT EXISTS (
        SELECT FROM review_incidentorderitem i WHERE i.order_id = o.id AND i.fate = '')
    ORDER BY o.id FOR UPDATE SKIP LOCKED
"""

log = structlog.get_logger(__name__)


class Errands:
    """Works orders off in the jobs of bundles, before these: people wait for them."""

    def __init__(self, then: Bundler) -> None:
        self._then = then

    def drain(self, *, seconds: float) -> int:
        """Work off orders for about so long, then what else there is."""
        work_off(seconds=seconds)
        return self._then.drain(seconds=seconds)


def place(
    *,
    person: Person,
    act: OrderAct,
    incidents: Sequence[tuple[int, UUID]],
    title: str,
    reason: str,
    output: Mapping[str, object] | None = None,
) -> IncidentOrder:
    """Order an act on incidents (each with its instance), and do a small order at once.

    Raises Forbidden without the right, Invalid for none, too many, or no reason.
    """
    check_reason(reason)
    permissions.check_can_resolve_incidents(permissions.get_rights(person.id))
    if not incidents:
        raise Invalid("Choose at least one incident.")
    if len(incidents) > MOST:
        raise Invalid(f"Act on at most {MOST:,} incidents at once.")
    with transaction.atomic():
        order = _store(
            person=person,
            act=act,
            incidents=incidents,
            title=title,
            reason=reason,
            output=dict(output or {}),
        )
        if len(incidents) > AT_ONCE:
            dispatch.ring_after_commit(BELL)
    if len(incidents) <= AT_ONCE:
        work_off(seconds=HERE_SECONDS, order_id=order.pk)
        order.refresh_from_db()
    return order


def work_off(*, seconds: float, order_id: int | None = None) -> int:
    """Act on what waits for about so long; return how many incidents had their turn."""
    until = time.monotonic() + seconds
    turns = 0
    while _take_one(order_id):
        turns += 1
        if time.monotonic() >= until:
            dispatch.ring(BELL)
            break
    _finish_done()
    return turns


def sweep() -> None:
    """Ring for orders that wait, and work on them here where no broker is."""
    ((due,),) = fetch(_DUE)
    if due and not dispatch.ring(BELL):
        work_off(seconds=HERE_SECONDS)


@transaction.atomic
def _take_one(order_id: int | None) -> bool:
    rows = fetch(_NEXT, {"order": order_id})
    if not rows:
        return False
    item = IncidentOrderItem.objects.select_related("order__person").get(pk=rows[0][0])
    fate, sentence = _act(item)
    IncidentOrderItem.objects.filter(pk=item.pk).update(
        fate=fate.value, sentence=sentence
    )
    live.publish(live.INCIDENTS)
    return True


def _act(item: IncidentOrderItem) -> tuple[Fate, str]:
    order = item.order
    act = OrderAct(order.act)
    given: dict[str, object] = {"incident": item.incident_id}
    if act is OrderAct.SETTLE:
        given["output"] = order.output
    wish = Wish(
        act=act.act,
        instance_id=item.instance_id,
        reason=order.reason,
        arguments=given,
    )
    try:
        with transaction.atomic():
            if approvals.do_or_propose(person=order.person, wish=wish) is None:
                return Fate.DONE, ""
            return Fate.PROPOSED, "A second person must approve it."
    except Refused as refusal:
        return Fate.REFUSED, refusal.message
    except Exception as error:
        # Whatever it is: the others of the order must have their turn behind it.
        log.exception("incident_order_item_broke", incident=item.incident_id)
        return Fate.REFUSED, f"It broke: {type(error).__name__}: {error}"[:500]


@transaction.atomic
def _finish_done() -> None:
    now = database_now()
    for (order_id,) in fetch(_OVER):
        order = IncidentOrder.objects.get(pk=order_id)
        counts = dict(
            order.items.values_list("fate").annotate(times=Count("id")).order_by("fate")
        )
        order.finished_at, order.output = now, {}
        order.save(update_fields=["finished_at", "output"])
        detail = {
            "order": order.pk,
            "act": order.act,
            **{fate.value.lower(): counts.get(fate.value, 0) for fate in Fate},
        }
        draft = audit.Draft(kind="incidents.settled", actor=SWEEPER, detail=detail)
        audit.record_installation(drafts=[draft], now=now)
        log.info("incident_order_done", **detail)
        live.publish(live.INCIDENTS)


def _store(
    *,
    person: Person,
    act: OrderAct,
    incidents: Sequence[tuple[int, UUID]],
    title: str,
    reason: str,
    output: dict[str, object],
) -> IncidentOrder:
    now = database_now()
    order = IncidentOrder.objects.create(
        act=act.value,
        title=title[:300],
        reason=reason,
        output=output,
        person=person,
        total=len(incidents),
        ordered_at=now,
    )
    IncidentOrderItem.objects.bulk_create([
        IncidentOrderItem(order=order, incident_id=one, instance_id=instance)
        for one, instance in sorted(incidents)
    ])
    # Not its title: that has the errors' message, which may be of a person.
    detail = {
        "order": order.pk,
        "act": act.value,
        "incidents": len(incidents),
        "reason": reason,
        "output": digest(output),
    }
    draft = audit.Draft(kind="incidents.ordered", actor=actor_of(person), detail=detail)
    audit.record_installation(drafts=[draft], now=now)
    return order
