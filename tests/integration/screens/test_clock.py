"""The page that explains a clock."""

import datetime as dt

import pytest
from django.db import transaction
from django.urls import reverse

from review.core.states import Decision
from review.models import ClockRecord, Task
from review.operations.clocks import clocks
from review.operations.clocks.clock_trace import explain_clock
from review.operations.tasks import claims
from review.operations.tasks.locking import lock_task
from tests.factories.desk import World
from tests.factories.processes import TESTER, chain, package, process
from tests.factories.tasks import judge
from workflows.operations import definitions, instances
from workflows.operations.instances import Start
from workflows.store import database_now


@transaction.atomic
def park(task: Task) -> None:
    clocks.pause(lock_task(task.id), because="information", actor=TESTER)


def read(world: World, task: Task, *, who: str = "alice", **headers: str) -> str:
    answer = world.browser(who).get(
        reverse("task-clock", args=[task.id]), headers=headers
    )
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_clock_is_explained_in_words_and_tables(world: World) -> None:
    task = world.open_task()
    claims.claim(task_id=task.id, person=world.people["alice"])
    page = read(world, task)
    assert "7 h 59 min left" in page
    assert "The goal is PT8H, 8 h, counted around the clock" in page
    assert "75%: warn" in page
    assert "to come" in page
    park(task)
    page = read(world, task)
    assert "Stands for information" in page
    assert "not while it stands" in page
    fragment = read(world, task, **{"HX-Request": "true"})
    assert "<html" not in fragment
    assert 'id="clock"' in fragment


def test_decided_task_tells_where_its_time_went(world: World) -> None:
    task = world.open_task()
    judge(task, world.people["alice"], Decision.APPROVE)
    page = read(world, task, who="dan")
    assert "In time: it used" in page
    trace = explain_clock(task.id)
    assert trace.wall is not None
    assert trace.wall.touch == trace.wall.handling > dt.timedelta()
    assert trace.wall.lead == trace.wall.waiting + trace.wall.handling
    assert [turn.kind for turn in trace.turns] == ["START", "STOP"]


def test_manager_restarts_a_clock_and_the_figures_keep_the_breach(world: World) -> None:
    task = world.open_task()
    before = task.due_at
    park(task)
    with transaction.atomic():
        clocks.resume(lock_task(task.id), actor=TESTER)
    url = reverse("task-clock-restart", args=[task.id])
    assert "Restart this clock" not in read(world, task)
    assert "Restart this clock" in read(world, task, who="carol")
    carol = world.browser("carol")
    assert carol.post(url, {"reason": ""}).status_code == 422
    assert world.browser("alice").post(url, {"reason": "Too late."}).status_code == 403
    # It is late, and nobody has noticed yet.
    late = database_now() - dt.timedelta(hours=1)
    Task.objects.filter(id=task.id).update(warn_at=late, due_at=late)
    answer = carol.post(url, {"reason": "The papers came a day later."})
    assert answer.status_code == 302
    task.refresh_from_db()
    assert task.breached_at is None
    assert before is not None
    assert task.due_at is not None
    assert task.due_at > before
    trace = explain_clock(task.id)
    assert [turn.kind for turn in trace.turns] == ["START", "PAUSE", "RESUME", "RESET"]
    assert trace.turns[-1].actor == world.people["carol"].name
    assert trace.turns[-1].due_at == task.due_at
    assert trace.reading is not None
    assert trace.reading.due_at == task.due_at
    assert trace.reading.elapsed < dt.timedelta(minutes=1)
    assert trace.wall is not None
    parts = trace.wall.waiting + trace.wall.handling + trace.wall.paused
    assert (parts, trace.wall.paused > dt.timedelta()) == (trace.wall.lead, True)
    page = read(world, task)
    assert "The papers came a day later." in page
    assert "100%: breach (cycle 1)" in page
    judge(task, world.people["alice"], Decision.APPROVE)
    assert ClockRecord.objects.filter(task=task, is_breach=True).exists()
    assert carol.post(url, {"reason": "Once more, please."}).status_code == 409


@pytest.mark.parametrize("who", ["mallory"])
def test_clock_is_closed_to_who_may_not_see_the_task(world: World, who: str) -> None:
    url = reverse("task-clock", args=[world.open_task().id])
    assert world.browser(who).get(url).status_code == 403


def test_instance_without_a_clock_says_so(world: World) -> None:
    (instance_id,) = world.start()
    answer = world.browser("carol").get(reverse("instance-clock", args=[instance_id]))
    assert answer.status_code == 404


def test_instance_with_a_goal_leads_to_its_clock(world: World) -> None:
    body = process(
        '<startEvent id="s"/><userTask id="review" cs:queue="desk"/>'
        '<endEvent id="e"/>' + chain("s", "review", "e")
    ).replace("<process ", '<process cs:sla="P2D" ', 1)
    found = definitions.deploy(files=package(body), actor=TESTER)
    (instance_id,) = instances.start_and_advance(
        definition_id=found.definition_id,
        starts=[Start(variables={}, initiator=TESTER)],
    )
    browser = world.browser("carol")
    url = reverse("instance-clock", args=[instance_id])
    case = browser.get(reverse("instance-detail", args=[instance_id]))
    assert url in case.content.decode()
    page = browser.get(url).content.decode()
    assert "The goal is P2D, 2 d, counted around the clock" in page
    assert "100%: breach" in page
