"""The page of one decision table of a draft: edited in place, tried, saved, compared."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from review import permissions
from review.forms.decision_tables import (
    MOST_COLUMNS,
    TableEditor,
    is_too_wide,
    read_posted,
    read_stored,
    window_size,
)
from review.forms.decisions import TryForm
from review.forms.definitions import NewTableForm
from review.operations.definitions import definition_drafts, draft_tables
from review.operations.definitions.draft_tables import Judged, Listed, Opened, Typed
from review.views.access import is_fragment, screen
from review.views.definitions.definition_desk import find_person
from review.views.definitions.definition_drafts import read_version, table_url
from review.views.definitions.draft_table_rows import draw_editor
from review.views.numbers import read_number
from review.views.pages import render_page
from review.views.processes.decision_page import SEVERITIES
from review.views.processes.sheets import find_record
from workflows.core.outline import tell_changes
from workflows.operations.decisions import Tried, try_model
from workflows.operations.errors import Invalid, NotFound, Stale
from workflows.store import database_now

MOST_TOLD: Final = 60


@require_http_methods(["GET", "HEAD", "POST"])
@screen(permissions.check_can_deploy)
def draft_table(request: HttpRequest, key: str) -> HttpResponse:
    """Show the editor of a table; add, move, check, try or save, as the button says."""
    if request.method == "POST":
        return _edit(request, key)
    listed = draft_tables.list_tables(definition_drafts.read(key).files)
    one = _choose(request, key, listed)
    opened = draft_tables.open_table(key=key, path=one.path, number=one.number)
    if is_too_wide(opened.sheet):
        raise Invalid(
            f"{opened.name} has more than {MOST_COLUMNS} columns; tables of so many are"
            f" changed by uploading {opened.path}."
        )
    first = read_number(request.GET.get("first", "")) or 0
    editor = read_stored(opened.sheet, result=opened.result, first=first)
    return _show(request, opened, editor)


@require_POST
@screen(permissions.check_can_deploy)
def draft_table_new(request: HttpRequest, key: str) -> HttpResponse:
    """Give a draft one more table, and open it."""
    form = NewTableForm(request.POST)
    if not form.is_valid():
        raise Invalid("Say what the decision table is to be called.")
    path = draft_tables.add(
        key=key,
        revision=form.cleaned_data["revision"],
        name=" ".join(form.cleaned_data["name"].split()),
        person=find_person(request),
    )
    messages.success(request, "Made; add its inputs and rules.")
    return redirect(table_url(key, path))


def _edit(request: HttpRequest, key: str) -> HttpResponse:
    opened = _open_posted(request, key)
    editor = read_posted(request.POST, opened.sheet)
    do = request.POST.get("do", "check")
    if not editor.act(do) and do.startswith("save"):
        return _save(request, opened, editor, do)
    return _show(request, opened, editor)


def _open_posted(request: HttpRequest, key: str) -> Opened:
    """Return the table as it was opened, else, where that is kept no more, the newest."""
    path = request.POST.get("file", "")
    number = read_number(request.POST.get("table", "")) or 0
    revision = read_number(request.POST.get("revision", ""))
    try:
        return draft_tables.open_table(
            key=key, path=path, number=number, revision=revision
        )
    except NotFound:
        return draft_tables.open_table(key=key, path=path, number=number)


def _save(
    request: HttpRequest, opened: Opened, editor: TableEditor, do: str
) -> HttpResponse:
    """Save; where somebody saved since, show that beside what was typed."""
    typed, person = _read_typed(opened, editor), find_person(request)
    revision = read_number(request.POST.get("revision", "")) or 0
    over = read_number(request.POST.get("over", ""))
    try:
        if do == "save-over" and over is not None:
            saved = draft_tables.save_over(
                opened=opened, typed=typed, over=over, person=person
            )
        else:
            saved = draft_tables.save(
                opened=opened, typed=typed, revision=revision, person=person
            )
    except Stale as stale:
        return _show(request, opened, editor, stale=stale)
    except Invalid as refusal:
        # What was typed stays on the page, whatever the package says to it.
        editor.refused = refusal.message
        return _show(request, opened, editor, status=refusal.status)
    said = f"Saved as revision {saved.revision}."
    key = opened.draft.draft.key
    first = read_number(do.removeprefix("save-")) if do != "save" else None
    first = editor.first if first is None else first
    if is_fragment(request) and do != "save-over":
        opened = draft_tables.open_table(
            key=key, path=opened.path, number=opened.number, revision=saved.revision
        )
        editor = read_stored(opened.sheet, result=opened.result, first=first)
        return _show(request, opened, editor, said=said)
    messages.success(request, said)
    url = table_url(key, opened.path, number=opened.number, first=first)
    if is_fragment(request):
        return HttpResponse(headers={"HX-Redirect": url})
    return redirect(url)


def _read_typed(opened: Opened, editor: TableEditor) -> Typed:
    return Typed(
        sheet=editor.to_sheet(opened.sheet),
        result=editor.result,
        asks=editor.list_asks(),
    )


def _choose(request: HttpRequest, key: str, listed: list[Listed]) -> Listed:
    """Return the table that the address names, else the first. Raises NotFound."""
    path = request.GET.get("file", "")
    number = read_number(request.GET.get("table", ""))
    for one in listed:
        if path in {"", one.path} and number in {None, one.number}:
            return one
    raise NotFound(f"The draft of {key} has no decision table{_where(path)}.")


def _where(path: str) -> str:
    return f" in {path[:100]}" if path else ""


def _show(
    request: HttpRequest,
    opened: Opened,
    editor: TableEditor,
    *,
    stale: Stale | None = None,
    said: str = "",
    status: int = 200,
) -> HttpResponse:
    typed = _read_typed(opened, editor)
    judged = draft_tables.judge(opened, typed)
    form, tried = _try(request, judged)
    record = _find_record(judged, tried)
    sent = None if said else read_number(request.POST.get("revision", ""))
    context = {
        **_place(opened),
        # What was opened stays what a saving begins from, kept or not.
        "revision": sent or opened.draft.saving.revision,
        **draw_editor(editor, judged, record=record),
        **_windows(opened, editor, typed),
        "form": form,
        "tried": tried,
        "matched": [
            {"number": one, "url": f"#row-r{one - 1 - editor.first}"}
            for one in (record or {}).get("matched", ())
        ],
        "remarks": [
            {"tone": SEVERITIES.get(one.severity, ""), "code": one.code.capitalize()}
            | {"message": one.message}
            for one in judged.remarks
        ],
        "changes": _changes(opened, judged),
        "is_unsaved": judged.content != opened.draft.files[opened.path],
        "stale": _tell_stale(opened, stale),
        "said": said,
    }
    if is_fragment(request):
        # In place what is refused is shown as well: it is the editor again.
        return render(request, "review/definitions/_table_editor.html", context)
    status = stale.status if stale else status
    return render_page(
        request, "review/definitions/draft_table.html", context, status=status
    )


def _place(opened: Opened) -> dict[str, Any]:
    key = opened.draft.draft.key
    name, version = read_version(opened.draft.files)
    tables = draft_tables.list_tables(opened.draft.files)
    return {
        "page_title": f"{name or key}: {opened.name}",
        "key": key,
        "name": name or key,
        "version": version,
        "path": opened.path,
        "number": opened.number,
        "table_name": opened.name,
        "url": reverse("draft-table", args=[key]),
        "tables": [
            {
                "label": one.name,
                "url": table_url(key, one.path, number=one.number),
                "is_this": (one.path, one.number) == (opened.path, opened.number),
            }
            for one in tables
        ],
        "base": opened.draft.draft.base,
    }


def _windows(opened: Opened, editor: TableEditor, typed: Typed) -> dict[str, Any]:
    """Return the other parts of a table that is too long for one page."""
    size, count = window_size(opened.sheet), len(opened.sheet.rules)
    others = [
        {"first": first, "label": f"{first + 1} to {min(first + size, count)}"}
        for first in range(0, count, size)
        if first != editor.first
    ]
    whole = len(typed.sheet.rules)
    return {
        "windows": others,
        "shown": f"{editor.first + 1} to {editor.first + len(editor.rows)} of {whole}"
        if others
        else "",
        "is_last": editor.last >= count,
    }


def _try(request: HttpRequest, judged: Judged) -> tuple[TryForm, Tried | None]:
    """Evaluate what was typed over the inputs that were given, if any were."""
    questions = judged.questions
    posted = {name: text for name, text in request.POST.items() if name[:3] == "in-"}
    is_asked = request.POST.get("do") == "try" or any(posted.values())
    form = TryForm(posted if is_asked else None, questions=questions)
    if not judged.is_tried or not form.is_bound or not form.is_valid():
        return form, None
    tried = try_model(
        judged.model, judged.logic.id, inputs=form.inputs, now=database_now()
    )
    return form, tried


def _find_record(judged: Judged, tried: Tried | None) -> Mapping[str, Any] | None:
    if tried is None:
        return None
    return find_record(tried.explanation, owner=judged.logic.name, table=judged.table)


def _changes(opened: Opened, judged: Judged) -> dict[str, Any] | None:
    """Return in words what differs from the deployed version, None without one."""
    if opened.draft.draft.base_id is None:
        return None
    deployed = draft_tables.find_deployed(opened)
    if deployed is None:
        return {"said": ["The deployed version has no such table."], "more": 0}
    said = tell_changes(deployed, judged.table)
    return {"said": said[:MOST_TOLD], "more": max(0, len(said) - MOST_TOLD)}


def _tell_stale(opened: Opened, stale: Stale | None) -> dict[str, Any] | None:
    if stale is None:
        return None
    key = opened.draft.draft.key
    newest = definition_drafts.read(key)
    return {
        "message": stale.message,
        "over": newest.saving.revision,
        "theirs": draft_tables.tell_theirs(opened, newest)[:MOST_TOLD],
        "url": f"{reverse('draft-table', args=[key])}?"
        + urlencode({"file": opened.path, "table": opened.number}),
    }
