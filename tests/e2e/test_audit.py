"""An auditor's day: search, draw by discovery, tick by key, take along, verify alone."""

import subprocess
import sys
import zipfile
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.conftest import Backstage, People

CASES = 62
SIZE = 59
PATIENCE = 30_000
"""Milliseconds for a page after the one before: many are asked for in a row."""


def _draw(page: Page) -> None:
    """Search the day's process, and draw 59 of its cases."""
    page.keyboard.press("/")
    page.keyboard.type("task.opened")
    page.locator("summary", has_text="Case").click()
    page.get_by_label("Process", exact=True).fill("day")
    page.get_by_role("button", name="Search", exact=True).click()
    page.get_by_role("link", name="Draw a sample").click()
    page.get_by_label("Title").fill("First quarter")
    page.get_by_role("button", name="Work the size out").click()
    expect(page.locator(".number-line")).to_contain_text("59 of")
    page.get_by_role("button", name="Draw", exact=True).click()
    expect(page.locator("h1")).to_have_text("First quarter")


def _tick(page: Page, number: int) -> None:
    """Judge an item again and tick its six tests; an exception in the first's third."""
    heading = page.locator("h1")
    expect(heading).to_have_text(f"Item {number} of {SIZE}", timeout=PATIENCE)
    # The heading is there before the scripts that hear the keys are.
    page.wait_for_load_state()
    page.get_by_label("Would not decide").press("Space")
    for place in range(6):
        is_exception = (number, place) == (1, 2)
        page.keyboard.press("2" if is_exception else "1")
        if is_exception:
            page.keyboard.type("No words at all")
            page.keyboard.press("Tab")
    page.keyboard.press("Control+Enter")


def test_an_auditor_draws_ticks_exports_and_verifies(
    people: People, backstage: Backstage, tmp_path: Path
) -> None:
    backstage.start(*[f"Audited {number}" for number in range(CASES)])
    page = people.page("dan", "/audit/")
    _draw(page)
    rows = page.locator("tbody tr[data-row]")
    expect(rows).to_have_count(SIZE)

    paper = page.url
    rows.first.get_by_role("link").click()
    expect(page.locator("h1")).to_have_text(f"Item 1 of {SIZE}")
    assert people.list_barriers(page) == []
    for number in range(1, SIZE + 1):
        _tick(page, number)
    expect(page.locator("h1")).to_have_text("First quarter", timeout=PATIENCE)
    assert page.url == paper
    pills = rows.first.locator(".pill")
    expect(pills).to_have_text(["Ok", "Ok", "Exception", "Ok", "Ok", "Ok"])
    expect(rows.locator(".pill", has_text="Ok")).to_have_count(6 * SIZE - 1)
    found = page.locator("table", has_text="At most").locator("tr")
    # One of 59 is 1.69 %, and with 95 % confidence no more than Clopper and Pearson say.
    expect(found.filter(has_text="Rationale present")).to_contain_text("1.69%")

    page.locator("summary", has_text="Evidence as a bundle").click()
    page.get_by_role("button", name="Build the bundle").click()
    page.wait_for_url("**/bundles/*/")
    assert backstage.build_bundles() >= 1
    page.reload()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    archive = tmp_path / "bundle.zip"
    download.value.save_as(archive)
    with zipfile.ZipFile(archive) as bundle:
        bundle.extractall(tmp_path)
    (verifier,) = tmp_path.glob("*/verify.py")
    verified = subprocess.run(
        [sys.executable, "-I", str(verifier)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert verified.returncode == 0, verified.stdout[-2000:]

    page.goto("/audit/?bypass=yes&kind=evidence.*")
    expect(page.locator("main")).to_contain_text("Evidence exported")
    expect(page.locator("main")).to_contain_text("Evidence downloaded")
    page.close()
