"""Routes of RQ's own pages, opened to administrators only."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, include, path, reverse_lazy
from django.views.generic import RedirectView
from django_rq.stats_views import stats_json
from django_rq.urls import get_admin_urlpatterns

View = Callable[..., HttpResponse]


def administrators_only(view: View) -> View:
    """Return `view` behind our own rule in place of django-rq's, which asks `is_staff`.

    Raises PermissionDenied for signed-in people without the administrator's role;
    the middleware has already sent everybody else to the sign-in page.
    """
    inner: View = inspect.unwrap(view)

    @wraps(inner)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not request.user.is_superuser:
            raise PermissionDenied("RQ's pages are for administrators.")
        return inner(request, *args, **kwargs)

    return guarded


def _redirect(name: str, *, to: str) -> URLPattern:
    return path(f"{name}/", RedirectView.as_view(url=reverse_lazy(to)), name=name)


# django-rq's pages extend the admin's frame, which links to these names.
frame_urls = [
    path("", RedirectView.as_view(url=reverse_lazy("django_rq:home")), name="index"),
    _redirect("login", to="sign-in"),
    _redirect("logout", to="sign-out"),
    _redirect("password_change", to="personal-settings"),
]
rq_urls = [
    # Without the variant that takes a token in the address: addresses end up in logs.
    path("stats.json", administrators_only(stats_json), name="home_json"),
    *get_admin_urlpatterns(view_wrapper=administrators_only),
]
urlpatterns = [
    path("", include((frame_urls, "admin"))),
    path("rq/", include((rq_urls, "django_rq"))),
]
