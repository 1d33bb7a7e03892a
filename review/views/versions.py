"""Versions of a process: retire one, take its running instances to another."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from review import permissions
from review.dashboards import engine
from review.forms.versions import MappingForm, MappingRow, RetireForm
from review.views.access import screen, viewer_required
from review.views.pages import render_page
from workflows.core.actors import Actor, person
from workflows.core.bpmn.graph import Node, Process
from workflows.core.engine.suggesting import list_counterparts, suggest_nodes
from workflows.operations import definitions, retirement
from workflows.operations.errors import Invalid, NotFound
from workflows.operations.instance_migration import (
    Report,
    find_route,
    migrate_instances,
)

AT_ONCE = 1000
"""Instances that one click goes through; the command takes any number."""

SHOWN = 50


@require_POST
@screen(permissions.check_can_deploy)
def definition_retire(request: HttpRequest, definition_id: int) -> HttpResponse:
    """Let no new instance start on a version, now or with its last instance's end."""
    form = RetireForm(request.POST, prefix="retire")
    if not form.is_valid():
        raise Invalid("Say when the version is to be retired: idle or now.")
    actor = _actor(request)
    if form.cleaned_data["when"] == "now":
        definitions.retire(definition_id=definition_id, actor=actor)
        live = 0
    else:
        live = retirement.retire_when_idle(definition_id=definition_id, actor=actor)
    messages.success(
        request,
        f"The version is retired when the last of {live:,} instances has ended."
        if live
        else "The version is retired.",
    )
    return redirect("definition-detail", definition_id)


@require_http_methods(["GET", "POST"])
@screen(permissions.check_can_deploy)
def definition_migrate(request: HttpRequest, definition_id: int) -> HttpResponse:
    """Choose a version and a mapping, try it, and take the instances there."""
    source = _find(definition_id)
    others = [
        row for row in engine.list_definitions(key=source.key) if row.id != source.id
    ]
    target = _chosen(request, others)
    context: dict[str, Any] = {
        "page_title": f"Migrate {source.key} {source.version}",
        "definition": source,
        "others": [
            {"id": row.id, "version": row.version, "is_chosen": row is target}
            for row in others
        ],
        "target": target,
        "back_url": reverse("definition-detail", args=[source.id]),
    }
    if target is None:
        return render_page(request, "review/definition_migrate.html", context)
    applies = request.POST.get("act") == "apply"
    rows = _mapping_rows(source, target)
    data = request.POST if request.method == "POST" else None
    form = MappingForm(data, rows=rows, needs_reason=applies)
    context |= {"form": form, "lines": [_line(form, row) for row in rows]}
    if data is None or not form.is_valid():
        status = 200 if data is None else 422
        return render_page(
            request, "review/definition_migrate.html", context, status=status
        )
    report = migrate_instances(
        find_route(
            key=source.key,
            source=source.version,
            target=target.version,
            nodes=form.nodes(),
        ),
        actor=_actor(request),
        reason=form.cleaned_data["reason"],
        dry_run=not applies,
        limit=AT_ONCE,
    )
    context["report"] = _told(report)
    return render_page(request, "review/definition_migrate.html", context)


def _find(definition_id: int) -> Any:
    found = engine.find_definition(definition_id)
    if found is None:
        raise NotFound(f"There is no definition {definition_id}.")
    return found


def _chosen(request: HttpRequest, others: list[Any]) -> Any | None:
    wanted = request.POST.get("to") or request.GET.get("to") or ""
    if wanted:
        found = [row for row in others if str(row.id) == wanted]
        if not found:
            raise NotFound(f"This process has no other version with the id {wanted!r}.")
        return found[0]
    return others[0] if others else None


def _mapping_rows(source: Any, target: Any) -> list[MappingRow]:
    """Return the nodes that somebody has to look at: at which instances stand, or gone.

    Those are of the main process; called ones of the package keep their ids.
    """
    old = definitions.compiled(source.id).main
    new = definitions.compiled(target.id).main
    live = {row.node_id: row.live for row in engine.list_node_counts(source.id)}
    suggested = suggest_nodes(old, new)
    rows = [
        _mapping_row(node, new, live=live.get(node.id, 0), suggested=suggested[node.id])
        for node in old.nodes.values()
        if live.get(node.id) or suggested[node.id] != node.id
    ]
    return sorted(rows, key=lambda row: -row.live)


def _mapping_row(node: Node, new: Process, *, live: int, suggested: str) -> MappingRow:
    return MappingRow(
        node_id=node.id,
        label=_label(node),
        live=live,
        choices=[(other.id, _label(other)) for other in list_counterparts(node, new)],
        suggested=suggested,
    )


def _label(node: Node) -> str:
    return f"{node.name} ({node.id})" if node.name else node.id


def _line(form: MappingForm, row: MappingRow) -> dict[str, object]:
    field = form[f"node:{row.node_id}"]
    return {"field": field, "label": row.label, "live": f"{row.live:,}"}


def _told(report: Report) -> dict[str, object]:
    return {
        "dry_run": report.dry_run,
        "migrated": f"{report.migrated:,}",
        "blocked": f"{report.blocked:,}",
        "gone": f"{report.gone:,}",
        "more": report.more,
        "reasons": [
            {"node_id": node_id, "message": message, "count": f"{count:,}"}
            for (node_id, message), count in report.reasons.most_common(SHOWN)
        ],
        "examples": [
            {
                "label": one.business_key or str(one.instance_id)[:13],
                "url": reverse("instance-detail", args=[one.instance_id]),
                "why": one.obstacles[0].message,
            }
            for one in report.examples[:SHOWN]
        ],
    }


def _actor(request: HttpRequest) -> Actor:
    viewer = viewer_required(request)
    return person(person_id=viewer.person_id, name=viewer.rights.name)
