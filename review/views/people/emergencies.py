"""Emergencies: break the glass of a queue, and review who did."""

import datetime as dt
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_POST

from review import permissions
from review.core.states import Role
from review.dashboards import stand_ins
from review.dashboards.frame import Viewer
from review.forms.stand_ins import BreakGlassForm, EmergencyReviewForm
from review.models import Person, Queue
from review.operations.people import emergencies
from review.permissions import Rights
from review.views.access import screen, viewer_required
from review.views.formats import Pill, format_moment
from review.views.pages import render_page
from workflows.operations.errors import Refused
from workflows.store import database_now


@require_GET
@screen(permissions.check_can_see_instances)
def emergency_list(request: HttpRequest) -> HttpResponse:
    """Show the emergencies that wait for their review, and offer to break a glass."""
    return _show(request)


@require_POST
@screen(permissions.check_can_see_instances)
def emergency_open(request: HttpRequest) -> HttpResponse:
    """Take the right to review a queue in an emergency."""
    viewer = viewer_required(request)
    form = _break_form(viewer, request.POST)
    if not form.is_valid():
        return _show(request, breaking=form, status=422)
    queue = get_object_or_404(Queue, pk=form.cleaned_data["queue"])
    try:
        emergencies.break_glass(
            person=_person(viewer),
            queue=queue,
            reason=form.cleaned_data["reason"],
            lasting=form.lasting,
        )
    except Refused as refusal:
        form.add_error(None, refusal.message)
        return _show(request, breaking=form, status=refusal.status)
    messages.warning(
        request,
        f"You may review {queue.name} now. Whoever answers for it was told, and another"
        " person will review this.",
    )
    return redirect("queue-detail", queue.key)


@require_POST
@screen(permissions.check_can_see_instances)
def emergency_end(request: HttpRequest, emergency_id: int) -> HttpResponse:
    """Give one's own emergency's right back."""
    viewer = viewer_required(request)
    emergencies.give_back(emergency_id=emergency_id, person=_person(viewer))
    messages.success(request, "The right is given back.")
    return redirect("emergency-list")


@require_POST
@screen(permissions.check_can_see_instances)
def emergency_review(request: HttpRequest, emergency_id: int) -> HttpResponse:
    """Say whether somebody else's emergency was one."""
    viewer = viewer_required(request)
    form = EmergencyReviewForm(request.POST, prefix=f"e{emergency_id}")
    if not form.is_valid():
        return _show(request, reviewing={emergency_id: form}, status=422)
    emergencies.review(
        emergency_id=emergency_id,
        person=_person(viewer),
        is_justified=form.cleaned_data["verdict"] == "yes",
        note=form.cleaned_data["note"],
    )
    messages.success(request, "Reviewed; the person was told.")
    return redirect("emergency-list")


def _show(
    request: HttpRequest,
    *,
    breaking: BreakGlassForm | None = None,
    reviewing: dict[int, EmergencyReviewForm] | None = None,
    status: int = 200,
) -> HttpResponse:
    viewer = viewer_required(request)
    now = database_now()
    forms = reviewing or {}
    found = stand_ins.list_emergencies(
        person_id=viewer.person_id, queue_ids=_list_reviewed(viewer.rights)
    )
    rows = [
        _build_row(row, viewer=viewer, now=now, form=forms.get(row.id)) for row in found
    ]
    form = breaking or _break_form(viewer)
    context = {
        "page_title": "Emergencies",
        "waiting": [row for row in rows if row["is_waiting"]],
        "reviewed": [row for row in rows if not row["is_waiting"]],
        "form": form,
        "may_break": bool(form.fields["queue"].choices),  # type: ignore[attr-defined]
    }
    return render_page(
        request, "review/people/emergency_list.html", context, status=status
    )


def _list_reviewed(rights: Rights) -> list[int] | None:
    """Return the queues whose emergencies a person may review; None for all."""
    if permissions.can_review_emergencies(rights, queue_id=0):
        return None
    return rights.list_queue_ids(Role.MANAGER)


def _break_form(viewer: Viewer, data: Any = None) -> BreakGlassForm:
    rights = viewer.rights
    queues = [
        (row.id, row.name)
        for row in stand_ins.list_queues()
        if not rights.holds(Role.REVIEWER, queue_id=row.id)
    ]
    if rights.audit is not None:
        queues = []
    return BreakGlassForm(data, queues=queues)


def _build_row(
    row: Any, *, viewer: Viewer, now: dt.datetime, form: EmergencyReviewForm | None
) -> dict[str, Any]:
    zone = viewer.look.tzinfo
    is_own = row.person_id == viewer.person_id
    is_waiting = row.reviewed_at is None
    may_review = (
        is_waiting
        and row.person_id not in viewer.rights.persons
        and permissions.can_review_emergencies(viewer.rights, queue_id=row.queue_id)
    )
    return {
        "id": row.id,
        "person": "You" if is_own else row.person,
        "queue": row.queue,
        "reason": row.reason,
        "opened": format_moment(row.opened_at, zone=zone, now=now),
        "until": format_moment(row.expires_at, zone=zone, now=now),
        "verdicts": row.verdicts,
        "state": Pill("Open now", "hold") if row.is_open else Pill("Over"),
        "ruling": _ruling(row),
        "note": row.review_note,
        "reviewed_by": row.reviewed_by or "",
        "is_waiting": is_waiting,
        "may_end": is_own and row.is_open,
        "may_review": may_review,
        "form": form or EmergencyReviewForm(prefix=f"e{row.id}"),
        "is_form_open": form is not None,
    }


def _ruling(row: Any) -> Pill:
    if row.is_justified is None:
        return Pill("Waits for review", "warn")
    return (
        Pill("Justified", "good") if row.is_justified else Pill("Not justified", "bad")
    )


def _person(viewer: Viewer) -> Person:
    return Person.objects.get(pk=viewer.person_id)
