"""Audit search: facets, entries by case, kept searches, and the way to a bundle."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from review import permissions
from review.core.evidence.selections import Selection
from review.dashboards import audit, audit_lists
from review.dashboards.audit_conditions import Search, build_search
from review.dashboards.blind import read_blindfold
from review.dashboards.frame import Viewer
from review.dashboards.said import read_said
from review.forms.audit import (
    AuditSearchForm,
    PersonalSearchForm,
    SaveSearchForm,
    read_search,
)
from review.models import Person
from review.operations.evidence import auditing
from review.views.access import screen, viewer_required
from review.views.evidence.audit_words import describe_scope, tell_facets
from review.views.evidence.entries import Line, build_lines
from review.views.evidence.samples import order
from review.views.formats import format_count, format_moment
from review.views.pages import render_page
from review.views.paging import cut, read_before
from workflows.operations.errors import Invalid
from workflows.store import database_now

KNOWN_KINDS: Final = (
    "instance.*", "step.*", "task.*", "verdict.*", "incident.*", "timer.*", "sla.*",
    "policy.*", "emergency.*", "delegation.*", "audit.*",
    "instance.started", "instance.completed", "task.opened", "task.claimed",
    "task.escalated", "verdict.submitted", "incident.resolved", "definition.deployed",
    "evidence.exported",
)  # fmt: skip
MOST_VALUES: Final = 8


@require_GET
@screen(permissions.check_can_audit)
def audit_search(request: HttpRequest) -> HttpResponse:
    """Search audit entries."""
    viewer = viewer_required(request)
    form = AuditSearchForm(
        request.GET, zone=viewer.look.zone, person_id=viewer.person_id
    )
    scope = permissions.audit_scope_of(viewer.rights)
    is_valid = form.is_valid()
    search = (
        build_search(form.found, scope=scope)
        if is_valid
        else Search((), {}, is_empty=True)
    )
    found = audit.read_entries(
        search, before=read_before(request.GET.get("before", ""))
    )
    shown, pages = cut(
        request,
        found.rows,
        limit=audit.PAGE,
        parameter="before",
        mark=lambda row: str(row.id),
    )
    now = database_now()
    lines = build_lines(
        shown,
        blindfold=read_blindfold(viewer, (row.step_id for row in shown)),
        said=read_said(shown, hides_personal=viewer.rights.audit is not None),
        step_names={},
        is_full=True,
        zone=viewer.look.tzinfo,
        now=now,
    )
    context = {
        "page_title": "Audit search",
        "filter_form": form,
        "personal_form": PersonalSearchForm(auto_id="personal_%s"),
        "save_form": SaveSearchForm(auto_id="save_%s"),
        "reset_url": reverse("audit-search"),
        "scope": describe_scope(scope, zone=viewer.look.tzinfo, now=now),
        "groups": _groups(shown, lines),
        "pages": pages,
        "goes_on": _goes_on(request, found, zone=viewer.look.tzinfo, now=now),
        "kinds": KNOWN_KINDS,
        "known": audit_lists.list_known(scope),
        "note": _note(search),
        "query": urlencode(form.strings()) if is_valid else "",
        "counted": _counted(request, search),
        "kept": _kept(viewer, now=now),
        "is_narrowed": bool(form.strings()),
    }
    return render_page(request, "review/evidence/audit_search.html", context)


@require_POST
@screen(permissions.check_can_audit)
def audit_save(request: HttpRequest) -> HttpResponse:
    """Keep the search under a name."""
    facets = _facets_of(request, viewer_required(request))
    kept = auditing.save_search(
        person=_person(request), name=request.POST.get("name", ""), facets=facets
    )
    messages.success(
        request,
        f"“{kept.name}” is kept, with {kept.count:,}"
        f" {'entry' if kept.count == 1 else 'entries'} now.",
    )
    return redirect(f"{reverse('audit-search')}?{urlencode(facets)}")


@require_POST
@screen(permissions.check_can_audit)
def audit_rerun(request: HttpRequest, list_id: int) -> HttpResponse:
    """Run a kept search again and say what is new."""
    kept = auditing.run_search(person=_person(request), list_id=list_id)
    messages.info(
        request, f"“{kept.name}”: was {kept.previous_count:,}, now {kept.count:,}."
    )
    return redirect(f"{reverse('audit-search')}?{urlencode(kept.facets)}")


@require_POST
@screen(permissions.check_can_audit)
def audit_forget(request: HttpRequest, list_id: int) -> HttpResponse:
    """Delete a kept search."""
    auditing.delete_search(person=_person(request), list_id=list_id)
    messages.success(request, "The search is deleted.")
    return redirect("audit-search")


@require_POST
@screen(permissions.check_can_audit)
def audit_personal(request: HttpRequest) -> HttpResponse:
    """Find cases by somebody's data; that it was done is an entry."""
    form = PersonalSearchForm(request.POST)
    if not form.is_valid():
        raise Invalid("Give three characters at least to search for, and why you do.")
    found = auditing.search_personal_data(person=_person(request), **form.cleaned_data)
    messages.info(
        request,
        f"{format_count(found.count, 'case', cap=auditing.MOST_FOUND)} found. The search"
        " is in the audit log, its words are not.",
    )
    return redirect(f"{reverse('audit-search')}?found={found.id}")


@require_POST
@screen(permissions.check_can_audit)
def audit_bundle(request: HttpRequest) -> HttpResponse:
    """Order the evidence of all cases that the search finds as one bundle."""
    facets = _facets_of(request, viewer_required(request))
    title = "; ".join(tell_facets(facets)) or "Every case in reach"
    return order(request, Selection(kind="query", title=title, facets=facets))


def _person(request: HttpRequest) -> Person:
    return Person.objects.get(id=viewer_required(request).person_id)


def _facets_of(request: HttpRequest, viewer: Viewer) -> dict[str, str]:
    """Return the search that a page sends along; it has been valid there."""
    return read_search(
        request.POST, zone=viewer.look.zone, person_id=viewer.person_id
    ).strings()


def _goes_on(
    request: HttpRequest, found: audit.Found, *, zone: dt.tzinfo, now: dt.datetime
) -> dict[str, str]:
    """Return how to search on, where older entries were not looked at yet."""
    if found.goes_on is None:
        return {}
    query = request.GET.copy()
    query["before"] = str(found.goes_on)
    reached = format_moment(found.reached, zone=zone, now=now) if found.reached else ""
    return {
        "url": f"?{query.urlencode()}",
        "label": f"{audit.MOST_READ:,} entries were read, back to {reached}.",
    }


def _note(search: Search) -> str:
    if not search.people:
        return ""
    named = ", ".join(f"{name} ({ref})" for ref, name in search.people.items())
    return f"Entries of {named}."


def _groups(entries: Sequence[Any], lines: Sequence[Line]) -> list[dict[str, object]]:
    """Return the entries by case, the case of the newest entry first."""
    by_case: dict[UUID, list[dict[str, object]]] = {}
    heads: dict[UUID, Any] = {}
    for entry, line in zip(entries, lines, strict=True):
        heads.setdefault(entry.chain, entry)
        url = (
            f"{reverse('audit-case', args=[entry.chain])}#{line.anchor}"
            if entry.definition_key
            else ""
        )
        recorded = entry.at.astimezone(dt.UTC).isoformat(timespec="seconds")
        by_case.setdefault(entry.chain, []).append({
            "line": line,
            "url": url,
            "recorded": recorded,
        })
    return [
        {
            "case": heads[chain].business_key or str(chain)[:13],
            "process": f"{heads[chain].definition_key} {heads[chain].definition_version}",
            "url": reverse("audit-case", args=[chain]),
            "rows": rows,
        }
        if heads[chain].definition_key
        else {"case": "Installation", "process": "", "url": "", "rows": rows}
        for chain, rows in by_case.items()
    ]


def _counted(request: HttpRequest, search: Search) -> dict[str, object]:
    """Return the counts per facet, each value as a link that narrows to it."""
    counts = audit.count_facets(search)
    more = "+" if counts.is_cut or counts.seen >= audit.FACETED else ""
    labels = {"kind": "What happened", "actor": "Who", "definition": "Process"}
    return {
        "label": f"{counts.seen:,}{more} {'entry' if counts.seen == 1 else 'entries'}",
        "is_partial": bool(more),
        "facets": [
            {
                "label": label,
                "values": [
                    {
                        "label": counts.names.get(value, value),
                        "count": f"{count:,}",
                        "url": _narrow(request, name, value),
                    }
                    for value, count in counts.of.get(name, [])[:MOST_VALUES]
                ],
            }
            for name, label in labels.items()
            if len(counts.of.get(name, [])) > 1
        ],
    }


def _narrow(request: HttpRequest, name: str, value: str) -> str:
    query = request.GET.copy()
    query.pop("before", None)
    query[name] = value
    return f"?{query.urlencode()}"


def _kept(viewer: Viewer, *, now: dt.datetime) -> list[dict[str, object]]:
    kept = []
    for row in audit_lists.list_searches(viewer.person_id):
        facets: Mapping[str, str] = json.loads(row.facets)
        moved = row.previous_count is not None and row.previous_count != row.count
        kept.append({
            "id": row.id,
            "name": row.name,
            "count": f"{row.count:,}",
            "url": f"{reverse('audit-search')}?{urlencode(facets)}",
            "told": f"was {row.previous_count:,}, now {row.count:,}" if moved else "",
            "counted": format_moment(row.counted_at, zone=viewer.look.tzinfo, now=now),
        })
    return kept
