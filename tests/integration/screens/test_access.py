"""Which page opens for whom, and what a refusal looks like."""

import re
from typing import Final

import pytest
from django.test import Client
from django.urls import reverse

from review.models import Task
from review.operations.people import people
from tests.factories.desk import ROLES, World
from tests.factories.processes import TESTER

ALL: Final = set(ROLES)
OVERSEERS: Final = {"carol", "dan", "olga", "erin"}
IN_QUEUE: Final = {"alice", "bob", "carol", "dan", "olga"}
WITH_ROLE: Final = ALL - {"mallory"}
PAGES: Final = {
    "my-work": ALL,
    "queue-list": ALL,
    "personal-settings": ALL,
    "rail": ALL,
    "queue-detail": IN_QUEUE,
    "task-detail": IN_QUEUE,
    "instance-list": WITH_ROLE,
    "instance-detail": WITH_ROLE,
    "instance-diagram": WITH_ROLE,
    "definition-list": WITH_ROLE,
    "definition-detail": WITH_ROLE,
    "definition-diagram": WITH_ROLE,
    "dashboard": OVERSEERS,
    "incident-list": OVERSEERS,
    "approval-list": OVERSEERS,
    "delegation-list": ALL,
    "emergency-list": WITH_ROLE,
    "instance-bulk": {"carol", "olga", "erin"},
    "audit-search": {"dan"},
    "audit-case": {"dan"},
    "sample-list": {"dan"},
    "sample-new": {"dan"},
    "control-runs": {"dan"},
}


def _url(name: str, world: World, task: Task) -> str:
    if name.startswith("queue-d"):
        return reverse(name, args=["desk"])
    if name.startswith("definition-d"):
        return reverse(name, args=[world.definition_id])
    if not name.endswith(("-detail", "-diagram", "-case")):
        return reverse(name)
    return reverse(
        name, args=[task.pk if name.startswith("task") else task.instance_id]
    )


def test_each_page_opens_for_its_roles_alone(world: World) -> None:
    task = world.open_task()
    opened: dict[str, set[str]] = {name: set() for name in PAGES}
    for who in ROLES:
        browser = world.browser(who)
        for name, people_there in opened.items():
            if browser.get(_url(name, world, task)).status_code == 200:
                people_there.add(who)
    assert opened == PAGES


def test_a_refusal_says_which_role_it_takes(world: World) -> None:
    answer = world.browser("alice").get(reverse("audit-search"))
    assert answer.status_code == 403
    assert "it takes one of these roles: auditor" in answer.content.decode()


def test_a_stranger_is_sent_to_sign_in_and_back(world: World) -> None:
    answer = Client().get(reverse("dashboard"))
    assert answer["Location"] == f"{reverse('sign-in')}?next={reverse('dashboard')}"


def test_a_fragment_without_a_session_reloads_the_page(db: None) -> None:
    answer = Client().get(reverse("rail"), headers={"HX-Request": "true"}, follow=True)
    assert (answer.status_code, answer["HX-Refresh"]) == (204, "true")


def test_a_closed_account_opens_nothing(world: World) -> None:
    browser = world.browser("alice")
    people.disable_person(person=world.people["alice"], actor=TESTER, reason="left")
    assert browser.get(reverse("my-work"), follow=True).status_code in {200, 403}
    assert "My work</h1>" not in browser.get(reverse("my-work")).content.decode()


@pytest.mark.parametrize(
    "url", ["/tasks/999999/", "/queues/nowhere/", "/incidents/7/", "/processes/9999/"]
)
def test_what_is_not_there_is_a_page_in_plain_words(url: str, world: World) -> None:
    answer = world.browser("olga").get(url)
    assert answer.status_code == 404
    assert "There is no" in answer.content.decode()


@pytest.mark.parametrize(
    "url",
    [
        "/queues/desk/?after=x~y",
        "/instances/?after=2026",
        "/instances/?seen=2026-x",
        "/audit/?before=-1",
    ],
)
def test_a_page_address_somebody_made_up_is_refused(url: str, world: World) -> None:
    answer = world.browser("dan").get(url)
    assert answer.status_code == 422
    assert "cannot be read" in answer.content.decode()


def test_no_page_has_inline_style_or_script(world: World) -> None:
    task, browser = world.open_task(), world.browser("dan")
    for name in PAGES:
        page = browser.get(_url(name, world, task)).content.decode()
        assert not re.search(r"<[^>]+\sstyle=", page), name
        assert not re.search(r"\s(on[a-z]+|hx-on[:\w-]*)=", page), name
        assert "<script>" not in page, name
        for tag in re.findall(r"<script[^>]*>", page):
            assert "nonce=" in tag, name


def test_htmx_elements_carry_the_nonce_of_their_answer(world: World) -> None:
    answer = world.browser("alice").get(reverse("queue-detail", args=["desk"]))
    page = answer.content.decode()
    (nonce,) = re.findall(
        r"script-src 'self' 'nonce-([^']+)'", answer["Content-Security-Policy"]
    )
    asking = re.findall(r"<[^>]+\shx-get=[^>]+>", page)
    assert asking
    assert all(f'hx-nonce="{nonce}"' in tag for tag in asking)
