"""What really happened in a process: the mined map beside the model, and its variants."""

from collections.abc import Collection, Sequence

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from review import permissions
from review.core.figures.mining import (
    Variant,
    choose_activities,
    choose_edges,
    count_rework,
    mine,
    project,
)
from review.dashboards import process_map as reading
from review.dashboards.process_map import LISTED, MOST, Question
from review.views.access import screen, viewer_required
from review.views.definitions.model_checks import read_model
from review.views.formats import format_moment, state_pill
from review.views.pages import render_page
from review.views.processes import map_page
from review.views.processes.map_page import SHARES, Look, Shown
from review.views.processes.processes import (
    build_links,
    build_periods,
    build_versions,
    find_begin,
    get_process,
    read_days,
)
from workflows.operations.errors import Invalid
from workflows.store import database_now


@require_GET
@screen(permissions.check_can_see_instances)
def process_map(request: HttpRequest, key: str) -> HttpResponse:
    """Show how cases really went: a map, its figures as a table, deviations, variants."""
    viewer = viewer_required(request)
    look = _look(request, key)
    now = database_now()
    since = find_begin(look.days, now=now, zone=viewer.look.tzinfo)
    asked = Question(look.process, since)
    variants = reading.read_variants(asked)
    whole = mine(variants)
    kept = choose_activities(whole, percent=look.activities)
    mined = mine(project(variants, kept))
    shown = Shown(
        look=look,
        mined=mined,
        edges=choose_edges(mined, percent=look.paths),
        times=reading.read_times(asked, kept=kept),
        checked=read_model(look.process.chosen),
    )
    newest = look.process.newest
    context = {
        "page_title": f"What really happened in {newest.name}",
        "process": look.process,
        "newest": newest,
        "links": build_links(look.process, viewer, current="map"),
        "versions": build_versions(look.process, look.version, look.url),
        "periods": build_periods(look.days, look.url),
        "activity_shares": map_page.build_shares(look, "activities"),
        "path_shares": map_page.build_shares(look, "paths"),
        "diagram_url": reverse("definition-diagram", args=[newest.id]),
        "cases": f"{whole.cases:,}",
        "is_cut": whole.cases >= MOST,
        "most": f"{MOST:,}",
        "drawing": map_page.draw(shown),
        "edges": map_page.build_edges(shown),
        "hidden_edges": len(mined.edges) - len(shown.edges),
        "deviations": map_page.build_deviations(shown, whole),
        "acts": [
            {"label": act.label, "times": f"{act.times:,}", "cases": f"{act.cases:,}"}
            for act in reading.read_acts(asked)
        ],
        "rework": map_page.tell_part(count_rework(variants), whole.cases),
        "variants": map_page.build_variants(shown, variants, whole),
        "more_variants": max(0, len(variants) - map_page.TOP),
    }
    return render_page(request, "review/processes/process_map.html", context)


@require_GET
@screen(permissions.check_can_see_instances)
def process_map_cases(request: HttpRequest, key: str) -> HttpResponse:
    """List the cases behind one edge of the map, or behind one variant."""
    viewer = viewer_required(request)
    look = _look(request, key)
    now = database_now()
    since = find_begin(look.days, now=now, zone=viewer.look.tzinfo)
    asked = Question(look.process, since)
    checked = read_model(look.process.chosen)
    if "variant" in request.GET:
        variants = reading.read_variants(asked)
        variant = _find_variant(variants, request.GET["variant"])
        rows = reading.list_cases_of_variant(
            asked, variant.trace, has_ended=variant.has_ended
        )
        title = "Cases that went this way"
        told = " → ".join(map_page.list_steps(variant.trace, checked))
    else:
        pair = (request.GET.get("from", ""), request.GET.get("to", ""))
        if not all(pair):
            raise Invalid("Say which two activities follow each other; choose a path.")
        rows = reading.list_cases_of_edge(asked, pair, kept=_kept(look, asked))
        title = "Cases that took this path"
        told = f"{map_page.name_node(pair[0], checked)} → {map_page.name_node(pair[1], checked)}"
    zone = viewer.look.tzinfo
    context = {
        "page_title": title,
        "process": look.process,
        "newest": look.process.newest,
        "told": told,
        "back_url": f"{reverse('process-map', args=[key])}{look.url()}",
        "is_cut": len(rows) > LISTED,
        "listed": LISTED,
        "rows": [
            {
                "url": reverse("instance-detail", args=[row.id]),
                "case": row.business_key or str(row.id)[:13],
                "state": state_pill(row.state),
                "started": format_moment(row.started_at, zone=zone, now=now),
            }
            for row in rows[:LISTED]
        ],
    }
    return render_page(request, "review/processes/process_map_cases.html", context)


def _look(request: HttpRequest, key: str) -> Look:
    version = request.GET.get("version", "")
    return Look(
        process=get_process(key, version),
        version=version,
        days=read_days(request),
        activities=_read_share(request, "activities"),
        paths=_read_share(request, "paths"),
    )


def _read_share(request: HttpRequest, name: str) -> int:
    text = request.GET.get(name, "")
    return int(text) if text in {str(share) for share in SHARES} else 100


def _kept(look: Look, asked: Question) -> Collection[str]:
    """Return the activities that the map shows, as the address chooses them."""
    mined = mine(reading.read_variants(asked))
    return choose_activities(mined, percent=look.activities)


def _find_variant(variants: Sequence[Variant], key: str) -> Variant:
    for one in variants:
        if map_page.key_of(one) == key:
            return one
    raise Invalid("No case went that way in this period; choose a variant of the map.")
