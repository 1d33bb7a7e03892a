"""The program of `make screenshots` finds every page and keeps pictures small."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from tests.e2e.console_pages import PAGES
from tests.screenshots.pictures import LOOKS, MOST_BYTES, choose, file_name, shrink
from tests.screenshots.places import DIRECT, PEOPLE, find_places, route_of


def test_each_page_has_a_route_and_a_person() -> None:
    assert all(
        route_of(path) for name, (_, path) in PAGES.items() if name not in DIRECT
    )
    assert {person for person, _ in PAGES.values()} <= PEOPLE.keys()
    assert DIRECT.keys() <= PAGES.keys()


def test_pages_are_found_by_links_of_their_route() -> None:
    site = {
        "/": '<a href="/queues/credit/?a=1&amp;b=2">Credit</a><a href="http://else/">',
        "/queues/credit/?a=1&b=2": '<a href="/tasks/41/">1</a><a href="/tasks/42/">2</a>',
        "/incidents/": "Incidents",
    }
    read: list[str] = []
    pages = {
        "queue": "/queues/desk/",
        "one": "/tasks/{loan_task}/",
        "other": "/tasks/{files_task}/",
        "incidents": "/incidents/",
        "nowhere": "/bundles/{bundle}/",
    }

    def fetch(place: str) -> str:
        read.append(place)
        return site.get(place, "")

    found = find_places(pages, read=fetch, url="http://here/")
    assert found == {
        "queue": "/queues/credit/?a=1&b=2",
        "one": "/tasks/41/",
        "other": "/tasks/42/",
        "incidents": "/incidents/",
    }
    assert len(read) == len(set(read)) + 1  # a page that stands is read once for links


def test_pictures_are_small_and_fit_the_budget(tmp_path: Path) -> None:
    noise = Image.effect_noise((400, 400), 90).convert("RGB")
    out = io.BytesIO()
    noise.save(out, "PNG")
    small = shrink(out.getvalue())
    assert len(small) <= MOST_BYTES * 1.5 < len(out.getvalue())
    for name, size in (("a", 10), ("b's own", 30)):
        for look in LOOKS:
            (tmp_path / file_name(name, look)).write_bytes(b"x" * size)
    chosen = choose(["a", "b's own"], tmp_path, budget=65)
    assert {
        name: [look.name for look, _ in looks] for name, looks in chosen.items()
    } == {
        "a": ["light", "dark", "light-390"],
        "b's own": ["light"],
    }
    assert chosen["b's own"][0][1] == "bs-own-light.png"
