"""The incidents desk's groups: open incidents read once, put together in memory."""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Count

from review.core.incident_groups import (
    HOURS,
    By,
    Fault,
    Group,
    group_faults,
    normalize_message,
)
from review.core.incident_orders import MOST
from review.dashboards import incidents
from review.models import IncidentOrder, IncidentOrderItem


@dataclasses.dataclass(frozen=True, slots=True)
class Board:
    """What is open now under some filters, with what is behind each incident.

    `open` counts all that is open whatever the filters, `is_cut` that the newest of
    them are left out; `hours` counts what was opened in each of the last hours, and
    `aside` the open ones that belong to no step: events the engine set aside.
    """

    groups: list[Group]
    instances: Mapping[int, UUID]
    names: Mapping[tuple[str, str], str]
    open: int
    aside: int
    is_cut: bool
    hours: list[int]

    def find(self, key: str) -> Group | None:
        """Return a group by its key."""
        return next((one for one in self.groups if one.key == key), None)


def read_board(
    *,
    filters: Mapping[str, str],
    by: By,
    now: dt.datetime,
    is_covered: bool = False,
) -> Board:
    """Read what is open and group it, in two statements however much there is.

    Covered, words are looked for in messages without what names the single case.
    """
    since = now - dt.timedelta(hours=HOURS)
    rows = incidents.list_faults(since=since, most=MOST)
    handlers = incidents.list_handlers({row.definition_id for row in rows})
    read = [(row, _fault(row, handlers)) for row in rows]
    kept = [
        (row, fault)
        for row, fault in read
        if _fits(fault, filters, is_covered=is_covered)
    ]
    opened = [row for row in rows if row.is_open]
    hours = [0] * HOURS
    for _, fault in kept:
        ago = int((now - fault.opened_at) / dt.timedelta(hours=1))
        if 0 <= ago < HOURS:
            hours[HOURS - 1 - ago] += 1
    return Board(
        groups=group_faults((fault for _, fault in kept), by=by, now=now),
        instances={row.id: row.instance_id for row, _ in kept if row.is_open},
        names={
            (row.definition_key, row.node_id or ""): row.step_name or row.node_id or ""
            for row, _ in kept
        },
        open=len(opened),
        aside=sum(row.node_id is None for row in opened),
        is_cut=len(opened) >= MOST,
        hours=hours,
    )


def list_orders(*, limit: int = 10) -> list[tuple[IncidentOrder, dict[str, int]]]:
    """Return the orders placed last, with how far each is."""
    orders = IncidentOrder.objects.select_related("person").order_by("-id")
    return _with_counts(list(orders[:limit]))


def find_order(order_id: int) -> tuple[IncidentOrder, dict[str, int]] | None:
    """Return an order with the counts of its items by fate, or None."""
    orders = IncidentOrder.objects.select_related("person").filter(pk=order_id)
    found = _with_counts(list(orders))
    return found[0] if found else None


def list_refusals(order_id: int, *, limit: int) -> list[str]:
    """Return why incidents of an order were refused."""
    refused = IncidentOrderItem.objects.filter(order_id=order_id, fate="REFUSED")
    return list(refused.order_by("id").values_list("sentence", flat=True)[:limit])


def list_items(
    order_id: int, *, after: int | None, limit: int
) -> list[IncidentOrderItem]:
    """Return the incidents of an order in their turn, one more than `limit`."""
    items = IncidentOrderItem.objects.filter(order_id=order_id, id__gt=after or 0)
    return list(items.order_by("id")[: limit + 1])


def _with_counts(
    orders: Sequence[IncidentOrder],
) -> list[tuple[IncidentOrder, dict[str, int]]]:
    counts: dict[int, dict[str, int]] = {order.pk: {} for order in orders}
    rows = IncidentOrderItem.objects.filter(order_id__in=counts)
    grouped = rows.values_list("order_id", "fate").annotate(times=Count("id"))
    for order_id, fate, times in grouped:
        counts[order_id][fate] = times
    return [(order, counts[order.pk]) for order in orders]


def _fault(row: Any, handlers: Mapping[tuple[int, str], str]) -> Fault:
    place = f"{row.process_id}/{row.node_id}"
    return Fault(
        id=row.id,
        is_open=row.is_open,
        code=row.code,
        message=row.message,
        handler=handlers.get((row.definition_id, place), ""),
        definition=row.definition_key,
        node=row.node_id or "",
        opened_at=row.opened_at,
    )


def _fits(fault: Fault, filters: Mapping[str, str], *, is_covered: bool) -> bool:
    message = normalize_message(fault.message) if is_covered else fault.message
    return (
        filters.get("definition", "") in {"", fault.definition}
        and filters.get("code", "") in {"", fault.code}
        and filters.get("handler", "") in {"", fault.handler}
        and filters.get("q", "").casefold() in message.casefold()
    )
