"""Processes: deployed versions, their instances, and where the live ones are."""

import datetime as dt
import itertools
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from review import permissions
from review.dashboards import engine, processes
from review.dashboards.sql import read_json
from review.forms.versions import RetireForm
from review.views.access import screen, viewer_required
from review.views.formats import dump_json, format_moment, format_value
from review.views.pages import render_page
from review.views.stops.stop_banners import process_banners, process_url
from workflows.operations import exports
from workflows.operations.decisions import list_outlines
from workflows.operations.drift import drift_of
from workflows.operations.errors import NotFound
from workflows.store import database_now


@require_GET
@screen(permissions.check_can_see_definitions)
def definition_list(request: HttpRequest) -> HttpResponse:
    """List processes with all their versions."""
    viewer = viewer_required(request)
    now, zone = database_now(), viewer.look.tzinfo
    rows = engine.list_definitions()
    overview = processes.read_overview()
    listed = [
        _process(
            key,
            [_version(row, now=now, zone=zone) for row in versions],
            overview.get(key),
        )
        for key, versions in itertools.groupby(rows, key=lambda row: row.key)
    ]
    context = {"page_title": "Processes", "processes": listed}
    return render_page(request, "review/processes/definition_list.html", context)


@require_GET
@screen(permissions.check_can_see_definitions)
def definition_detail(request: HttpRequest, definition_id: int) -> HttpResponse:
    """Show one version: its picture with live counts, files, contracts, findings."""
    viewer = viewer_required(request)
    found = _find(definition_id)
    now, zone = database_now(), viewer.look.tzinfo
    context = {
        "page_title": f"{found.name} {found.version}",
        "definition": found,
        "deployed": format_moment(found.deployed_at, zone=zone, now=now),
        "diagram_url": reverse("definition-diagram", args=[found.id]),
        "live_url": f"{reverse('process-detail', args=[found.key])}"
        f"?{urlencode({'version': found.version})}",
        "versions": [
            {**_version(row, now=now, zone=zone), "is_this": row.id == found.id}
            for row in engine.list_definitions(key=found.key)
        ],
        "may_change": permissions.can_deploy(viewer.rights),
        "retire": RetireForm(prefix="retire"),
        "retire_url": reverse("definition-retire", args=[found.id]),
        "is_open": found.retired_at is None and found.retiring_at is None,
        "drift": drift_of(found.id),
        "nodes": [
            {
                "node_id": row.node_id,
                "name": row.name or row.node_id,
                "live": row.live,
                "mark": "incident" if row.incidents else "active",
                "incidents": row.incidents,
            }
            for row in engine.list_node_counts(found.id)
        ],
        "decisions": [
            {
                "name": logic.name,
                "url": reverse("decision-detail", args=[found.id, logic.id]),
            }
            for outline in list_outlines(found.id)
            for logic in outline.decisions
        ],
        "files": engine.list_files(found.id),
        "findings": [_finding(each) for each in engine.list_findings(found.findings)],
        "contracts": [
            {"name": name, "text": dump_json(contract)}
            for name, contract in sorted((read_json(found.contracts) or {}).items())
        ],
        "banners": process_banners(
            viewer, key=found.key, version=found.version, definition_id=found.id
        ),
        "stop_url": process_url(found.key, found.version)
        if permissions.can_oversee(viewer.rights, queue_id=None)
        else "",
    }
    return render_page(request, "review/processes/definition_detail.html", context)


@require_GET
@screen(permissions.check_can_see_definitions)
def definition_diagram(request: HttpRequest, definition_id: int) -> HttpResponse:
    """Give the BPMN file of the version's main process, drawn, for the picture."""
    text = exports.show_model(definition_id=definition_id)
    return HttpResponse(
        text,
        content_type="application/xml",
        headers={"Cache-Control": "private, max-age=86400"},
    )


@require_GET
@screen(permissions.check_can_see_definitions)
def definition_model(request: HttpRequest, definition_id: int) -> HttpResponse:
    """Give the BPMN file of the version's main process to keep, complete."""
    exported = exports.export_model(definition_id=definition_id)
    return _download(exported, content_type="application/xml")


@require_GET
@screen(permissions.check_can_see_definitions)
def definition_package(request: HttpRequest, definition_id: int) -> HttpResponse:
    """Give the version's whole package as it was deployed."""
    exported = exports.export_package(definition_id=definition_id)
    return _download(exported, content_type="application/zip")


def _download(exported: exports.Exported, *, content_type: str) -> HttpResponse:
    return HttpResponse(
        exported.content,
        content_type=content_type,
        headers={
            "Content-Disposition": content_disposition_header(
                as_attachment=True, filename=exported.name
            ),
            "X-Content-Type-Options": "nosniff",
        },
    )


def _find(definition_id: int) -> Any:
    found = engine.find_definition(definition_id)
    if found is None:
        raise NotFound(f"There is no definition {definition_id}.")
    return found


def _process(
    key: str, versions: list[dict[str, object]], live: Any | None
) -> dict[str, object]:
    """Return a process with its pages, and what of its live cases needs somebody."""
    incidents, breached = (live.incidents, live.breached) if live else (0, 0)
    compare_url = reverse("process-compare", args=[key])
    cases_url = f"{reverse('instance-list')}?{urlencode({'definition': key})}"
    return {
        "key": key,
        "versions": versions,
        "url": reverse("process-detail", args=[key]),
        "map_url": reverse("process-map", args=[key]),
        "compare_url": compare_url if len(versions) > 1 else "",
        "incidents": f"{incidents:,} in incident" if incidents else "",
        "incidents_url": f"{cases_url}&incident=yes",
        "breached": f"{breached:,} overdue" if breached else "",
        "breached_url": f"{cases_url}&late=yes",
    }


def _version(row: Any, *, now: dt.datetime, zone: dt.tzinfo) -> dict[str, object]:
    query = urlencode({"definition": row.key, "version": row.version})
    return {
        "name": row.name,
        "description": row.description,
        "owner": row.owner,
        "version": row.version,
        "url": reverse("definition-detail", args=[row.id]),
        "instances_url": f"{reverse('instance-list')}?{query}",
        "active": f"{row.active:,}",
        "ended": f"{row.ended:,}",
        "deployed": format_moment(row.deployed_at, zone=zone, now=now),
        "digest": row.digest[:12],
        "is_retired": row.retired_at is not None,
        "is_retiring": row.retired_at is None and row.retiring_at is not None,
        "is_passed_over": row.is_passed_over,
        "migrate_url": reverse("definition-migrate", args=[row.id])
        if row.active
        else "",
    }


def _finding(finding: object) -> str:
    if isinstance(finding, dict):
        return " · ".join(format_value(value) for value in finding.values() if value)
    return format_value(finding)
