"""Sockets: who hears what, and that a committed change rings."""

import datetime as dt
import json
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.db import connections
from django.db.models import F
from django.test import Client

from config.asgi import application
from review import consumers
from review.core.states import Role
from review.dashboards.frame import read_viewer
from review.dashboards.hearing import Ask, admit
from review.live import send_now
from review.models import User
from review.operations.people import people
from tests.factories.desk import World
from tests.factories.processes import TESTER

TOPICS = ["queue.desk", "queue.nowhere", "task.1", "instance.x", "incidents", "other"]


HEARD: dict[str, set[str]] = {
    "alice": {"queue.desk", "task.1", "instance.x"},
    "carol": {"queue.desk", "task.1", "instance.x", "incidents"},
    "erin": {"task.1", "instance.x", "incidents"},
    "mallory": set(),
}


def session_of(browser: Client) -> str:
    return browser.cookies[settings.SESSION_COOKIE_NAME].value


def hear(*session_keys: str) -> list[set[str] | None]:
    """Ask for all at once what each may hear."""
    asked = [Ask(key, frozenset(TOPICS)) for key in session_keys]
    return [set(found.heard) if found else None for found in admit(asked)]


def test_hints_reach_those_who_may_open_the_page(
    world: World, django_assert_num_queries: Any
) -> None:
    sessions = [session_of(world.browser(name)) for name in HEARD]
    with django_assert_num_queries(4):
        found = hear(*sessions, "", "of-nobody", sessions[0])
    assert found == [*HEARD.values(), None, None, HEARD["alice"]]


def test_hints_end_with_the_session_the_account_and_the_role(world: World) -> None:
    names = ("alice", "bob", "carol", "dan", "olga")
    browsers = {name: world.browser(name) for name in names}
    sessions = [session_of(browser) for browser in browsers.values()]
    assert None not in hear(*sessions)
    browsers["alice"].logout()
    bob = User.objects.get(username="bob")
    bob.set_password("another-long-password")
    bob.save(update_fields=["password"])
    Session.objects.filter(session_key=sessions[2]).update(
        expire_date=F("expire_date") - dt.timedelta(days=1)
    )
    people.disable_person(
        person=world.people["dan"], actor=TESTER, reason="He has left."
    )
    people.revoke_role(
        person=world.people["olga"], role=Role.PROCESS_OWNER, actor=TESTER
    )
    assert hear(*sessions) == [None, None, None, None, set()]


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

    async def closes(self, *, within: float) -> int | None:
        """Return the code of its close, None where it stays open so long."""
        while not await self._ends.receive_nothing(timeout=within):
            said = await self._ends.receive_output()
            if said["type"] == "websocket.close":
                code: int = said["code"]
                return code
        return None

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


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
async def test_a_socket_closes_when_what_opened_it_has_ended(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 11, at another pace: the product looks again every fifteen seconds."""
    assert consumers.PATROL_SECONDS + consumers.RECHECK_SECONDS <= 20
    monkeypatch.setattr(consumers, "PATROL_SECONDS", 0.05)
    monkeypatch.setattr(consumers, "RECHECK_SECONDS", 0.0)
    monkeypatch.setattr(consumers, "MOST_OF_ONE", 1)
    browsers, sockets, cookie = {}, {}, ""
    for name in ("alice", "bob", "carol"):
        browsers[name] = await sync_to_async(world.browser)(name)
        cookie = f"{settings.SESSION_COOKIE_NAME}={session_of(browsers[name])}"
        sockets[name] = Socket(cookies=cookie)
        assert (await sockets[name].open())["type"] == "websocket.accept"
        await sockets[name].subscribe("queue.desk")
    crowded = await Socket(cookies=cookie).open()
    assert (crowded["type"], crowded["code"]) == ("websocket.close", 4429)
    await sync_to_async(browsers["alice"].logout)()
    await sync_to_async(people.revoke_role)(
        person=world.people["bob"], role=Role.REVIEWER, actor=TESTER
    )
    assert await sockets["alice"].closes(within=5) == 4401
    assert await sockets["bob"].closes(within=5) == 4403
    assert await sockets["carol"].closes(within=0.3) is None
    for each in sockets.values():
        await each.close()
    await sync_to_async(connections.close_all)()


def test_an_anonymous_account_is_nobody() -> None:
    assert read_viewer(AnonymousUser()) is None
