"""The dashboard's page: what to act on at once, then a place for each panel."""

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
from review.views.overview.asking import (
    list_overseen_queues,
    read_asked,
    read_words,
)
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
    if is_fragment(request):
        asked = read_asked(request, viewer, now=now)
        return render(
            request, "review/figures/_urgent.html", urgent.build(asked, viewer)
        )
    form = _make_form(request, viewer)
    try:
        asked = read_asked(request, viewer, now=now)
    except Invalid as refusal:
        return _ask_again(request, form, refusal.message)
    if not form.is_valid():
        return _ask_again(request, form)
    views = kept.read_views(request, viewer, asked)
    if views.default_url and not request.GET:
        return redirect(views.default_url)
    context = {
        "page_title": "SLA dashboard",
        "filter_form": form,
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
    return render_page(
        request,
        "review/figures/dashboard.html",
        {**context, **urgent.build(asked, viewer)},
    )


def _make_form(request: HttpRequest, viewer: Viewer) -> FigureFilter:
    """Return the filters of the address with the choices that the viewer has."""
    queues = [(queue.key, queue.name) for queue in list_overseen_queues(viewer)]
    return FigureFilter(
        {"period": USUAL, **read_words(request.GET)},
        queues=queues,
        definitions=figure_choices.list_definitions(),
        teams=figure_choices.list_teams([key for key, _ in queues]),
    )


def _ask_again(
    request: HttpRequest, form: FigureFilter, sentence: str = ""
) -> HttpResponse:
    """Show filters that cannot be read with what is wrong, and no figures."""
    if form.is_valid():
        form.add_error(None, sentence)
    context = {
        "page_title": "SLA dashboard",
        "filter_form": form,
        "steps": figure_choices.list_steps(""),
        "reset_url": f"{reverse('dashboard')}?period={USUAL}",
    }
    return render_page(
        request, "review/figures/dashboard_unread.html", context, status=422
    )
