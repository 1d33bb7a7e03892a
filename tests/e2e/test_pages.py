"""Every page: no error, no policy violation, no serious barrier, and within its budget."""

import gzip
from typing import Final

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import People, Site

PAGES: Final = {
    "sign in": ("", "/sign-in/"),
    "my work": ("alice", "/"),
    "all queues": ("alice", "/queues/"),
    "queue": ("alice", "/queues/desk/"),
    "empty queue": ("alice", "/queues/senior/"),
    "task to claim": ("alice", "/tasks/{loan_task}/"),
    "decided task": ("bob", "/tasks/{decided_task}/"),
    "instances": ("carol", "/instances/"),
    "instance": ("carol", "/instances/{loan_instance}/"),
    "act on an instance": ("olga", "/instances/{loan_instance}/acts/edit/"),
    "act on many": ("olga", "/instances/act-on-many/?op=cancel&definition=screens"),
    "approvals": ("olga", "/approvals/"),
    "processes": ("olga", "/processes/"),
    "process": ("olga", "/processes/{loan_definition}/"),
    "dashboard": ("carol", "/dashboard/"),
    "incidents": ("olga", "/incidents/"),
    "incident": ("olga", "/incidents/{incident}/"),
    "audit search": ("dan", "/audit/"),
    "settings": ("alice", "/settings/"),
}
BUDGET_BYTES: Final = 80 * 1024
TOO_WIDE: Final = (
    "document.documentElement.scrollWidth - document.documentElement.clientWidth"
)


@pytest.mark.parametrize("name", PAGES)
def test_page_is_sound_light_dark_and_narrow(name: str, people: People) -> None:
    who, path = PAGES[name]
    page = people.page(who, path.format(**people.site.made), color_scheme="light")
    page.wait_for_load_state("networkidle")
    assert page.locator("h1").count() == 1
    assert people.list_barriers(page) == []
    page.emulate_media(color_scheme="dark")
    assert people.list_barriers(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate(TOO_WIDE) <= 0
    assert people.list_barriers(page) == []


def test_a_refusal_has_no_barrier(people: People) -> None:
    page = people.page("alice", "/dashboard/")
    assert "You may not open this" in page.inner_text("h1")
    assert people.list_barriers(page) == []
    # The browser itself reports the status it was given; that is no fault of the page.
    people.complaints.clear()


def test_the_first_page_keeps_to_its_budget(people: People) -> None:
    sizes: dict[str, int] = {}
    page = people.page()
    page.on(
        "response",
        lambda answer: (
            sizes.update({answer.url: len(gzip.compress(answer.body(), 9))})
            if "/static/" in answer.url
            else None
        ),
    )
    page.goto("/sign-in/")
    page.fill("[name=username]", "alice")
    page.fill("[name=password]", "a-long-password")
    page.click("button[type=submit]")
    page.wait_for_url("**/")
    page.wait_for_load_state("networkidle")
    assert sum(sizes.values()) <= BUDGET_BYTES, sizes


def test_the_process_picture_keeps_its_watermark_in_sight(
    people: People, site: Site
) -> None:
    page = people.page("carol", f"/instances/{site.made['loan_instance']}/")
    mark = page.locator(".bjs-powered-by")
    mark.wait_for(state="visible")
    box = mark.bounding_box()
    assert box is not None
    centre = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
    is_on_top = page.evaluate(
        "([x, y]) => document.elementFromPoint(x, y).closest('.bjs-powered-by') !== null",
        centre,
    )
    assert is_on_top
    expect(page.locator(".djs-element.has-token")).to_have_count(1)
    expect(page.locator(".diagram-count")).to_have_text("1")


def test_a_chart_stands_beside_its_table(people: People) -> None:
    page = people.page("carol", "/dashboard/")
    figure = page.locator("#open-by-age")
    figure.locator("canvas").wait_for(state="visible")
    figure.locator("summary").click()
    assert figure.locator("tbody tr").count() == 7
