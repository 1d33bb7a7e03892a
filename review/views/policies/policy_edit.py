"""Edit a policy: rows by plain form posts, a preview, then the proposal."""

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from review import permissions
from review.core.policies.policies import Fault
from review.core.policies.policy_inputs import MAX_INPUTS
from review.core.states import PolicyKind, PolicyState
from review.dashboards import policies as shown
from review.forms.policies import (
    Editor,
    ProposeForm,
    WeeksForm,
    list_types,
    read_body,
    read_posted,
)
from review.operations.policies import policies
from review.operations.policies.policies import BadBody
from review.operations.policies.policy_subjects import Subject
from review.views.access import is_fragment, screen, viewer_required
from review.views.pages import render_page
from review.views.policies.policies import find_person, find_queue
from review.views.policies.policy_kinds import PAGES, name_place
from review.views.policies.policy_replays import replay
from review.views.policies.policy_sheet import draw_changes, draw_policy
from workflows.core.canonical import digest
from workflows.operations.errors import Conflict, Forbidden, Invalid


@require_http_methods(["GET", "HEAD", "POST"])
@screen()
def policy_edit(request: HttpRequest, key: str, kind: str) -> HttpResponse:
    """Show the editor; add and move rows, preview, or propose, as the button says."""
    return edit(request, Subject(queue=find_queue(key)), PolicyKind(kind))


def edit(request: HttpRequest, subject: Subject, what: PolicyKind) -> HttpResponse:
    """Do what the editor's button says; the page is whatever kind it edits."""
    viewer = viewer_required(request)
    permissions.check_can_rule(viewer.rights, queue_id=subject.queue_id)
    if request.method != "POST":
        editor = _begin(request, subject, what)
        return _show(request, subject, editor, form=ProposeForm())
    editor = read_posted(what, request.POST)
    do = request.POST.get("do", "preview")
    if editor.act(do) or editor.unread:
        return _show(request, subject, editor, form=_unbound(request))
    try:
        sound = policies.check_body(what, editor.to_body(), subject=subject)
    except BadBody as bad:
        editor.blame(bad.faults)
        form = _unbound(request)
        return _show(request, subject, editor, form=form, status=422)
    if do != "propose":
        form = _unbound(request)
        return _show(request, subject, editor, form=form, sound=sound)
    return _propose(request, subject, editor, sound)


def _propose(
    request: HttpRequest, subject: Subject, editor: Editor, sound: dict[str, Any]
) -> HttpResponse:
    """Propose what has been previewed as it stands; else show the preview first."""
    form = ProposeForm(request.POST)
    if request.POST.get("previewed") != digest(sound):
        editor.blame([
            Fault((), "Look at what this would do, below; then propose it again.")
        ])
        return _show(request, subject, editor, form=form, sound=sound)
    if not form.is_valid():
        return _show(request, subject, editor, form=form, sound=sound, status=422)
    at = form.cleaned_data["effective_at"]
    try:
        policy = policies.propose(
            queue_id=subject.queue_id,
            calendar_id=subject.calendar_id,
            kind=editor.kind,
            body=sound,
            reason=form.cleaned_data["reason"],
            person=find_person(request),
            effective_at=_in_zone(request, at) if at else None,
        )
    except (Conflict, Forbidden, Invalid) as refusal:
        form.add_error(None, refusal.message)
        return _show(
            request, subject, editor, form=form, sound=sound, status=refusal.status
        )
    messages.success(
        request,
        "This is the first version, so it stands."
        if policy.state == PolicyState.IN_FORCE.value
        else f"Version {policy.version} is proposed; a second person approves it.",
    )
    url = reverse("policy-detail", args=[policy.id])
    if is_fragment(request):
        return HttpResponse(headers={"HX-Redirect": url})
    return redirect(url)


def _in_zone(request: HttpRequest, at: dt.datetime) -> dt.datetime:
    """Return a moment as the person means it: a clock time of the own zone."""
    zone = viewer_required(request).look.tzinfo
    return at.replace(tzinfo=zone)


def _begin(request: HttpRequest, subject: Subject, kind: PolicyKind) -> Editor:
    """Start from the version that is asked for, else what is in force, else anew."""
    asked = request.GET.get("from", "")
    versions = shown.list_versions(subject.list_policies(kind))
    standing = subject.find_in_force(kind)
    for one in versions:
        is_asked = asked and str(one.version) == asked
        if is_asked or (not asked and standing and one.id == standing.id):
            return read_body(kind, one.body)
    before = policies.find_before(subject, kind)
    if before is not None:
        return read_body(kind, before)
    return read_body(kind, policies.KINDS[kind].normalize(PAGES[kind].start))


def _unbound(request: HttpRequest) -> ProposeForm:
    """Keep what was typed of reason and moment without judging it yet."""
    names = ("reason", "effective_at")
    return ProposeForm(initial={name: request.POST.get(name, "") for name in names})


def _show(
    request: HttpRequest,
    subject: Subject,
    editor: Editor,
    *,
    form: ProposeForm,
    sound: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    weeks = WeeksForm.read(request.POST)
    context = {
        **name_place(subject, editor.kind),
        "page_title": f"Change the {PAGES[editor.kind].title.lower()} of {subject.name}",
        **draw_editor(editor),
        "form": form,
        "weeks": WeeksForm(initial={"weeks": weeks}),
        "previewed": "",
    }
    if sound is not None:
        context |= _preview(subject, editor.kind, sound, weeks=weeks)
    if is_fragment(request):
        # In place what is refused is shown as well: it is the editor again.
        return render(request, "review/policies/_policy_editor.html", context)
    return render_page(
        request, "review/policies/policy_edit.html", context, status=status
    )


def _preview(
    subject: Subject, kind: PolicyKind, sound: dict[str, Any], *, weeks: int
) -> dict[str, Any]:
    versions = shown.list_versions(subject.list_policies(kind))
    standing = subject.find_in_force(kind)
    old = next((one for one in versions if standing and one.id == standing.id), None)
    before = old.body if old else policies.find_before(subject, kind)
    context: dict[str, Any] = {
        "previewed": digest(sound),
        "drawn": draw_policy(kind, sound),
        "changes": None if before is None else draw_changes(kind, before, sound),
        "other": old,
        "second": policies.find_second(subject, kind, sound, is_first=not versions),
    }
    return context | replay(subject, kind, sound, weeks=weeks)


def draw_editor(editor: Editor) -> dict[str, Any]:
    """Return what the template shows of an editor: fields, columns, rows, faults."""
    columns = [dataclasses.asdict(column) for column in editor.columns]
    if any(column["offers"] for column in columns):
        offers = shown.list_offers()
        for column in columns:
            column["choices"] += tuple(offers.get(column["offers"], ()))
    words = editor.unread or editor.sheet.write_words(editor.rows)
    last = len(editor.rows) - 1
    return {
        "columns": columns,
        "rows": [
            {
                "n": n,
                "id": f"r{n}",
                "number": n + 1,
                "cells": [
                    _cell(editor, f"r{n}-{column['key']}", row, column, number=n + 1)
                    for column in columns
                ],
                "faults": [
                    sentence
                    for name, said in editor.faults.items()
                    if name == f"r{n}" or name.startswith(f"r{n}-")
                    for sentence in said
                ],
                "may_up": n > 0,
                "may_down": n < last,
                "focus": editor.focus.partition("-")[0]
                if editor.focus in {f"up-{n}", f"down-{n}"}
                else "",
            }
            for n, row in enumerate(editor.rows)
        ],
        "inputs": [
            {
                **one,
                "n": n,
                "number": n + 1,
                "faults": editor.faults.get(f"i{n}-expression", []),
                "has_focus": editor.focus == f"i{n}-expression",
            }
            for n, one in enumerate(editor.inputs)
        ],
        "fields": _draw_fields(editor),
        "asks": editor.sheet.asks_at is not None,
        "types": list_types() if editor.sheet.has_types else (),
        "turn": editor.turn,
        "words": words,
        "shown_words": "" if editor.unread else words,
        "words_faults": editor.faults.get("words", []),
        "faults": editor.faults.get("", []),
        "has_faults": any(name for name in editor.faults),
        "focus": editor.focus,
        "may_add_row": len(editor.rows) < editor.most,
        "may_add_input": len(editor.inputs) < MAX_INPUTS,
    }


def _draw_fields(editor: Editor) -> list[dict[str, Any]]:
    return [
        {
            **dataclasses.asdict(column),
            "name": f"f-{column.key}",
            "value": editor.fields.get(column.key, ""),
            "faults": editor.faults.get(f"f-{column.key}", []),
        }
        for column in editor.sheet.fields
    ]


def _cell(
    editor: Editor,
    name: str,
    row: Mapping[str, str],
    column: Mapping[str, Any],
    *,
    number: int,
) -> dict[str, Any]:
    value = row.get(column["key"], "")
    choices = column["choices"]
    if choices and value not in choices:
        choices = (*choices, value)
    return {
        **column,
        "choices": choices,
        "name": name,
        "value": value,
        "label": f"{column['head']} of row {number}",
        "is_wrong": name in editor.faults,
        "has_focus": editor.focus == name,
    }
