"""Open tasks up to a number, then ask for pages, here and in a browser. Prints JSON."""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from random import Random

import django
from django.core.management import call_command

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.urls import reverse  # noqa: E402
from playwright.sync_api import Page  # noqa: E402

from review.load.cases import QUEUES  # noqa: E402
from review.load.filling import fill, open_account  # noqa: E402
from review.models import Task, User  # noqa: E402
from tests.benchmarks.web import free_port, serving  # noqa: E402
from tests.browser import open_chromium  # noqa: E402

REQUESTS, WARM_UP, CASES = 200, 20, 60
_PRESSED = """
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.ctrlKey) {
    sessionStorage.setItem("pressed", performance.timeOrigin + performance.now());
  }
}, true);
"""
_PAINTED = """() => new Promise((done) => {
  const tell = () => {
    const paint = performance.getEntriesByName("first-contentful-paint")[0];
    if (paint) {
      done(performance.timeOrigin + paint.startTime
           - Number(sessionStorage.getItem("pressed")));
    } else {
      requestAnimationFrame(tell);
    }
  };
  tell();
})"""


def main() -> None:
    """Fill, measure, print."""
    count, where = int(sys.argv[1]), sys.argv[2]
    call_command("migrate", verbosity=0)
    open_account(username="load", password="a-long-password")
    missing = count - Task.objects.count()
    if missing > 0:
        fill(tasks=missing, processes=2)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    client = Client()
    client.force_login(User.objects.get(username="load"))
    found: dict[str, object] = {"pages": _ask_pages(client)}
    if where == "browser":
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        found["browser"] = _work(cookie)
    print(json.dumps(found))


def _ask_pages(client: Client) -> dict[str, dict[str, float]]:
    rng = Random(1)  # noqa: S311  the same pages every time
    first = Task.objects.order_by("id").values_list("id", flat=True)[0]
    last = Task.objects.order_by("-id").values_list("id", flat=True)[0]

    def queue() -> str:
        return reverse("queue-detail", args=[rng.choice(QUEUES)])

    def task() -> str:
        return reverse("task-detail", args=[rng.randint(first, last)])

    pages: dict[str, Callable[[], str]] = {
        "my work": lambda: reverse("my-work"),
        "queue": queue,
        "queue, filtered": lambda: f"{queue()}?control=REVIEW&held=free",
        "task": task,
    }
    return {name: _measure(client, make) for name, make in pages.items()}


def _measure(client: Client, make: Callable[[], str]) -> dict[str, float]:
    took: list[float] = []
    for number in range(REQUESTS + WARM_UP):
        url = make()
        began = time.perf_counter()
        answer = client.get(url)
        if number >= WARM_UP:
            took.append(1000 * (time.perf_counter() - began))
        if answer.status_code != 200:
            raise SystemExit(f"{url} answered {answer.status_code}.")
    with CaptureQueriesContext(connection) as captured:
        client.get(make())
    return {**_shares(took), "queries": len(captured)}


def _shares(values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        f"p{share}": ordered[min(len(ordered) - 1, len(ordered) * share // 100)]
        for share in (50, 95)
    }


def _work(cookie: str) -> dict[str, float]:
    """Sign one case after the other by key; return how long the next one took."""
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    name = settings.SESSION_COOKIE_NAME
    with serving(port, origin=origin), open_chromium() as browser:
        context = browser.new_context(base_url=origin)
        context.add_cookies([{"name": name, "value": cookie, "url": origin}])
        context.add_init_script(_PRESSED)
        page = context.new_page()
        page.goto(reverse("queue-detail", args=[QUEUES[0]]))
        page.keyboard.press("n")
        page.wait_for_url("**/tasks/**")
        took = [_sign(page) for _ in range(CASES)][5:]
        heap = page.evaluate("performance.memory.usedJSHeapSize") / 1_000_000
    return {**_shares(took), "heap": heap}


def _sign(page: Page) -> float:
    """Approve the case on the screen and wait for the next; return milliseconds."""
    before = page.url
    page.locator("[data-lease]").wait_for()
    page.keyboard.press("a")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(lambda url: url != before and "/tasks/" in url)
    return float(page.evaluate(_PAINTED))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # playwright's loop
    main()
