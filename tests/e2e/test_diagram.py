"""The picture on the definition page: by key, in the dark, with its watermark."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import People, Site

DRAWN = "[data-diagram][data-state=drawn]"
SCALE = "el => new DOMMatrix(getComputedStyle(el).transform).a"
PLACE = "el => { const m = new DOMMatrix(getComputedStyle(el).transform); return [m.e, m.f] }"


def _open(people: People, site: Site, **options: Any) -> Page:
    page = people.page(
        "carol", f"/processes/{site.made['loan_definition']}/", **options
    )
    page.locator(DRAWN).wait_for()
    return page


def test_picture_is_moved_and_zoomed_by_keys(people: People, site: Site) -> None:
    page = _open(people, site)
    view = page.locator(".diagram .viewport")
    svg = page.locator(".diagram svg[role=img]")
    svg.focus()
    before, place = view.evaluate(SCALE), view.evaluate(PLACE)
    page.keyboard.press("ArrowRight")
    assert view.evaluate(PLACE)[0] == pytest.approx(place[0] - 60, abs=0.01)
    page.keyboard.press("+")
    assert view.evaluate(SCALE) > before
    page.keyboard.press("0")
    assert view.evaluate(SCALE) == pytest.approx(before)
    assert view.evaluate(PLACE) == pytest.approx(place, abs=0.01)
    assert svg.evaluate("el => getComputedStyle(el).outlineStyle") == "solid"


def test_buttons_zoom_and_have_names(people: People, site: Site) -> None:
    page = _open(people, site)
    view = page.locator(".diagram .viewport")
    before = view.evaluate(SCALE)
    page.get_by_role("button", name="Zoom out").click()
    assert view.evaluate(SCALE) < before
    page.get_by_role("button", name="Fit the picture").click()
    assert view.evaluate(SCALE) == pytest.approx(before)


def test_wheel_moves_the_page_until_the_picture_has_the_focus(
    people: People, site: Site
) -> None:
    page = _open(people, site)
    view = page.locator(".diagram .viewport")
    box = page.locator(".diagram").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    place = view.evaluate(PLACE)
    page.mouse.wheel(0, 40)
    page.wait_for_timeout(200)
    assert view.evaluate(PLACE) == place
    page.locator(".diagram svg[role=img]").focus()
    page.mouse.wheel(0, 40)
    page.wait_for_function(
        "place => new DOMMatrix(getComputedStyle(document.querySelector("
        "'.diagram .viewport')).transform).f !== place",
        arg=place[1],
    )


def test_dark_picture_is_light_on_dark_with_a_readable_watermark(
    people: People, site: Site
) -> None:
    page = _open(people, site, color_scheme="dark")
    frame = page.locator(".diagram")
    paper = frame.evaluate("el => getComputedStyle(el).backgroundColor")
    assert paper == "rgb(22, 29, 39)"
    shape = page.locator(".diagram .djs-shape rect").first
    assert shape.evaluate("el => getComputedStyle(el).fill") == paper
    mark = page.locator(".bjs-powered-by")
    expect(mark).to_be_visible()
    assert mark.evaluate("el => getComputedStyle(el).backgroundColor") == (
        "rgb(255, 255, 255)"
    )
    assert people.list_barriers(page) == []


def test_definition_without_a_diagram_is_drawn(people: People) -> None:
    page = people.page("carol", "/processes/")
    page.get_by_role("link", name="1.0.0").first.wait_for()
    page.get_by_text("booking").first.wait_for()
    links = page.locator("a[href^='/processes/']").evaluate_all(
        "all => all.map(a => a.getAttribute('href'))"
    )
    shapes = []
    for link in [one for one in links if one.strip("/").split("/")[-1].isdecimal()]:
        page.goto(link)
        page.locator(DRAWN).wait_for()
        shapes.append(page.locator(".diagram .djs-shape[data-element-id=book]").count())
    assert 1 in shapes
