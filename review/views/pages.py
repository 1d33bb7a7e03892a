"""Render a whole page: its own context inside the frame that every page has."""

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from review.views.access import viewer_required
from review.views.rail import build_rail
from review.views.tasks import undoing


def render_page(
    request: HttpRequest,
    template: str,
    context: Mapping[str, object],
    *,
    status: int = 200,
) -> HttpResponse:
    """Render a page with the rail of who is signed in."""
    frame = {
        "rail": build_rail(request, viewer_required(request)),
        "undo": undoing.offer(request),
    }
    return render(request, template, {**frame, **context}, status=status)
