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
SIGNED_OUT: Final = 4401
EVERYTHING: Final = '{"topic": "*"}'

log = structlog.get_logger(__name__)


class Hub:
    """The process's one ear at the broker, and who listens to which topic here.

    After a break every listener is told to fetch everything: what was published
    meanwhile is gone for good.
    """

    def __init__(self) -> None:
        self.listeners: dict[str, set[HintsConsumer]] = {}
        self._task: asyncio.Task[None] | None = None

    def listen(self, listener: HintsConsumer, topics: set[str]) -> None:
        """Let a listener hear these topics and no others."""
        self.forget(listener)
        for topic in topics:
            self.listeners.setdefault(topic, set()).add(listener)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    def forget(self, listener: HintsConsumer) -> None:
        """Stop a listener's hints; the last one's going ends the subscription."""
        for topic in [name for name, who in self.listeners.items() if listener in who]:
            self.listeners[topic].discard(listener)
            if not self.listeners[topic]:
                del self.listeners[topic]
        if not self.listeners and self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self) -> None:
        is_first = True
        while True:
            with suppress(redis.RedisError, OSError):
                await self._subscribe(after_break=not is_first)
            is_first = False
            log.warning("hints_interrupted")
            await asyncio.sleep(RETRY_SECONDS)

    async def _subscribe(self, *, after_break: bool) -> None:
        client = redis.asyncio.Redis.from_url(settings.REDIS_URL)
        database = client.connection_pool.connection_kwargs.get("db") or 0
        async with client, client.pubsub(ignore_subscribe_messages=True) as ear:
            await ear.subscribe(hints_channel(database))
            if after_break:
                everybody = set().union(*self.listeners.values())
                await _send_all(everybody, EVERYTHING)
            async for message in ear.listen():
                await self._pass_on(message["data"].decode())

    async def _pass_on(self, frame: str) -> None:
        topic = json.loads(frame)["topic"]
        await _send_all(self.listeners.get(topic, set()), frame)


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
    _recheck: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Take in whoever is signed in."""
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
        hub().listen(self, allowed)
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
