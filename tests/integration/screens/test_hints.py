"""Sockets: who hears what, and that a committed change rings."""

import json
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import connections

from config.asgi import application
from review.dashboards.frame import list_heard, read_viewer
from review.live import send_now
from review.models import User
from tests.factories.desk import World

TOPICS = ["queue.desk", "queue.nowhere", "task.1", "instance.x", "incidents", "other"]


@pytest.mark.parametrize(
    ("name", "heard"),
    [
        ("alice", {"queue.desk", "task.1", "instance.x"}),
        ("carol", {"queue.desk", "task.1", "instance.x", "incidents"}),
        ("erin", {"task.1", "instance.x", "incidents"}),
        ("mallory", set()),
    ],
)
def test_hints_reach_those_who_may_open_the_page(
    name: str, heard: set[str], world: World
) -> None:
    viewer = read_viewer(User.objects.get(username=name))
    assert viewer is not None
    assert list_heard(viewer, TOPICS) == heard


class Socket:
    """One socket to the whole application, as a browser with these headers opens it."""

    def __init__(self, *, cookies: str = "", origin: str = settings.ORIGINS[0]) -> None:
        scope = {
            "type": "websocket",
            "path": "/ws/hints/",
            "query_string": b"",
            "subprotocols": [],
            "headers": [
                (b"origin", origin.encode()),
                (b"cookie", cookies.encode()),
            ],
        }
        communicator: Any = ApplicationCommunicator  # asgiref leaves it untyped
        self._ends = communicator(application, scope)

    async def open(self) -> Any:
        await self._ends.send_input({"type": "websocket.connect"})
        return await self._ends.receive_output(timeout=5)

    async def subscribe(self, *topics: str) -> None:
        text = json.dumps({"subscribe": topics})
        await self._ends.send_input({"type": "websocket.receive", "text": text})

    async def hears(self, *, within: float) -> dict[str, Any] | None:
        if await self._ends.receive_nothing(timeout=within):
            return None
        frame: dict[str, Any] = json.loads((await self._ends.receive_output())["text"])
        return frame

    async def close(self) -> None:
        await self._ends.send_input({"type": "websocket.disconnect", "code": 1000})
        await self._ends.wait()


async def test_a_foreign_page_gets_no_socket() -> None:
    answer = await Socket(origin="https://elsewhere.example").open()
    assert answer["type"] == "websocket.close"


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
async def test_a_stranger_gets_no_socket() -> None:
    answer = await Socket().open()
    assert (answer["type"], answer["code"]) == ("websocket.close", 4401)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
async def test_a_page_hears_its_topics_alone_and_what_it_has_just_missed(
    world: World,
) -> None:
    browser = await sync_to_async(world.browser)("alice")
    name = settings.SESSION_COOKIE_NAME
    cookies = f"{name}={browser.cookies[name].value}"
    socket = Socket(cookies=cookies)
    assert (await socket.open())["type"] == "websocket.accept"
    # Other tests' processes may share the broker; nobody else has this topic.
    topic = f"instance.{uuid4()}"
    await socket.subscribe(topic, "incidents")
    assert await socket.hears(within=5) == {"topic": "*"}
    await sync_to_async(send_now)(topic, "incidents")
    frame = await socket.hears(within=5)
    assert frame is not None
    assert frame["topic"] == topic
    assert isinstance(frame["version"], int)
    again = await socket.hears(within=0.3)
    assert again is None, (frame, again)

    late = Socket(cookies=cookies)
    await late.open()
    await late.subscribe(topic)
    assert await late.hears(within=5) == frame
    for each in (socket, late):
        await each.close()
    await sync_to_async(connections.close_all)()


def test_an_anonymous_account_is_nobody() -> None:
    assert read_viewer(AnonymousUser()) is None
