"""Hours in one tab: hundreds of tasks one after the other in one document, which stays small.

`make long-session` works through the promised 500; the suite through fewer.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, Final

import pytest
from playwright.sync_api import CDPSession, Page, expect

from tests.e2e.conftest import Backstage, People

ITEMS: Final = int(os.environ.get("LONG_SESSION", "30"))
WARM: Final = min(50, ITEMS // 2)
# What a document may gain between the two looks, in all, however many tasks lie
# between.
MOST_BYTES: Final = 1_000_000
# A page that is just left may still be there: two of them at most.
MOST_NODES: Final = 2_500
MOST_LISTENERS: Final = 40
_TAKE_BACK: Final = """
    UPDATE review_task SET lease_until = clock_timestamp() - interval '1 second'
    WHERE state = 'CLAIMED'
"""


@pytest.fixture
def session(people: People, backstage: Backstage) -> Iterator[Page]:
    """Somebody who has taken the first of many tasks."""
    for first in range(0, ITEMS + 2, 100):
        names = range(first, min(first + 100, ITEMS + 2))
        backstage.start(*(f"Long {number:03}" for number in names))
    page = people.page("bob", "/queues/day/")
    page.keyboard.press("n")
    page.wait_for_url("**/tasks/**")
    yield page
    backstage.rows(_TAKE_BACK)


def measure(devtools: CDPSession) -> dict[str, Any]:
    """Return what the tab holds once nothing is left to collect."""
    devtools.send("HeapProfiler.collectGarbage")
    found = devtools.send("Performance.getMetrics")["metrics"]
    counts = {each["name"]: int(each["value"]) for each in found}
    used = devtools.send("Runtime.getHeapUsage")["usedSize"]
    return {
        "bytes": int(used),
        "nodes": counts["Nodes"],
        "listeners": counts["JSEventListeners"],
        "documents": counts["Documents"],
    }


def move_on(page: Page) -> None:
    """Approve the task on the page and move on to the one prepared meanwhile."""
    task = page.locator("#task")
    case = task.get_attribute("data-case") or ""
    expect(page.locator("[data-begin-url]")).to_have_count(0)
    # Who comes back to the tab finds the next one prepared without waiting for it.
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("[data-ahead-state]")).to_contain_text("Next case ready")
    page.keyboard.press("a")
    page.keyboard.press("Control+Enter")
    expect(task).not_to_have_attribute("data-case", case)
    expect(page.locator("[data-toast]")).to_contain_text(f"for {case}.")


def test_a_tab_stays_small_however_many_tasks_it_has_seen(
    session: Page, record_property: Any
) -> None:
    session.evaluate("window.sameDocument = true")
    devtools = session.context.new_cdp_session(session)
    devtools.send("Performance.enable")
    for _ in range(WARM):
        move_on(session)
    before = measure(devtools)
    for _ in range(ITEMS - WARM):
        move_on(session)
    after = measure(devtools)
    assert session.evaluate("window.sameDocument") is True
    record_property("before", before)
    record_property("after", after)
    print(f"{WARM} tasks: {before}; {ITEMS} tasks: {after}")  # noqa: T201
    assert after["bytes"] - before["bytes"] < MOST_BYTES
    assert after["nodes"] - before["nodes"] < MOST_NODES
    assert after["listeners"] - before["listeners"] < MOST_LISTENERS
    assert after["documents"] - before["documents"] <= 8
