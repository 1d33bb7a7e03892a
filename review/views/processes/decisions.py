"""Decisions of a definition version: the list, and a page for each, with a try-it form.

Trying stores nothing: the inputs come by POST, so that they stay out of addresses.
"""

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from review import permissions
from review.dashboards.case import read_case
from review.dashboards.covering import cover_of, cover_words
from review.dashboards.decisions import (
    LISTED,
    Hits,
    count_hits,
    find_explained_step,
)
from review.dashboards.frame import Viewer
from review.forms.decisions import TryForm
from review.views.access import screen, viewer_required
from review.views.formats import format_count
from review.views.numbers import read_number
from review.views.pages import render_page
from review.views.processes.decision_page import Lit, build_page, read_given
from workflows.core.outline import Logic, Outline
from workflows.operations import decisions, definitions
from workflows.operations.decisions import Sheet
from workflows.operations.errors import NotFound
from workflows.store import database_now


@require_safe
@screen(permissions.check_can_see_definitions)
def decision_list(request: HttpRequest, definition_id: int) -> HttpResponse:
    """List the decisions of one definition version."""
    outlines = decisions.list_outlines(definition_id)
    definition = definitions.compiled(definition_id).definition
    tables = [
        (logic.name, logic.table)
        for outline in outlines
        for logic in outline.decisions
        if logic.table
    ]
    hits = count_hits(definition_id, tables, limit=LISTED)
    context = {
        "page_title": f"Decisions of {definition.name} {definition.version}",
        "definition": definition,
        "rows": [
            _row(definition_id, outline, logic, hits=hits)
            for outline in outlines
            for logic in outline.decisions
        ],
    }
    return render_page(request, "review/processes/decision_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@screen(permissions.check_can_see_definitions)
def decision_detail(
    request: HttpRequest, definition_id: int, decision: str
) -> HttpResponse:
    """Show one decision; try it with what was posted, or light what `explain` names."""
    viewer = viewer_required(request)
    sheet = decisions.get_sheet(definition_id=definition_id, decision=decision)
    lit = _explained(request, viewer, sheet)
    questions = sheet.questions
    form = TryForm(
        request.POST if request.method == "POST" else None,
        questions=questions,
        given=read_given(lit, questions),
    )
    if form.is_bound:
        lit = _try(sheet, form) if form.is_valid() else None
    hits = count_hits(
        definition_id, [(sheet.logic.name, one) for one in sheet.logic.tables]
    )
    context = build_page(
        sheet,
        lit=lit,
        form=form,
        hits=hits,
        compared=_compared(request, sheet),
        versions=decisions.list_versions(sheet.definition.key),
        keep={n: request.GET[n] for n in ("explain", "step") if n in request.GET},
    )
    status = 422 if form.errors else 200
    return render_page(
        request, "review/processes/decision_detail.html", context, status=status
    )


def _row(
    definition_id: int,
    outline: Outline,
    logic: Logic,
    *,
    hits: Mapping[tuple[str, str], Hits],
) -> dict[str, object]:
    table = logic.table
    remarks = decisions.list_remarks(definition_id, outline.source)
    ids = {each.id for each in logic.tables}
    asked = hits[logic.name, table.id].evaluations if table else 0
    return {
        "name": logic.name,
        "url": reverse("decision-detail", args=[definition_id, logic.id]),
        "question": logic.question or logic.description,
        "mark": table.mark if table else "",
        "logic": format_count(len(table.rules), "rule") if table else "FEEL",
        "asked": _asked(asked) if table else "",
        "remarks": sum(1 for one in remarks if one.table_id in ids),
        "source": outline.source,
    }


def _asked(count: int) -> str:
    return format_count(count, "time", cap=LISTED) if count else "not yet"


def _explained(request: HttpRequest, viewer: Viewer, sheet: Sheet) -> Lit | None:
    """Return the stored evaluation that the address names. Raises NotFound."""
    if "explain" in request.GET:
        return _explained_task(request.GET["explain"], viewer, sheet)
    if "step" in request.GET:
        return _explained_step(request.GET["step"], viewer, sheet)
    return None


def _explained_task(text: str, viewer: Viewer, sheet: Sheet) -> Lit:
    case = read_case(_number(text, "task"), viewer)
    explanation = case.why.get("explanation")
    if case.row.definition_id != sheet.definition.id or not explanation:
        raise NotFound(f"This decision was not asked for task {text}.")
    return Lit(
        explanation=explanation,
        messages=[str(one) for one in case.why.get("problems") or ()],
        title=f"How it was decided for {case.row.business_key or case.row.title}",
        url=reverse("task-detail", args=[case.row.id]),
        link="The task",
    )


def _explained_step(text: str, viewer: Viewer, sheet: Sheet) -> Lit:
    permissions.check_can_see_instances(viewer.rights)
    found = find_explained_step(_number(text, "step"))
    if found is None or found.definition_id != sheet.definition.id:
        raise NotFound(f"This decision was not asked by step {text}.")
    mask = cover_of(viewer.rights, found.instance_id)
    return Lit(
        explanation=cover_words(found.explanation, mask),
        messages=cover_words(found.messages, mask),
        title=f"How step {found.step_name or text} decided for"
        f" {cover_words(found.case, mask)}",
        url=reverse("instance-detail", args=[found.instance_id]),
        link="The instance",
    )


def _number(text: str, what: str) -> int:
    number = read_number(text)
    if number is None:
        raise NotFound(f"There is no {what} {text[:40]!r}.")
    return number


def _try(sheet: Sheet, form: TryForm) -> Lit:
    tried = decisions.try_decision(sheet, inputs=form.inputs, now=database_now())
    return Lit(
        explanation=tried.explanation,
        title="What it answers to your inputs",
        answer=tried.value,
        messages=tried.messages,
        is_trial=True,
    )


def _compared(request: HttpRequest, sheet: Sheet) -> Sheet | None:
    """Return the same decision of the version that `with` names, or None.

    Raises NotFound for another definition, or a version without this decision.
    """
    if "with" not in request.GET:
        return None
    other_id = _number(request.GET["with"], "definition")
    other = definitions.compiled(other_id).definition
    if other.key != sheet.definition.key:
        raise NotFound(
            f"{other.key} is another definition than {sheet.definition.key}."
        )
    found = decisions.find_sheet(definition_id=other_id, decision=sheet.logic.id)
    if found is None:
        raise NotFound(f"{other.name} {other.version} has no {sheet.logic.name}.")
    return found
