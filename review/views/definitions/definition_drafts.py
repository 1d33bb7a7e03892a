"""One draft: its files, what the linter says, what it changes; upload, version, end."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_POST

from review import live, permissions
from review.dashboards import definition_desk as shown
from review.forms.definitions import (
    NewTableForm,
    RemoveForm,
    RevisionForm,
    UploadForm,
    VersionForm,
)
from review.operations.definitions import definition_drafts, draft_tables
from review.operations.definitions.definition_drafts import Checked, Read
from review.operations.definitions.draft_tables import Listed
from review.views.access import screen, viewer_required
from review.views.definitions.definition_desk import (
    build_change,
    find_person,
    read_uploads,
)
from review.views.definitions.definition_diff import compare_with_deployed
from review.views.formats import format_moment
from review.views.numbers import read_number
from review.views.pages import render_page
from workflows.core.manifest import MANIFEST, ManifestError, read_manifest, with_version
from workflows.operations import exports
from workflows.operations.errors import Invalid, NotFound, Refused
from workflows.store import database_now

TONES: Final = {"refused": "bad", "error": "bad", "warning": "warn", "advice": ""}


@require_GET
@screen(permissions.check_can_see_policies)
def draft_detail(request: HttpRequest, key: str) -> HttpResponse:
    """Show a draft: what the linter says, its files, what it changes, its savings."""
    return _show(request, key)


@require_POST
@screen(permissions.check_can_deploy)
def draft_upload(request: HttpRequest, key: str) -> HttpResponse:
    """Put uploaded files into a draft; an archive replaces the whole package."""
    form = UploadForm(request.POST, request.FILES)
    seen = RevisionForm(request.POST)
    if not form.is_valid() or not seen.is_valid():
        return _show(request, key, upload=form, status=422)
    try:
        uploads = form.cleaned_data["uploads"]
        files: dict[str, bytes | None] = dict(read_uploads(uploads))
        if len(uploads) == 1 and uploads[0].name.endswith(".zip"):
            standing = definition_drafts.read(key).files
            files = {**dict.fromkeys(standing), **files}
        names = ", ".join(one.name for one in uploads)
        definition_drafts.save(
            key=key,
            revision=seen.cleaned_data["revision"],
            files=files,
            person=find_person(request),
            what=f"Uploaded {names}",
        )
    except Refused as refusal:
        form.add_error(None, refusal.message)
        return _show(request, key, upload=form, status=refusal.status)
    messages.success(request, "Uploaded and checked.")
    return redirect("draft-detail", key)


@require_POST
@screen(permissions.check_can_deploy)
def draft_remove(request: HttpRequest, key: str) -> HttpResponse:
    """Take a file out of a draft."""
    form = RemoveForm(request.POST)
    if not form.is_valid():
        raise Invalid("Say which file is to be taken away.")
    path = form.cleaned_data["path"]
    definition_drafts.save(
        key=key,
        revision=form.cleaned_data["revision"],
        files={path: None},
        person=find_person(request),
        what=f"Took {path} away",
    )
    return redirect("draft-detail", key)


@require_POST
@screen(permissions.check_can_deploy)
def draft_version(request: HttpRequest, key: str) -> HttpResponse:
    """Say which version the draft is to become."""
    form = VersionForm(request.POST)
    if not form.is_valid():
        return _show(request, key, version=form, status=422)

    def save() -> None:
        found = definition_drafts.read(key)
        text = with_version(
            found.files.get(MANIFEST, b""), form.cleaned_data["version"]
        )
        read_manifest(text)
        definition_drafts.save(
            key=key,
            revision=form.cleaned_data["revision"],
            files={MANIFEST: text},
            person=find_person(request),
            what=f"Version {form.cleaned_data['version']}",
        )

    return _do(request, key, form, save)


@require_POST
@screen(permissions.check_can_deploy)
def draft_discard(request: HttpRequest, key: str) -> HttpResponse:
    """Throw a draft away."""
    form = RevisionForm(request.POST)
    if not form.is_valid():
        raise Invalid("Open the draft again before you throw it away.")
    definition_drafts.discard(
        key=key,
        revision=form.cleaned_data["revision"],
        person=find_person(request),
    )
    messages.success(request, "The draft is thrown away; what is deployed stays.")
    return redirect("definition-desk")


@require_GET
@screen(permissions.check_can_see_policies)
def draft_package(request: HttpRequest, key: str) -> HttpResponse:
    """Give a saving of a draft as a zip: the newest, or `?revision=`."""
    asked = read_number(request.GET.get("revision", ""))
    found = definition_drafts.read(key, revision=asked)
    name = f"{key}-draft-{found.saving.revision}.zip"
    return HttpResponse(
        exports.write_archive(found.files),
        content_type="application/zip",
        headers={
            "Content-Disposition": content_disposition_header(
                as_attachment=True, filename=name
            ),
            "X-Content-Type-Options": "nosniff",
        },
    )


def list_lint(checked: Checked) -> list[dict[str, Any]]:
    """Return what the linter says, what refuses the package first."""
    problems = [
        {
            "severity": "refused",
            "tone": TONES["refused"],
            "code": "",
            "source": one.source,
            "line": one.line,
            "element": one.element,
            "message": one.message,
        }
        for one in checked.problems
    ]
    order = list(TONES)
    findings = sorted(checked.findings, key=lambda one: order.index(one.severity))
    return problems + [
        {**one.as_dict(), "tone": TONES[one.severity]} for one in findings
    ]


def read_version(files: Mapping[str, bytes]) -> tuple[str, str]:
    """Return name and version of a package, both empty where it cannot be read."""
    try:
        manifest = read_manifest(files.get(MANIFEST, b""))
    except ManifestError:
        return "", ""
    return manifest.name, str(manifest.version)


def model_url(key: str, path: str, element: str = "") -> str:
    """Return the address of the modeler for one file, at an element of it."""
    query = {"file": path} | ({"element": element} if element else {})
    return f"{reverse('draft-model', args=[key])}?{urlencode(query)}"


def table_url(key: str, path: str, *, number: int = 0, first: int = 0) -> str:
    """Return the address of a table's editor, the first of a file unless numbered."""
    query: dict[str, object] = {"file": path}
    query |= {"table": number} if number else {}
    query |= {"first": first} if first else {}
    return f"{reverse('draft-table', args=[key])}?{urlencode(query)}"


def _show(
    request: HttpRequest,
    key: str,
    *,
    upload: UploadForm | None = None,
    version: VersionForm | None = None,
    status: int = 200,
) -> HttpResponse:
    viewer, now = viewer_required(request), database_now()
    found = definition_drafts.read(key)
    checked = definition_drafts.check(found.files)
    zone = viewer.look.tzinfo
    name, written = read_version(found.files)
    revision = found.saving.revision
    waiting = shown.find_waiting(key)
    tables = draft_tables.list_tables(found.files)
    context = {
        "page_title": f"Draft of {name or key}",
        "key": key,
        "name": name or key,
        "version": written,
        "revision": revision,
        "saved": format_moment(found.saving.saved_at, zone=zone, now=now),
        "saved_by": found.saving.saved_by.name,
        "base": found.draft.base,
        "is_sound": checked.is_sound,
        "lint": [_lint_row(key, row, tables) for row in list_lint(checked)],
        "files": _files(key, found, {one.path for one in tables}),
        "models": [
            {"path": path, "url": model_url(key, path)}
            for path in sorted(found.files)
            if path.endswith(".bpmn")
        ],
        "tables": [
            {"name": one.name, "url": table_url(key, one.path, number=one.number)}
            for one in tables
        ],
        "diff": compare_with_deployed(found.draft.base_id, found.files),
        "savings": [
            {
                "revision": one.revision,
                "what": one.what,
                "by": one.saved_by.name,
                "at": format_moment(one.saved_at, zone=zone, now=now),
            }
            for one in shown.list_savings(key)
        ],
        "upload": upload or UploadForm(),
        "table_form": NewTableForm(initial={"revision": revision}),
        "version_form": version
        or VersionForm(initial={"version": written, "revision": revision}),
        "waiting": build_change(waiting, viewer, now=now) if waiting else None,
        "may_change": permissions.can_deploy(viewer.rights),
        "topic": live.POLICIES,
    }
    return render_page(
        request, "review/definitions/draft_detail.html", context, status=status
    )


def _lint_row(
    key: str, row: dict[str, Any], tables: Sequence[Listed]
) -> dict[str, Any]:
    source = row["source"]
    if source.endswith(".bpmn") and not source.startswith("*"):
        return {**row, "url": model_url(key, source, row["element"])}
    of_file = [one for one in tables if one.path == source]
    meant = [one for one in of_file if one.id == row["element"]] or of_file
    url = table_url(key, source, number=meant[0].number) if meant else ""
    return {**row, "url": url}


def _edit_url(key: str, path: str, tables: Collection[str]) -> str:
    """Return where a file is changed in place, "" where it only comes by upload."""
    if path.endswith(".bpmn"):
        return model_url(key, path)
    return table_url(key, path) if path in tables else ""


def _files(key: str, found: Read, tables: Collection[str]) -> list[dict[str, Any]]:
    base = (
        exports.read_files(definition_id=found.draft.base_id)
        if found.draft.base_id
        else {}
    )
    return [
        {
            "path": path,
            "size": f"{len(content):,}",
            "what": "new"
            if path not in base
            else "as deployed"
            if base[path] == content
            else "changed",
            "edit_url": _edit_url(key, path, tables),
            "may_remove": path != MANIFEST,
        }
        for path, content in sorted(found.files.items())
    ]


def _do(
    request: HttpRequest, key: str, form: VersionForm, act: Callable[[], None]
) -> HttpResponse:
    try:
        act()
    except NotFound:
        raise
    except (Refused, ManifestError) as refusal:
        message = getattr(refusal, "message", str(refusal))
        form.add_error(None, message)
        status = getattr(refusal, "status", 422)
        return _show(request, key, version=form, status=status)
    return redirect("draft-detail", key)
