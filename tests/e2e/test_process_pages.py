"""Pages on how a process runs: live marks, refreshing numbers, versions compared."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Backstage, People

DRAWN = "[data-diagram][data-state=drawn]"
SCALE = "el => new DOMMatrix(getComputedStyle(el).transform).a"
TOPMOST = """
    el => [[0.5, 0.5], [0.05, 0.1], [0.95, 0.1], [0.05, 0.9], [0.95, 0.9]].every(([x, y]) => {
      const box = el.getBoundingClientRect();
      const there = document.elementFromPoint(
        box.left + box.width * x, box.top + box.height * y);
      return el.contains(there);
    })
"""


def _process(people: People, path: str, **options: Any) -> Page:
    page = people.page("carol", path, **options)
    page.locator(DRAWN).first.wait_for()
    return page


def test_marks_and_table_lead_to_the_instances_that_a_node_counts(
    people: People,
) -> None:
    page = _process(people, "/processes/screens/")
    row = page.locator("tr[data-node=one]")
    live = row.locator("[data-mark=live]")
    count = live.inner_text()
    mark = page.locator(".djs-overlays[data-container-id=one] .diagram-mark.is-live")
    expect(mark).to_have_text(count)
    assert mark.get_attribute("tabindex") == "-1"
    mark.click()
    page.wait_for_url("**/instances/?definition=screens&node=one")
    assert page.locator("tr[data-row]").count() == int(count)
    page.go_back()
    page.locator(DRAWN).wait_for()
    live.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/instances/?definition=screens&node=one")
    assert people.list_barriers(page) == []


def test_new_case_changes_the_numbers_and_leaves_the_picture(
    people: People, backstage: Backstage
) -> None:
    page = _process(people, "/processes/screens/")
    mark = page.locator(".djs-overlays[data-container-id=one] .diagram-mark.is-live")
    count = int(mark.inner_text())
    page.get_by_role("button", name="Zoom in").click()
    scale = page.locator(".diagram .viewport").evaluate(SCALE)
    page.locator(".diagram svg[role=img]").evaluate("el => { el.dataset.same = 'yes' }")
    backstage.start_case()
    expect(mark).to_have_text(str(count + 1), timeout=30_000)
    assert page.locator(".diagram svg[data-same=yes]").count() == 1
    assert page.locator(".diagram .viewport").evaluate(SCALE) == scale


def test_heat_is_told_by_level_beside_colour(people: People) -> None:
    page = _process(people, "/processes/loan-approval/?heat=volume")
    hot = page.locator("tr[data-level='5']").first
    expect(hot.get_by_text("5 of 5")).to_be_visible()
    node = hot.get_attribute("data-node")
    shape = page.locator(f".djs-element[data-element-id={node}] .djs-visual > *").first
    assert shape.evaluate("el => getComputedStyle(el).strokeWidth") == "6px"
    time = page.get_by_role("link", name="Time", exact=True)
    time.click()
    expect(time).to_have_attribute("aria-current", "true")


@pytest.mark.parametrize(
    "path", ["", "map/", "compare/"], ids=["live", "map", "compare"]
)
def test_nothing_lies_over_a_watermark_wherever_the_picture_is(
    people: People, path: str
) -> None:
    page = people.page("carol", f"/processes/booking/{path}")
    page.locator("[data-state=drawn]").last.wait_for()
    marks = page.locator(".bjs-powered-by")
    assert marks.count() == (2 if path == "compare/" else 1)
    for index in range(marks.count()):
        mark = marks.nth(index)
        mark.scroll_into_view_if_needed()
        expect(mark).to_be_visible()
        page.locator(".diagram svg[role=img]").nth(index).focus()
        for key in ("0", "ArrowLeft", "ArrowUp", "+", "ArrowLeft", "ArrowUp"):
            page.keyboard.press(key)
            assert mark.evaluate(TOPMOST)
        assert mark.evaluate("el => getComputedStyle(el).opacity") == "1"


def test_two_versions_show_what_differs_on_both_pictures(people: People) -> None:
    page = people.page("olga", "/processes/booking/compare/")
    pictures = page.locator("[data-compared][data-state=drawn]")
    pictures.nth(1).wait_for()
    for number in range(2):
        picture = pictures.nth(number)
        assert picture.locator("[data-element-id=book].is-changed").count() == 1
    assert pictures.nth(0).locator(".is-added").count() == 0
    assert pictures.nth(1).locator("[data-element-id=note].is-added").count() == 1
    expect(page.get_by_text("the name was “Book”, is now “Book it”")).to_be_visible()
    page.get_by_role("button", name="Show service task “Book it”").click()
    assert people.list_barriers(page) == []
