"""Every address asks who is there, except the few that are listed here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.permissions import AllowAny

# Each with its reason: a page to sign in on, probes that tell nothing of content, the
# description of the API, which the published source tells anyway, and the log's files,
# which let in by the settings, by token and by role (test_tiles.py).
OPEN_PAGES = {
    "sign-in",
    "livez",
    "readyz",
    "api-schema",
    "api-docs",
    "log-checkpoint",
    "log-tile",
}


def _walk(patterns: Iterable[URLPattern | URLResolver]) -> Iterator[URLPattern]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns)
        else:
            yield pattern


def _is_open(pattern: URLPattern) -> bool:
    """Whether strangers get past the middleware, and past REST framework's rule."""
    if getattr(pattern.callback, "login_required", True):
        return False
    view = getattr(pattern.callback, "cls", None)
    rules = getattr(view, "permission_classes", [AllowAny])
    return not rules or AllowAny in rules


def test_only_listed_addresses_are_open() -> None:
    patterns = list(_walk(get_resolver().url_patterns))
    assert len(patterns) > len(OPEN_PAGES)
    assert {str(p.name or p.pattern) for p in patterns if _is_open(p)} == OPEN_PAGES


def test_names_of_addresses_are_unique() -> None:
    names = [
        str(pattern.name)
        for pattern in _walk(
            part
            for part in get_resolver().url_patterns
            if not (isinstance(part, URLResolver) and str(part.pattern) == "ops/")
        )
        if pattern.name
    ]
    assert sorted(names) == sorted(set(names))
