"""A real browser for tests that need one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

# The first is the same browser without what draws windows: pages take a third less time.
NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
)
ALONE = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> str:
    """Return the browser's path; skip the test without one, or fail it in CI."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    reason = "there is no chromium on this machine (Debian's package is chromium)"
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(f"CI must run the browser tests, but {reason}.")
    pytest.skip(reason)


@contextmanager
def open_chromium() -> Iterator[Browser]:
    """Run one headless browser that talks to nobody but the site under test."""
    path = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*ALONE])
        yield browser
        browser.close()
