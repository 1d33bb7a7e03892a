"""The program of `make screenshots` finds every page and keeps pictures small."""

from __future__ import annotations

import io

from PIL import Image, ImageStat

from tests.e2e.console_pages import PAGES
from tests.screenshots.pictures import LOOKS, WITH_CHARTS, file_name, looks_of, shrink
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


def test_a_picture_gets_small_and_stays_what_it_is() -> None:
    page = Image.new("RGB", (400, 400), "white")
    page.paste((190, 20, 20), (40, 40, 200, 120))
    out = io.BytesIO()
    Image.blend(page, Image.effect_noise((400, 400), 90).convert("RGB"), 0.1).save(
        out, "PNG"
    )
    small = shrink(out.getvalue())
    assert len(small) < len(out.getvalue()) / 3
    shown = Image.open(io.BytesIO(small))
    assert (shown.format, shown.size) == ("WEBP", (400, 400))
    red, green, blue = ImageStat.Stat(
        shown.convert("RGB").crop((60, 60, 160, 100))
    ).mean
    assert red > 150
    assert max(green, blue) < 80


def test_each_look_of_a_page_has_a_file_of_its_own() -> None:
    files = [file_name(name, look) for name in PAGES for look in looks_of(name)]
    assert len(set(files)) == len(files) > len(PAGES) * len(LOOKS)
    assert PAGES.keys() >= WITH_CHARTS
    assert file_name("b's own", LOOKS[0]) == "bs-own-light.webp"
