"""The definitions desk: all definitions, a draft begun or uploaded, element templates."""

import datetime as dt
import json
from pathlib import PurePosixPath
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_POST

from review import live, permissions
from review.core.changes import ChangeKind, describe
from review.dashboards import definition_desk as shown
from review.dashboards.frame import Viewer
from review.forms.definitions import NewPackageForm
from review.models import DefinitionChange, Person
from review.operations.definitions import definition_changes, definition_drafts
from review.views.access import screen, viewer_required
from review.views.formats import format_moment
from review.views.pages import render_page
from review.views.policies.two_persons import tell_settling
from workflows.bpmn import read_bpmn
from workflows.core.bpmn.problems import BpmnError
from workflows.core.bpmn.templates import Dialect, write_templates
from workflows.core.manifest import MANIFEST, write_manifest
from workflows.operations import packages
from workflows.operations.errors import Invalid, NotFound, Refused
from workflows.store import database_now


@require_GET
@screen(permissions.check_can_see_policies)
def definition_desk(request: HttpRequest) -> HttpResponse:
    """List definitions with their drafts, and what waits for a second person."""
    return _show(request, NewPackageForm())


@require_POST
@screen(permissions.check_can_deploy)
def draft_create(request: HttpRequest) -> HttpResponse:
    """Begin a draft from uploaded files."""
    form = NewPackageForm(request.POST, request.FILES)
    if not form.is_valid():
        return _show(request, form, status=422)
    person = find_person(request)
    try:
        files = read_uploads(form.cleaned_data["uploads"])
        key = form.cleaned_data["key"]
        draft = definition_drafts.create(
            files=_complete(files, key=key, person=person), person=person
        )
    except Refused as refusal:
        form.add_error(None, refusal.message)
        return _show(request, form, status=refusal.status)
    messages.success(request, "The draft is begun; nothing is deployed yet.")
    return redirect("draft-detail", draft.key)


@require_POST
@screen(permissions.check_can_deploy)
def draft_begin(request: HttpRequest, key: str) -> HttpResponse:
    """Begin a draft from the version that new instances follow."""
    definition_drafts.begin(key=key, person=find_person(request))
    return redirect("draft-detail", key)


@require_GET
@screen(permissions.check_can_see_definitions)
def element_templates(request: HttpRequest, dialect: str) -> HttpResponse:
    """Give the element templates for a modeler, to keep in its folder."""
    if dialect not in set(Dialect):
        known = ", ".join(Dialect)
        raise NotFound(f"There are no templates for {dialect!r}; known: {known}.")
    text = json.dumps(write_templates(Dialect(dialect)), indent=2, ensure_ascii=False)
    return HttpResponse(
        text + "\n",
        content_type="application/json",
        headers={
            "Content-Disposition": content_disposition_header(
                as_attachment=dialect != Dialect.OWN,
                filename=f"countersign-{dialect}.json",
            ),
            "X-Content-Type-Options": "nosniff",
        },
    )


def find_person(request: HttpRequest) -> Person:
    """Return the natural person who is signed in."""
    return Person.objects.get(pk=viewer_required(request).person_id)


def read_uploads(uploads: "list[UploadedFile[bytes]]") -> dict[str, bytes]:
    """Return uploaded files by their paths in a package. Raises Invalid.

    An archive brings its own paths and comes alone; a form's JSON goes to `forms/`.
    """
    if len(uploads) == 1 and (uploads[0].name or "").endswith(".zip"):
        return packages.load_archive(uploads[0].read(), name=uploads[0].name or "")
    found: dict[str, bytes] = {}
    for one in uploads:
        name = PurePosixPath((one.name or "").replace("\\", "/")).name
        if name.endswith(".zip"):
            raise Invalid("An archive is the whole package; upload it alone.")
        if name.endswith(".json"):
            name = f"forms/{name}"
        found[name] = one.read()
    packages.check_files(found, where="The upload")
    return found


def build_change(
    change: DefinitionChange, viewer: Viewer, *, now: dt.datetime
) -> dict[str, Any]:
    """Return a change as lists and its own page show it."""
    urls = {
        f"{act}_url": reverse(f"change-{act}", args=[change.id])
        for act in ("approve", "decline", "withdraw")
    }
    return {
        **tell_settling(
            change, viewer, may=permissions.can_deploy(viewer.rights), now=now
        ),
        **urls,
        "who_decides": "Another process owner decides on this.",
        "url": reverse("change-detail", args=[change.id]),
        "key": change.key,
        "what": definition_changes.name_change(change),
        "version": change.version,
        "digest": change.digest,
    }


def _show(
    request: HttpRequest, form: NewPackageForm, *, status: int = 200
) -> HttpResponse:
    viewer, now = viewer_required(request), database_now()
    rows = [_row(row, viewer, now=now) for row in shown.list_desk()]
    context = {
        "page_title": "Definitions",
        "rows": rows,
        "waiting": [row for row in rows if row["change_url"]],
        "settled": [build_change(one, viewer, now=now) for one in shown.list_settled()],
        "form": form,
        "may_change": permissions.can_deploy(viewer.rights),
        "topic": live.POLICIES,
    }
    return render_page(
        request, "review/definitions/definition_desk.html", context, status=status
    )


def _row(row: Any, viewer: Viewer, *, now: dt.datetime) -> dict[str, Any]:
    zone = viewer.look.tzinfo

    def moment(at: dt.datetime | None) -> str:
        return format_moment(at, zone=zone, now=now) if at else ""

    return {
        "key": row.key,
        "name": row.name or row.key,
        "version": row.version or "",
        "url": reverse("definition-detail", args=[row.id]) if row.id else "",
        "deployed": moment(row.deployed_at),
        "is_rolled_back": bool(row.is_rolled_back),
        "is_deployed": row.versions > 0,
        "may_roll_back": row.versions > 1,
        "roll_back_url": reverse("definition-roll-back", args=[row.key]),
        "draft_url": reverse("draft-detail", args=[row.key]) if row.revision else "",
        "begin_url": reverse("draft-begin", args=[row.key]),
        "revision": row.revision,
        "saved": moment(row.saved_at),
        "saved_by": row.saved_by or "",
        "change_url": reverse("change-detail", args=[row.change_id])
        if row.change_id
        else "",
        "change": describe(
            kind=ChangeKind(row.change_kind), version=row.change_version, migrations=()
        )
        if row.change_id and row.change_kind != ChangeKind.MIGRATE.value
        else f"Migrate to {row.change_version}"
        if row.change_id
        else "",
        "change_by": "you"
        if row.change_author_id == viewer.person_id
        else row.change_author or "",
        "proposed": moment(row.proposed_at),
        "reason": row.change_reason or "",
        "may_settle": permissions.can_deploy(viewer.rights)
        and row.change_author_id not in viewer.rights.persons,
    }


def _complete(files: dict[str, bytes], *, key: str, person: Person) -> dict[str, bytes]:
    """Give files that came without a package.toml one, after their BPMN model."""
    models = [path for path in files if path.endswith(".bpmn")]
    if MANIFEST in files or not models:
        return files
    try:
        main = read_bpmn(files[models[0]], source=models[0])[0]
    except BpmnError as error:
        raise Invalid(str(error)) from error
    text = write_manifest(
        key=key or main.id.lower().replace("_", "-"),
        version="1.0.0",
        name=main.name or key or main.id,
        owner=person.name,
        process=main.id,
    )
    return {**files, MANIFEST: text}
