"""Control tests that workers run: how far they are, and calling them off."""

import datetime as dt
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from review import permissions
from review.core.evidence.bundles import percent
from review.core.evidence.controls import UNDER_WAY, OrderState
from review.core.evidence.selections import Selection
from review.models import ControlOrder
from review.operations.evidence import control_orders
from review.views.access import screen, viewer_required
from review.views.evidence.audit_words import tell_facets
from review.views.formats import Pill, format_moment
from review.views.pages import render_page
from review.views.tasks.tasks import person_of
from workflows.store import database_now

_PILLS: Final = {
    OrderState.WAITING: Pill("Waiting", "info"),
    OrderState.TESTING: Pill("Being tested", "info"),
    OrderState.DONE: Pill("Done", "good"),
    OrderState.FAILED: Pill("Failed", "bad"),
    OrderState.CANCELED: Pill("Called off", ""),
}
_SHOWN: Final = 20


@require_GET
@screen(permissions.check_can_audit)
def control_order(request: HttpRequest, order_id: int) -> HttpResponse:
    """Show how far the tests are; once they are done, what they found."""
    viewer = viewer_required(request)
    order = control_orders.get_order(order_id, person_id=viewer.person_id)
    is_part = request.headers.get("HX-Request") == "true"
    if order.run_id is not None and not is_part:
        return redirect("control-run", order.run_id)
    selection = Selection.from_json(order.selection)
    context = {
        "page_title": order.title,
        "topic": control_orders.TOPIC,
        "order": tell_order(order, zone=viewer.look.tzinfo, now=database_now()),
        "told": tell_facets(selection.facets) or ["every case in reach"],
    }
    return render_page(request, "review/evidence/control_order.html", context)


@require_POST
@screen(permissions.check_can_audit)
def control_order_cancel(request: HttpRequest, order_id: int) -> HttpResponse:
    """Call the tests off."""
    control_orders.cancel(order_id=order_id, person=person_of(request))
    return redirect("control-order", order_id)


def list_orders(
    person_id: int, *, zone: dt.tzinfo, now: dt.datetime
) -> list[dict[str, object]]:
    """Return what workers still test for an auditor, or could not."""
    rows = ControlOrder.objects.filter(owner_id=person_id, run=None).order_by("-id")
    return [tell_order(row, zone=zone, now=now) for row in rows[:_SHOWN]]


def tell_order(
    order: ControlOrder, *, zone: dt.tzinfo, now: dt.datetime
) -> dict[str, object]:
    """Return an order in the words of its page."""
    state = OrderState(order.state)
    return {
        "id": order.pk,
        "url": reverse("control-order", args=[order.pk]),
        "title": order.title,
        "state": _PILLS[state],
        "is_under_way": state in UNDER_WAY,
        "percent": percent(order.cases_done, order.cases) if order.cases else 0,
        "progress": f"{order.cases_done:,} of {order.cases:,} cases"
        if order.parts_total
        else f"Looking for the cases: {order.cases:,} so far",
        "error": order.error,
        "at": format_moment(order.ordered_at, zone=zone, now=now),
        "run_url": reverse("control-run", args=[order.run_id]) if order.run_id else "",
    }
