"""Availability: my absences, and for managers the team's, with what each person takes."""

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from review.core.states import Role
from review.core.tasks.routing import Place
from review.dashboards import next_up, staffing
from review.dashboards.frame import Viewer
from review.forms.availability import AbsenceForm, StaffForm
from review.models import Calendar, Person
from review.operations.clocks import calendars
from review.operations.people import availability
from review.views.access import screen, viewer_required
from review.views.formats import Pill, format_count, format_moment
from review.views.pages import render_page
from workflows.core.calendars import is_working
from workflows.operations.errors import Refused
from workflows.store import database_now

_DAY: Final = dt.timedelta(days=1)


@require_GET
@screen()
def availability_page(request: HttpRequest) -> HttpResponse:
    """Show the viewer's own absences, and the team of who manages one."""
    viewer = viewer_required(request)
    return _show(request, viewer, empty_absence(viewer))


@require_POST
@screen()
def absence_plan(request: HttpRequest, person_id: int) -> HttpResponse:
    """Note an absence of oneself, or of somebody the viewer manages."""
    viewer = viewer_required(request)
    person = get_object_or_404(Person, pk=person_id)
    form = AbsenceForm(request.POST)
    status = 422
    if form.is_valid():
        starts_at, ends_at = form.read_span(viewer.look.tzinfo)
        try:
            availability.plan_absence(
                person=person,
                starts_at=starts_at,
                ends_at=ends_at,
                by=_me(viewer),
                reason=form.cleaned_data["reason"],
            )
        except Refused as refusal:
            form.add_error(None, refusal.message)
            status = refusal.status
        else:
            messages.success(request, f"The absence of {person.name} is noted.")
            return _back(viewer, person_id)
    if person_id == viewer.person_id:
        return _show(request, viewer, form, status=status)
    return _show_person(request, viewer, person, absence=form, status=status)


@require_POST
@screen()
def absence_cancel(request: HttpRequest, absence_id: int) -> HttpResponse:
    """Take an absence back."""
    viewer = viewer_required(request)
    availability.cancel_absence(absence_id=absence_id, by=_me(viewer))
    messages.success(request, "The absence is canceled.")
    return redirect("availability")


@screen()
def availability_person(request: HttpRequest, person_id: int) -> HttpResponse:
    """Show and change what one person takes, and when."""
    viewer = viewer_required(request)
    person = get_object_or_404(Person, pk=person_id)
    availability.check_may_manage(_me(viewer), person)
    if request.method != "POST":
        return _show_person(request, viewer, person)
    form = StaffForm(request.POST, calendars=list_calendars())
    if not form.is_valid():
        return _show_person(request, viewer, person, staff=form, status=422)
    given = form.cleaned_data
    try:
        availability.change_staff(
            person=person,
            by=_me(viewer),
            regions=given["regions"],
            skills=given["skills"],
            wip_limit=given["wip_limit"],
            calendar_key=given["calendar"],
        )
    except Refused as refusal:
        form.add_error(None, refusal.message)
        return _show_person(request, viewer, person, staff=form, status=refusal.status)
    messages.success(request, f"What {person.name} takes is saved.")
    return redirect("availability")


def _show(
    request: HttpRequest, viewer: Viewer, form: AbsenceForm, *, status: int = 200
) -> HttpResponse:
    now = database_now()
    managed = availability.list_managed(viewer.rights)
    queues = viewer.rights.list_queue_ids(Role.MANAGER)
    manages = queues is None or bool(queues)
    absences = staffing.list_absences(managed | {viewer.person_id})
    mine = [row for row in absences if row.person_id == viewer.person_id]
    others = [row for row in absences if row.person_id != viewer.person_id]
    context = {
        "page_title": "Availability",
        "form": form,
        "plan_url": reverse("absence-plan", args=[viewer.person_id]),
        "mine": tell_absences(mine, viewer=viewer, now=now),
        "others": tell_absences(others, viewer=viewer, now=now),
        "me": _team([viewer.person_id], viewer=viewer, now=now)[0],
        "team": _team(managed, viewer=viewer, now=now) if managed else [],
        "unserved": _unserved(queues) if manages else [],
        "skipped": _skipped(queues, viewer=viewer, now=now) if manages else [],
    }
    return render_page(
        request, "review/people/availability.html", context, status=status
    )


def _show_person(
    request: HttpRequest,
    viewer: Viewer,
    person: Person,
    *,
    staff: StaffForm | None = None,
    absence: AbsenceForm | None = None,
    status: int = 200,
) -> HttpResponse:
    now = database_now()
    (row,) = staffing.list_team([person.pk])
    initial = {
        "regions": ", ".join(row.regions),
        "skills": row.skills or "",
        "wip_limit": row.wip_limit,
        "calendar": row.calendar_key or "",
    }
    absences = staffing.list_absences([person.pk])
    context = {
        "page_title": person.name,
        "name": person.name,
        "form": staff or StaffForm(initial=initial, calendars=list_calendars()),
        "absence_form": absence or empty_absence(viewer),
        "plan_url": reverse("absence-plan", args=[person.pk]),
        "absences": tell_absences(absences, viewer=viewer, now=now),
    }
    return render_page(
        request, "review/people/availability_person.html", context, status=status
    )


def tell_absences(
    absences: Sequence[Any], *, viewer: Viewer, now: dt.datetime
) -> list[dict[str, object]]:
    """Return absences as their table shows them."""
    zone = viewer.look.tzinfo
    return [
        {
            "id": row.id,
            "name": row.name,
            "since": format_moment(row.starts_at, zone=zone, now=now),
            "until": format_moment(row.ends_at, zone=zone, now=now),
            "reason": row.reason,
            "state": Pill("Away", "warn")
            if row.has_begun
            else Pill("Planned", "accent"),
        }
        for row in absences
    ]


def _team(
    people: Collection[int], *, viewer: Viewer, now: dt.datetime
) -> list[dict[str, object]]:
    return [
        {
            "name": row.name,
            "url": reverse("availability-person", args=[row.id]),
            "presence": read_presence(row, zone=viewer.look.tzinfo, now=now),
            "regions": ", ".join(row.regions) or "all",
            "skills": row.skills or "none",
            "held": f"{row.held} of {row.wip_limit}"
            if row.wip_limit
            else str(row.held),
            "given": str(row.given),
            "hours": row.calendar or "always",
        }
        for row in staffing.list_team(people)
    ]


def read_presence(row: Any, *, zone: dt.tzinfo, now: dt.datetime) -> Pill:
    """Return whether somebody is here, away or out of hours."""
    if row.away_until:
        until = format_moment(row.away_until, zone=zone, now=now)
        return Pill(f"Away until {until}", "warn")
    hours = calendars.get_calendar(row.calendar_id, row.calendar_version).hours
    if not is_working(hours, now):
        return Pill("Out of hours", "", "Nothing is given to this person now")
    return Pill("Here", "good")


def _unserved(queues: Sequence[int] | None) -> list[dict[str, str]]:
    return [
        {
            "queue": row.name,
            "url": reverse("queue-detail", args=[row.key]),
            "lane": Place(0, row.region, row.skill, row.level).describe() or "anybody",
            "count": format_count(row.waiting, "task", cap=staffing.CAP),
        }
        for row in staffing.list_unserved(queues)
    ]


def _skipped(
    queues: Sequence[int] | None, *, viewer: Viewer, now: dt.datetime
) -> list[dict[str, str]]:
    return [
        {
            "url": reverse("task-detail", args=[row.id]),
            "case": row.business_key or f"#{row.id}",
            "title": row.title,
            "queue": row.queue_name,
            "skips": str(row.skips),
            "reasons": "; ".join(row.reasons) or "no reason given",
            "last": format_moment(row.last_at, zone=viewer.look.tzinfo, now=now),
        }
        for row in next_up.list_skipped_by_many(queues=queues)
    ]


def list_calendars() -> list[tuple[str, str]]:
    """Return the keys and names of calendars, as choices."""
    return list(Calendar.objects.order_by("name", "pk").values_list("key", "name"))


def empty_absence(viewer: Viewer) -> AbsenceForm:
    """Return the form of an absence, filled in with tomorrow."""
    today = database_now().astimezone(viewer.look.tzinfo)
    tomorrow = today.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY
    initial = {
        "starts_at": tomorrow.replace(tzinfo=None),
        "ends_at": (tomorrow + _DAY).replace(tzinfo=None),
    }
    return AbsenceForm(initial=initial)


def _me(viewer: Viewer) -> Person:
    return Person.objects.get(pk=viewer.person_id)


def _back(viewer: Viewer, person_id: int) -> HttpResponse:
    if person_id == viewer.person_id:
        return redirect("availability")
    return redirect("availability-person", person_id)
