"""Large values on pages: named, read when opened, given to nobody else."""

import pytest
from django.urls import reverse

from review.core.states import Decision
from review.models import Task
from review.operations.tasks import claims
from review.operations.verdicts import verdicts
from tests.factories.desk import World
from workflows.core.canonical import digest
from workflows.core.payloads import Values
from workflows.models import Instance

LETTER = "Dear Sir. " * 9_000


@pytest.fixture
def task(world: World) -> Task:
    return world.open_task(letter=LETTER)


def test_instance_page_names_the_value_and_gives_it(world: World, task: Task) -> None:
    browser = world.browser("carol")
    page = browser.get(reverse("instance-detail", args=[task.instance_id]))
    url = reverse("instance-value", args=[task.instance_id, digest(LETTER)])
    assert url in page.content.decode()
    assert LETTER not in page.content.decode()
    shown = browser.get(url)
    assert shown["Content-Type"].startswith("text/plain")
    assert shown.content.decode().startswith(LETTER[:60_000])
    assert "more characters" in shown.content.decode()
    whole = browser.get(url, {"whole": "1"})
    assert whole.json() == LETTER
    assert whole["Content-Disposition"].startswith("attachment")


def test_task_page_names_the_value_and_gives_it(world: World, task: Task) -> None:
    browser = world.browser("alice")
    page = browser.get(reverse("task-detail", args=[task.id]))
    url = reverse("task-value", args=[task.id, digest(LETTER)])
    assert url in page.content.decode()
    assert browser.get(url).status_code == 200


def test_outsider_is_refused_both(world: World, task: Task) -> None:
    browser = world.browser("mallory")
    for name, owner in (
        ("instance-value", task.instance_id),
        ("task-value", task.id),
    ):
        url = reverse(name, args=[owner, digest(LETTER)])
        assert browser.get(url).status_code == 403


def test_value_of_another_case_is_not_found(world: World, task: Task) -> None:
    other = world.open_task(
        letter={"$payload": digest(LETTER), "size": len(LETTER) + 2}
    )
    for name, owner, person in (
        ("instance-value", other.instance_id, "carol"),
        ("task-value", other.id, "alice"),
    ):
        url = reverse(name, args=[owner, digest(LETTER)])
        assert world.browser(person).get(url).status_code == 404
    page = world.browser("alice").get(reverse("task-detail", args=[other.id]))
    assert page.status_code == 200
    assert "Dear Sir" not in page.content.decode()


def test_large_document_is_still_a_source(world: World) -> None:
    task = world.open_task(
        documents=[{"id": "d1", "name": "letter.txt", "text": LETTER}]
    )
    page = world.browser("alice").get(reverse("task-detail", args=[task.id]))
    assert "letter.txt" in page.content.decode()


def test_edit_inside_a_large_value_is_kept(world: World) -> None:
    task = world.open_task(pages={"first": LETTER, "kind": "letter"})
    alice = world.people["alice"]
    lease = claims.claim(task_id=task.id, person=alice)
    verdicts.submit(
        task_id=task.id,
        person=alice,
        token=lease.token,
        payload_digest=task.payload_digest,
        decision=Decision.EDIT_AND_APPROVE,
        reason_code="misread",
        edits={"/pages/kind": "memo"},
    )
    stored = Instance.objects.get(pk=task.instance_id).variables
    changed = Values({"pages": {"first": LETTER, "kind": "memo"}})
    assert stored["pages"] == changed.folded()["pages"]
