"""Control tests over the whole population: run them, and open what did not hold."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from review import permissions
from review.core.evidence.selections import Selection
from review.dashboards.control_tests import TESTS
from review.dashboards.population import find_keys
from review.forms.audit import read_search
from review.models import ControlException, ControlOrder, ControlRun
from review.operations.evidence import control_orders
from review.views.access import screen, viewer_required
from review.views.evidence.audit_words import describe_scope, tell_facets
from review.views.evidence.control_orders import list_orders
from review.views.formats import format_count, format_moment
from review.views.pages import render_page
from review.views.paging import cut, read_before
from review.views.tasks.tasks import person_of
from workflows.operations.errors import NotFound
from workflows.store import database_now

PAGE: Final = 100


@require_http_methods(["GET", "POST"])
@screen(permissions.check_can_audit)
def control_runs(request: HttpRequest) -> HttpResponse:
    """List the runs; sent, test the controls of what the search finds."""
    viewer = viewer_required(request)
    given = request.POST if request.method == "POST" else request.GET
    search = read_search(given, zone=viewer.look.zone, person_id=viewer.person_id)
    facets = search.strings()
    told = tell_facets(facets)
    if request.method == "POST":
        title = request.POST.get("title", "") or "; ".join(told)[:200]
        return _begin(request, title=title, facets=facets)
    now, zone = database_now(), viewer.look.tzinfo
    runs = ControlRun.objects.filter(owner_id=viewer.person_id).order_by("-run_at")
    context = {
        "page_title": "Control tests",
        "scope": describe_scope(
            permissions.audit_scope_of(viewer.rights), zone=zone, now=now
        ),
        "tests": TESTS,
        "topic": control_orders.TOPIC,
        "orders": list_orders(viewer.person_id, zone=zone, now=now),
        "facets": facets,
        "told": told or ["every case in reach"],
        "rows": [
            {
                "url": reverse("control-run", args=[run.id]),
                "title": run.title,
                "cases": f"{run.cases:,}",
                "failed": sum(one["failed"] for one in run.results),
                "run": format_moment(run.run_at, zone=zone, now=now),
                "sealed": f"{run.tree_size:,}" if run.tree_size else "none",
            }
            for run in runs[:100]
        ],
    }
    return render_page(request, "review/evidence/control_runs.html", context)


def _begin(
    request: HttpRequest, *, title: str, facets: Mapping[str, str]
) -> HttpResponse:
    """Test at once, or let workers do it where it is much."""
    begun = control_orders.begin(person=person_of(request), title=title, facets=facets)
    if isinstance(begun, ControlOrder):
        return redirect("control-order", begun.pk)
    failed = sum(one["failed"] for one in begun.results)
    messages.info(
        request,
        f"{format_count(begun.cases, 'case')} tested:"
        f" {format_count(failed, 'exception')}.",
    )
    return redirect("control-run", begun.pk)


@require_GET
@screen(permissions.check_can_audit)
def control_run(request: HttpRequest, run_id: int) -> HttpResponse:
    """Show what one run found, each exception with the way to its case."""
    viewer = viewer_required(request)
    run = ControlRun.objects.filter(id=run_id, owner_id=viewer.person_id).first()
    if run is None:
        raise NotFound("You ran no such tests.")
    chosen = request.GET.get("test", "")
    rows = ControlException.objects.filter(run=run).order_by("id")
    if chosen:
        rows = rows.filter(test=chosen)
    after = read_before(request.GET.get("after", "")) or 0
    shown, pages = cut(
        request,
        list(rows.filter(id__gt=after)[: PAGE + 1]),
        limit=PAGE,
        parameter="after",
        mark=lambda row: str(row.id),
    )
    keys = find_keys(
        [row.instance_id for row in shown],
        scope=permissions.audit_scope_of(viewer.rights),
    )
    selection = Selection.from_json(run.selection)
    names = {one["code"]: one["name"] for one in run.tests}
    context = {
        "page_title": run.title,
        "run": run,
        "run_at": format_moment(
            run.run_at, zone=viewer.look.tzinfo, now=database_now()
        ),
        "told": tell_facets(selection.facets) or ["every case in reach"],
        "facets": dict(selection.facets),
        "results": [_tell_result(run, one, chosen) for one in run.results],
        "rows": [
            {
                "test": names.get(row.test, row.test),
                "case": keys.get(row.instance_id) or str(row.instance_id)[:13],
                "id": row.instance_id,
                "url": _url(row),
                "why": row.why,
            }
            for row in shown
        ],
        "pages": pages,
        "chosen": chosen,
    }
    return render_page(request, "review/evidence/control_run.html", context)


def _url(row: ControlException) -> str:
    place = f"#event-{row.seq}" if row.seq else ""
    return f"{reverse('audit-case', args=[row.instance_id])}{place}"


def _tell_result(run: ControlRun, one: dict[str, Any], chosen: str) -> dict[str, Any]:
    test = next(test for test in run.tests if test["code"] == one["code"])
    query = "" if one["code"] == chosen else urlencode({"test": one["code"]})
    return {
        **test,
        "looked": f"{one['looked']:,}",
        "failed": one["failed"],
        "is_cut": one["kept"] < one["failed"],
        "url": f"?{query}",
        "is_chosen": one["code"] == chosen,
    }
