"""A new calendar: its name and key, its week and days off, previewed and proposed."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from review import permissions
from review.core.policies.policies import Fault
from review.core.states import PolicyKind
from review.forms.acts import ReasonForm
from review.forms.calendars import NamingForm
from review.forms.policies import Editor, read_body, read_posted
from review.operations.policies import new_calendars
from review.operations.policies.calendar_previews import list_days_off
from review.operations.policies.policies import BadBody
from review.views.access import is_fragment, screen, viewer_required
from review.views.pages import render_page
from review.views.policies.calendar_preview import list_days
from review.views.policies.policies import find_person
from review.views.policies.policy_edit import draw_editor
from review.views.policies.policy_kinds import PAGES
from review.views.policies.policy_sheet import draw_policy
from workflows.core.canonical import digest
from workflows.operations.errors import Refused
from workflows.store import database_now

KIND = PolicyKind.CALENDAR


@require_http_methods(["GET", "HEAD", "POST"])
@screen()
def calendar_new(request: HttpRequest) -> HttpResponse:
    """Show the editor of a new calendar; preview or propose, as the button says."""
    permissions.check_can_rule(viewer_required(request).rights, queue_id=None)
    if request.method != "POST":
        editor = read_body(KIND, PAGES[KIND].start)
        return _show(request, editor, naming=NamingForm())
    editor = read_posted(KIND, request.POST)
    do = request.POST.get("do", "preview")
    if editor.act(do):
        naming = NamingForm(initial=request.POST.dict())
        return _show(request, editor, naming=naming)
    naming = NamingForm(request.POST)
    is_named = naming.is_valid()
    try:
        sound = new_calendars.check_body(editor.to_body())
    except BadBody as bad:
        editor.blame(bad.faults)
        return _show(request, editor, naming=naming, status=422)
    if not is_named:
        return _show(request, editor, naming=naming, sound=sound, status=422)
    if do != "propose":
        return _show(request, editor, naming=naming, sound=sound)
    return _propose(request, editor, naming, sound)


def _propose(
    request: HttpRequest, editor: Editor, naming: NamingForm, sound: dict[str, Any]
) -> HttpResponse:
    """Propose what has been previewed as it stands; else show the preview first."""
    form = ReasonForm(request.POST)
    if request.POST.get("previewed") != digest(sound):
        said = "Look at the week and the days off, below; then propose it again."
        editor.blame([Fault((), said)])
        return _show(request, editor, naming=naming, form=form, sound=sound)
    if not form.is_valid():
        return _show(request, editor, naming=naming, form=form, sound=sound, status=422)
    try:
        change = new_calendars.propose(
            key=naming.cleaned_data["key"],
            name=" ".join(naming.cleaned_data["name"].split()),
            body=sound,
            reason=form.cleaned_data["reason"],
            person=find_person(request),
        )
    except Refused as refusal:
        form.add_error(None, refusal.message)
        return _show(
            request,
            editor,
            naming=naming,
            form=form,
            sound=sound,
            status=refusal.status,
        )
    messages.success(request, "Proposed; a second person decides on it.")
    if is_fragment(request):
        url = reverse("proposed-change", args=[change.id])
        return HttpResponse(headers={"HX-Redirect": url})
    return redirect("proposed-change", change.id)


def _show(
    request: HttpRequest,
    editor: Editor,
    *,
    naming: NamingForm,
    form: ReasonForm | None = None,
    sound: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    page = PAGES[KIND]
    reason = {"reason": request.POST.get("reason", "")}
    context = {
        "page_title": "New calendar",
        "rows_heading": page.heading,
        "legend": page.legend,
        "adding": page.adding,
        "fields_heading": page.fields_heading,
        "edit_url": reverse("calendar-new"),
        **draw_editor(editor),
        "naming": naming,
        "form": form or ReasonForm(initial=reason),
        "previewed": "",
        "second": "When work is late depends on it.",
        "who_else": "A process owner or a manager of all queues",
    }
    if sound is not None and not naming.errors:
        context |= {
            "previewed": digest(sound),
            "drawn": draw_policy(KIND, sound),
            "days_off": list_days(list_days_off(sound, now=database_now())),
            "preview_layout": "stack",
        }
    if is_fragment(request):
        # In place what is refused is shown as well: it is the editor again.
        return render(request, "review/policies/_policy_editor.html", context)
    return render_page(
        request, "review/policies/calendar_new.html", context, status=status
    )
