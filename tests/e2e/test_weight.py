"""What a reviewer's browser fetches besides the pages: at most 80 KB, compressed."""

from __future__ import annotations

import gzip
from typing import Final

from playwright.sync_api import Page, expect

from tests.e2e.conftest import Backstage, People

BUDGET_BYTES: Final = 80 * 1024


def fetched(page: Page) -> set[str]:
    """Return the addresses of static files, as they are fetched from now on."""
    urls: set[str] = set()
    page.on(
        "response",
        lambda answer: urls.add(answer.url) if "/static/" in answer.url else None,
    )
    return urls


def weigh(page: Page, urls: set[str]) -> dict[str, int]:
    """Return what each file weighs as it is sent."""
    return {
        url.partition("/static/")[2]: len(
            gzip.compress(page.request.get(url).body(), 9)
        )
        for url in sorted(urls)
    }


def test_a_reviewers_pages_keep_to_their_budget_together(
    people: People, backstage: Backstage
) -> None:
    (task,) = backstage.start("Heavy", has_files=True)
    page = people.page()
    urls = fetched(page)
    page.goto("/sign-in/")
    page.fill("[name=username]", "alice")
    page.fill("[name=password]", "a-long-password")
    page.click("button[type=submit]")
    page.wait_for_url("**/")
    seen = {}
    for name, path in (
        ("my work", "/"),
        ("a queue", "/queues/day/"),
        ("a task", f"/tasks/{task}/"),
    ):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        seen[name] = {*urls}
    page.keyboard.press("n")
    page.locator("[data-lease]").wait_for()
    for _ in ("picture", "letter"):
        page.keyboard.press("]")
    expect(page.locator(".source-panel.is-current img").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    seen["the task held, its files looked at"] = {*urls}
    sizes = weigh(page, urls)
    table = [f"{size:7} {name}" for name, size in sizes.items()]
    for name, known in seen.items():
        size = sum(sizes[url.partition("/static/")[2]] for url in known)
        table.append(f"{size:7} up to {name}")
    print("\n".join(table))  # noqa: T201
    assert sum(sizes.values()) <= BUDGET_BYTES, "\n".join(table)
    page.keyboard.press("Shift+G")
    page.wait_for_url("**/queues/**")
