"""One incident: look, then retry, correct the input, or settle by hand."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from review import permissions
from review.core.interventions import Act
from review.dashboards import incidents as desk
from review.dashboards.covering import cover_cells, cover_of, cover_variables
from review.dashboards.runbooks import find_connector, find_runbook
from review.dashboards.sql import read_json
from review.forms.acts import JsonForm, ReasonForm
from review.models import Person
from review.operations.instances import approvals
from review.operations.instances.acts import Wish
from review.views.access import screen, viewer_required
from review.views.formats import (
    Pill,
    dump_json,
    format_duration,
    format_label,
    format_moment,
    state_pill,
)
from review.views.instances.words import PROPOSED, WORDS
from review.views.pages import render_page
from workflows.operations.drift import Drift, drift_of_step
from workflows.operations.errors import Invalid, NotFound
from workflows.store import database_now


@require_GET
@screen(permissions.check_can_see_incidents)
def incident_detail(request: HttpRequest, incident_id: int) -> HttpResponse:
    """Show one incident with what can be done about it."""
    return _show(request, incident_id, forms={}, status=200)


@require_POST
@screen(permissions.check_can_resolve_incidents)
def incident_retry(request: HttpRequest, incident_id: int) -> HttpResponse:
    """Try the step again."""
    form = ReasonForm(request.POST, prefix="retry")
    if not form.is_valid():
        return _show(request, incident_id, forms={"retry": form}, status=422)
    _act(request, incident_id, Act.RETRY, form=form, arguments={})
    return redirect("incident-detail", incident_id)


@require_POST
@screen(permissions.check_can_resolve_incidents)
def incident_edit(request: HttpRequest, incident_id: int) -> HttpResponse:
    """Correct the instance's variables, then try the step again."""
    form = JsonForm(request.POST, prefix="edit")
    if form.is_valid():
        changed = _changed(incident_id, form.cleaned_data["values"])
        try:
            given = {"variables": changed}
            _act(request, incident_id, Act.MEND, form=form, arguments=given)
        except Invalid as refusal:
            form.add_error("values", refusal.message)
        else:
            return redirect("incident-detail", incident_id)
    return _show(request, incident_id, forms={"edit": form}, status=422)


@require_POST
@screen(permissions.check_can_resolve_incidents)
def incident_resolve(request: HttpRequest, incident_id: int) -> HttpResponse:
    """Declare the step done by hand, with the output it would have had."""
    form = JsonForm(request.POST, prefix="resolve")
    if form.is_valid():
        try:
            given = {"output": form.cleaned_data["values"]}
            _act(request, incident_id, Act.SETTLE, form=form, arguments=given)
        except Invalid as refusal:
            form.add_error("values", refusal.message)
        else:
            return redirect("incident-detail", incident_id)
    return _show(request, incident_id, forms={"resolve": form}, status=422)


def _show(
    request: HttpRequest,
    incident_id: int,
    *,
    forms: dict[str, ReasonForm],
    status: int,
) -> HttpResponse:
    viewer = viewer_required(request)
    found = _find(incident_id)
    now, zone = database_now(), viewer.look.tzinfo
    values = read_json(found.variables)
    mask = cover_of(viewer.rights, found.instance_id)
    if mask is not None:
        values = cover_variables(values, mask)
    variables = dump_json(values)
    context = {
        "page_title": f"Incident {found.id}",
        "incident": found,
        "row": cover_cells(
            draw_incident(found, now=now, zone=zone),
            ("case", "message", "reason"),
            mask,
        ),
        "may_act": found.state == "OPEN"
        and found.step_id is not None
        and permissions.can_resolve_incidents(viewer.rights),
        "retry": forms.get("retry") or ReasonForm(prefix="retry"),
        "edit": forms.get("edit")
        or JsonForm(prefix="edit", initial={"values": variables}),
        "resolve": forms.get("resolve")
        or JsonForm(prefix="resolve", initial={"values": "{}"}),
        "variables": variables,
        "drift": _drift(found),
        "handler": (handler := _handler(found)),
        "connector": find_connector(handler),
        "runbook": find_runbook(handler),
        "retry_url": reverse("incident-retry", args=[found.id]),
        "edit_url": reverse("incident-edit", args=[found.id]),
        "resolve_url": reverse("incident-resolve", args=[found.id]),
    }
    return render_page(
        request, "review/instances/incident_detail.html", context, status=status
    )


def _drift(found: Any) -> list[Drift]:
    """Return how the handler of an open incident's step differs from its contract."""
    if found.state != "OPEN" or found.node_id is None:
        return []
    return drift_of_step(
        found.definition_id, process_id=found.process_id, node_id=found.node_id
    )


def _handler(found: Any) -> str:
    """Return the handler of an incident's step, "" for none."""
    handlers = desk.list_handlers([found.definition_id])
    place = f"{found.process_id}/{found.node_id}"
    return handlers.get((found.definition_id, place), "")


def _find(incident_id: int) -> Any:
    found = desk.find_incident(incident_id)
    if found is None:
        raise NotFound(f"There is no incident {incident_id}.")
    return found


def _changed(incident_id: int, wanted: dict[str, object]) -> dict[str, object]:
    """Return only the variables whose value is another than it was."""
    old = read_json(_find(incident_id).variables)
    return {
        name: value
        for name, value in wanted.items()
        if name not in old or old[name] != value
    }


def _act(
    request: HttpRequest,
    incident_id: int,
    act: Act,
    *,
    form: ReasonForm,
    arguments: Mapping[str, Any],
) -> None:
    """Do an act on the incident, or propose it where it takes two persons."""
    wish = Wish(
        act=act,
        instance_id=_find(incident_id).instance_id,
        reason=form.cleaned_data["reason"],
        arguments={"incident": incident_id, **arguments},
    )
    person = Person.objects.get(pk=viewer_required(request).person_id)
    if approvals.do_or_propose(person=person, wish=wish) is None:
        messages.success(request, WORDS[act].done)
    else:
        messages.success(request, PROPOSED)


def draw_incident(row: Any, *, now: dt.datetime, zone: dt.tzinfo) -> dict[str, object]:
    """Return what lists and the page of an incident show of it."""
    resolution = format_label(row.resolution.lower()) if row.resolution else ""
    return {
        "id": row.id,
        "tick": str(row.id),
        "url": reverse("incident-detail", args=[row.id]),
        "case": row.business_key or str(row.instance_id)[:13],
        "instance_url": reverse("instance-detail", args=[row.instance_id]),
        "step": row.step_name or row.node_id or "the instance",
        "process": f"{row.definition_key} {row.definition_version}",
        "code": row.code,
        "message": row.message,
        "attempts": row.attempts,
        "state": Pill("Open", "bad") if row.state == "OPEN" else state_pill(row.state),
        "opened": format_moment(row.opened_at, zone=zone, now=now),
        "age": format_duration((row.resolved_at or now) - row.opened_at),
        "resolved": format_moment(row.resolved_at, zone=zone, now=now)
        if row.resolved_at
        else "",
        "resolution": resolution,
        "resolved_by": row.resolved_by or "",
        "reason": row.reason,
    }
