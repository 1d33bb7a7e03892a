"""Delegations: whom I let act in my place, and for whom I act."""

import datetime as dt
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_POST

from review.dashboards import stand_ins
from review.dashboards.frame import Viewer
from review.forms.stand_ins import DelegateForm
from review.models import Person, Queue
from review.operations.people import delegations
from review.views.access import screen, viewer_required
from review.views.formats import Pill, format_moment, format_number
from review.views.pages import render_page
from workflows.operations.errors import Refused
from workflows.store import database_now

_DAY: Final = dt.timedelta(days=1)


@require_GET
@screen()
def delegation_list(request: HttpRequest) -> HttpResponse:
    """Show who stands in for me and for whom I do, and offer to lend my rights."""
    viewer = viewer_required(request)
    return _show(request, _form(viewer, initial={"ends_on": _today(viewer) + 7 * _DAY}))


@require_POST
@screen()
def delegation_give(request: HttpRequest) -> HttpResponse:
    """Let somebody review in my place."""
    viewer = viewer_required(request)
    form = _form(viewer, data=request.POST)
    if not form.is_valid():
        return _show(request, form, status=422)
    given = form.cleaned_data
    taker = get_object_or_404(Person, pk=given["taker"])
    try:
        delegations.delegate(
            giver=Person.objects.get(pk=viewer.person_id),
            taker=taker,
            queue=Queue.objects.filter(pk=given["queue"]).first(),
            amount=given["amount"],
            starts_at=_starts_at(viewer, given["starts_on"]),
            ends_at=_midnight(viewer, given["ends_on"] + _DAY),
            reason=given["reason"],
        )
    except Refused as refusal:
        form.add_error(None, refusal.message)
        return _show(request, form, status=refusal.status)
    messages.success(request, f"{taker.name} stands in for you.")
    return redirect("delegation-list")


@require_POST
@screen()
def delegation_revoke(request: HttpRequest, delegation_id: int) -> HttpResponse:
    """End a delegation now, as one of its two persons."""
    viewer = viewer_required(request)
    delegations.revoke(
        delegation_id=delegation_id,
        person=Person.objects.get(pk=viewer.person_id),
        reason=request.POST.get("reason", "")[:2000],
    )
    messages.success(request, "The delegation is over.")
    return redirect("delegation-list")


def _show(
    request: HttpRequest, form: DelegateForm, *, status: int = 200
) -> HttpResponse:
    viewer = viewer_required(request)
    now = database_now()
    rows = [
        _build_row(row, viewer=viewer, now=now)
        for row in stand_ins.list_delegations(viewer.person_id)
    ]
    context = {
        "page_title": "Stand-ins",
        "given": [row for row in rows if row["is_mine"]],
        "taken": [row for row in rows if not row["is_mine"]],
        "form": form,
        "may_give": bool(viewer.rights.own_reviews),
    }
    return render_page(
        request, "review/people/delegation_list.html", context, status=status
    )


def _form(viewer: Viewer, **options: Any) -> DelegateForm:
    rights = viewer.rights
    queues = [
        (row.id, row.name)
        for row in stand_ins.list_queues()
        if rights.reviews_by_role(row.id)
    ]
    persons = [(row.id, row.name) for row in stand_ins.list_persons(viewer.person_id)]
    return DelegateForm(
        options.pop("data", None), persons=persons, queues=queues, **options
    )


def _build_row(row: Any, *, viewer: Viewer, now: dt.datetime) -> dict[str, Any]:
    zone = viewer.look.tzinfo
    is_live = not row.is_revoked and not row.is_over
    if row.is_revoked:
        state = Pill("Ended early")
    elif row.is_over:
        state = Pill("Over")
    elif row.is_ahead:
        state = Pill("Planned", "accent")
    else:
        state = Pill("In force", "good")
    is_mine = row.giver_id == viewer.person_id
    return {
        "id": row.id,
        "is_mine": is_mine,
        "other": row.taker if is_mine else row.giver,
        "queue": row.queue or "All queues",
        "amount": format_number(row.amount) if row.amount is not None else "any amount",
        "since": format_moment(row.starts_at, zone=zone, now=now),
        "until": format_moment(row.ends_at, zone=zone, now=now),
        "reason": row.reason,
        "state": state,
        "is_live": is_live,
    }


def _today(viewer: Viewer) -> dt.date:
    return database_now().astimezone(viewer.look.tzinfo).date()


def _midnight(viewer: Viewer, day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=viewer.look.tzinfo).astimezone(
        dt.UTC
    )


def _starts_at(viewer: Viewer, day: dt.date | None) -> dt.datetime | None:
    """Return when a day begins; None, from now, for today and for no day."""
    if day is None or day <= _today(viewer):
        return None
    return _midnight(viewer, day)
