"""Answers, freed tasks and reopened ones, on the task's page."""

from django.urls import reverse

from review.core.states import Decision, Role
from review.models import Task
from review.operations.people import people
from review.operations.tasks import claims, notes, parking
from review.operations.verdicts import verdicts
from tests.factories.desk import World
from tests.factories.processes import TESTER


def _page(world: World, name: str, task: Task) -> str:
    url = reverse("task-detail", args=[task.pk])
    return " ".join(world.browser(name).get(url).content.decode().split())


def test_question_is_answered_and_a_parked_task_freed_on_its_page(
    world: World,
) -> None:
    alice = world.people["alice"]
    asked, helped = world.open_task(), world.open_task()
    lease = claims.claim(task_id=asked.pk, person=alice)
    parking.ask_information(
        task_id=asked.pk, person=alice, token=lease.token, question="Which account?"
    )
    lease = claims.claim(task_id=helped.pk, person=alice)
    parking.hold_for_help(
        task_id=helped.pk, person=alice, token=lease.token, reason="Who knows?"
    )
    page = _page(world, "bob", asked)
    assert "Which account?" in page
    assert "Give the answer" in page
    bob = world.browser("bob")
    url = reverse("task-answer", args=[asked.pk])
    assert bob.post(url, {"return-text": ""}).status_code == 422
    assert bob.post(url, {"return-text": "The older one."}).status_code == 302
    assert "The older one." in _page(world, "alice", asked)
    assert "Free it for others" not in _page(world, "bob", helped)
    assert "Free it for others" in _page(world, "carol", helped)
    url = reverse("task-free", args=[helped.pk])
    assert bob.post(url, {"return-text": "Mine now."}).status_code == 403
    freed = world.browser("carol").post(url, {"return-text": "Alice is ill."})
    assert freed.status_code == 302
    helped.refresh_from_db()
    assert helped.state == "OPEN"


def test_ended_case_is_not_reopened_and_says_so(world: World) -> None:
    task = world.open_task()
    alice = world.people["alice"]
    lease = claims.claim(task_id=task.pk, person=alice)
    verdicts.submit(
        task_id=task.pk,
        person=alice,
        token=lease.token,
        payload_digest=task.payload_digest,
        decision=Decision.APPROVE,
    )
    assert "Reopen this task" not in _page(world, "alice", task)
    assert "Reopen this task" in _page(world, "carol", task)
    url = reverse("task-reopen", args=[task.pk])
    answer = world.browser("carol").post(url, {"return-text": "Wrong papers."})
    assert answer.status_code in {302, 409}
    assert world.browser("alice").post(url, {"return-text": "x"}).status_code == 403


def test_comments_of_who_has_voted_are_unheard_by_the_next(world: World) -> None:
    task = world.open_task(quorum="dual")
    alice = world.people["alice"]
    lease = claims.claim(task_id=task.pk, person=alice)
    notes.comment(task_id=task.pk, person=alice, text="I approved it.")
    verdicts.submit(
        task_id=task.pk,
        person=alice,
        token=lease.token,
        payload_digest=task.payload_digest,
        decision=Decision.APPROVE,
    )
    notes.comment(task_id=task.pk, person=world.people["carol"], text="Looked at it.")
    page = _page(world, "bob", task)
    assert "I approved it." not in page
    assert "Looked at it." in page
    assert "I approved it." in _page(world, "alice", task)
    people.grant_role(person=world.people["carol"], role=Role.REVIEWER, actor=TESTER)
    assert "I approved it." not in _page(world, "carol", task)
