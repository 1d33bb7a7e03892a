"""Pages that hear nothing: promise 21 without a single hint. A real browser looks on.

`deaf stage` fills the site, `deaf act TASK OTHER` changes it from outside; `watch` opens the
pages and compares, part by part, what stands there with what a fresh fetch says.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import lxml.html
import redis
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser import open_chromium
from tests.faults.sites import Site

Told = dict[str, Any]

PASSWORD: Final = "a-long-password"  # as tests.factories.desk, which needs Django

REFRESH_SECONDS: Final = 30.0
"""A page fetches itself again so often, whatever it hears (static/js/live.js)."""
SOON_SECONDS: Final = 3
PATIENCE_SECONDS: Final = 45.0
SLACK_SECONDS: Final = 3.0
CLOCKS: Final = re.compile(r"\d{1,2}:\d\d(:\d\d)?|(\d+ (s|min|h|d)\b ?)+|just now")
# Of the dashboard's panels one: where the others stand goes on with the clock.
PARTS: Final = """async () => {
  const live = "[data-topic][hx-get]:not(.panel:not(#panel-staffing))";
  const parts = [...document.querySelectorAll(live)];
  return await Promise.all(parts.map(async (part) => {
    const url = part.getAttribute("hx-get") || window.location.href;
    const answer = await fetch(url, { headers: { "HX-Request": "true" } });
    return [part.id || url, answer.status, part.outerHTML, await answer.text()];
  }));
}"""


@dataclass(frozen=True, slots=True)
class Open:
    """One page that stays open."""

    name: str
    page: Page

    def list_stale(self) -> set[str]:
        """Return the live parts that say something else than a fresh fetch."""
        return {
            f"{self.name} {part}"
            for part, status, shown, fresh in self.page.evaluate(PARTS)
            if status == 200 and _words(shown) != _words(fresh)
        }


def _words(html: str) -> str:
    if not html.strip():
        return ""
    element: Any = lxml.html.fromstring(html)  # lxml's types mislead
    return CLOCKS.sub("~ ", " ".join(" ".join(element.itertext()).split()))


def watch(site: Site) -> Told:
    """Open pages, let things happen, and see how long the pages show the past."""
    made = json.loads(site.run("-m", "tests.faults.deaf", "stage"))
    heard: list[object] = []
    with open_chromium() as chromium:
        alice, carol = (_sign_in(chromium, site, name) for name in ("alice", "carol"))
        pages = [
            _open(browser, path, heard)
            for browser, path in (
                (alice, "/"),
                (alice, "/queues/desk/"),
                (alice, f"/tasks/{made['task']}/"),
                (carol, "/dashboard/"),
            )
        ]
        stale_before = _list_stale(pages)
        heard.clear()
        rung = _count_rings(site)
        site.run(
            "-m", "tests.faults.deaf", "act", str(made["task"]), str(made["other"])
        )
        acted = time.monotonic()
        pages[0].page.wait_for_timeout(1000 * SOON_SECONDS)
        stale = stale_soon = _list_stale(pages)
        while stale and time.monotonic() < acted + PATIENCE_SECONDS:
            pages[0].page.wait_for_timeout(500)
            stale = _list_stale(pages)
        right_after = time.monotonic() - acted
        live = [each.page.locator("[data-live-state]").inner_text() for each in pages]
    told = {
        "pages": [each.name for each in pages],
        "sockets_are": live,
        "hints_rung": _count_rings(site) - rung,
        "hints_heard": len(heard),
        "stale_before": sorted(stale_before),
        "stale_soon_after": sorted(stale_soon),
        "stale_at_the_end": sorted(stale),
        "right_after_seconds": round(right_after, 1),
    }
    return told | {"kept": _is_kept(told)}


def _is_kept(told: Told) -> bool:
    """Tell whether all went stale, since nothing was heard, and all came right in time."""
    went_stale = {part.split()[0] for part in told["stale_soon_after"]}
    return bool(
        told["hints_rung"] > 0
        and told["hints_heard"] == 0
        and set(told["sockets_are"]) == {"live"}
        and not told["stale_before"]
        and went_stale == set(told["pages"])
        and not told["stale_at_the_end"]
        and told["right_after_seconds"] <= REFRESH_SECONDS + SLACK_SECONDS
    )


def _sign_in(chromium: Browser, site: Site, name: str) -> BrowserContext:
    browser = chromium.new_context(base_url=site.url)
    page = browser.new_page()
    page.goto("/sign-in/")
    page.fill("[name=username]", name)
    page.fill("[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url("**/")
    page.close()
    return browser


def _open(browser: BrowserContext, path: str, heard: list[object]) -> Open:
    page = browser.new_page()
    page.on(
        "websocket",
        # Playwright marks its listeners, which a bound method of a list does not take.
        lambda socket: socket.on(
            "framereceived",
            lambda frame: heard.append(frame),  # noqa: PLW0108
        ),
    )
    page.goto(path)
    page.locator("[data-live-state][data-state=live]").wait_for()
    page.wait_for_timeout(1000 * SOON_SECONDS)  # what comes with an ear's opening
    return Open(path, page)


def _list_stale(pages: Sequence[Open]) -> set[str]:
    return set().union(*(each.list_stale() for each in pages))


def _count_rings(site: Site) -> int:
    with redis.Redis.from_url(site.environment["REDIS_URL"]) as broker:
        stats = broker.info("commandstats")
    return int(stats.get("cmdstat_publish", {}).get("calls", 0))


# --- what happens at the site, in a process of its own --------------------------------


def stage() -> None:
    """Make the desk with some open cases; print which task Alice looks at."""
    from tests.factories.desk import build_world  # noqa: PLC0415  (needs Django)

    world = build_world()
    task, other = world.open_task(), world.open_task()
    world.start(3)
    sys.stdout.write(json.dumps({"task": task.pk, "other": other.pk}) + "\n")


def act(task_id: int, other_id: int) -> None:
    """Let a case arrive, Bob decide the one Alice looks at, Carol give her another."""
    from review.core.states import Decision  # noqa: PLC0415  (needs Django)
    from review.models import Person, Task  # noqa: PLC0415
    from review.operations.tasks import tasks  # noqa: PLC0415
    from tests.e2e.stage import start_one  # noqa: PLC0415
    from tests.factories.tasks import judge  # noqa: PLC0415

    start_one()
    alice, bob, carol = (
        Person.objects.get(name=name) for name in ("Alice", "Bob", "Carol")
    )
    judge(Task.objects.get(id=task_id), bob, Decision.APPROVE)
    tasks.reassign(
        task_id=other_id, manager=carol, to_person=alice, reason="She knows the case."
    )


if __name__ == "__main__":
    import django

    django.setup()
    if sys.argv[1] == "stage":
        stage()
    else:
        act(int(sys.argv[2]), int(sys.argv[3]))
