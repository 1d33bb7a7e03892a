"""The modeler page: one BPMN file of a draft, drawn, edited, saved and checked."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from review import permissions
from review.forms.definitions import SaveForm
from review.operations.definitions import definition_drafts
from review.operations.definitions.definition_drafts import Read
from review.views.access import screen
from review.views.definitions.definition_desk import find_person
from review.views.definitions.definition_drafts import (
    list_lint,
    model_url,
    read_version,
)
from review.views.pages import render_page
from workflows.bpmn import show_bpmn
from workflows.core.bpmn.problems import BpmnError
from workflows.core.bpmn.templates import Dialect
from workflows.operations.errors import Invalid, NotFound, Refused


@require_GET
@screen(permissions.check_can_deploy)
def draft_model(request: HttpRequest, key: str) -> HttpResponse:
    """Show the modeler for one BPMN file of a draft, `?file=`, else the first."""
    found = definition_drafts.read(key)
    path = _find_path(request, found)
    name, version = read_version(found.files)
    checked = definition_drafts.check(found.files)
    context = {
        "page_title": f"{name or key}: {path}",
        "key": key,
        "name": name or key,
        "version": version,
        "path": path,
        "revision": found.saving.revision,
        "models": [
            {"path": one, "url": model_url(key, one), "is_this": one == path}
            for one in sorted(found.files)
            if one.endswith(".bpmn")
        ],
        "element": request.GET.get("element", ""),
        "file_url": f"{reverse('draft-file', args=[key])}?{urlencode({'file': path})}",
        "save_url": reverse("draft-save", args=[key]),
        "templates_url": reverse("element-templates", args=[Dialect.OWN.value]),
        "lint": list_lint(checked),
    }
    return render_page(request, "review/definitions/draft_model.html", context)


@require_GET
@screen(permissions.check_can_deploy)
def draft_file(request: HttpRequest, key: str) -> HttpResponse:
    """Give one BPMN file of a draft, with a diagram where it draws nothing."""
    found = definition_drafts.read(key)
    path = _find_path(request, found)
    try:
        text = show_bpmn(found.files[path], source=path)
    except BpmnError as error:
        raise Invalid(str(error)) from error
    return HttpResponse(
        text,
        content_type="application/xml",
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
    )


@require_POST
@screen(permissions.check_can_deploy)
def draft_save(request: HttpRequest, key: str) -> JsonResponse:
    """Save what the modeler holds; answer with the new revision and what is found.

    A refusal is one sentence: 409 where somebody saved in between, and then nothing
    of his is written over.
    """
    form = SaveForm(request.POST)
    if not form.is_valid():
        return _said("The model is missing, or larger than 5 MiB.", status=422)
    path = form.cleaned_data["file"]
    if not path.endswith(".bpmn"):
        return _said("The modeler saves BPMN files only.", status=422)
    try:
        saved = definition_drafts.save(
            key=key,
            revision=form.cleaned_data["revision"],
            # Forms send lines with CR LF, whatever the model had.
            files={path: form.cleaned_data["xml"].replace("\r\n", "\n").encode()},
            person=find_person(request),
            what=f"Drew {path}",
        )
    except Refused as refusal:
        return _refused(key, refusal)
    checked = definition_drafts.check(definition_drafts.read_archive(saved))
    return JsonResponse({
        "revision": saved.revision,
        "message": f"Saved as revision {saved.revision}.",
        "lint": list_lint(checked),
    })


def _refused(key: str, refusal: Refused) -> JsonResponse:
    answer: dict[str, Any] = {"message": refusal.message}
    if refusal.status == 409:
        answer["revision"] = definition_drafts.read(key).saving.revision
    return JsonResponse(answer, status=refusal.status)


def _said(message: str, *, status: int) -> JsonResponse:
    return JsonResponse({"message": message}, status=status)


def _find_path(request: HttpRequest, found: Read) -> str:
    models = sorted(path for path in found.files if path.endswith(".bpmn"))
    path = request.GET.get("file", "") or next(iter(models), "")
    if path not in models:
        raise NotFound(f"The draft of {found.draft.key} has no BPMN file {path!r}.")
    return path
