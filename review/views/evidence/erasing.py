"""Erasure, legal holds and retention: what stands, and the acts of it.

A person is named in the body of a POST only, never in an address: addresses are logged.
"""

import datetime as dt
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from review import permissions
from review.core.evidence.erasing import HoldKind
from review.dashboards import keeping
from review.forms.erasing import (
    HoldForm,
    PersonForm,
    ProposeForm,
    ReasonForm,
    RetentionForm,
)
from review.models import Person
from review.operations.evidence import erasing, holds, retaining
from review.operations.people.people import actor_of
from review.views.access import screen, viewer_required
from review.views.formats import format_moment
from review.views.pages import render_page
from workflows.core.actors import Actor
from workflows.core.zones import find_moment
from workflows.operations.errors import Refused
from workflows.store import database_now


@require_GET
@screen(permissions.check_can_see_content)
def content_keeping(request: HttpRequest) -> HttpResponse:
    """Show proposals, holds and retention, with the forms of who may act."""
    return _show(request)


@require_POST
@screen(permissions.check_can_erase)
def erasure_find(request: HttpRequest) -> HttpResponse:
    """Show which cases are about a person, and what stands in the way."""
    form = PersonForm(request.POST)
    if not form.is_valid():
        return _show(request, person_form=form, status=422)
    subject = form.cleaned_data["subject"]
    return _show(request, person_form=form, subject=subject)


@require_POST
@screen(permissions.check_can_erase)
def erasure_propose(request: HttpRequest) -> HttpResponse:
    """Propose to erase what was found."""
    form = ProposeForm(request.POST)
    subject = str(request.POST.get("subject", ""))
    if not form.is_valid():
        return _show(request, propose_form=form, subject=subject, status=422)

    def act() -> None:
        erasing.propose(
            subject=subject, person=_person(request), reason=form.cleaned_data["reason"]
        )

    refused = _try(form, act)
    if refused:
        return _show(request, propose_form=form, subject=subject, status=refused)
    messages.success(request, "Proposed. Another person approves it on this page.")
    return redirect("content-keeping")


@require_POST
@screen(permissions.check_can_erase)
def erasure_approve(request: HttpRequest, erasure_id: int) -> HttpResponse:
    """Approve what another person proposed: the data is erased."""
    done = erasing.approve(erasure_id=erasure_id, person=_person(request))
    messages.success(
        request,
        f"Erased: {done.commitments} values in {done.cases} case"
        f"{'' if done.cases == 1 else 's'}. Older backups still have them.",
    )
    return redirect("content-keeping")


@require_POST
@screen(permissions.check_can_erase)
def erasure_decline(request: HttpRequest, erasure_id: int) -> HttpResponse:
    """Put a proposal aside."""
    form = ReasonForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    erasing.decline(erasure_id=erasure_id, person=_person(request), reason=reason)
    messages.success(request, "Declined; nothing was erased.")
    return redirect("content-keeping")


@require_POST
@screen(permissions.check_can_erase)
def hold_place(request: HttpRequest) -> HttpResponse:
    """Place a legal hold."""
    form = HoldForm(request.POST, definitions=keeping.list_definition_keys())
    if not form.is_valid():
        return _show(request, hold_form=form, status=422)
    given = form.cleaned_data
    kind = HoldKind(given["kind"])
    ranged = kind is HoldKind.RANGE
    zone = viewer_required(request).look.zone
    wish = holds.Wish(
        kind=kind,
        reason=given["reason"],
        instance_id=given["case"] if kind is HoldKind.CASE else None,
        subject=given["subject"] if kind is HoldKind.SUBJECT else "",
        definition_key=given["definition"] if ranged else "",
        since=_midnight(given["since"], zone) if ranged else None,
        until=_midnight(given["until"], zone) if ranged else None,
    )
    refused = _try(form, lambda: holds.place(wish=wish, actor=_actor(request)))
    if refused:
        return _show(request, hold_form=form, status=refused)
    messages.success(request, "The hold stands: what it keeps cannot be erased.")
    return redirect("content-keeping")


@require_POST
@screen(permissions.check_can_erase)
def hold_lift(request: HttpRequest, hold_id: int) -> HttpResponse:
    """Lift a legal hold."""
    form = ReasonForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    holds.lift(hold_id=hold_id, actor=_actor(request), reason=reason)
    messages.success(request, "The hold is lifted.")
    return redirect("content-keeping")


@require_POST
@screen(permissions.check_can_erase)
def retention_set(request: HttpRequest) -> HttpResponse:
    """Say how long a process's content is kept after the end of a case."""
    form = RetentionForm(request.POST, definitions=keeping.list_definition_keys())
    if not form.is_valid():
        return _show(request, retention_form=form, status=422)

    def act() -> None:
        retaining.set_days(
            definition_key=form.cleaned_data["definition"],
            days=form.cleaned_data["days"],
            actor=_actor(request),
            reason=form.cleaned_data["reason"],
        )

    refused = _try(form, act)
    if refused:
        return _show(request, retention_form=form, status=refused)
    messages.success(request, "The rule is in force.")
    return redirect("content-keeping")


def _show(
    request: HttpRequest,
    *,
    person_form: forms.Form | None = None,
    propose_form: forms.Form | None = None,
    hold_form: forms.Form | None = None,
    retention_form: forms.Form | None = None,
    subject: str = "",
    status: int = 200,
) -> HttpResponse:
    viewer = viewer_required(request)
    keys = keeping.list_definition_keys()
    zone, now = viewer.look.tzinfo, database_now()

    def told(moment: dt.datetime | None) -> str:
        return format_moment(moment, zone=zone, now=now) if moment else ""

    found = erasing.find_cases(subject) if subject else []
    proposals = keeping.list_proposals(told)
    for row in proposals:
        row["is_own"] = row["person_id"] in viewer.rights.persons
    context: dict[str, Any] = {
        "page_title": "Erasure, holds and retention",
        "may_act": permissions.can_erase(viewer.rights),
        "person_form": person_form or PersonForm(),
        "asked": bool(subject),
        "found": [
            {
                "case": one,
                "key": one.business_key or f"…{str(one.instance_id)[-8:]}",
                "started": told(one.started_at),
                "ended": told(one.ended_at),
            }
            for one in found
        ],
        "may_propose": bool(found) and not any(one.obstacle for one in found),
        "obstacle": next((one.obstacle for one in found if one.obstacle), ""),
        "propose_form": propose_form or ProposeForm(initial={"subject": subject}),
        "proposals": proposals,
        "erasures": keeping.list_erasures(told),
        "holds": keeping.list_holds(told, zone=zone),
        "hold_form": hold_form or HoldForm(definitions=keys),
        "rules": keeping.list_rules(told),
        "retention_form": retention_form or RetentionForm(definitions=keys),
        "reason_form": ReasonForm(auto_id=False),
    }
    return render_page(
        request, "review/evidence/content_keeping.html", context, status=status
    )


def _try(form: forms.Form, act: Callable[[], object]) -> int:
    """Do an act; a refusal goes to the form, its status is returned, else 0."""
    try:
        act()
    except Refused as refusal:
        form.add_error(None, refusal.message)
        return refusal.status
    return 0


def _midnight(day: dt.date | None, zone: str) -> dt.datetime | None:
    """Return when a day begins where who places the hold is."""
    if day is None:
        return None
    return find_moment(dt.datetime.combine(day, dt.time()), ZoneInfo(zone))


def _person(request: HttpRequest) -> Person:
    return Person.objects.get(pk=viewer_required(request).person_id)


def _actor(request: HttpRequest) -> Actor:
    return actor_of(_person(request))
