"""Samples: plan and draw them, and how anybody draws them again."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from review import permissions
from review.core.evidence.bundles import Redaction
from review.core.evidence.sampling import Method
from review.core.evidence.selections import Selection
from review.dashboards.frame import Viewer
from review.forms.audit import METHODS, STRATA, SampleForm, read_search
from review.models import SampleItem, SamplePlan
from review.operations.evidence import auditing, bundles, samples
from review.views.access import screen, viewer_required
from review.views.evidence.audit_words import describe_scope, tell_facets
from review.views.formats import format_count, format_moment
from review.views.pages import render_page
from review.views.tasks.tasks import person_of
from workflows.operations.errors import Invalid, Refused
from workflows.store import database_now

METHOD_NAMES: Final = dict(METHODS)


@require_GET
@screen(permissions.check_can_audit)
def sample_list(request: HttpRequest) -> HttpResponse:
    """List the samples the auditor drew."""
    viewer = viewer_required(request)
    now = database_now()
    plans = (
        SamplePlan.objects
        .filter(owner_id=viewer.person_id)
        .select_related("sign_off")
        .defer("listing")
        .order_by("-drawn_at")[:100]
    )
    context = {
        "page_title": "Samples",
        "scope": describe_scope(
            permissions.audit_scope_of(viewer.rights), zone=viewer.look.tzinfo, now=now
        ),
        "rows": [
            {
                "url": reverse("sample-detail", args=[plan.id]),
                "title": plan.title,
                "method": METHOD_NAMES[plan.method],
                "size": plan.size,
                "population": f"{plan.population_size:,}",
                "drawn": format_moment(plan.drawn_at, zone=viewer.look.tzinfo, now=now),
                "is_signed": hasattr(plan, "sign_off"),
            }
            for plan in plans
        ],
    }
    return render_page(request, "review/evidence/sample_list.html", context)


@require_http_methods(["GET", "POST"])
@screen(permissions.check_can_audit)
def sample_new(request: HttpRequest) -> HttpResponse:
    """Plan a sample of what a search finds; sent, it is drawn for good."""
    viewer = viewer_required(request)
    given = request.POST if request.method == "POST" else request.GET
    search = read_search(given, zone=viewer.look.zone, person_id=viewer.person_id)
    facets = search.strings()
    form = SampleForm(
        request.POST if "method" in given else None,
        initial={"seed": f"{database_now():%Y-%m-%d}"},
    )
    planned = None
    if form.is_bound and form.is_valid():
        try:
            wanted = _wanted(form.cleaned_data, facets)
            if "draw" in request.POST:
                plan = samples.draw_sample(person=person_of(request), wanted=wanted)
                messages.success(
                    request,
                    f"Drawn: {format_count(plan.size, 'item')} of"
                    f" {plan.population_size:,}.",
                )
                return redirect("sample-detail", plan.id)
            planned = samples.plan_sample(person=person_of(request), wanted=wanted)
        except Refused as refusal:
            form.add_error(None, refusal.message)
    context = {
        "page_title": "Draw a sample",
        "form": form,
        "facets": facets,
        "told": tell_facets(facets) or ["every case in reach"],
        "planned": planned,
        "population": f"{len(planned.units):,}" if planned else "",
    }
    status = 422 if form.errors else 200
    return render_page(
        request, "review/evidence/sample_new.html", context, status=status
    )


@require_POST
@screen(permissions.check_can_audit)
def sample_population(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Give the population a sample was drawn from, as the CSV its digest is of."""
    plan = samples.get_plan(plan_id=plan_id, person=person_of(request))
    auditing.record_list_export(
        person=person_of(request),
        what=f"population of sample {plan.id}",
        facets=plan.population["facets"],
        rows=plan.population_size,
    )
    return give_file(
        samples.read_listing(plan), name="population.csv", media_type="text/csv"
    )


@require_POST
@screen(permissions.check_can_audit)
def sample_bundle(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Order the evidence of all items of a sample as one bundle."""
    plan = samples.get_plan(plan_id=plan_id, person=person_of(request))
    return order(request, samples.select(plan))


def order(request: HttpRequest, selection: Selection) -> HttpResponse:
    """Order a bundle and go to its page.

    Personal values stay closed in it unless the auditor asks for them and says why:
    that is in the bundle's entry, with the reason.
    """
    reason = request.POST.get("reason", "").strip()
    is_open = "open" in request.POST
    if is_open and not reason:
        raise Invalid("Say why the personal data of these cases is needed.")
    bundle_id = bundles.order_bundle(
        selection=selection,
        doer=person_of(request),
        redaction=Redaction(without_disclosures=not is_open),
        reason=reason,
    )
    return redirect("bundle-detail", bundle_id)


def give_file(content: bytes, *, name: str, media_type: str) -> HttpResponse:
    """Return a file to be saved."""
    return HttpResponse(
        content,
        content_type=media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def describe_plan(plan: SamplePlan, viewer: Viewer) -> list[tuple[str, str]]:
    """Return the facts of a plan, as its paper shows them."""
    now = database_now()
    parameters = plan.parameters
    facts = [
        ("Method", METHOD_NAMES[plan.method]),
        (
            "Population",
            "; ".join(tell_facets(plan.population["facets"])) or "every case",
        ),
        ("Cases in it", f"{plan.population_size:,}"),
        ("Its SHA-256", plan.population_digest),
        ("Left out", f"{len(plan.exclusions):,}"),
        ("Seed", plan.seed),
        ("Confidence", _percent(parameters["confidence"])),
        ("Tolerable rate", _percent(parameters["tolerable"])),
        ("Expected rate", _percent(parameters["expected"])),
        ("Drawn", format_moment(plan.drawn_at, zone=viewer.look.tzinfo, now=now)),
    ]
    if plan.population_value is not None:
        facts.insert(3, ("Its value", f"{plan.population_value:,.2f}"))
    if parameters.get("stratify"):
        facts.append(("Strata by", dict(STRATA)[parameters["stratify"]]))
    return facts


def count_shares(plan: SamplePlan) -> dict[str, int]:
    """Return how many items of each stratum were drawn."""
    shares: dict[str, int] = {}
    strata = SampleItem.objects.filter(plan=plan).values_list("stratum", flat=True)
    for stratum in strata:
        shares[stratum] = shares.get(stratum, 0) + 1
    return shares


def _percent(share: object) -> str:
    text = f"{Decimal(str(share)) * 100:f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} %"


def _wanted(values: Mapping[str, Any], facets: Mapping[str, str]) -> samples.Wanted:
    return samples.Wanted(
        title=values["title"],
        method=Method(values["method"]),
        seed=values["seed"],
        facets=facets,
        confidence=values["confidence"] / samples.HUNDRED,
        tolerable=values["tolerable"] / samples.HUNDRED,
        expected=values["expected"] / samples.HUNDRED,
        is_finite=values["is_finite"],
        size=values["size"],
        stratify=values["stratify"],
        exclusions=_read_exclusions(values["exclusions"]),
    )


def _read_exclusions(text: str) -> dict[UUID, str]:
    """Read "id why" lines. Raises Invalid."""
    exclusions = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        first, _, why = line.partition(" ")
        try:
            case = UUID(first)
        except ValueError as error:
            raise Invalid(f"{first!r} is no id of a case.") from error
        if not why.strip():
            raise Invalid(f"Say behind {first} why it is left out.")
        exclusions[case] = why.strip()
    return exclusions
