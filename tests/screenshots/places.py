"""Where each page of the console is in a running demonstration: found by following links.

The list of pages is that of tests/e2e/console_pages.py. What a page is called there
with the tests' own cases is looked for by its route: the first link to such a page that
the person meets. So a new page comes along by itself.
"""

from __future__ import annotations

import html
import re
from collections import Counter, deque
from collections.abc import Callable
from typing import Final
from urllib.parse import urljoin, urlsplit

from django.urls import Resolver404, resolve

PEOPLE: Final = {
    "": "",
    "alice": "alice",
    "bob": "bob",
    "carol": "mona",
    "dan": "dana",
    "olga": "olga",
    "erin": "erik",
}
"""Who of the demonstration has the role of each person of the tests."""

DIRECT: Final = {
    "act on many": "/instances/act-on-many/?op=suspend&definition=loan-approval",
    "edit a grid": "/queues/credit/grid/edit/",
    "edit a routing": "/queues/credit/routing/edit/",
    "act on selected tasks": "/queues/credit/act/?act=assign&task=1&task=2",
    "act on late work": "/dashboard/act/?act=assign&task=1",
    "somebody's work": "/people/2/desk/",
    "empty queue": "/queues/credit/?q=nothing-is-called-so",
}
"""Pages that no link leads to, or not to the one that is meant; "" leaves it out."""

MOST_READ: Final = 150
"""Pages read for one person while looking for links."""
MOST_ALIKE: Final = 3
"""Pages of one route that are read: a tenth task leads nowhere new."""
_LINK: Final = re.compile(r'\b(?:href|hx-get)="([^"]+)"')
_HOLE: Final = re.compile(r"\{\w+\}")
_STAND_INS: Final = ("1", "00000000-0000-4000-8000-000000000001", "a")


def route_of(path: str) -> str:
    """Return the route a page's pattern leads to. Raises LookupError for none."""
    plain = path.partition("?")[0]
    for word in _STAND_INS:
        try:
            return str(resolve(_HOLE.sub(word, plain)).view_name)
        except Resolver404:
            continue
    raise LookupError(f"No page is at {path}.")


def find_places(
    pages: dict[str, str], *, read: Callable[[str], str], url: str
) -> dict[str, str]:
    """Return the address of each of one person's pages, by its name.

    `pages` are patterns by name, `read` fetches a page's text. A page without holes that
    the demonstration has is taken as it stands; one that nobody links to is left out.
    """
    wanted = {
        name: route_of(path) for name, path in pages.items() if name not in DIRECT
    }
    found = {name: DIRECT[name] for name in pages if DIRECT.get(name)}
    found |= {
        name: pages[name]
        for name in wanted
        if not _HOLE.search(pages[name]) and read(pages[name])
    }
    routes: dict[str, list[str]] = {}
    for name, route in wanted.items():
        if name not in found:
            routes.setdefault(route, []).append(name)
    waiting, seen = deque(["/", *found.values()]), {"/", *found.values()}
    alike: Counter[str] = Counter()
    for _ in range(MOST_READ):
        if not waiting or not any(routes.values()):
            break
        for link in _links(read(waiting.popleft()), url=url):
            if link in seen:
                continue
            seen.add(link)
            route = _route(link)
            alike[route] += 1
            if alike[route] <= MOST_ALIKE:
                waiting.append(link)
            if names := routes.get(route):
                found[names.pop(0)] = link
    return found


def _route(link: str) -> str:
    """Return the route of a link, "" for none of ours."""
    try:
        return str(resolve(urlsplit(link).path).view_name)
    except Resolver404:
        return ""


def _links(text: str, *, url: str) -> list[str]:
    """Return the addresses of this site that a page links to."""
    links = []
    for match in _LINK.finditer(text):
        whole = urlsplit(urljoin(url, html.unescape(match.group(1))))
        if whole.netloc == urlsplit(url).netloc and not whole.path.startswith((
            "/static/",
            "/api/",
            "/log/",
        )):
            query = f"?{whole.query}" if whole.query else ""
            links.append(whole.path + query)
    return links
