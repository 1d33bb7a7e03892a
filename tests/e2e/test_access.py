"""Every page for everybody: axe-core, keys alone, 400 % zoom, own colours, no movement."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from django.urls import resolve
from django.urls.resolvers import URLPattern
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from review import urls
from tests.e2e.conftest import AXE, Backstage, People, Site
from tests.e2e.console_pages import ANSWERS, PAGES

CHECKS: Final = (Path(__file__).parent / "access.js").read_text(encoding="utf-8")
DRAWN: Final = "[data-diagram], [data-compared], [data-modeler], [data-panel]"
"""What scripts draw after the page has come."""
FORMATTER: Final = string.Formatter()
MOST_TABS: Final = 150
VIEWPORT: Final[ViewportSize] = {"width": 1280, "height": 720}  # Playwright's own
AT_400_PERCENT: Final = {"width": 320, "height": 700}
_OF_LAYOUT: Final = ("color-contrast", "scrollable-region-focusable", "target-size")
_AXE: Final = """
    only => axe.run(document, {
        resultTypes: ['violations'],
        rules: {'target-size': {enabled: true}},
        ...(only.length ? {runOnly: {type: 'rule', values: only}} : {}),
    })
"""


@pytest.fixture(scope="module")
def made(backstage: Backstage) -> dict[str, Any]:
    """Make one of everything that has a page, once for all pages."""
    return backstage.furnish()


@pytest.fixture(scope="module")
def visitors(
    chromium: Browser,
    site: Site,
    signed_in: dict[str, Any],
    kept: dict[str, BrowserContext],
) -> Iterator[People]:
    """Let each person keep a tab for all pages."""
    opened = People(chromium, site, signed_in, kept)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def tabs() -> dict[str, Page]:
    """Remember each person's tab: a browser takes longer for a new one than for a page."""
    return {}


@pytest.fixture
def page_of(
    visitors: People, made: dict[str, Any], tabs: dict[str, Page]
) -> Iterator[Any]:
    """Open a page by its name; nobody listens to what axe-core's own styles set off."""

    def open_page(name: str) -> Page:
        who, path = PAGES[name]
        known = {**visitors.site.made, **made}
        address = path.format(**known)
        if page := tabs.get(who):
            page.set_viewport_size(VIEWPORT)
            page.emulate_media(color_scheme="light", forced_colors="none")
            visitors.complaints.clear()
            page.goto(address)
        else:
            tabs[who] = page = visitors.page(who, address)
        drawn = page.locator(DRAWN).count()
        page.wait_for_load_state("networkidle" if drawn else "load")
        return page

    yield open_page
    assert visitors.complaints == []


def test_every_page_has_a_row_here() -> None:
    patterns: list[URLPattern] = urls.urlpatterns
    names = {each.name for each in patterns}
    holes = {
        hole for _, path in PAGES.values() for _, hole, _, _ in FORMATTER.parse(path)
    }
    known: dict[str, object] = {hole: 1 for hole in holes if hole}
    some = "00000000-0000-7000-8000-000000000000"
    known |= {hole: some for hole in known if hole.endswith("_instance")}
    shown = {
        resolve(path.format(**known).partition("?")[0]).url_name
        for _, path in PAGES.values()
    }
    assert names - shown - ANSWERS == set()
    assert ANSWERS - names == set()
    assert shown & ANSWERS == set()


def list_barriers(page: Page, *only: str) -> list[str]:
    """Return the serious violations that axe-core finds on a page as it stands."""
    found = page.evaluate(_AXE, [*only])
    return [
        f"{each['id']}: {node['html'][:160]} ({node['failureSummary'][:200]})"
        for each in found["violations"]
        if each["impact"] in {"serious", "critical"}
        for node in each["nodes"]
    ]


def show_whole(page: Page, width: int) -> None:
    """Let the window be as high as the page: bars at its edges cover nothing then."""
    page.set_viewport_size({"width": width, "height": 800})
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": width, "height": min(height, 6000)})


def walk_by_tab(page: Page) -> list[str]:
    """Go through what the page itself holds by Tab alone; return what is wrong."""
    stops = page.evaluate("access.begin()")
    for _ in range(min(stops + 8, MOST_TABS)):
        page.keyboard.press("Tab")
    if stops + 8 > MOST_TABS:
        return [one for one in page.evaluate("access.end()") if "reached" not in one]
    faults: list[str] = page.evaluate("access.end()")
    return faults


@pytest.mark.parametrize("name", PAGES)
def test_page_is_for_everybody(name: str, visitors: People, page_of: Any) -> None:
    page = page_of(name)
    faults: list[str] = []
    if page.locator("h1").count() != 1:
        faults.append("not one heading of the first level")
    page.evaluate(CHECKS)
    faults += page.evaluate("access.listMoving()")
    faults += walk_by_tab(page)
    page.emulate_media(forced_colors="active")
    faults += page.evaluate("access.listBorderless()")
    page.emulate_media(forced_colors="none")
    complaints = [*visitors.complaints]
    page.evaluate(AXE.read_text(encoding="utf-8"))
    show_whole(page, 1280)
    faults += list_barriers(page)
    page.emulate_media(color_scheme="dark")
    faults += [f"dark: {one}" for one in list_barriers(page, "color-contrast")]
    show_whole(page, 390)
    if (over := page.evaluate("access.tooWide()")) > 0:
        faults.append(f"at 390 px the page scrolls sideways by {over} px")
    faults += [f"narrow: {one}" for one in list_barriers(page, *_OF_LAYOUT)]
    page.set_viewport_size(AT_400_PERCENT)
    if (over := page.evaluate("access.tooWide()")) > 0:
        faults.append(f"at 400 % the page scrolls sideways by {over} px")
    visitors.complaints[:] = complaints
    assert not faults, "\n".join(faults)


def test_table_is_edited_by_keys_in_place_and_asks_before_it_is_left(
    visitors: People, page_of: Any
) -> None:
    page = page_of("decision table")
    focused = "document.activeElement.name"
    page.locator("[name=r0-t0]").focus()
    for key, name in (
        ("ArrowDown", "r1-t0"),
        ("Enter", "r2-t0"),
        ("Shift+Enter", "r1-t0"),
        ("ArrowRight", "r1-t1"),
        ("ArrowLeft", "r1-t0"),
        ("ArrowUp", "r0-t0"),
    ):
        page.keyboard.press(key)
        assert page.evaluate(focused) == name
    text = page.input_value("[name=r1-t2]")
    page.keyboard.press("Alt+ArrowDown")
    expect(page.locator("[name=r0-t2]")).to_have_value(text)
    page.locator("[name=r0-t2]").fill("< ")
    assert page.locator("[data-unsaved]").count() == 1
    page.keyboard.press("Control+Enter")
    expect(page.locator("#r0-faults")).to_contain_text("Rule 1, Amount: expected a")
    assert page.evaluate(focused) == "r0-t2"
    page.keyboard.press("Control+s")
    expect(page.locator("#editor [role=status]").first).to_have_text(
        re.compile("^Saved as revision")
    )
    assert page.locator("[data-unsaved]").count() == 0
    expect(page.locator("#r0-faults")).to_be_visible()
    complaints = [*visitors.complaints]
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert list_barriers(page) == []
    visitors.complaints[:] = complaints
