"""Take pictures of pages and keep them small."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page

PASSWORD: Final = "countersign-demo"
MOST_BYTES: Final = 80_000
TALLEST: Final = 2400
COLORS: Final = (96, 64, 32, 16)


@dataclass(frozen=True, slots=True)
class Look:
    """One way to see a page."""

    name: str
    scheme: str
    width: int
    height: int


LOOKS: Final = (
    Look("light", "light", 1280, 900),
    Look("dark", "dark", 1280, 900),
    Look("light-390", "light", 390, 844),
    Look("dark-390", "dark", 390, 844),
)


def sign_in(browser: Browser, *, url: str, username: str, look: Look) -> BrowserContext:
    """Return a browser window of somebody signed in; "" signs nobody in."""
    context = browser.new_context(
        base_url=url,
        color_scheme="dark" if look.scheme == "dark" else "light",
        viewport={"width": look.width, "height": look.height},
        reduced_motion="reduce",
        locale="en-GB",
    )
    if username:
        page = context.new_page()
        page.goto("/sign-in/")
        page.fill("[name=username]", username)
        page.fill("[name=password]", PASSWORD)
        page.locator("main [type=submit], form [type=submit]").first.click()
        page.wait_for_url(lambda at: "/sign-in/" not in at)
        page.close()
    return context


def take(page: Page, place: str, *, look: Look) -> bytes:
    """Open a page and return its picture, the whole of it but for what is very long.

    Raises RuntimeError where the page answers with an error.
    """
    answer = page.goto(place, wait_until="load")
    if answer is None or answer.status >= 400:
        raise RuntimeError(f"{place} answers {answer.status if answer else 'nothing'}.")
    # Diagrams and panels come after the page; a page with an open socket is never idle.
    page.wait_for_timeout(500)
    height = page.evaluate("document.documentElement.scrollHeight")
    shown = min(max(int(height), look.height), TALLEST)
    page.set_viewport_size({"width": look.width, "height": shown})
    page.wait_for_timeout(150)
    picture = page.screenshot(animations="disabled", caret="hide")
    page.set_viewport_size({"width": look.width, "height": look.height})
    return picture


def shrink(picture: bytes) -> bytes:
    """Return a PNG of few colours: as many as keep it below MOST_BYTES, at least 16."""
    whole = Image.open(io.BytesIO(picture)).convert("RGB")
    small = b""
    for colors in COLORS:
        out = io.BytesIO()
        # By coverage: what is rare on a page (a red that warns) keeps its colour.
        reduced = whole.quantize(
            colors, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
        )
        reduced.save(out, "PNG", optimize=True)
        small = out.getvalue()
        if len(small) <= MOST_BYTES:
            break
    return small


def file_name(name: str, look: Look) -> str:
    """Return the file of a page's picture, e.g. "act-on-many-dark-390.png"."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower().replace("'", "")).strip("-")
    return f"{slug}-{look.name}.png"


def choose(
    names: list[str], folder: Path, *, budget: int
) -> dict[str, list[tuple[Look, str]]]:
    """Return which pictures go into the docs: all in light first, then the other looks.

    As many as the budget of bytes allows; page by page, so that no look is of one half
    of the pages only because of the alphabet's order it takes the smallest first.
    """
    chosen: dict[str, list[tuple[Look, str]]] = {name: [] for name in names}
    for look in LOOKS:
        files = [(name, folder / file_name(name, look)) for name in names]
        there = [
            (path.stat().st_size, name, path) for name, path in files if path.exists()
        ]
        for size, name, path in sorted(there):
            if size <= budget:
                budget -= size
                chosen[name].append((look, path.name))
    return {name: looks for name, looks in chosen.items() if looks}
