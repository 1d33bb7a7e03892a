"""The page of the API's description, in a real browser under the strict policy."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

CHROMIUM = shutil.which("chromium")

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine"),
]


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield browser.new_page()
        browser.close()


@pytest.mark.django_db(transaction=True)
def test_page_shows_the_api_without_a_violation(
    live_server: LiveServer, page: Page
) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"error: {error}"))
    page.goto(f"{live_server.url}/api/docs/")
    page.get_by_text("/api/v1/instances", exact=True).first.wait_for()
    page.get_by_text("Start an instance").first.click()
    page.get_by_text("Idempotency-Key").first.wait_for()
    assert [line for line in said if line.startswith(("error", "warning"))] == []
