"""What is done in the demonstration first, so that pages which come of acts are there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from playwright.sync_api import Browser, Error, Page

from tests.screenshots.pictures import LOOKS, sign_in


@dataclass(frozen=True, slots=True)
class Deed:
    """Somebody opens a page (or follows a link on it), fills in fields, presses a button."""

    person: str
    place: str
    button: str
    fields: dict[str, str] = field(default_factory=dict)
    link: str = ""
    opens: str = ""


DEEDS: Final = (
    Deed("dana", "/audit/controls/", "Run the tests"),
    Deed("dana", "/audit/samples/new/", "Draw", {"title": "Decisions of this week"}),
    Deed(
        "dana",
        "/audit/samples/",
        "Build the bundle",
        link="Decisions of this week",
        opens="Evidence as a bundle",
    ),
    Deed(
        "olga",
        "/incidents/groups/all/",
        "Do it",
        {"reason": "The papers have come by post meanwhile."},
    ),
    Deed("olga", "/definitions/", "Begin a draft of Loan approval"),
    Deed(
        "olga",
        "/definitions/loan-approval/draft/propose/",
        "Propose 1.",
        {"reason": "The names of two steps read better so."},
    ),
    Deed("otto", "/definitions/", "Approve", link="Look and decide"),
    Deed("olga", "/definitions/", "Begin a draft of Loan approval"),
    Deed(
        "olga",
        "/stops/new/?kind=CELL&queue=invoices",
        "Stop it now",
        {"reason": "Two invoices were paid twice; we look at the rest ourselves."},
    ),
)


def prepare(browser: Browser, url: str) -> list[str]:
    """Do it all; return what could not be done, which costs a page and no more."""
    failed = []
    for deed in DEEDS:
        context = sign_in(browser, url=url, username=deed.person, look=LOOKS[0])
        try:
            _do(context.new_page(), deed)
        except Error as error:
            failed.append(f"{deed.button} ({deed.place}): {error.message[:200]}")
        context.close()
    return failed


def _do(page: Page, deed: Deed) -> None:
    page.set_default_timeout(15_000)
    page.goto(deed.place)
    if deed.link:
        page.get_by_role("link", name=deed.link).first.click()
        page.wait_for_load_state()
    if deed.opens:
        page.locator("summary", has_text=deed.opens).first.click()
    for name, value in deed.fields.items():
        page.locator(f"main [name={name}]").first.fill(value)
    button = page.get_by_role("button", name=deed.button).first
    with page.expect_navigation():
        button.click()
