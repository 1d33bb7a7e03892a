"""The page that explains a clock."""

import datetime as dt

import pytest
from django.db import transaction
from django.urls import reverse

from review.core.states import Decision
from review.models import Task
from review.operations import claims, clocks
from review.operations.clock_trace import explain_clock
from review.operations.locking import lock_task
from tests.factories.desk import World
from tests.factories.processes import TESTER, chain, package, process
from tests.factories.tasks import judge
from workflows.operations import definitions, instances
from workflows.operations.instances import Start


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
