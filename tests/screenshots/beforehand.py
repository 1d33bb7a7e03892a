"""What is done in the demonstration first, so that pages which come of acts are there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from playwright.sync_api import Browser, Error, Page

from tests.screenshots.pictures import LOOKS, sign_in


@dataclass(frozen=True, slots=True)
class Deed:
    """Somebody opens a page, follows links, fills in fields, presses a button.

    He may open a part of the page, choose from what it holds, and tick all tasks first.

    `page` is which page of the list he comes to by it, where no link leads there.
    """

    person: str
    place: str
    button: str
    fields: dict[str, str] = field(default_factory=dict)
    links: tuple[str, ...] = ()
    opens: str = ""
    chooses: str = ""
    ticks_all: bool = False
    page: str = ""


DEEDS: Final = (
    Deed("dana", "/audit/controls/", "Run the tests"),
    Deed("dana", "/audit/samples/new/", "Draw", {"title": "Decisions of this week"}),
    Deed(
        "dana",
        "/audit/samples/",
        "Build the bundle",
        links=("Decisions of this week",),
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
    Deed("otto", "/definitions/", "Approve", links=("Look and decide",)),
    Deed("olga", "/definitions/", "Begin a draft of Loan approval"),
    Deed(
        "olga",
        "/stops/new/?kind=CELL&queue=invoices",
        "Stop it now",
        {"reason": "Two invoices were paid twice; we look at the rest ourselves."},
    ),
    Deed(
        "olga",
        "/instances/?state=ACTIVE&definition=travel-declaration",
        "Propose",
        {"reason": "Declared a second time; the first one is being paid."},
        links=("TRIP-20",),
        opens="Act",
        chooses="Cancel",
    ),
    Deed(
        "alice",
        "/queues/credit/",
        "Approve together",
        ticks_all=True,
        page="batch",
    ),
    Deed(
        "mona",
        "/instances/?definition=trip-booking",
        "",
        links=("TRAVEL-3", "Its clock"),
        page="an instance's clock",
    ),
)


def prepare(browser: Browser, url: str) -> tuple[dict[str, str], list[str]]:
    """Do it all; return where pages are, and what could not be done.

    What could not be done costs a page and no more.
    """
    places: dict[str, str] = {}
    failed: list[str] = []
    for deed in DEEDS:
        context = sign_in(browser, url=url, username=deed.person, look=LOOKS[0])
        try:
            place = _do(context.new_page(), deed)
        except Error as error:
            failed.append(f"{deed.button} ({deed.place}): {error.message[:200]}")
        else:
            places |= {deed.page: place.removeprefix(url)} if deed.page else {}
        context.close()
    return places, failed


def _do(page: Page, deed: Deed) -> str:
    """Do it; return where it leads."""
    page.set_default_timeout(15_000)
    page.goto(deed.place)
    for link in deed.links:
        with page.expect_navigation():
            page.locator("main").get_by_role("link", name=link).first.click()
    if deed.opens:
        page.locator("summary", has_text=deed.opens).first.click()
    if deed.chooses:
        page.locator("main").get_by_role("link", name=deed.chooses).first.click()
    if deed.ticks_all:
        page.locator("main thead input[type=checkbox]").check()
        _press(page, deed.button)
    for name, value in deed.fields.items():
        page.locator(f":is(main, dialog[open]) [name={name}]").first.fill(value)
    if deed.button:
        _press(page, deed.button)
    return page.url


def _press(page: Page, button: str) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name=button).first.click()
