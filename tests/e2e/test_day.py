"""A working day by keyboard alone, and what goes wrong in one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Backstage, People

CASES: Final = 50
REJECTING: Final = ("documents-missing", "identity", "income", "papers", "purpose")
EDITING: Final = ("misread", "outdated", "rounded")
WORDS: Final = "The papers say something else."
_SAID: Final = """
    SELECT i.business_key, v.decision, v.reason_code, v.rationale
    FROM review_verdict v JOIN workflows_instance i ON i.id = v.instance_id
    WHERE i.business_key LIKE 'Day %%' ORDER BY v.id
"""
_LATER: Final = """
    UPDATE review_task SET serve_at = serve_at + interval '1 day'
    WHERE state = 'OPEN' AND queue_id = (SELECT id FROM review_queue WHERE key = 'day')
"""
_LAPSE_ALL: Final = """
    UPDATE review_task SET lease_until = clock_timestamp() - interval '1 second'
    WHERE state = 'CLAIMED'
"""


@pytest.fixture(autouse=True)
def _put_back(backstage: Backstage) -> Iterator[None]:
    """Leave nothing in anybody's hands."""
    yield
    backstage.rows(_LAPSE_ALL)


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def case_of(page: Page) -> str:
    return page.locator("#task").get_attribute("data-case") or ""


def say(page: Page, words: str) -> None:
    """Type words where the rationale goes, by way of the keyboard."""
    for _ in range(40):
        if page.evaluate("document.activeElement?.name") == "rationale":
            break
        press(page, "Tab")
    page.keyboard.type(words)


def expect_next(page: Page, after: str) -> None:
    """Expect another task to have taken the page, the focus on its heading."""
    expect(page.locator("#task")).not_to_have_attribute("data-case", after)
    expect(page.locator("h1")).to_be_focused()
    expect(page.locator("[data-toast]")).to_contain_text("Recorded")


def decide(page: Page, number: int) -> tuple[str, str, str]:
    """Decide the task on the page as its number has it; return what was decided."""
    # What was taken ahead is begun by the time that anybody has read it.
    expect(page.locator("[data-begin-url]")).to_have_count(0)
    match number % 5:
        case 0:
            said = ("APPROVE", "", "")
            press(page, "a")
        case 1:
            digit = number // 5 % 5
            said = ("REJECT", REJECTING[digit], WORDS)
            press(page, "r", str(digit + 1))
            say(page, WORDS)
        case 2:
            said = ("REJECT", "identity", WORDS)
            press(page, "2")  # a reason stands for its decision
            say(page, WORDS)
        case 3:
            digit = number // 5 % 3
            said = ("EDIT_AND_APPROVE", EDITING[digit], "")
            press(page, "e", str(digit + 6), "Shift+Tab")
            expect(page.locator(".for-edit input:focus")).to_have_count(1)
            press(page, "Control+a")
            page.keyboard.type(f"Corrected {number}")
        case _:
            said = ("APPROVE", "", "")
            # Whoever comes back to the tab finds the next case prepared.
            page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
            expect(page.locator("[data-ahead-state]")).to_contain_text(
                "Next case ready"
            )
            page.evaluate("window.sameDocument = true")
            press(page, "a")
    press(page, "Control+Enter")
    return said


def test_a_day_of_fifty_cases_needs_the_keyboard_only(
    people: People, backstage: Backstage
) -> None:
    backstage.rows(_LATER)
    names = [f"Day {number:02}" for number in range(CASES + 1)]
    backstage.start(*names)
    page = people.page("alice", "/queues/day/")
    press(page, "n")
    expect(page.locator("h1")).to_be_focused()
    expected = {}
    for number in range(CASES):
        name = case_of(page)
        expected[name] = decide(page, number)
        expect_next(page, name)
        if number % 5 == 4:
            assert page.evaluate("window.sameDocument") is True
    said = backstage.rows(_SAID)
    assert {name: tuple(rest) for name, *rest in said} == expected
    assert len(said) == len(expected) == CASES
