"""Take pictures of pages and keep them small."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import Final, Literal

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page

PASSWORD: Final = "countersign-demo"
QUALITY: Final = 38
TALLEST: Final = 2400


@dataclass(frozen=True, slots=True)
class Look:
    """One way to see a page: on a screen, in one's own colours, on paper."""

    name: str
    scheme: Literal["light", "dark"]
    width: int
    height: int
    medium: Literal["screen", "print"] = "screen"
    colors: Literal["none", "active"] = "none"


LOOKS: Final = (
    Look("light", "light", 1280, 900),
    Look("dark", "dark", 1280, 900),
    Look("light-390", "light", 390, 844),
    Look("dark-390", "dark", 390, 844),
)
DRAWN: Final = (
    Look("own-colours", "dark", 1280, 900, colors="active"),
    Look("print", "light", 1000, 900, medium="print"),
)
"""How charts have to be legible as well."""
WITH_CHARTS: Final = frozenset({"dashboard", "objective", "what really happened"})


def looks_of(name: str) -> tuple[Look, ...]:
    """Return the looks in which a page is taken."""
    return (*LOOKS, *DRAWN) if name in WITH_CHARTS else LOOKS


def sign_in(browser: Browser, *, url: str, username: str, look: Look) -> BrowserContext:
    """Return a browser window of somebody signed in; "" signs nobody in."""
    context = browser.new_context(
        base_url=url,
        color_scheme=look.scheme,
        forced_colors=look.colors,
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
    page.emulate_media(media=look.medium)
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
    """Return a PNG as a WebP that is still read with ease: a fifth of its bytes."""
    out = io.BytesIO()
    whole = Image.open(io.BytesIO(picture)).convert("RGB")
    whole.save(out, "WEBP", quality=QUALITY, method=6)
    return out.getvalue()


def file_name(name: str, look: Look) -> str:
    """Return the file of a page's picture, e.g. "act-on-many-dark-390.webp"."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower().replace("'", "")).strip("-")
    return f"{slug}-{look.name}.webp"
