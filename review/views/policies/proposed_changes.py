"""Changes of alert rules, roles, new calendars: look at one, decide on it as a second person."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from review.core.changes import GovernedKind
from review.core.figures import alert_rules
from review.dashboards import proposed as shown
from review.dashboards.frame import Viewer
from review.forms.acts import ReasonForm
from review.forms.interventions import ApproveForm
from review.models import Person, ProposedChange
from review.operations.people import roles
from review.operations.policies import governing, new_calendars, proposed_changes
from review.permissions import check_can_see_policies
from review.views.access import screen, viewer_required
from review.views.pages import render_page
from review.views.policies.calendar_preview import draw_week
from review.views.policies.two_persons import draw_lines, settle, tell_settling
from workflows.operations.errors import NotFound, Refused
from workflows.store import database_now


@require_GET
@screen(check_can_see_policies)
def proposed_change(request: HttpRequest, change_id: int) -> HttpResponse:
    """Show a change: what stands, what shall stand, who wants it and why."""
    return _show(request, change_id)


@require_POST
@screen(check_can_see_policies)
def proposed_approve(request: HttpRequest, change_id: int) -> HttpResponse:
    """Approve a change as a second person, which makes it."""
    form = ApproveForm(request.POST, prefix="approve")
    act = proposed_changes.approve
    return _settle(request, change_id, form, act, said="Approved and done.")


@require_POST
@screen(check_can_see_policies)
def proposed_decline(request: HttpRequest, change_id: int) -> HttpResponse:
    """Refuse somebody else's change."""
    form = ReasonForm(request.POST, prefix="decline")
    act = proposed_changes.decline
    return _settle(request, change_id, form, act, said="Declined.")


@require_POST
@screen(check_can_see_policies)
def proposed_withdraw(request: HttpRequest, change_id: int) -> HttpResponse:
    """Take one's own change back."""
    form = ReasonForm(request.POST, prefix="withdraw")
    act = proposed_changes.withdraw
    return _settle(request, change_id, form, act, said="Withdrawn.")


def tell_change(
    change: ProposedChange, viewer: Viewer, *, now: dt.datetime
) -> dict[str, Any]:
    """Return a change as lists and its own page show it."""
    urls = {
        f"{act}_url": reverse(f"proposed-{act}", args=[change.id])
        for act in ("approve", "decline", "withdraw")
    }
    return {
        **tell_settling(change, viewer, may=_may_settle(change, viewer), now=now),
        **urls,
        "who_decides": "Another person with the right decides on this.",
        "url": reverse("proposed-change", args=[change.id]),
        "title": change.title,
        "version": change.version or "",
    }


def _may_settle(change: ProposedChange, viewer: Viewer) -> bool:
    office = proposed_changes.office_of(change)
    try:
        governing.may_settle(office, change, viewer.rights)
    except Refused:
        return False
    return True


def _settle(
    request: HttpRequest,
    change_id: int,
    form: forms.Form,
    act: Callable[..., object],
    *,
    said: str,
) -> HttpResponse:
    person = Person.objects.get(pk=viewer_required(request).person_id)
    return settle(
        request,
        form,
        lambda reason: act(change_id=change_id, person=person, reason=reason),
        show=lambda form, status: _show(request, change_id, form=form, status=status),
        back=("proposed-change", change_id),
        said=said,
    )


def _show(
    request: HttpRequest,
    change_id: int,
    *,
    form: forms.Form | None = None,
    status: int = 200,
) -> HttpResponse:
    viewer, now = viewer_required(request), database_now()
    change = shown.find_change(change_id)
    if change is None:
        raise NotFound(f"There is no proposed change {change_id}.")
    if change.kind == GovernedKind.ROLE.value and not _is_own(change, viewer):
        roles.check_second(viewer.rights)
    given = {form.prefix: form} if form is not None else {}
    context = {
        "page_title": change.title,
        "row": tell_change(change, viewer, now=now),
        "crumb": _crumb(change),
        "changes": _compare(change),
        "week": draw_week(change.body["calendar"])
        if change.kind == GovernedKind.CALENDAR.value
        else None,
        "problem": form,
        "approve": given.get("approve") or ApproveForm(prefix="approve"),
        "decline": given.get("decline") or ReasonForm(prefix="decline"),
        "withdraw": given.get("withdraw") or ReasonForm(prefix="withdraw"),
    }
    return render_page(
        request, "review/policies/proposed_change.html", context, status=status
    )


def _is_own(change: ProposedChange, viewer: Viewer) -> bool:
    return change.author_id == viewer.person_id


def _crumb(change: ProposedChange) -> dict[str, str]:
    match GovernedKind(change.kind):
        case GovernedKind.ALERT_RULE:
            return {"label": "Alerts", "url": reverse("alert-list")}
        case GovernedKind.ROLE:
            return {"label": "People", "url": reverse("people-list")}
        case GovernedKind.CALENDAR:
            return {"label": "Policies", "url": reverse("policy-list")}


def _compare(change: ProposedChange) -> dict[str, Any]:
    match GovernedKind(change.kind):
        case GovernedKind.ALERT_RULE:
            return draw_lines(
                alert_rules.HEADS,
                alert_rules.list_lines(change.before),
                alert_rules.list_lines(change.body),
                what="line",
            )
        case GovernedKind.ROLE:
            return draw_lines(
                alert_rules.HEADS,
                roles.list_lines(change.before),
                roles.list_lines(change.body),
                what="line",
            )
        case GovernedKind.CALENDAR:
            return draw_lines(
                new_calendars.HEADS,
                new_calendars.list_lines(change.before),
                new_calendars.list_lines(change.body),
                what="line",
            )
