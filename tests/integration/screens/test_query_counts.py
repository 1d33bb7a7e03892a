"""A page asks the database the same number of questions however many rows it shows."""

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from review.models import Task
from tests.factories.desk import World
from tests.integration.screens.test_task import approve

PAGES = {
    "my-work": "alice",
    "next-up": "alice",
    "availability": "carol",
    "queue-list": "alice",
    "queue-detail": "alice",
    "task-detail": "alice",
    "instance-list": "carol",
    "instance-detail": "carol",
    "definition-list": "carol",
    "dashboard": "carol",
    "incident-list": "carol",
    "audit-search": "dan",
    "audit-case": "dan",
    "sample-list": "dan",
    "control-runs": "dan",
}
MOST = 24


def _count(world: World, name: str) -> int:
    task = Task.objects.order_by("pk")[0]
    arguments: dict[str, list[object]] = {
        "queue-detail": ["desk"],
        "task-detail": [task.pk],
        "instance-detail": [task.instance_id],
        "audit-case": [task.instance_id],
    }
    browser = world.browser(PAGES[name])
    url = reverse(name, args=arguments.get(name, []))
    browser.get(url)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert browser.get(url).status_code == 200
    return len(captured)


def _count_all(world: World) -> dict[str, int]:
    return {name: _count(world, name) for name in PAGES}


def test_questions_do_not_grow_with_rows(world: World) -> None:
    world.start(2)
    approve(world, "alice", world.open_task())
    few = _count_all(world)
    world.start(25)
    approve(world, "alice", world.open_task())
    approve(world, "bob", world.open_task())
    assert _count_all(world) == few
    assert {name: count for name, count in few.items() if count > MOST} == {}
