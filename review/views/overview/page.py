"""The dashboard's page: what to act on at once, then a place for each panel."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from review import permissions
from review.dashboards import figure_choices
from review.dashboards.frame import Viewer
from review.forms.figures import USUAL, FigureFilter
from review.views.access import is_fragment, screen, viewer_required
from review.views.overview import kept, urgent
from review.views.overview.asking import Asked, list_overseen_queues, read_asked
from review.views.overview.panels import describe_scope, list_frames
from review.views.pages import render_page
from workflows.operations.errors import Invalid
from workflows.store import database_now


@require_GET
@screen(permissions.check_can_see_dashboard)
def dashboard(request: HttpRequest) -> HttpResponse:
    """Show what is late and what will be, with a place for each panel of figures.

    htmx gets the rows to act on alone. Without words in the address the person's
    default view is opened, if there is one.
    """
    viewer = viewer_required(request)
    now = database_now()
    asked = read_asked(request, viewer, now=now)
    rows = urgent.build(asked, viewer)
    if is_fragment(request):
        return render(request, "review/_urgent.html", rows)
    views = kept.read_views(request, viewer, asked)
    if views.default_url and not request.GET:
        return redirect(views.default_url)
    context = {
        "page_title": "SLA dashboard",
        "filter_form": _make_form(request, viewer, asked),
        "steps": figure_choices.list_steps(asked.scope.definition or ""),
        "scope_label": describe_scope(asked),
        "period_label": asked.label,
        "reset_url": f"{reverse('dashboard')}?period={asked.words.get('period', USUAL)}",
        "panels": list_frames(asked),
        "views": views,
        "now_iso": now.isoformat(),
        "now_label": f"{now.astimezone(asked.zone):%-d %b %Y %H:%M}",
        "zone_label": viewer.look.zone,
    }
    return render_page(request, "review/dashboard.html", {**context, **rows})


def _make_form(request: HttpRequest, viewer: Viewer, asked: Asked) -> FigureFilter:
    """Return the filters with their choices; what the address names is among them.

    Raises Invalid for a queue, process or team that the viewer does not oversee.
    """
    queues = [(queue.key, queue.name) for queue in list_overseen_queues(viewer)]
    data: Mapping[str, Any] = {"period": USUAL, **asked.words}
    form = FigureFilter(
        data,
        queues=queues,
        definitions=figure_choices.list_definitions(),
        teams=figure_choices.list_teams(asked.scope.allowed),
    )
    if not form.is_valid():
        name, errors = next(iter(form.errors.items()))
        raise Invalid(f"{form.fields[name].label}: {errors[0]}")
    return form
