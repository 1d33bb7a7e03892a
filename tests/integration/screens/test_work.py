"""Queues, taking the next task, and the four kinds of nothing."""

import datetime as dt
import re
from typing import Any

from django.urls import reverse

from review.models import Delegation, Queue, Task
from review.operations.tasks import claims
from tests.factories.desk import World
from tests.integration.screens.test_task import approve, claim, hand_in
from workflows.store import database_now

DESK = "/queues/desk/"


def _rows(page: Any) -> Any:
    return page.context["table"].rows


def test_take_next_claims_the_first_task_and_opens_it(world: World) -> None:
    first, _ = world.start(2)
    answer = world.browser("alice").post(reverse("queue-next", args=["desk"]))
    task = Task.objects.get(instance_id=first)
    assert answer["Location"] == reverse("task-detail", args=[task.pk])
    assert task.claimed_by == world.people["alice"]


def test_take_next_of_all_queues_passes_over_the_ones_not_reviewed(
    world: World,
) -> None:
    world.start(1)
    answer = world.browser("carol").post(
        reverse("queue-next", args=["any"]), follow=True
    )
    assert Task.objects.filter(state="CLAIMED").count() == 0
    assert answer.redirect_chain == [(reverse("my-work"), 302)]


def test_the_list_shows_a_task_in_words(world: World) -> None:
    task = world.open_task()
    page = world.browser("alice").get(DESK).content.decode()
    assert "Check Noor Visser" in page
    assert "38,500.5" in page
    assert "Medium" in page
    assert reverse("task-detail", args=[task.pk]) in page


def test_nothing_left(world: World) -> None:
    assert "Nothing left" in world.browser("alice").get(DESK).content.decode()


def test_everything_is_held_until_a_moment(world: World) -> None:
    task = world.open_task()
    claims.claim(task_id=task.pk, person=world.people["bob"])
    browser = world.browser("alice")
    answer = browser.post(reverse("queue-next", args=["desk"]), follow=True)
    assert "The one task left is held by somebody" in answer.content.decode()
    assert "The first lease ends at" in answer.content.decode()


def test_the_filters_hide_everything(world: World) -> None:
    world.start(1)
    page = world.browser("alice").get(DESK, {"control": "DUAL"}).content.decode()
    assert "The filters hide every task" in page


def test_four_eyes_leave_nothing_for_this_person(world: World) -> None:
    task = world.open_task(quorum="dual")
    approve(world, "alice", task)
    answer = world.browser("alice").post(
        reverse("queue-next", args=["desk"]), follow=True
    )
    assert "but not for you" in answer.content.decode()


def test_whom_four_eyes_keep_away_they_keep_away_in_lists_too(world: World) -> None:
    task = world.open_task(quorum="dual")
    now = database_now()
    Delegation.objects.create(
        giver=world.people["alice"],
        taker=world.people["bob"],
        starts_at=now - dt.timedelta(hours=1),
        ends_at=now + dt.timedelta(days=1),
        created_at=now,
        reason="Away.",
    )
    approve(world, "alice", task)
    bob = world.browser("bob")
    (row,) = _rows(bob.get(DESK))
    assert ("not for you" in "".join(row.cells), row.pick) == (True, "")
    standing = bob.get(reverse("queue-standing", args=["desk"]), {"id": task.pk})
    assert standing.json()["rows"][0]["held"] == "not for you"
    told = bob.post(reverse("queue-next", args=["desk"]), follow=True)
    assert "but not for you" in told.content.decode()
    refused = bob.post(reverse("task-claim", args=[task.pk]))
    assert refused.status_code == 403
    assert "Check Noor Visser" in refused.content.decode()
    (row,) = _rows(world.browser("carol").get(DESK))
    assert "not for you" not in "".join(row.cells)


def test_who_holds_enough_is_sent_back_and_shown_what_he_holds(world: World) -> None:
    held, free = world.open_task(), world.open_task()
    alice = world.people["alice"]
    claims.claim(task_id=held.pk, person=alice)
    browser = world.browser("alice")
    link = f'<a href="{reverse("task-detail", args=[held.pk])}">Open CASE-0</a>'
    only = browser.post(reverse("queue-next", args=["senior"]), follow=True)
    assert "Nothing left" in only.content.decode()
    Queue.objects.filter(key="desk").update(wip_limit=1)
    came = f"http://testserver{DESK}?held=free"
    told = browser.post(
        reverse("queue-next", args=["desk"]), headers={"Referer": came}, follow=True
    )
    assert told.redirect_chain == [(f"{DESK}?held=free", 302)]
    page = told.content.decode()
    assert "the limit is 1, so decide one or give one back first." in page
    assert link in page
    strange = {"Referer": "http://elsewhere.example/queues/desk/"}
    told = browser.post(reverse("queue-next", args=["any"]), headers=strange)
    assert told["Location"] == reverse("my-work")
    refused = browser.post(reverse("task-claim", args=[free.pk]))
    assert refused.status_code == 409
    assert link in refused.content.decode()
    assert "Error 409" not in refused.content.decode()


def test_a_verdict_stands_though_nothing_more_may_be_taken_then(world: World) -> None:
    first, second, _ = (world.open_task() for _ in range(3))
    claims.claim(task_id=second.pk, person=world.people["bob"])
    fields = {**claim(world, "bob", first), "decision": "APPROVE", "then": "next"}
    Queue.objects.filter(key="desk").update(wip_limit=1)
    done = hand_in(world, "bob", first, fields)
    assert done["Location"] == DESK
    first.refresh_from_db()
    assert (first.state, first.outcome) == ("DECIDED", "APPROVED")
    page = world.browser("bob").get(DESK)
    assert page.status_code == 200


def test_pages_follow_each_other_without_losing_or_repeating_rows(
    world: World,
) -> None:
    world.start(53)
    browser = world.browser("alice")
    first = browser.get(DESK)
    second = browser.get(DESK + first.context["pages"].next_url)
    ids = [int(row.pick) for page in (first, second) for row in _rows(page)]
    assert len(_rows(first)) == 50
    assert ids == sorted(Task.objects.values_list("pk", flat=True))
    assert second.context["pages"].next_url == ""


def test_a_case_is_found_by_key_and_by_words(world: World) -> None:
    world.start(1)
    world.start(1, applicant="Sem Bakker")
    browser = world.browser("alice")
    (by_words,) = _rows(browser.get(DESK, {"q": "bakker"}))
    (by_key,) = _rows(browser.get(DESK, {"q": by_words.label}))
    assert "Check Sem Bakker" in "".join(by_words.cells)
    assert by_key.anchor == by_words.anchor


def test_the_head_counts_what_came_since_the_page_was_opened(world: World) -> None:
    browser = world.browser("alice")
    opened = browser.get(DESK).context["head"]
    assert opened["new"] == ""
    world.start(2)
    head = browser.get(
        opened["refresh_url"], headers={"HX-Request": "true"}
    ).content.decode()
    assert "2 new" in head
    assert "2 open" in head
    assert "<html" not in head


def test_an_empty_list_asks_for_itself_and_a_full_one_waits(world: World) -> None:
    browser = world.browser("alice")
    before = browser.get(DESK).content.decode()
    world.start(1)
    after = browser.get(DESK).content.decode()
    section = re.compile(r'<section id="task-rows"[^>]*>')
    assert "hx-get" in section.search(before)[0]  # type: ignore[index]
    assert "hx-get" not in section.search(after)[0]  # type: ignore[index]
    assert 'data-standing="/queues/desk/standing/"' in after


def test_my_work_shows_what_is_held_and_what_was_said(world: World) -> None:
    done, held = world.open_task(), world.open_task()
    approve(world, "alice", done)
    claims.claim(task_id=held.pk, person=world.people["alice"])
    context = world.browser("alice").get(reverse("my-work")).context
    (only,) = context["lists"]
    assert [row.anchor for row in only["table"].rows] == [f"held-{held.pk}"]
    (said,) = context["said"].rows
    assert "Approved" in "".join(said.cells)


def test_a_lapsed_lease_counts_as_free(world: World) -> None:
    task = world.open_task()
    claims.claim(task_id=task.pk, person=world.people["bob"])
    lapsed = Task.objects.get(pk=task.pk).opened_at - dt.timedelta(hours=1)
    Task.objects.filter(pk=task.pk).update(lease_until=lapsed)
    rows = _rows(world.browser("alice").get(DESK, {"held": "free"}))
    assert [row.pick for row in rows] == [str(task.pk)]
