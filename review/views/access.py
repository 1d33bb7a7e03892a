"""Who may open a page, and how refusals are answered. No rules of tasks here."""

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec
from urllib.parse import urlsplit

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from review.dashboards.frame import Viewer, viewer_of
from review.permissions import Rights
from workflows.operations.errors import Invalid, Refused

Rest = ParamSpec("Rest")
View = Callable[Concatenate[HttpRequest, Rest], HttpResponseBase]


def viewer_required(request: HttpRequest) -> Viewer:
    """Return who is signed in; raises Forbidden for an account put to rest."""
    viewer = viewer_of(request)
    if viewer is None:
        raise PermissionDenied
    return viewer


def screen(
    check: Callable[[Rights], None] | None = None,
) -> Callable[[View[Rest]], View[Rest]]:
    """Guard a view by a check of the viewer's rights (none: everybody signed in).

    Refusals, the check's own among them, become pages in plain words with their
    own status.
    """

    def decorate(view: View[Rest]) -> View[Rest]:
        @functools.wraps(view)
        def guarded(
            request: HttpRequest, /, *args: Rest.args, **kwargs: Rest.kwargs
        ) -> HttpResponseBase:
            try:
                viewer = viewer_required(request)
                _check_text(request)
                if check is not None:
                    check(viewer.rights)
                return view(request, *args, **kwargs)
            except Refused as refusal:
                return refuse(
                    request,
                    status=refusal.status,
                    sentence=refusal.message,
                    back_url=_came_from(request),
                )

        return guarded

    return decorate


def _check_text(request: HttpRequest) -> None:
    """Refuse the one character that no text of the database can hold. Raises Invalid."""
    told = [request.path]
    for values in (request.GET, request.POST):
        for _, texts in values.lists():
            told += texts
    if any("\0" in text for text in told):
        raise Invalid("Texts cannot hold the character NUL; leave it out.")


PAGES = {400: "400.html", 403: "403.html", 404: "404.html", 409: "409.html"}


def refuse(
    request: HttpRequest, *, status: int, sentence: str, back_url: str = ""
) -> HttpResponse:
    """Answer a refusal as a page that says why and what to do."""
    template = PAGES.get(status, "400.html")
    context = {"sentence": sentence, "back_url": back_url}
    return render(request, template, context, status=status)


def _came_from(request: HttpRequest) -> str:
    """Return the page of this site that asked, "" where it is this one or unknown."""
    came = urlsplit(request.headers.get("Referer", ""))
    if came.netloc != request.get_host() or came.path == request.path:
        return ""
    return f"{came.path}?{came.query}" if came.query else came.path


def is_fragment(request: HttpRequest) -> bool:
    """Tell whether htmx asks for a part of the page."""
    return request.headers.get("HX-Request") == "true"
