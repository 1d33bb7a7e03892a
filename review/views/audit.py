"""Audit search: facets, newest entries first, and the way to a bundle."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from review import permissions
from review.dashboards import audit
from review.dashboards.blind import read_blindfold
from review.evidence.bundle import export_instance
from review.filters import AuditFilter
from review.views.access import screen, viewer_required
from review.views.entries import Line, build_lines
from review.views.pages import render_page
from review.views.paging import cut, read_before
from workflows.core.actors import person
from workflows.store import database_now

KNOWN_KINDS = (
    "instance.*", "step.*", "task.*", "verdict.*", "incident.*", "timer.*",
    "instance.started", "instance.completed", "task.opened", "task.claimed",
    "task.escalated", "verdict.submitted", "incident.resolved", "definition.deployed",
)  # fmt: skip


@require_GET
@screen(permissions.check_can_audit)
def audit_search(request: HttpRequest) -> HttpResponse:
    """Search audit entries."""
    viewer = viewer_required(request)
    form = AuditFilter(request.GET)
    name = form.given().get("actor", "").strip()
    people = audit.find_people(name) if name and ":" not in name else {}
    actor = name if ":" in name else next(iter(people), "")
    zone = viewer.look.tzinfo
    is_known = not name or bool(actor)
    rows = (
        audit.search_entries(
            form.facets(zone=zone, actor=actor),
            before=read_before(request.GET.get("before", "")),
        )
        if form.is_valid() and is_known
        else []
    )
    shown, pages = cut(
        request,
        rows,
        limit=audit.PAGE,
        parameter="before",
        mark=lambda row: str(row.id),
    )
    lines = build_lines(
        shown,
        blindfold=read_blindfold(viewer, (row.step_id for row in shown)),
        step_names={},
        is_full=True,
        zone=zone,
        now=database_now(),
    )
    context = {
        "page_title": "Audit search",
        "filter_form": form,
        "reset_url": reverse("audit-search"),
        "rows": _rows(shown, lines),
        "pages": pages,
        "kinds": KNOWN_KINDS,
        "note": _note(name, people, actor),
    }
    return render_page(request, "review/audit_search.html", context)


def _note(name: str, people: dict[str, str] | Any, actor: str) -> str:
    if not name or ":" in name:
        return ""
    if not actor:
        return f"Nobody's name holds “{name}”."
    others = len(people) - 1
    more = f", and {others} more: write the whole name" if others else ""
    return f"Entries of {people[actor]} ({actor}){more}."


def _rows(entries: Sequence[Any], lines: Sequence[Line]) -> list[dict[str, object]]:
    return [
        {
            "line": line,
            "case": entry.business_key
            or (str(entry.chain)[:13] if entry.definition_key else "installation"),
            "url": f"{reverse('instance-detail', args=[entry.chain])}#{line.anchor}"
            if entry.definition_key
            else "",
            "recorded": entry.at.astimezone(dt.UTC).isoformat(timespec="seconds"),
        }
        for entry, line in zip(entries, lines, strict=True)
    ]


@require_POST
@screen(permissions.check_can_audit)
def audit_export(request: HttpRequest, instance_id: UUID) -> HttpResponseBase:
    """Give the evidence of one instance as a bundle; the export itself is recorded."""
    viewer = viewer_required(request)
    export = export_instance(
        instance_id=instance_id,
        actor=person(person_id=viewer.person_id, name=viewer.rights.name),
        reason=request.POST.get("reason", ""),
    )
    response = StreamingHttpResponse(export.chunks(), content_type="application/zip")
    response["Content-Length"] = str(export.size)
    response["Content-Disposition"] = f'attachment; filename="{export.name}"'
    return response
