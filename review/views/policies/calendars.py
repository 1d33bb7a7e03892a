"""Calendars: what is in force drawn as a week, its days off, its history, its editor."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from review import permissions
from review.core.states import PolicyKind
from review.dashboards.policies import list_calendar_users
from review.models import Calendar
from review.operations.policies.calendar_previews import list_days_off
from review.operations.policies.policies import find_standing_body
from review.operations.policies.policy_subjects import Subject
from review.views.access import screen, viewer_required
from review.views.formats import format_count
from review.views.pages import render_page
from review.views.policies.calendar_preview import list_days
from review.views.policies.policies import show_standing
from review.views.policies.policy_edit import edit
from workflows.operations.errors import NotFound
from workflows.store import database_now


@require_GET
@screen(permissions.check_can_see_policies)
def calendar_detail(request: HttpRequest, key: str) -> HttpResponse:
    """Show a calendar: its week, the days off of the year to come, its versions."""
    viewer, subject = viewer_required(request), _find(key)
    context, _ = show_standing(viewer, subject, PolicyKind.CALENDAR)
    body = find_standing_body(subject, PolicyKind.CALENDAR)
    context |= _show_use(subject.calendar)
    context["days_off"] = list_days(list_days_off(body or {}, now=database_now()))
    return render_page(request, "review/policies/policy_queue.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@screen()
def calendar_edit(request: HttpRequest, key: str) -> HttpResponse:
    """Show the editor of a calendar; preview or propose, as the button says."""
    return edit(request, _find(key), PolicyKind.CALENDAR)


def _show_use(calendar: Calendar | None) -> dict[str, Any]:
    assert calendar is not None  # found by its key
    queues, people = list_calendar_users(calendar.id)
    used_by: list[dict[str, str]] = [
        {"name": one["name"], "url": reverse("queue-detail", args=[one["key"]])}
        for one in queues
    ]
    if people:
        used_by.append({"name": format_count(people, "person"), "url": ""})
    return {"calendar_version": calendar.version, "used_by": used_by}


def _find(key: str) -> Subject:
    calendar = Calendar.objects.filter(key=key).first()
    if calendar is None:
        raise NotFound(f"There is no calendar {key!r}.")
    return Subject(calendar=calendar)
