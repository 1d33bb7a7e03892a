"""`python -m tests.screenshots [NAME ...]`: every page of the demonstration as pictures.

Starts a demonstration of its own, signs in as each role, and takes each page of
tests/e2e/console_pages.py in light and dark, wide and on a phone, and those with charts
in forced colours and in print. They go to docs/images/screens/, with docs/screens.md.
With SCREENSHOTS_URL a demonstration that runs already is visited instead; with names,
which commas may part, only those pages are taken anew.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("COUNTERSIGN_SECRET_KEY", "only-to-know-the-addresses")
django.setup()

from playwright.sync_api import Browser, BrowserContext, Error  # noqa: E402

from tests.browser import open_chromium  # noqa: E402
from tests.e2e.console_pages import PAGES  # noqa: E402
from tests.screenshots.beforehand import prepare  # noqa: E402
from tests.screenshots.pictures import (  # noqa: E402
    DRAWN,
    LOOKS,
    Look,
    file_name,
    looks_of,
    shrink,
    sign_in,
    take,
)
from tests.screenshots.places import PEOPLE, find_places  # noqa: E402

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs" / "images" / "screens"
INDEX: Final = ROOT / "docs" / "screens.md"
READY_SECONDS: Final = 600
_READY: Final = re.compile(r"http://127\.0\.0\.1:\d+")


def main(names: list[str]) -> int:
    """Take the pictures; return the exit status."""
    unknown = set(names) - set(PAGES)
    if unknown:
        print(f"There is no page {min(unknown)!r}.", file=sys.stderr)
        return 2
    DOCS.mkdir(parents=True, exist_ok=True)
    with _site() as url, open_chromium() as browser:
        shown, failed = prepare(browser, url)
        for line in failed:
            print(f"not done: {line}")
        wanted = names or list(PAGES)
        found = _find_all(browser, url, wanted) | shown
        places = {
            name: found[name] for name in PAGES if name in found and name in wanted
        }
        broken = [
            line
            for look in (*LOOKS, *DRAWN)
            for line in _take_all(browser, url, places, look)
        ]
    for name in sorted(set(wanted) - set(places)):
        print(f"not found in the demonstration: {name}")
    for line in broken:
        print(line, file=sys.stderr)
    _publish()
    return 1 if broken else 0


def _find_all(browser: Browser, url: str, names: list[str]) -> dict[str, str]:
    """Return where each page is."""
    found: dict[str, str] = {}
    for person in dict.fromkeys(PAGES[name][0] for name in names):
        pages = {name: PAGES[name][1] for name in names if PAGES[name][0] == person}
        context = sign_in(browser, url=url, username=PEOPLE[person], look=LOOKS[0])
        found |= find_places(pages, read=lambda at, c=context: _read(c, at), url=url)  # type: ignore[misc]
        context.close()
        print(f"{PEOPLE[person] or 'nobody'}: {len(pages)} pages", flush=True)
    return found


def _read(context: BrowserContext, place: str) -> str:
    """Return a page's text, "" where it is none or not for this person."""
    answer = context.request.get(place, headers={"Accept": "text/html"})
    is_page = "text/html" in answer.headers.get("content-type", "")
    return answer.text() if answer.ok and is_page else ""


def _take_all(
    browser: Browser, url: str, places: dict[str, str], look: Look
) -> Iterator[str]:
    """Take all pages in one look; yield what could not be taken."""
    for person in dict.fromkeys(PAGES[name][0] for name in places):
        context = sign_in(browser, url=url, username=PEOPLE[person], look=look)
        page = context.new_page()
        for name, place in places.items():
            if PAGES[name][0] != person or look not in looks_of(name):
                continue
            try:
                picture = take(page, place, look=look)
            except (Error, RuntimeError) as error:
                yield f"{name} ({look.name}): {error}"
                continue
            (DOCS / file_name(name, look)).write_bytes(shrink(picture))
        context.close()
    print(f"{look.name}: taken", flush=True)


def _publish() -> None:
    """Write the index of the pictures that are there; those of no page go."""
    kept = {
        file_name(name, look): (name, look) for name in PAGES for look in looks_of(name)
    }
    there = {path.name for path in DOCS.iterdir()}
    for name in there - kept.keys():
        (DOCS / name).unlink()
    names = [name for name in PAGES if file_name(name, LOOKS[0]) in there]
    missing = sorted(set(PAGES) - set(names))
    lines = [
        "# Screens",
        "",
        "Every page of the console as the demonstration shows it: light and dark, wide",
        "and on a phone; those with charts also in colours of one's own and on paper.",
        "Taken by `make screenshots`.",
        "",
    ]
    for name in names:
        lines += [f"## {name[0].upper()}{name[1:]}", ""]
        lines += [
            f"![{name}, {look.name}](images/screens/{file_name(name, look)})"
            for look in looks_of(name)
            if file_name(name, look) in there
        ]
        lines.append("")
    if missing:
        lines += ["Not in the demonstration: " + ", ".join(missing) + ".", ""]
    INDEX.write_text("\n".join(lines), encoding="utf-8")
    size = sum(path.stat().st_size for path in DOCS.iterdir())
    print(f"{len(there & kept.keys())} pictures, {size / 1e6:.1f} MB")


@contextmanager
def _site() -> Iterator[str]:
    """Give the address of a demonstration; one of our own ends with the program."""
    if running := os.environ.get("SCREENSHOTS_URL"):
        yield running.rstrip("/")
        return
    folder = Path(tempfile.mkdtemp(prefix="countersign-screens-"))
    folder.chmod(0o755)
    log = folder / "up.log"
    command = [sys.executable, "manage.py", "up", "--demo", "--port", "0"]
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"COUNTERSIGN_SECRET_KEY", "DATABASE_URL", "REDIS_URL"}
    } | {"COUNTERSIGN_DUAL_CONTROL": "cancel"}
    with log.open("wb") as out:
        child = subprocess.Popen(
            [*command, "--workers", "1", "--data-dir", str(folder / "data")],
            cwd=ROOT,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield _await(child, log)
    finally:
        child.send_signal(signal.SIGINT)
        child.wait(timeout=60)
        shutil.rmtree(folder, ignore_errors=True)


def _await(child: subprocess.Popen[bytes], log: Path) -> str:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until and child.poll() is None:
        found = _READY.findall(log.read_text(encoding="utf-8"))
        if found:
            return str(found[-1])
        time.sleep(0.5)
    raise RuntimeError(f"The demonstration did not start:\n{log.read_text()[-2000:]}")


if __name__ == "__main__":
    sys.exit(main([name for one in sys.argv[1:] for name in one.split(",")]))
