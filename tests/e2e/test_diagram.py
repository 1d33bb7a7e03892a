"""The picture on the definition page: by key, in the dark, with its watermark."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Backstage, People, Site

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


IS_ON_TOP = """mark => {
    const { x, y, width, height } = mark.getBoundingClientRect();
    const places = [[0.5, 0.5], [0.1, 0.2], [0.9, 0.2], [0.1, 0.8], [0.9, 0.8]];
    return places.every(([right, down]) => document
        .elementFromPoint(x + right * width, y + down * height)
        ?.closest(".bjs-powered-by") === mark);
}"""


def test_owner_draws_a_second_person_approves_and_only_new_cases_follow(
    people: People, site: Site, backstage: Backstage
) -> None:
    page = people.page("olga", "/definitions/")
    page.get_by_role("button", name="Begin a draft of Loan approval").click()
    page.get_by_role("link", name="Open the modeler").click()
    page.locator("[data-modeler][data-state=drawn]").wait_for()
    mark = page.locator("[data-modeler] .bjs-powered-by")
    expect(mark).to_be_visible()
    assert mark.evaluate(IS_ON_TOP)
    status, found = (
        page.locator("[data-model-status]"),
        page.locator("[data-model-lint]"),
    )
    page.locator("[data-model-elements]").select_option("decide")
    queue, goal = page.locator("[data-word=queue]"), page.locator("[data-word=sla]")
    expect(queue).to_have_value("credit")
    queue.fill("head-of-credit")
    goal.fill("soon")
    page.keyboard.press("Control+s")
    expect(found.locator(".lint-line")).to_contain_text("refused")
    expect(page.locator(".lint-badge")).to_have_text("1")
    page.locator("[data-model-elements]").select_option("")
    found.get_by_role("button", name="decide").click()
    expect(goal).to_have_value("soon")
    page.get_by_role("button", name="Undo").click()
    expect(goal).not_to_have_value("soon")
    expect(found).to_contain_text("Nothing was found")
    expect(status).to_contain_text("Saved as revision")
    expect(queue).to_have_value("head-of-credit")
    page.goto("/definitions/loan-approval/draft/propose/")
    page.get_by_label("Reason").fill("The head of credit decides on these now.")
    page.get_by_role("button", name="Propose 1.1.0").click()
    page.wait_for_url("**/definitions/changes/**")
    expect(page.get_by_text("a second person must approve it")).to_be_visible()
    other = people.page("erin", page.url)
    expect(other.locator(".lint-line").first).to_contain_text("head-of-credit")
    other.get_by_role("button", name="Approve").click()
    expect(other.get_by_text("Approved and done", exact=True)).to_be_visible()
    old, new = site.made["loan_instance"], backstage.start_loan()
    for instance_id, version in ((old, "1.0.0"), (new, "1.1.0")):
        other.goto(f"/instances/{instance_id}/")
        expect(other.locator("main")).to_contain_text(version)
