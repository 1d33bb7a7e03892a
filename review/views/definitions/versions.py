"""Versions of a process: retire one, propose to take its instances to another."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from review import permissions
from review.core.changes import ChangeKind, Migration
from review.dashboards import engine
from review.forms.versions import MappingForm, MappingRow, RetireForm
from review.operations.definitions import definition_changes
from review.operations.definitions.definition_changes import Wish
from review.views.access import screen, viewer_required
from review.views.definitions.definition_desk import find_person
from review.views.definitions.mapping_rows import build_rows
from review.views.definitions.migration_reports import tell_report
from review.views.pages import render_page
from workflows.core.actors import Actor
from workflows.core.actors import person as actor_person
from workflows.operations import definitions, retirement
from workflows.operations.errors import Invalid, NotFound, Refused

_MIGRATE: Final = "review/definitions/definition_migrate.html"


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
    """Choose a version and a mapping, try it, and propose to take the instances there."""
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
        return render_page(request, _MIGRATE, context)
    applies = request.POST.get("act") == "apply"
    rows = build_rows(source.id, definitions.compiled(target.id).main)
    data = request.POST if request.method == "POST" else None
    form = MappingForm(data, rows=rows, needs_reason=applies)
    context |= {"form": form, "lines": [_line(form, row) for row in rows]}
    if data is None or not form.is_valid():
        status = 200 if data is None else 422
        return render_page(
            request,
            _MIGRATE,
            context,
            status=status,
        )
    person = find_person(request)
    migration = Migration(source.id, source.version, form.nodes())
    try:
        if applies:
            wish = Wish(
                kind=ChangeKind.MIGRATE,
                key=source.key,
                reason=form.cleaned_data["reason"],
                target_id=target.id,
                migrations=[migration],
            )
            change = definition_changes.propose(person=person, wish=wish)
            messages.success(request, "Proposed; a second person decides on it.")
            return redirect("change-detail", change.id)
        report = definition_changes.try_out(
            migration=migration, person=person, target_id=target.id
        )
    except Refused as refusal:
        form.add_error(None, refusal.message)
        return render_page(
            request,
            _MIGRATE,
            context,
            status=refusal.status,
        )
    context["report"] = tell_report(report)
    return render_page(request, _MIGRATE, context)


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


def _line(form: MappingForm, row: MappingRow) -> dict[str, object]:
    field = form[f"node:{row.node_id}"]
    return {"field": field, "label": row.label, "live": f"{row.live:,}"}


def _actor(request: HttpRequest) -> Actor:
    viewer = viewer_required(request)
    return actor_person(person_id=viewer.person_id, name=viewer.rights.name)
