"""A working paper: its items, one item to tick and to judge again, the end of it."""

import csv
import dataclasses
import io
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from review import permissions
from review.core.evidence.controls import (
    JUDGEMENTS,
    REPERFORMANCE,
    TICKS,
    Result,
    compare,
)
from review.core.evidence.sampling import MONETARY, Method
from review.dashboards.audit_scope import check_case, find_within
from review.dashboards.covering import (
    cover_of,
    cover_payload,
    cover_variables,
    cover_words,
)
from review.dashboards.papers import (
    Figure,
    Paper,
    find_errors,
    find_figures,
    read_content,
    read_paper,
)
from review.dashboards.sql import read_json
from review.evidence.masking import Mask
from review.evidence.paper_sheet import XLSX, write_sheet
from review.evidence.tables import neutralise
from review.forms.audit import SignOffForm
from review.models import SamplePlan, SampleSignOff
from review.operations.evidence import auditing, papers, samples
from review.operations.evidence.papers import Mark
from review.operations.evidence.sample_words import tell_redraw, tell_shell
from review.permissions import Rights
from review.views.access import screen, viewer_required
from review.views.evidence.samples import count_shares, describe_plan, give_file
from review.views.formats import format_impact, format_label, format_value, state_pill
from review.views.pages import render_page
from review.views.tasks.tasks import person_of
from workflows.operations.errors import Invalid, NotFound

LABELS: Final = {
    "OK": "Ok",
    "EXCEPTION": "Exception",
    "NOT_APPLICABLE": "Not applicable",
    "APPROVED": "Approve",
    "REJECTED": "Reject",
    "BLOCKED": "Block",
    "UNDECIDED": "Would not decide",
}
_DECIMALS: Final = 6
_TOO_MUCH: Final = Decimal(10) ** 24
"""Beyond it no amount can be kept."""
TONES: Final = {"OK": "good", "EXCEPTION": "bad", "NOT_APPLICABLE": ""}


@require_GET
@screen(permissions.check_can_audit)
def sample_detail(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Show a working paper."""
    viewer = viewer_required(request)
    plan = samples.get_plan(plan_id=plan_id, person=person_of(request))
    paper = _read(plan, viewer.rights)
    method = Method(plan.method)
    signed = SampleSignOff.objects.filter(plan=plan).first()
    context = {
        "page_title": plan.title,
        "plan": plan,
        "facts": describe_plan(plan, viewer),
        "rows": [_row(plan, paper, item) for item in paper.items],
        "tests": [one["name"] for one in plan.controls],
        "figures": [_tell_figure(one) for one in find_figures(plan, paper)],
        "errors": find_errors(plan, paper),
        "missing": paper.count_missing([one["code"] for one in plan.controls]),
        "program": tell_redraw(
            method, seed=plan.seed, size=plan.size, shares=count_shares(plan)
        ),
        "shell": tell_shell(seed=plan.seed, size=plan.size)
        if method in {Method.RANDOM, Method.DISCOVERY}
        else "",
        "sign_form": SignOffForm(),
        "signed": signed,
        "has_amounts": method in MONETARY,
    }
    return render_page(request, "review/evidence/sample_detail.html", context)


@require_http_methods(["GET", "POST"])
@screen(permissions.check_can_audit)
def sample_item(request: HttpRequest, plan_id: int, position: int) -> HttpResponse:
    """Show one item to be judged again and ticked; sent, note it and go on."""
    person = person_of(request)
    plan = samples.get_plan(plan_id=plan_id, person=person)
    paper = read_paper(plan.id)
    item = next((one for one in paper.items if one.position == position), None)
    if item is None:
        raise NotFound(f"The sample has no item {position}.")
    if request.method == "POST":
        marks = _read_marks(request.POST, plan, paper, item)
        if marks:
            papers.mark_item(
                person=person, plan_id=plan.id, position=position, marks=marks
            )
        if "stay" in request.POST:
            return redirect("sample-item", plan.id, position)
        if position == len(paper.items):
            return redirect("sample-detail", plan.id)
        return redirect("sample-item", plan.id, position + 1)
    rights = viewer_required(request).rights
    check_case(rights, item.instance_id)
    auditing.record_opening(person=person, instance_id=item.instance_id)
    mask = cover_of(rights, item.instance_id)
    own = paper.mark(item.id, REPERFORMANCE)
    alike = compare(Result(own.result), item.outcome) if own else None
    context = {
        "page_title": f"Item {position} of {plan.title}",
        "plan": plan,
        "item": item,
        "of": len(paper.items),
        "amount": format_impact(item.amount),
        "previous_url": _item_url(plan, position - 1) if position > 1 else "",
        "next_url": _item_url(plan, position + 1)
        if position < len(paper.items)
        else "",
        "case": cover_words(item.business_key, mask) or item.instance_id,
        "values": _values(read_content(item.instance_id), mask),
        "own": own,
        "judgements": _options(JUDGEMENTS, own.result if own else ""),
        "compared": _tell_comparison(item, alike=alike) if own else None,
        "tests": [
            {
                **control,
                "note": mark.note
                if (mark := paper.mark(item.id, control["code"]))
                else "",
                "options": _options(TICKS, mark.result if mark else ""),
            }
            for control in plan.controls
        ],
        "has_amounts": Method(plan.method) in MONETARY,
        "is_signed": SampleSignOff.objects.filter(plan=plan).exists(),
    }
    return render_page(request, "review/evidence/sample_item.html", context)


@require_POST
@screen(permissions.check_can_audit)
def sample_sign(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Conclude a working paper for good."""
    papers.sign_off(
        person=person_of(request),
        plan_id=plan_id,
        conclusion=request.POST.get("conclusion", ""),
    )
    messages.success(request, "Signed. Nothing in this paper changes any more.")
    return redirect("sample-detail", plan_id)


@require_POST
@screen(permissions.check_can_audit)
def sample_paper(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Give a working paper as CSV or XLSX; that it was taken along is an entry."""
    person = person_of(request)
    plan = samples.get_plan(plan_id=plan_id, person=person)
    paper = _read(plan, viewer_required(request).rights)
    rows = list_paper_rows(plan, paper)
    auditing.record_list_export(
        person=person,
        what=f"working paper {plan.id}",
        facets=plan.population["facets"],
        rows=len(paper.items),
    )
    if request.POST.get("format") == "xlsx":
        return give_file(
            write_sheet(rows), name=f"working-paper-{plan.id}.xlsx", media_type=XLSX
        )
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(
        [neutralise(cell) for cell in row] for row in rows
    )
    return give_file(
        out.getvalue().encode(),
        name=f"working-paper-{plan.id}.csv",
        media_type="text/csv; charset=utf-8",
    )


def _read(plan: SamplePlan, rights: Rights) -> Paper:
    """Return a paper; items beyond the auditor's limits by now are told by their ids."""
    paper = read_paper(plan.id)
    scope = permissions.audit_scope_of(rights)
    within = find_within(scope, [item.instance_id for item in paper.items])
    items = [
        item if item.instance_id in within else item._replace(business_key="")
        for item in paper.items
    ]
    return dataclasses.replace(paper, items=items)


def list_paper_rows(plan: SamplePlan, paper: Paper) -> list[list[str]]:
    """Return a working paper as a table: a head, then one row for each item."""
    codes = [str(one["code"]) for one in plan.controls]
    head = ["item", "case", "key", "stratum", "amount", "hits", "sha256"]
    for code in codes:
        head += [code, f"{code}_note"]
    head += ["own_decision", "own_note", "audited_amount", "decided", "alike"]
    rows = [head]
    for item in paper.items:
        row = [
            str(item.position),
            str(item.instance_id),
            item.business_key,
            item.stratum,
            "" if item.amount is None else f"{item.amount:f}",
            str(item.hits),
            item.digest,
        ]
        for code in codes:
            mark = paper.mark(item.id, code)
            row += [mark.result, mark.note] if mark else ["", ""]
        rows.append(row + _tell_own(item, paper.mark(item.id, REPERFORMANCE)))
    return rows


def _tell_own(item: Any, own: Any | None) -> list[str]:
    if own is None:
        return ["", "", "", "", ""]
    alike = compare(Result(own.result), item.outcome)
    return [
        own.result,
        own.note,
        "" if own.audited is None else f"{own.audited:f}",
        item.outcome or "",
        "" if alike is None else "yes" if alike else "no",
    ]


def _row(plan: SamplePlan, paper: Paper, item: Any) -> dict[str, object]:
    own = paper.mark(item.id, REPERFORMANCE)
    marks = [paper.mark(item.id, one["code"]) for one in plan.controls]
    alike = compare(Result(own.result), item.outcome) if own else None
    return {
        "position": item.position,
        "url": _item_url(plan, item.position),
        "case": item.business_key or str(item.instance_id)[:13],
        "stratum": item.stratum,
        "amount": format_impact(item.amount),
        "digest": item.digest,
        "ticks": [
            {
                "label": LABELS[mark.result] if mark else "",
                "tone": TONES.get(mark.result, "") if mark else "",
                "note": mark.note if mark else "",
            }
            for mark in marks
        ],
        "own": LABELS[own.result] if own else "",
        "alike": "" if alike is None else "alike" if alike else "differs",
    }


def _item_url(plan: SamplePlan, position: int) -> str:
    return reverse("sample-item", args=[plan.id, position])


def _options(results: tuple[Result, ...], chosen: str) -> list[dict[str, object]]:
    return [
        {
            "value": result.value,
            "label": LABELS[result.value],
            "is_chosen": result.value == chosen,
            "needs_note": result is Result.EXCEPTION,
        }
        for result in results
    ]


def _values(content: Any | None, mask: Mask | None) -> list[tuple[str, str]]:
    """Return what a case's last task shows, or what it knows where it has none."""
    if content is None:
        return []
    values = read_json(content.payload or content.variables) or {}
    # Who judges again is not told what the model would have done.
    proposal = read_json(content.proposal)
    values = {
        name: value
        for name, value in values.items()
        if name != "documents" and (proposal is None or value != proposal)
    }
    if mask is not None:
        values = (
            cover_payload(values, read_json(content.policy), mask)
            if content.payload
            else cover_variables(values, mask)
        )
    return [(format_label(name), format_value(value)) for name, value in values.items()]


def _tell_comparison(item: Any, *, alike: bool | None) -> dict[str, object]:
    decided = state_pill(item.outcome).label if item.outcome else "Nothing yet"
    words = {True: "as you", False: "otherwise than you", None: "not comparable"}
    return {"decided": decided, "words": words[alike], "differs": alike is False}


def _tell_figure(one: Figure) -> dict[str, object]:
    rate = one.rate
    return {
        "name": one.name,
        "looked": rate.size if rate else 0,
        "failed": rate.found if rate else 0,
        "likely": f"{rate.likely:.2%}" if rate else "",
        "upper": f"{rate.upper:.2%}" if rate else "",
        "missing": one.missing,
        "not_applicable": one.not_applicable,
    }


def _read_marks(
    given: QueryDict, plan: SamplePlan, paper: Paper, item: Any
) -> list[Mark]:
    """Return what was newly ticked; what stands there already is not noted again."""
    marks = []
    for code in (*(one["code"] for one in plan.controls), REPERFORMANCE):
        result = given.get(f"result-{code}", "")
        if not result:
            continue
        if result not in Result.__members__:
            raise Invalid(f"{result!r} is no result.")
        note = given.get(f"note-{code}", "").strip()
        audited = _amount(given.get("audited", "")) if code == REPERFORMANCE else None
        last = paper.mark(item.id, code)
        if last is None or (last.result, last.note, last.audited) != (
            result,
            note,
            audited,
        ):
            marks.append(Mark(code, Result(result), note, audited))
    return marks


def _amount(text: str) -> Decimal | None:
    if not text.strip():
        return None
    try:
        amount = Decimal(text.strip())
    except InvalidOperation as error:
        raise Invalid("Write the right amount as a number such as 2500.") from error
    if not amount.is_finite() or abs(amount) >= _TOO_MUCH:
        raise Invalid("Write the right amount as a number such as 2500.")
    if amount != round(amount, _DECIMALS):
        raise Invalid(f"The right amount has {_DECIMALS} decimals at most.")
    return amount
