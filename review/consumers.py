"""Sockets that carry hints to open pages. One subscription per process feeds them all."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Final

import redis.asyncio
import structlog
from channels.auth import get_user
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

from review.dashboards.frame import list_heard, read_viewer
from review.live import hints_channel
from workflows.operations.errors import Refused

MOST_TOPICS: Final = 64
RECHECK_SECONDS: Final = 60
RETRY_SECONDS: Final = 1.0
REPLAY_SECONDS: Final = 10.0
MOST_RECENT: Final = 10_000
SIGNED_OUT: Final = 4401
EVERYTHING: Final = '{"topic": "*"}'

log = structlog.get_logger(__name__)


class Hub:
    """The process's one ear at the broker, and who listens to which topic here.

    Note [no hint is missed]: a page is read a moment before its socket stands. Whoever
    begins to listen is therefore given the hints of the last REPLAY_SECONDS, and when
    the ear itself opens, first or after a break, everybody fetches everything.
    """

    def __init__(self) -> None:
        self.listeners: dict[str, set[HintsConsumer]] = {}
        self._recent: dict[str, tuple[float, str]] = {}
        self._ear: asyncio.Task[None] | None = None

    async def listen(self, listener: HintsConsumer, topics: set[str]) -> None:
        """Let a listener hear these topics and no others, from a moment ago on."""
        new = topics - listener.heard
        self.forget(listener)
        listener.heard = topics
        for topic in topics:
            self.listeners.setdefault(topic, set()).add(listener)
        if self._ear is None:
            # It lives as long as the loop; opening it anew for each page costs hints.
            self._ear = asyncio.create_task(self._run())
        self._drop_old()
        for topic in new & self._recent.keys():
            await _send_all({listener}, self._recent[topic][1])

    def forget(self, listener: HintsConsumer) -> None:
        """Stop a listener's hints."""
        for topic in listener.heard:
            others = self.listeners.get(topic, set())
            others.discard(listener)
            if not others:
                self.listeners.pop(topic, None)
        listener.heard = set()

    async def _run(self) -> None:
        while True:
            with suppress(redis.RedisError, OSError):
                await self._hear()
            log.warning("hints_interrupted")
            await asyncio.sleep(RETRY_SECONDS)

    async def _hear(self) -> None:
        client = redis.asyncio.Redis.from_url(settings.REDIS_URL)
        database = client.connection_pool.connection_kwargs.get("db") or 0
        async with client, client.pubsub() as ear:
            await ear.subscribe(hints_channel(database))
            async for message in ear.listen():
                if message["type"] == "subscribe":
                    everybody = set().union(*self.listeners.values())
                    await _send_all(everybody, EVERYTHING)
                else:
                    await self._pass_on(message["data"].decode())

    async def _pass_on(self, frame: str) -> None:
        topic = json.loads(frame)["topic"]
        self._recent[topic] = (asyncio.get_running_loop().time(), frame)
        if len(self._recent) > MOST_RECENT:
            # At this rate remembering costs more than a page's own refresh saves.
            self._recent.clear()
        await _send_all(self.listeners.get(topic, set()), frame)

    def _drop_old(self) -> None:
        since = asyncio.get_running_loop().time() - REPLAY_SECONDS
        self._recent = {
            topic: kept for topic, kept in self._recent.items() if kept[0] >= since
        }


async def _send_all(listeners: set[HintsConsumer], frame: str) -> None:
    for listener in tuple(listeners):
        # A socket that is just closing has its own disconnect on the way.
        with suppress(RuntimeError, OSError):
            await listener.send(text_data=frame)


_hubs: dict[asyncio.AbstractEventLoop, Hub] = {}


def hub() -> Hub:
    """Return the hub of the running event loop; a server process has one."""
    loop = asyncio.get_running_loop()
    for stale in [each for each in _hubs if each.is_closed()]:
        del _hubs[stale]
    return _hubs.setdefault(loop, Hub())


class HintsConsumer(AsyncWebsocketConsumer):
    """One page's socket: it names its topics, and hears hints about the allowed ones."""

    wanted: frozenset[str] = frozenset()
    heard: set[str]
    _recheck: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Take in whoever is signed in."""
        self.heard = set()
        user = self.scope["user"]
        if user is None or not user.is_authenticated:
            await self.close(code=SIGNED_OUT)
            return
        await self.accept()
        self._recheck = asyncio.create_task(self._check_again())

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None
    ) -> None:
        """Hear `{"subscribe": [topic, ...]}`; anything else is not for us."""
        try:
            wanted = json.loads(text_data or "")["subscribe"]
        except (ValueError, KeyError, TypeError):
            return
        if isinstance(wanted, list):
            named = [topic for topic in wanted if isinstance(topic, str)]
            self.wanted = frozenset(named[:MOST_TOPICS])
            await self._listen()

    async def disconnect(self, code: int) -> None:
        """Stop listening."""
        hub().forget(self)
        if self._recheck is not None:
            self._recheck.cancel()

    async def _listen(self) -> bool:
        allowed = await self._allowed()
        if allowed is None:
            await self.close(code=SIGNED_OUT)
            return False
        await hub().listen(self, allowed)
        return True

    async def _check_again(self) -> None:
        """Look at session and roles again: both may end while a page stays open."""
        while True:
            await asyncio.sleep(RECHECK_SECONDS)
            if not await self._listen():
                return

    async def _allowed(self) -> set[str] | None:
        user = await get_user(self.scope)
        return await database_sync_to_async(_list_allowed)(user, self.wanted)


def _list_allowed(
    user: AbstractBaseUser | AnonymousUser, wanted: frozenset[str]
) -> set[str] | None:
    """Return what of the wanted may be heard; None for who is no longer let in."""
    try:
        viewer = read_viewer(user)
    except Refused:
        return None
    return None if viewer is None else list_heard(viewer, wanted)
