"""One run with its picture, steps, timeline and variables. The list is in instance_lists.py."""

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from review import permissions
from review.core.evidence.erasing import readable
from review.dashboards import audit, engine, incidents
from review.dashboards import interventions as proposed
from review.dashboards.audit_scope import check_case
from review.dashboards.blind import read_blindfold
from review.dashboards.covering import (
    cover_cells,
    cover_of,
    cover_variables,
    cover_words,
)
from review.dashboards.frame import Viewer
from review.dashboards.said import read_said
from review.dashboards.sql import read_json
from review.evidence.masking import Mask
from review.live import MANY_INSTANCES, instance_topic
from review.views.access import is_fragment, screen, viewer_required
from review.views.evidence.entries import build_lines, fold_ahead
from review.views.formats import (
    dump_json,
    format_duration,
    format_moment,
    format_value,
    state_pill,
)
from review.views.instances import approvals
from review.views.instances.acts import build_menu, build_step_menu
from review.views.instances.steps import build_step_rows
from review.views.pages import render_page
from review.views.processes.lit import step_decision_url
from review.views.tasks.large import list_large
from workflows.core.payloads import find_references
from workflows.operations import exports, plans
from workflows.operations.errors import NotFound
from workflows.store import database_now

PARTS = {
    "state": "review/instances/_instance_state.html",
    "notices": "review/instances/_instance_notices.html",
    "steps": "review/instances/_instance_steps.html",
    "acts": "review/instances/_instance_acts.html",
    "facts": "review/instances/_instance_facts.html",
    "timeline": "review/instances/_instance_timeline.html",
}


@require_GET
@screen(permissions.check_can_open_instances)
def instance_detail(request: HttpRequest, instance_id: UUID) -> HttpResponse:
    """Show one instance."""
    viewer = _let_in(request, instance_id)
    found = engine.find_instance(instance_id)
    if found is None:
        raise NotFound(f"There is no instance {instance_id}.")
    now, zone = database_now(), viewer.look.tzinfo
    steps = engine.list_steps(instance_id)
    entries = fold_ahead(audit.list_entries(instance_id))
    names = {step.id: step.name or step.node_id for step in steps}
    mask = cover_of(viewer.rights, instance_id)
    lines = build_lines(
        entries,
        blindfold=read_blindfold(viewer, (entry.step_id for entry in entries)),
        said=read_said(entries, mask=mask),
        step_names=names,
        zone=zone,
        now=now,
    )
    may_see_incidents = permissions.can_see_incidents(viewer.rights)
    open_incidents = _open_incidents(instance_id, mask) if may_see_incidents else []
    name = cover_words(found.business_key, mask) or str(found.id)[:13]
    context = {
        "page_title": name,
        "instance": found,
        "case": name,
        "state": state_pill(found.state),
        "topic": f"{instance_topic(found.id)} {MANY_INSTANCES}",
        "facts": _facts(found, by=lines[0].by if lines else "", now=now, zone=zone),
        "steps": [
            {
                **cover_cells(row, ("name", "turn", "error"), mask),
                "decision_url": step_decision_url(found, step),
                "acts": build_step_menu(
                    found, step, viewer.rights, incidents=open_incidents
                ),
            }
            for step, row in zip(
                steps, build_step_rows(steps, now=now, zone=zone), strict=True
            )
        ],
        "history": list(reversed(lines)),
        **_show_variables(found, mask),
        "incidents": open_incidents,
        "menu": build_menu(found, viewer.rights),
        "proposals": [
            approvals.build_row(row, viewer=viewer, now=now)
            for row in (
                proposed.list_proposals_of(instance_id) if may_see_incidents else []
            )
        ],
        "children": engine.list_children(instance_id),
        "may_audit": permissions.can_audit(viewer.rights),
        "diagram_url": reverse("instance-diagram", args=[found.id]),
        "has_goal": bool(plans.plan_for(found.definition_id, found.process_id).goal),
    }
    part = PARTS.get(request.GET.get("part", ""))
    if part and is_fragment(request):
        return render(request, part, context)
    return render_page(request, "review/instances/instance_detail.html", context)


@require_GET
@screen(permissions.check_can_open_instances)
def instance_diagram(request: HttpRequest, instance_id: UUID) -> HttpResponse:
    """Give the BPMN file of the instance's process as it was deployed."""
    _let_in(request, instance_id)
    found = engine.find_instance(instance_id)
    if found is None:
        raise NotFound(f"There is no picture of instance {instance_id}.")
    text = exports.show_model(
        definition_id=found.definition_id, process_id=found.process_id
    )
    return HttpResponse(
        text,
        content_type="application/xml",
        headers={"Cache-Control": "private, max-age=86400"},
    )


def _open_incidents(instance_id: UUID, mask: Mask | None) -> list[Any]:
    return [
        row._replace(message=cover_words(row.message, mask))
        for row in incidents.list_incidents_of(instance_id)
        if row.state == "OPEN"
    ]


def _let_in(request: HttpRequest, instance_id: UUID) -> Viewer:
    """Return who looks; raises Forbidden for an auditor of other cases."""
    viewer = viewer_required(request)
    check_case(viewer.rights, instance_id)
    return viewer


def _facts(
    row: Any, *, by: str, now: dt.datetime, zone: dt.tzinfo
) -> list[dict[str, str]]:
    moment = format_moment(row.started_at, zone=zone, now=now)
    facts = [
        ("Process", f"{row.definition_name} {row.definition_version}"),
        ("Started", f"{moment} by {by or row.initiator}"),
        (
            "Running for" if row.ended_at is None else "Took",
            format_duration((row.ended_at or now) - row.started_at),
        ),
    ]
    if row.ended_at:
        facts.append(("Ended", format_moment(row.ended_at, zone=zone, now=now)))
    if row.occurred_at:
        facts.append(("Took place", format_moment(row.occurred_at, zone=zone, now=now)))
    facts += [
        ("Audit entries", f"{row.audit_seq:,}"),
        ("Instance", str(row.id)),
        ("Definition digest", row.definition_digest[:16]),
    ]
    return [{"label": label, "value": value} for label, value in facts]


def _show_variables(row: Any, mask: Mask | None) -> dict[str, object]:
    values = read_json(row.variables)
    if row.is_erased:
        values = readable(values)
    if mask is not None:
        return {
            "variables": _variables(cover_variables(values, mask)),
            "large_values": [],
        }
    large = list_large(values, url="instance-value", owner=row.id)
    return {"variables": _variables(values), "large_values": large}


def _variables(values: Mapping[str, Any]) -> list[dict[str, object]]:
    large = find_references(values)
    return [
        {
            "label": name,
            "value": "" if isinstance(value, dict | list) else format_value(value),
            "block": dump_json(value) if isinstance(value, dict | list) else "",
        }
        for name, value in sorted(values.items())
        if name not in large
    ]
