"""The task page as only a browser shows it: panes, evidence, moving on, undo."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Backstage, People


@pytest.fixture
def slow_desk(backstage: Backstage) -> Iterator[None]:
    """Let verdicts settle for a while, and the next task be taken ahead."""
    backstage.set_rules(undo_seconds=30, claim_ahead=1)
    yield
    backstage.set_rules(undo_seconds=0, claim_ahead=0)


@pytest.mark.usefixtures("slow_desk")
def test_handing_in_moves_on_at_once_and_can_be_undone_from_there(
    people: People,
) -> None:
    page = people.page("bob", "/queues/desk/")
    page.keyboard.press("n")
    page.wait_for_url("**/tasks/**")
    first = page.url
    page.evaluate("window.sameDocument = true")
    expect(page.locator("[data-ahead-state]")).to_contain_text("Next case ready")
    page.keyboard.press("a")
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-toast]")).to_contain_text("Recorded")
    assert page.evaluate("window.sameDocument") is True
    assert page.url != first
    expect(page.locator("h1")).to_be_focused()
    expect(page.locator("#announce")).to_contain_text("Next: ")
    expect(page.locator("[data-lease-left]")).to_have_text(re.compile(r"^\d\d:\d\d$"))
    page.keyboard.press("z")
    page.wait_for_url(first)
    expect(page.get_by_role("radio", name="Approve", exact=True)).to_be_checked()
    page.keyboard.press("Shift+G")
    page.wait_for_url("**/queues/**")


def test_going_over_the_fields_lights_where_each_was_read(people: People) -> None:
    page = people.page("alice", "/queues/desk/")
    page.keyboard.press("n")
    page.wait_for_url("**/tasks/**")
    page.keyboard.press("j")
    expect(page.locator("mark.is-lit")).to_have_text("1210.00")
    page.keyboard.press("Enter")
    expect(page.locator("mark.is-lit")).to_be_focused()
    # A reason brings its policy, and a text that goes behind what was typed.
    page.keyboard.press("1")
    policy = page.locator("[data-policy-for=documents-missing]")
    expect(policy).to_contain_text("What documents-missing means.")
    words = page.get_by_role("textbox", name="Rationale")
    words.fill("As said.")
    page.keyboard.press("Control+i")
    expect(words).to_have_value("As said.\nOf [what]: documents-missing.")
    page.keyboard.type("May")
    expect(words).to_have_value("As said.\nOf May: documents-missing.")
    page.locator("[data-splitter]").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".review")).to_have_attribute("data-split", "50")
    page.wait_for_timeout(900)
    page.reload()
    expect(page.locator(".review")).to_have_attribute("data-split", "50")
    page.set_viewport_size({"width": 320, "height": 256})
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not wide, "at 400 % zoom the page must not scroll sideways"
    page.keyboard.press("Shift+G")
    page.wait_for_url("**/queues/**")
