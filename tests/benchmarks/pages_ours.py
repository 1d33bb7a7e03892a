"""Ask for pages, here and in a browser, as the first word says. Prints JSON."""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from random import Random

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.urls import reverse  # noqa: E402
from playwright.sync_api import ConsoleMessage, Page  # noqa: E402

from review.load.cases import QUEUES  # noqa: E402
from review.load.filling import open_account  # noqa: E402
from review.models import Task, User  # noqa: E402
from tests.benchmarks.web import free_port, serving  # noqa: E402
from tests.browser import open_chromium  # noqa: E402

REQUESTS, WARM_UP, CASES = 200, 20, 45
READ_MS, GLANCE_MS = 3000, 500
"""How long somebody looks at a case: long enough for the next one to come, or not."""
_WATCH = """
addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.ctrlKey) {
    const from = document.getElementById("task").dataset.url;
    const at = performance.timeOrigin + performance.now();
    const pressed = { from, at, origin: performance.timeOrigin };
    sessionStorage.setItem("pressed", JSON.stringify(pressed));
  }
}, true);
function tell(moment, pressed) {
  const took = performance.timeOrigin + moment - pressed.at;
  sessionStorage.removeItem("pressed");
  console.log(`painted ${took}`);
}
// What a frame callback finds changed is painted right after it, before the next timer.
function watch() {
  const pressed = JSON.parse(sessionStorage.getItem("pressed") ?? "null");
  const task = document.getElementById("task");
  if (pressed && task && task.dataset.url !== pressed.from) {
    const first = performance.getEntriesByName("first-contentful-paint")[0];
    if (pressed.origin === performance.timeOrigin) {
      setTimeout(() => tell(performance.now(), pressed));
    } else if (first) {
      tell(first.startTime, pressed);
    }
  }
  requestAnimationFrame(watch);
}
requestAnimationFrame(watch);
"""


def main() -> None:
    """Measure, print."""
    where = sys.argv[1]
    open_account(username="load", password="a-long-password")
    client = Client(SERVER_NAME="localhost")  # the test settings know no testserver
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


def _work(cookie: str) -> dict[str, dict[str, float]]:
    """Sign one case after the other by key; return how long the next one took.

    Once by somebody who looks at each case, once by somebody who hardly does, for
    whom the next case cannot be there yet.
    """
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    name = settings.SESSION_COOKIE_NAME
    with serving(port, origin=origin), open_chromium() as browser:
        context = browser.new_context(base_url=origin)
        context.add_cookies([{"name": name, "value": cookie, "url": origin}])
        context.add_init_script(_WATCH)
        page = context.new_page()
        page.goto(reverse("queue-detail", args=[QUEUES[0]]))
        page.keyboard.press("n")
        page.wait_for_url("**/tasks/**")
        looked = [_sign(page, READ_MS) for _ in range(CASES)][5:]
        hurried = [_sign(page, GLANCE_MS) for _ in range(CASES)][5:]
    return {"looked at": _shares(looked), "at a glance": _shares(hurried)}


def _sign(page: Page, look_ms: int) -> float:
    """Approve the case on the screen and wait for the next; return milliseconds."""
    page.locator("[data-lease]").wait_for()
    page.wait_for_timeout(look_ms)
    page.keyboard.press("a")
    with page.expect_console_message(_is_painted) as told:
        page.keyboard.press("Control+Enter")
    return float(told.value.text.split()[1])


def _is_painted(message: ConsoleMessage) -> bool:
    return message.text.startswith("painted ")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # playwright's loop
    main()
